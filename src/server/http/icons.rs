//! Icons by their SHA-256: immutable, and harmless even when they are opened as pages of their own (attack id X3).

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use crate::server::{
    access::UserActor,
    error::{Result, ServerError},
    state::AppState,
    store,
};

pub(super) async fn serve(State(state): State<AppState>, _: UserActor, Path(sha256): Path<String>) -> Result<Response> {
    let wanted = sha256.clone();
    let known = state.store.read(move |connection| store::icons::get(connection, &wanted)).await?;
    let icon = match known {
        Some(icon) => Some(icon),
        None => state.catalogue.fetch_icon(&sha256).await?,
    };
    let (media_type, bytes) = icon.ok_or_else(|| ServerError::NotFound("There is no such icon.".to_owned()))?;
    Ok((
        [
            (header::CONTENT_TYPE, media_type.as_str()),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ],
        bytes,
    )
        .into_response())
}
