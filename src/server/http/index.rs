//! The whole list in one compact answer, for searching in the browser.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::server::{access::AdminActor, state::AppState};

pub(super) async fn serve(State(state): State<AppState>, _: AdminActor, headers: HeaderMap) -> Response {
    // The revision begins anew with each start, so the tag names the start as well.
    let tag = format!("\"{}-{}\"", state.started_at, state.catalogue.listing().revision());
    let common = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "private, no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let wire = state.catalogue.listing().with(crate::domain::search::Index::to_wire);
    (common, Json(wire)).into_response()
}
