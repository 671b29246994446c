//! What changes the installed modules: install, update, remove, undo; and the jobs and events that tell how it goes.

use std::convert::Infallible;

use axum::{
    Json, RequestExt,
    body::HttpBody,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse,
        sse::{Event, Sse},
    },
};
use futures::Stream;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::events,
    json::{ApiJson, ApiPath, ApiQuery},
    module_view::JobView,
    modules::module_name,
    problem::{Conflict, Forbidden, Invalid, NotFound, NotJson, Unauthorized},
    publish::Ticket,
};
use crate::server::{
    access::{AdminActor, SudoActor},
    error::{Result, ServerError},
    registry::Spared,
    state::AppState,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(install_module))
        .routes(routes!(update_module))
        .routes(routes!(remove_module))
        .routes(routes!(undo_remove_module))
        .routes(routes!(get_job, cancel_job))
        .routes(routes!(stream_events))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Installation {
    /// The newest otherwise.
    version: Option<String>,
}

/// Whether flows may lose components.
#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Forced {
    /// Go on although flows use what goes: they stay as they are, and fail where a component is missing.
    force: bool,
}

/// Starts to install a module of the catalogue.
#[utoipa::path(
    post, path = "/modules/{name}/install", tag = "modules",
    summary = "Install a module of the catalogue",
    description = "A second call while the same version is being installed gives the ticket of the one that runs. The body \
                   may be left out, or be `null`. A version that is named may be older than the installed one. When flows use \
                   components that it does not have: 409 with `flows`, unless `force` is set.",
    params(("name" = String, Path, description = "`vendor.service[.module]`"), Forced),
    request_body(content = Option<Installation>, content_type = "application/json"),
    responses((status = 202, description = "It begins.", body = Ticket),
              Invalid, Unauthorized, Forbidden, NotFound, Conflict, NotJson)
)]
async fn install_module(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(name): ApiPath<String>,
    ApiQuery(Forced { force }): ApiQuery<Forced>,
    request: Request,
) -> Result<impl IntoResponse> {
    let name = module_name(&name)?;
    let wanted = if request.body().is_end_stream() {
        Installation::default()
    } else {
        let ApiJson(wanted) = request.extract::<ApiJson<Option<Installation>>, _>().await?;
        wanted.unwrap_or_default()
    };
    let version = wanted.version.as_deref();
    if !force {
        state.registry.check_losses(&name, version).await?;
    }
    let job = state.registry.install(&actor, &name, version).await?;
    Ok((StatusCode::ACCEPTED, Json(Ticket { ticket: job.id })))
}

/// Starts to install the newest version over an older one.
#[utoipa::path(
    post, path = "/modules/{name}/update", tag = "modules",
    summary = "Update an installed module to the newest version",
    description = "When flows use components that it does not have any more: 409 with `flows`, unless `force` is set.",
    params(("name" = String, Path, description = "`vendor.service[.module]`"), Forced),
    responses((status = 202, description = "It begins.", body = Ticket), Unauthorized, Forbidden, NotFound, Conflict)
)]
async fn update_module(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(name): ApiPath<String>,
    ApiQuery(Forced { force }): ApiQuery<Forced>,
) -> Result<impl IntoResponse> {
    let name = module_name(&name)?;
    let installed = state.registry.installed(&name).await?;
    let installed = installed.ok_or_else(|| ServerError::NotFound(format!("{name} is not installed.")))?;
    if state.catalogue.update_for(&name, &installed.version)?.is_none() {
        let message = format!("The catalogue has no newer version of {name} than {}.", installed.version);
        return Err(ServerError::Conflict(message));
    }
    if !force {
        state.registry.check_losses(&name, None).await?;
    }
    let job = state.registry.install(&actor, &name, None).await?;
    Ok((StatusCode::ACCEPTED, Json(Ticket { ticket: job.id })))
}

/// Removes a module; its archive is kept for a while.
#[utoipa::path(
    delete, path = "/modules/{name}", tag = "modules",
    summary = "Remove a module",
    description = "It can be undone for seven days. When flows use it, whether they run or not: 409 with `flows`, unless \
                   `force` is set.",
    params(("name" = String, Path, description = "`vendor.service[.module]`"), Forced),
    responses((status = 200, description = "It is gone.", body = Object), Unauthorized, Forbidden, NotFound, Conflict)
)]
async fn remove_module(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(name): ApiPath<String>,
    ApiQuery(Forced { force }): ApiQuery<Forced>,
) -> Result<Json<Value>> {
    let spared = if force { Spared::None } else { Spared::All };
    state.registry.remove_unused(&actor.publisher(), &module_name(&name)?, spared).await?;
    Ok(Json(Value::Object(serde_json::Map::new())))
}

#[derive(Serialize, ToSchema)]
struct Restored {
    name: String,
    version: String,
}

/// Brings a removed module back as it was.
#[utoipa::path(
    post, path = "/modules/{name}/undo-remove", tag = "modules",
    summary = "Bring a removed module back",
    params(("name" = String, Path, description = "`vendor.service[.module]`")),
    responses((status = 200, description = "It is back.", body = Restored), Unauthorized, Forbidden, NotFound, Conflict)
)]
async fn undo_remove_module(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<Restored>> {
    let name = module_name(&name)?;
    let install = state.registry.undo_remove(&actor, &name).await?;
    Ok(Json(Restored { name: name.into(), version: install.version }))
}

/// How an installation stands.
#[utoipa::path(
    get, path = "/jobs/{id}", tag = "jobs",
    summary = "How an installation stands",
    params(("id" = String, Path, description = "The ticket.")),
    responses((status = 200, description = "The job.", body = JobView), Unauthorized, Forbidden, NotFound)
)]
async fn get_job(State(state): State<AppState>, _: AdminActor, ApiPath(id): ApiPath<String>) -> Result<Json<JobView>> {
    Ok(Json(state.registry.job(&id).await?.into()))
}

/// Asks an installation to stop; one that has ended stays as it is.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "jobs",
    summary = "Cancel an installation",
    description = "It stops soon, unless it is past the point of no return; one that has ended stays as it is.",
    params(("id" = String, Path, description = "The ticket.")),
    responses((status = 200, description = "The job as it was then.", body = JobView),
              Unauthorized, Forbidden, NotFound)
)]
async fn cancel_job(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<JobView>> {
    Ok(Json(state.registry.cancel(&actor, &id).await?.into()))
}

/// Jobs, modules and the catalogue as they change.
#[utoipa::path(
    get, path = "/events", tag = "jobs",
    summary = "What happens, as server-sent events",
    description = "`{\"job\":{…}}`, `{\"module\":{…}}` and `{\"catalogue\":{…}}`. `Last-Event-ID` resumes where a stream \
                   broke off.",
    params(events::Parameters),
    responses((status = 200, description = "A stream without end.", content_type = "text/event-stream", body = String),
              Unauthorized, Forbidden)
)]
async fn stream_events(
    state: State<AppState>,
    actor: AdminActor,
    ApiQuery(parameters): ApiQuery<events::Parameters>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = std::result::Result<Event, Infallible>>> {
    events::stream(state, actor, Query(parameters), headers).await
}
