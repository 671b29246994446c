//! What connectors need to know, as flat objects. A browser's session sees no secrets; a token does, as the protocol has it.

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery, Nothing},
    problem::{ForAdmins, Invalid, OfJson},
    shapes::{NamedServiceValues, ServiceIdText, ServiceSort, ServiceValues},
};
use crate::server::{
    access::{AdminActor, SudoActor},
    error::{Result, ServerError},
    settings::connectors::{Page, ServiceConfiguration, ServiceId},
    state::AppState,
};

/// Where the connector's name stands in its object.
const ID: &str = "serviceId";
const LIMIT: u64 = 100;
const LIMIT_MAX: u64 = 1000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, set)).routes(routes!(get, replace, delete))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Part of the name, without regard to letter case.
    pattern: Option<String>,
    /// `serviceId:1` or `serviceId:-1`.
    #[param(inline, value_type = Option<ServiceSort>)]
    sort: Option<String>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    offset: Option<u64>,
    /// 100 when it is missing; more than 1000 count as 1000.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    limit: Option<u64>,
}

fn body(configuration: ServiceConfiguration) -> Value {
    let mut values = configuration.values;
    values.insert(ID.to_owned(), configuration.service_id.into());
    values.into()
}

/// Configured connectors.
#[utoipa::path(get, path = "/service-config", tag = "service-config", operation_id = "listServiceConfig",
    params(Wanted),
    responses((status = 200, description = "Flat objects, each with its `serviceId`", body = Vec<Object>), Invalid,
        ForAdmins))]
async fn list(
    State(state): State<AppState>,
    actor: AdminActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<Value>>> {
    let descending = match wanted.sort.as_deref() {
        None | Some("serviceId" | "serviceId:1") => false,
        Some("serviceId:-1") => true,
        Some(_) => return Err(ServerError::Invalid("Sort by serviceId:1 or serviceId:-1.".to_owned())),
    };
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let page = Page {
        pattern: wanted.pattern.unwrap_or_default(),
        descending,
        offset: size(wanted.offset.unwrap_or(0)),
        limit: size(wanted.limit.unwrap_or(LIMIT).min(LIMIT_MAX)),
    };
    Ok(Json(state.connectors.list(&actor, page).await?.into_iter().map(body).collect()))
}

/// One connector's configuration; `{}` where nothing is set.
#[utoipa::path(get, path = "/service-config/{serviceId}", tag = "service-config", operation_id = "getServiceConfig",
    params(("serviceId" = inline(ServiceIdText), Path, description = "`vendor:service` or `vendor:service:module`")),
    responses((status = 200, description = "A flat object", body = Object), Invalid, ForAdmins))]
async fn get(State(state): State<AppState>, actor: AdminActor, ApiPath(id): ApiPath<String>) -> Result<Json<Value>> {
    let found = state.connectors.get(&actor, &ServiceId::parse(&id)?).await?;
    Ok(Json(found.map_or_else(|| Value::Object(Map::new()), body)))
}

/// The configuration after a change; a connector that has none left is still named.
async fn now(state: &AppState, actor: &AdminActor, id: &ServiceId) -> Result<Json<Value>> {
    let found = state.connectors.get(actor, id).await?;
    let none = || ServiceConfiguration { service_id: id.as_str().to_owned(), values: Map::new() };
    Ok(Json(body(found.unwrap_or_else(none))))
}

/// Sets some keys of a connector and leaves its others alone. A value of `********` leaves the one that is kept.
#[utoipa::path(post, path = "/service-config", tag = "service-config", operation_id = "setServiceConfig",
    request_body(content = inline(NamedServiceValues), description = "A flat object with `serviceId`"),
    responses((status = 200, description = "The configuration as it is now", body = Object), OfJson, ForAdmins))]
async fn set(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiJson(mut values): ApiJson<Map<String, Value>>,
) -> Result<Json<Value>> {
    let Some(Value::String(id)) = values.remove(ID) else {
        return Err(ServerError::Invalid("Send serviceId, such as acme:git, with the values.".to_owned()));
    };
    let id = ServiceId::parse(&id)?;
    state.connectors.set_some(&actor, &id, values).await?;
    now(&state, &actor, &id).await
}

/// Replaces a connector's whole configuration. A value of `********` leaves the one that is kept.
#[utoipa::path(put, path = "/service-config/{serviceId}", tag = "service-config", operation_id = "replaceServiceConfig",
    params(("serviceId" = inline(ServiceIdText), Path, description = "`vendor:service` or `vendor:service:module`")),
    request_body(content = inline(ServiceValues), description = "A flat object; `serviceId`, if it is there, as in the address"),
    responses((status = 200, description = "The configuration as it is now", body = Object), OfJson, ForAdmins))]
async fn replace(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(id): ApiPath<String>,
    ApiJson(mut values): ApiJson<Map<String, Value>>,
) -> Result<Json<Value>> {
    let id = ServiceId::parse(&id)?;
    if values.remove(ID).is_some_and(|named| named != id.as_str()) {
        return Err(ServerError::Invalid("The body names another serviceId than the address.".to_owned()));
    }
    state.connectors.replace(&actor, &id, values).await?;
    now(&state, &actor, &id).await
}

/// Forgets a connector's configuration.
#[utoipa::path(delete, path = "/service-config/{serviceId}", tag = "service-config",
    operation_id = "deleteServiceConfig",
    params(("serviceId" = inline(ServiceIdText), Path, description = "`vendor:service` or `vendor:service:module`")),
    responses((status = 200, description = "Nothing is set any more", body = Nothing), Invalid, ForAdmins))]
async fn delete(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Nothing>> {
    state.connectors.delete(&actor, &ServiceId::parse(&id)?).await?;
    Ok(Json(Nothing {}))
}
