//! The section "Flows": look, start, stop, copy, delete, bring in.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    ApiError,
    server::{admin, fail, state, sudo, user},
};
use crate::{
    domain::{flow::Flow, flow_use::LostComponent},
    server::{
        access::UserActor,
        engine::{Change, SignIn},
        error::ServerError,
        store::{
            flow_log::{Filter, Line},
            flow_overview::FlowOverview,
            queue::Queued,
        },
        time::iso,
    },
};

/// Lines of the log that a flow's page shows.
const LINES: u32 = 100;

/// Everybody's flows.
#[server(prefix = "/backoffice/api", endpoint = "list_flows", input = GetUrl)]
pub async fn list_flows() -> Result<Vec<FlowOverview>, ApiError> {
    state().engine.overview(&admin()?).await.map_err(fail)
}

/// A flow's page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FlowDetail {
    pub overview: FlowOverview,
    pub flow: Flow,
    /// Components that are not installed.
    pub lost: Vec<LostComponent>,
    /// What is on its way.
    pub waiting: Vec<WaitingMessage>,
    /// Newest first.
    pub log: Vec<LogLine>,
    /// Why no flow can run on this server, when that is so.
    pub cannot_run: Option<String>,
    /// Components that sign in somewhere.
    pub sign_ins: Vec<SignIn>,
    /// All that changes by itself, in short: what to tell whoever says when it has.
    pub sight: String,
}

/// A message that is on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingMessage {
    pub component_id: String,
    pub port: String,
    /// When it is due, in milliseconds since the Unix epoch.
    pub due_at: i64,
    /// How often it has failed.
    pub attempts: u32,
}

/// A line of a flow's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub at: i64,
    /// ISO 8601.
    pub time: String,
    pub severity: String,
    pub component_id: Option<String>,
    pub text: String,
}

impl From<Line> for LogLine {
    fn from(line: Line) -> Self {
        let text = match &line.message {
            Value::String(text) => text.clone(),
            Value::Object(fields) => match fields.get("message").and_then(Value::as_str) {
                Some(message) => message.to_owned(),
                None => line.message.to_string(),
            },
            other => other.to_string(),
        };
        Self { at: line.at, time: iso(line.at), severity: line.severity, component_id: line.component_id, text }
    }
}

#[server(prefix = "/backoffice/api", endpoint = "get_flow", input = GetUrl)]
pub async fn get_flow(id: String) -> Result<FlowDetail, ApiError> {
    let (actor, engine) = (admin()?, state().engine);
    let who = user()?;
    // First, so that what changes from here on is told.
    let sight = engine.sight_of(&actor, &id).await.map_err(fail)?;
    let overview = engine.overview_of(&actor, &id).await.map_err(fail)?;
    let flow = engine.flow(&who, &id).await.map_err(fail)?;
    let lost = engine.lost_components(&actor, &id).await.map_err(fail)?;
    let queued = engine.messages(&who, &id, 50).await.map_err(fail)?;
    let filter = Filter { flow_id: Some(id), limit: LINES, ..Filter::default() };
    let log = engine.log(&who, filter).await.map_err(fail)?;
    let cannot_run = engine.cannot_run().await;
    let waiting = queued.into_iter().map(waiting).collect();
    let log = log.into_iter().map(LogLine::from).collect();
    let sign_ins = engine.sign_ins(&who, &flow).await.map_err(fail)?;
    Ok(FlowDetail { overview, flow, lost, waiting, log, cannot_run, sign_ins, sight })
}

fn waiting(queued: Queued) -> WaitingMessage {
    let Queued { component_id, port, due_at, attempts, .. } = queued;
    WaitingMessage { component_id, port, due_at, attempts }
}

/// Whoever is signed in, who must be an administrator here.
fn administrator() -> Result<UserActor, ApiError> {
    admin()?;
    user()
}

#[server(prefix = "/backoffice/api", endpoint = "start_flow")]
pub async fn start_flow(id: String) -> Result<(), ApiError> {
    state().engine.start_flow(&administrator()?, &id).await.map_err(fail)?;
    leptos_axum::redirect(&page_of(&id));
    Ok(())
}

#[server(prefix = "/backoffice/api", endpoint = "stop_flow")]
pub async fn stop_flow(id: String) -> Result<(), ApiError> {
    state().engine.stop_flow(&administrator()?, &id).await.map_err(fail)?;
    leptos_axum::redirect(&page_of(&id));
    Ok(())
}

/// Makes a stopped copy, and leads to it.
#[server(prefix = "/backoffice/api", endpoint = "clone_flow")]
pub async fn clone_flow(id: String) -> Result<(), ApiError> {
    let copy = state().engine.clone_flow(&administrator()?, &id).await.map_err(fail)?;
    leptos_axum::redirect(&page_of(&copy));
    Ok(())
}

#[server(prefix = "/backoffice/api", endpoint = "delete_flow")]
pub async fn delete_flow(id: String) -> Result<(), ApiError> {
    sudo()?;
    state().engine.delete_flow(&administrator()?, &id).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/flows");
    Ok(())
}

/// Makes a flow out of its JSON text: what the export gives, or the bare map of components.
#[server(prefix = "/backoffice/api", endpoint = "import_flow")]
pub async fn import_flow(text: String) -> Result<(), ApiError> {
    let change = read_flow(&text).map_err(|fault| fail(ServerError::Invalid(fault)))?;
    let id = state().engine.create_flow(&administrator()?, change).await.map_err(fail)?;
    leptos_axum::redirect(&page_of(&id));
    Ok(())
}

fn read_flow(text: &str) -> Result<Change, String> {
    let value: Value = serde_json::from_str(text).map_err(|fault| format!("This is no JSON: {fault}."))?;
    let Value::Object(mut fields) = value else {
        return Err("A flow is a JSON object. Paste what Export gives.".to_owned());
    };
    let text = |name: &str| match fields.get(name) {
        Some(Value::String(text)) => Some(text.clone()),
        _ => None,
    };
    let (name, description, kind) = (text("name"), text("description"), text("type"));
    let (descriptor, custom_fields): (Map<String, Value>, Option<Map<String, Value>>) = match fields.remove("flow") {
        Some(Value::Object(flow)) => {
            let custom = fields.remove("customFields").and_then(|custom| custom.as_object().cloned());
            (flow, custom)
        }
        Some(_) => return Err("The field \"flow\" is no object. Paste what Export gives.".to_owned()),
        None => (fields, None),
    };
    let is_node = |node: &Value| node.get("type").is_some_and(Value::is_string);
    if !descriptor.values().all(is_node) {
        return Err("This is no flow: each component needs a \"type\". Paste what Export gives.".to_owned());
    }
    Ok(Change { name, description, kind, descriptor: Some(descriptor), custom_fields, thumbnail: None })
}

pub(super) fn page_of(id: &str) -> String {
    format!("/backoffice/flows/{id}")
}
