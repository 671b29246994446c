//! The audit trail as JSON lines.

use axum::{
    body::Body,
    extract::{Query, State},
    http::header,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::server::{
    access::{AdminActor, audit_filter},
    error::Result,
    state::AppState,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Parameters {
    person: String,
    action: String,
    module: String,
    from: String,
    to: String,
}

pub(super) async fn export(
    State(state): State<AppState>,
    actor: AdminActor,
    Query(wanted): Query<Parameters>,
) -> Result<Response> {
    let filter = audit_filter(&wanted.person, &wanted.action, &wanted.module, &wanted.from, &wanted.to)?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"stockroom-audit.jsonl\""),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Body::from_stream(state.trail.export(&actor, filter))).into_response())
}
