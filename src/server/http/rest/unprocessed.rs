//! Messages that no component took: look, put back, delete.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiPath, ApiQuery, Nothing},
    problem::{Conflict, Invalid, NotFound, Unauthorized},
};
use crate::server::{
    access::UserActor, engine::public_shape, error::Result, state::AppState, store::unprocessed::Filter,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, retry, delete)).routes(routes!(retry_by_name))
}

/// Most messages in one answer that asks for no number.
const LIMIT: u32 = 100;

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    flow_id: Option<String>,
    correlation_id: Option<String>,
    /// The module whose component did not take them.
    module: Option<String>,
    /// 100, when it is missing.
    #[param(maximum = 1000)]
    limit: Option<u32>,
    offset: Option<u32>,
}

/// The unprocessed messages of one's own flows, newest first; administrators see those of all flows.
#[utoipa::path(get, path = "/unprocessed-messages", tag = "unprocessed-messages",
    operation_id = "listUnprocessedMessages", params(Wanted),
    responses((status = 200, description = "The messages", body = Vec<Object>), Invalid, Unauthorized))]
async fn list(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<Value>>> {
    let Wanted { flow_id, correlation_id, module, limit, offset } = wanted;
    let filter = Filter { flow_id, correlation_id, module, ..Filter::default() };
    let (limit, offset) = (limit.unwrap_or(LIMIT).min(1000), offset.unwrap_or_default());
    let letters = state.engine.unprocessed(&actor, filter, limit, offset).await?;
    Ok(Json(letters.iter().map(public_shape).collect()))
}

/// One message.
#[utoipa::path(get, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "getUnprocessedMessage", params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "The message", body = Object), Unauthorized, NotFound))]
async fn get(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<Value>> {
    Ok(Json(public_shape(&state.engine.unprocessed_message(&actor, &id).await?)))
}

/// Put a message back. A flow that is stopped would lose it, so that is refused.
#[utoipa::path(post, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "retryUnprocessedMessage", params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "It is put back", body = Nothing), Unauthorized, NotFound, Conflict))]
async fn retry(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<Nothing>> {
    state.engine.retry(&actor, vec![id]).await?;
    Ok(Json(Nothing {}))
}

/// Put a message back, by the other address that clients know.
#[utoipa::path(post, path = "/unprocessed-messages/{id}/retry", tag = "unprocessed-messages",
    operation_id = "retryUnprocessedMessageByName", params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "It is put back", body = Nothing), Unauthorized, NotFound, Conflict))]
async fn retry_by_name(state: State<AppState>, actor: UserActor, id: ApiPath<String>) -> Result<Json<Nothing>> {
    retry(state, actor, id).await
}

/// Delete a message.
#[utoipa::path(delete, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "deleteUnprocessedMessage", params(("id" = String, Path, description = "The message's id")),
    responses((status = 200, description = "It is gone", body = Nothing), Unauthorized, NotFound))]
async fn delete(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Nothing>> {
    state.engine.delete_unprocessed(&actor, vec![id]).await?;
    Ok(Json(Nothing {}))
}
