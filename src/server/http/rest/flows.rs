//! Flows: look, create, change, clone, delete, start and stop.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery, projected},
    problem::{Conflict, Invalid, NotFound, OfJson, Unauthorized},
};
use crate::{
    domain::flow::Flow,
    server::{
        access::UserActor,
        engine::{Change, Visible},
        error::{Result, ServerError},
        state::AppState,
        time::iso,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(count))
        .routes(routes!(get, put, delete))
        .routes(routes!(clone))
        .routes(routes!(validate))
        .routes(routes!(coordinate))
        .routes(routes!(coordinator_status))
}

/// Most flows in one answer that asks for no number.
const LIMIT: u64 = 100;

/// A flow as clients know it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowView {
    flow_id: String,
    user_id: String,
    name: String,
    /// `stopped`, `starting`, `running` or `stopping`.
    stage: &'static str,
    #[serde(rename = "type")]
    kind: String,
    /// A node for each component's id.
    #[schema(value_type = Object)]
    flow: Map<String, Value>,
    #[schema(value_type = Object)]
    custom_fields: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thumbnail: Option<String>,
    /// Flows cannot be shared here: always empty.
    shared_with: [String; 0],
    /// When it was made; ISO 8601, as all times here.
    btime: String,
    mtime: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<String>,
}

impl From<Flow> for FlowView {
    fn from(flow: Flow) -> Self {
        Self {
            flow_id: flow.id,
            user_id: flow.user_id,
            name: flow.name,
            stage: flow.stage.as_str(),
            kind: flow.kind,
            flow: flow.descriptor,
            custom_fields: flow.custom_fields,
            description: flow.description,
            thumbnail: flow.thumbnail,
            shared_with: [],
            btime: iso(flow.created_at),
            mtime: iso(flow.modified_at),
            started: flow.started_at.map(iso),
        }
    }
}

/// Which flows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `field:value`; the fields are userId, stage, type and `customFields.` with a name. All of them have to fit.
    #[param(inline, value_type = Vec<String>)]
    filter: Vec<String>,
    /// Part of the name, without regard to letter case.
    pattern: Option<String>,
    /// `mtime`, `btime`, `started` or `name`, with `:1` or `:-1`; the last changed first where it is missing.
    #[param(pattern = "^((mtime|btime|started|name)(:-?1)?)?$")]
    sort: Option<String>,
    /// Fields to show, or with a minus each, to leave out; separated by commas.
    projection: Option<String>,
    /// 100, when it is missing.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    limit: Option<u64>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    offset: Option<u64>,
}

impl Wanted {
    /// Everybody's where an administrator asks for somebody's.
    fn which(&self, actor: &UserActor) -> Visible {
        let asks_for_users = self.filter.iter().any(|filter| filter.starts_with("userId:"));
        if asks_for_users && actor.is_admin() { Visible::All } else { Visible::Own }
    }

    fn of(&self, mut flows: Vec<Flow>) -> Result<Vec<Flow>> {
        for filter in &self.filter {
            let Some((field, value)) = filter.split_once(':') else {
                return Err(ServerError::Invalid("A filter is written field:value, such as stage:running.".to_owned()));
            };
            match field.strip_prefix("customFields.").ok_or(field) {
                Ok(name) => flows.retain(|flow| flow.custom_fields.get(name).is_some_and(|has| is_text(has, value))),
                Err("userId") => flows.retain(|flow| flow.user_id == value),
                Err("stage") => flows.retain(|flow| flow.stage.as_str() == value),
                Err("type") => flows.retain(|flow| flow.kind == value),
                Err(_) => {
                    let fields = "Filter by one of userId, stage, type and customFields.NAME.";
                    return Err(ServerError::Invalid(fields.to_owned()));
                }
            }
        }
        if let Some(pattern) = &self.pattern {
            let pattern = pattern.to_lowercase();
            flows.retain(|flow| flow.name.to_lowercase().contains(&pattern));
        }
        let Some(sort) = &self.sort else { return Ok(flows) };
        let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
        match field {
            "mtime" => flows.sort_by_key(|flow| flow.modified_at),
            "btime" => flows.sort_by_key(|flow| flow.created_at),
            "started" => flows.sort_by_key(|flow| flow.started_at),
            "name" => flows.sort_by_cached_key(|flow| flow.name.to_lowercase()),
            _ => return Err(ServerError::Invalid("Sort by mtime, btime, started or name.".to_owned())),
        }
        match direction {
            "1" => {}
            "-1" => flows.reverse(),
            _ => return Err(ServerError::Invalid("A sort ends in :1 or :-1.".to_owned())),
        }
        Ok(flows)
    }

    fn project(&self, flow: FlowView) -> Result<Value> {
        Ok(projected(serde_json::to_value(flow)?, self.projection.as_deref()))
    }
}

fn is_text(value: &Value, text: &str) -> bool {
    match value {
        Value::String(value) => value == text,
        other => format!("{other}") == text,
    }
}

/// One's own flows, or with the filter userId and as an administrator, somebody's.
#[utoipa::path(get, path = "/flows", tag = "flows", operation_id = "listFlows", params(Wanted),
    responses((status = 200, description = "The flows", body = Vec<FlowView>), Invalid, Unauthorized))]
async fn list(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<Value>>> {
    let flows = wanted.of(state.engine.flows(&actor, wanted.which(&actor)).await?)?;
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (offset, limit) = (size(wanted.offset.unwrap_or_default()), size(wanted.limit.unwrap_or(LIMIT)));
    let page = flows.into_iter().skip(offset).take(limit);
    page.map(|flow| wanted.project(flow.into())).collect::<Result<Vec<_>>>().map(Json)
}

/// A number.
#[derive(Debug, Serialize, ToSchema)]
struct Count {
    count: usize,
}

/// How many flows the same question finds.
#[utoipa::path(get, path = "/flows/count", tag = "flows", operation_id = "countFlows", params(Wanted),
    responses((status = 200, description = "Their number", body = Count), Invalid, Unauthorized))]
async fn count(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Count>> {
    let flows = wanted.of(state.engine.flows(&actor, wanted.which(&actor)).await?)?;
    Ok(Json(Count { count: flows.len() }))
}

/// One flow.
#[utoipa::path(get, path = "/flows/{id}", tag = "flows", operation_id = "getFlow",
    params(("id" = String, Path, description = "The flow's id")),
    responses((status = 200, description = "The flow", body = FlowView), Unauthorized, NotFound))]
async fn get(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<FlowView>> {
    Ok(Json(state.engine.flow(&actor, &id).await?.into()))
}

/// What to set of a flow; what is missing stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    #[schema(min_length = 1, max_length = 500)]
    name: Option<String>,
    description: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[schema(value_type = Option<Object>)]
    flow: Option<Map<String, Value>>,
    #[schema(value_type = Option<Object>)]
    custom_fields: Option<Map<String, Value>>,
    thumbnail: Option<String>,
}

impl From<Body> for Change {
    fn from(body: Body) -> Self {
        let Body { name, description, kind, flow, custom_fields, thumbnail } = body;
        Self { name, description, kind, descriptor: flow, custom_fields, thumbnail }
    }
}

/// The id of a flow that was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FlowId {
    flow_id: String,
}

/// Make a flow.
#[utoipa::path(post, path = "/flows", tag = "flows", operation_id = "createFlow", request_body = Body,
    responses((status = 200, description = "Its id", body = FlowId), OfJson, Unauthorized))]
async fn create(State(state): State<AppState>, actor: UserActor, ApiJson(body): ApiJson<Body>) -> Result<Json<FlowId>> {
    let flow_id = state.engine.create_flow(&actor, body.into()).await?;
    Ok(Json(FlowId { flow_id }))
}

/// Whether a flow that runs is changed as well.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Force {
    /// Change the components of a running flow.
    force_update: bool,
}

/// What became of a flow.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Put {
    flow_id: String,
    /// `updated` or `created`.
    result: &'static str,
}

/// Change a flow, or make one with this id.
#[utoipa::path(put, path = "/flows/{id}", tag = "flows", operation_id = "putFlow", request_body = Body,
    params(("id" = String, Path, description = "The flow's id"), Force),
    responses((status = 200, description = "What became of it", body = Put), OfJson, Unauthorized, NotFound, Conflict))]
async fn put(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
    ApiQuery(force): ApiQuery<Force>,
    ApiJson(body): ApiJson<Body>,
) -> Result<Json<Put>> {
    let made = state.engine.put_flow(&actor, &id, body.into(), force.force_update).await?;
    Ok(Json(Put { flow_id: id, result: if made { "created" } else { "updated" } }))
}

/// Stop a flow and delete it.
#[utoipa::path(delete, path = "/flows/{id}", tag = "flows", operation_id = "deleteFlow",
    params(("id" = String, Path, description = "The flow's id")),
    responses((status = 200, description = "Its id", body = FlowId), Unauthorized, NotFound, Conflict))]
async fn delete(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<FlowId>> {
    state.engine.delete_flow(&actor, &id).await?;
    Ok(Json(FlowId { flow_id: id }))
}

/// The id of a copy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CloneId {
    clone_id: String,
}

/// Make a stopped copy of a flow.
#[utoipa::path(post, path = "/flows/{id}/clone", tag = "flows", operation_id = "cloneFlow",
    params(("id" = String, Path, description = "The flow's id")),
    responses((status = 200, description = "The copy's id", body = CloneId), Unauthorized, NotFound))]
async fn clone(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<CloneId>> {
    let clone_id = state.engine.clone_flow(&actor, &id).await?;
    Ok(Json(CloneId { clone_id }))
}

/// What would keep a flow from starting.
#[derive(Debug, Serialize, ToSchema)]
struct Validation {
    /// Empty when nothing would.
    errors: Vec<String>,
}

/// Look for what would keep a flow from starting.
#[utoipa::path(get, path = "/flows/{id}/validate", tag = "flows", operation_id = "validateFlow",
    params(("id" = String, Path, description = "The flow's id")),
    responses((status = 200, description = "What was found", body = Validation), Unauthorized, NotFound))]
async fn validate(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Validation>> {
    Ok(Json(Validation { errors: state.engine.validate(&actor, &id).await? }))
}

/// What to do with a flow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Command {
    Start,
    Stop,
}

#[derive(Debug, Deserialize, ToSchema)]
struct Order {
    command: Command,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Background {
    /// Answer at once; the status says when it is done.
    background: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Ordered {
    flow_id: String,
    /// Where it goes on in the background.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

/// Start or stop a flow.
#[utoipa::path(post, path = "/flows/{id}/coordinator", tag = "flows", operation_id = "coordinateFlow",
    request_body = Order, params(("id" = String, Path, description = "The flow's id"), Background),
    responses((status = 200, description = "It is done, or begun", body = Ordered), OfJson, Unauthorized, NotFound, Conflict))]
async fn coordinate(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
    ApiQuery(background): ApiQuery<Background>,
    ApiJson(order): ApiJson<Order>,
) -> Result<Json<Ordered>> {
    let engine = &state.engine;
    let ticket = match (order.command, background.background) {
        (Command::Start, true) => Some(engine.start_flow_in_background(&actor, &id).await?),
        (Command::Stop, true) => Some(engine.stop_flow_in_background(&actor, &id).await?),
        (Command::Start, false) => engine.start_flow(&actor, &id).await.map(|()| None)?,
        (Command::Stop, false) => engine.stop_flow(&actor, &id).await.map(|()| None)?,
    };
    Ok(Json(Ordered { flow_id: id, ticket }))
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Status {
    /// `in-progress` or `completed`.
    status: &'static str,
    steps_total: u32,
}

/// Whether a flow is being started or stopped.
#[utoipa::path(get, path = "/flows/{id}/coordinator/status", tag = "flows", operation_id = "getFlowStatus",
    params(("id" = String, Path, description = "The flow's id")),
    responses((status = 200, description = "The status", body = Status), Unauthorized, NotFound))]
async fn coordinator_status(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Status>> {
    let status = state.engine.coordinator_status(&actor, &id).await?;
    Ok(Json(Status { status: status.status, steps_total: status.steps_total }))
}
