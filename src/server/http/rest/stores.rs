//! Data stores: look, make, rename, delete.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery, Nothing},
    problem::{Conflict, Invalid, NotFound, OfJson, Unauthorized},
};
use crate::server::{
    access::UserActor,
    engine::Visible,
    error::{Result, ServerError},
    state::AppState,
    store::data_stores::DataStore,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, rename, delete))
}

/// A data store, without its records.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StoreView {
    name: String,
    /// 24 hex digits.
    store_id: String,
}

impl From<DataStore> for StoreView {
    fn from(store: DataStore) -> Self {
        Self { name: store.name, store_id: store.id }
    }
}

/// Whose stores.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// `userId:` with an id, for administrators; else one's own.
    #[param(inline, value_type = Vec<String>)]
    filter: Vec<String>,
}

/// One's own stores, or with the filter userId and as an administrator, somebody's.
#[utoipa::path(get, path = "/stores", tag = "stores", operation_id = "listStores", params(Whose),
    responses((status = 200, description = "The stores, by their names", body = Vec<StoreView>), Invalid, Unauthorized))]
async fn list(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(whose): ApiQuery<Whose>,
) -> Result<Json<Vec<StoreView>>> {
    let mut users = Vec::new();
    for filter in whose.filter.iter().filter(|filter| !filter.is_empty()) {
        let user = filter.strip_prefix("userId:");
        users.push(user.ok_or_else(|| ServerError::Invalid("Filter by userId.".to_owned()))?);
    }
    let which = if users.is_empty() || !actor.is_admin() { Visible::Own } else { Visible::All };
    let mut stores = state.engine.data_stores(&actor, which).await?;
    stores.retain(|store| users.iter().all(|user| store.user_id == *user));
    Ok(Json(stores.into_iter().map(StoreView::from).collect()))
}

/// A store to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NewStore {
    /// In one line.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// For flows from elsewhere that name a store; else it gets a new one.
    #[schema(pattern = "^[0-9a-f]{24}$")]
    store_id: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StoreId {
    store_id: String,
}

/// Make a store. 409 with `duplicate key error` where there is one of this name.
#[utoipa::path(post, path = "/stores", tag = "stores", operation_id = "createStore", request_body = NewStore,
    responses((status = 200, description = "Its id", body = StoreId), OfJson, Unauthorized, Conflict))]
async fn create(
    State(state): State<AppState>,
    actor: UserActor,
    ApiJson(new): ApiJson<NewStore>,
) -> Result<Json<StoreId>> {
    let store_id = state.engine.create_data_store(&actor, &new.name, new.store_id).await?;
    Ok(Json(StoreId { store_id }))
}

/// One store.
#[utoipa::path(get, path = "/stores/{id}", tag = "stores", operation_id = "getStore",
    params(("id" = String, Path, description = "The store's id")),
    responses((status = 200, description = "The store", body = StoreView), Unauthorized, NotFound))]
async fn get(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<StoreView>> {
    Ok(Json(state.engine.data_store(&actor, &id).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewName {
    #[schema(min_length = 1, max_length = 200)]
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Renamed {
    old_name: String,
    store_id: String,
}

/// Give a store another name.
#[utoipa::path(put, path = "/stores/{id}", tag = "stores", operation_id = "renameStore", request_body = NewName,
    params(("id" = String, Path, description = "The store's id")),
    responses((status = 200, description = "Its name before", body = Renamed), OfJson, Unauthorized, NotFound, Conflict))]
async fn rename(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
    ApiJson(new): ApiJson<NewName>,
) -> Result<Json<Renamed>> {
    let old_name = state.engine.rename_data_store(&actor, &id, &new.name).await?;
    Ok(Json(Renamed { old_name, store_id: id }))
}

/// Delete a store with all its records.
#[utoipa::path(delete, path = "/stores/{id}", tag = "stores", operation_id = "deleteStore",
    params(("id" = String, Path, description = "The store's id")),
    responses((status = 200, description = "It is gone", body = Nothing), Unauthorized, NotFound))]
async fn delete(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Nothing>> {
    state.engine.delete_data_store(&actor, &id).await?;
    Ok(Json(Nothing {}))
}
