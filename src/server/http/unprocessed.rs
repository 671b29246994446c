//! Unprocessed messages as JSON lines.

use axum::{
    body::Body,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};

use crate::server::{access::AdminActor, engine::WantedLetters, error::Result, state::AppState};

pub(super) async fn export(
    State(state): State<AppState>,
    actor: AdminActor,
    Query(wanted): Query<WantedLetters>,
) -> Result<Response> {
    let filter = wanted.filter()?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"stockroom-unprocessed.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(state.engine.export_unprocessed(&actor, filter))).into_response())
}
