//! The system configuration: what is stored, one value set, one forgotten.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath},
    problem::{ForAdmins, OfJson},
    shapes::SettingKey,
};
use crate::server::{
    access::{AdminActor, SudoActor},
    error::Result,
    state::AppState,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, set)).routes(routes!(delete))
}

/// A stored value.
#[derive(Serialize, Deserialize, ToSchema)]
struct Setting {
    #[schema(inline, value_type = SettingKey)]
    key: String,
    /// What the key takes: a whole number from 0, a flag or a text for those that this server knows, any JSON for others.
    value: Value,
}

#[derive(Serialize, ToSchema)]
struct Done {
    ok: bool,
}

/// The stored values; for every other key the default holds.
#[utoipa::path(get, path = "/config", tag = "config", operation_id = "listConfig",
    responses((status = 200, description = "The stored values", body = Vec<Setting>), ForAdmins))]
async fn list(State(state): State<AppState>, actor: AdminActor) -> Json<Vec<Setting>> {
    Json(state.settings.list(&actor).into_iter().map(|(key, value)| Setting { key, value }).collect())
}

/// Stores a value.
#[utoipa::path(post, path = "/config", tag = "config", operation_id = "setConfig", request_body = Setting,
    responses((status = 200, description = "The value as it is stored", body = Setting), OfJson, ForAdmins))]
async fn set(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiJson(Setting { key, value }): ApiJson<Setting>,
) -> Result<Json<Setting>> {
    let value = state.settings.set(&actor, &key, value).await?;
    Ok(Json(Setting { key, value }))
}

/// Forgets a stored value, so that the default holds again.
#[utoipa::path(delete, path = "/config/{key}", tag = "config", operation_id = "deleteConfig",
    params(("key" = String, Path, description = "The key")),
    responses((status = 200, description = "It is not stored any more", body = Done), ForAdmins))]
async fn delete(State(state): State<AppState>, actor: SudoActor, ApiPath(key): ApiPath<String>) -> Result<Json<Done>> {
    state.settings.delete(&actor, &key).await?;
    Ok(Json(Done { ok: true }))
}
