//! Static calls of components: what a component sends for a message, without a run of a flow.

use axum::{Json, extract::State};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery},
    problem::{Forbidden, NotFound, OfJson, Unauthorized, Unavailable},
};
use crate::server::{
    access::{UserActor, Via},
    engine::{StaticCall, not_installed},
    error::{Result, ServerError},
    state::AppState,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_from_component, call_component))
}

/// Vendor, service, module, component.
type Name = (String, String, String, String);

/// What a component is called with.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Call {
    /// A content for each input port, or for a part of it: `port` or `port/path`.
    #[schema(value_type = Object)]
    messages: Map<String, Value>,
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// `./File#function` of the component: what was sent goes through it.
    transform: Option<String>,
    /// The component of a flow that asks. Then `properties/x` and `inputs/port/x` stand for what is filled in there.
    component_id: Option<String>,
    /// The flow of that component.
    flow_id: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Out {
    /// The output port whose content is wanted; the first one by default.
    out_port: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// The output port whose content is wanted; the first one by default.
    out_port: Option<String>,
    /// JSON, as in the body of a POST.
    messages: Option<String>,
    /// JSON, as in the body of a POST.
    properties: Option<String>,
    transform: Option<String>,
    component_id: Option<String>,
    flow_id: Option<String>,
}

/// Call a component by its address alone. With a token: a page of another site could send a browser here.
#[utoipa::path(
    get, path = "/component/{vendor}/{service}/{module}/{component}", tag = "components",
    params(
        ("vendor" = String, Path), ("service" = String, Path), ("module" = String, Path), ("component" = String, Path),
        Asked,
    ),
    responses((status = 200, description = "What the component sent to that port", body = Value),
              OfJson, Unauthorized, Forbidden, NotFound, Unavailable)
)]
async fn read_from_component(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(name): ApiPath<Name>,
    ApiQuery(asked): ApiQuery<Asked>,
) -> Result<Json<Value>> {
    if let Via::Session { .. } = actor.via() {
        return Err(ServerError::Forbidden("A component is called from a browser by POST.".to_owned()));
    }
    let Asked { out_port, messages, properties, transform, component_id, flow_id } = asked;
    let (messages, properties) = (read("messages", messages)?, read("properties", properties)?);
    call(&state, &actor, name, out_port, Call { messages, properties, transform, component_id, flow_id }).await
}

/// Call a component with a message: its `receive` runs once, outside of any flow, and what it sends is the answer.
#[utoipa::path(
    post, path = "/component/{vendor}/{service}/{module}/{component}", tag = "components",
    request_body = Call,
    params(
        ("vendor" = String, Path), ("service" = String, Path), ("module" = String, Path), ("component" = String, Path),
        Out,
    ),
    responses((status = 200, description = "What the component sent to that port", body = Value),
              OfJson, Unauthorized, NotFound, Unavailable)
)]
async fn call_component(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(name): ApiPath<Name>,
    ApiQuery(Out { out_port }): ApiQuery<Out>,
    ApiJson(body): ApiJson<Call>,
) -> Result<Json<Value>> {
    call(&state, &actor, name, out_port, body).await
}

async fn call(
    state: &AppState,
    actor: &UserActor,
    (vendor, service, module, component): Name,
    out_port: Option<String>,
    body: Call,
) -> Result<Json<Value>> {
    let component = format!("{vendor}.{service}.{module}.{component}");
    if !state.acl.sight(actor).await?.can_call(&component) {
        // The same as for one that is not installed (A3).
        return Err(ServerError::NotFound(not_installed(&component)));
    }
    let Call { messages, properties, transform, component_id, flow_id } = body;
    let call = StaticCall { component, out_port, messages, properties, transform, caller: component_id, flow_id };
    Ok(Json(state.engine.static_call(actor, call).await?))
}

fn read<T: DeserializeOwned + Default>(name: &str, text: Option<String>) -> Result<T> {
    let Some(text) = text else { return Ok(T::default()) };
    serde_json::from_str(&text).map_err(|fault| ServerError::Invalid(format!("{name} is no JSON object: {fault}.")))
}
