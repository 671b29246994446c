//! Messages that no component took. No flows run here, so there are none.

use axum::Json;
use serde_json::Value;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::{NotFound, Unauthorized};
use crate::server::{access::UserActor, error::ServerError, state::AppState};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, retry, delete)).routes(routes!(retry_by_name))
}

/// One's own unprocessed messages: always none.
#[utoipa::path(get, path = "/unprocessed-messages", tag = "unprocessed-messages",
    operation_id = "listUnprocessedMessages",
    responses((status = 200, description = "An empty list", body = Vec<Object>), Unauthorized))]
async fn list(_: UserActor) -> Json<[Value; 0]> {
    Json([])
}

/// One message.
#[utoipa::path(get, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "getUnprocessedMessage",
    params(("id" = String, Path, description = "The message's id")), responses(Unauthorized, NotFound))]
async fn get(_: UserActor) -> ServerError {
    absent()
}

/// Puts a message back.
#[utoipa::path(post, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "retryUnprocessedMessage",
    params(("id" = String, Path, description = "The message's id")), responses(Unauthorized, NotFound))]
async fn retry(_: UserActor) -> ServerError {
    absent()
}

/// Puts a message back, by the other address that clients know.
#[utoipa::path(post, path = "/unprocessed-messages/{id}/retry", tag = "unprocessed-messages",
    operation_id = "retryUnprocessedMessageByName",
    params(("id" = String, Path, description = "The message's id")), responses(Unauthorized, NotFound))]
async fn retry_by_name(_: UserActor) -> ServerError {
    absent()
}

/// Deletes a message.
#[utoipa::path(delete, path = "/unprocessed-messages/{id}", tag = "unprocessed-messages",
    operation_id = "deleteUnprocessedMessage",
    params(("id" = String, Path, description = "The message's id")), responses(Unauthorized, NotFound))]
async fn delete(_: UserActor) -> ServerError {
    absent()
}

fn absent() -> ServerError {
    ServerError::NotFound("There is no such message.".to_owned())
}
