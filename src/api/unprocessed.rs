//! The section "Unprocessed": messages that no component took. Look, put back, throw away; one, several, or all that match.

use std::collections::BTreeMap;

use leptos::{server, server_fn::codec::GetUrl};
use leptos_router::params::ParamsMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ApiError,
    server::{admin, fail, state, user},
};
use crate::{
    domain::flow::Stage,
    server::{
        access::UserActor,
        engine::WantedLetters as Wanted,
        error::ServerError,
        store::{flow_overview::FlowOverview, unprocessed::Unprocessed},
    },
};

/// Messages on a page.
const PAGE: u32 = 50;
/// Characters of a message's input, and of its error, that the page shows.
const SHOWN_MAX: usize = 4_000;

/// A page of them, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnprocessedPage {
    pub letters: Vec<Letter>,
    /// All that match.
    pub total: u32,
    /// Counted from 0; the last one when a later one was asked for.
    pub number: u32,
    pub has_older: bool,
    /// For the filter.
    pub flows: Vec<FlowChoice>,
}

/// A flow that has unprocessed messages, or is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowChoice {
    pub id: String,
    /// Its name, and its owner where the name alone does not tell.
    pub label: String,
}

/// A message as the page shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    pub id: String,
    pub flow_id: String,
    /// Its name.
    pub flow: String,
    /// What the flow does now.
    pub stage: Stage,
    pub component_type: String,
    pub component_id: String,
    pub port: String,
    pub module: Option<String>,
    pub version: Option<String>,
    /// The type of the component that it came from.
    pub sender: Option<String>,
    pub reason: String,
    pub error: String,
    pub attempts: u32,
    /// When it ended here, in milliseconds since the Unix epoch.
    pub at: i64,
    /// JSON to read.
    pub input: Extract,
    pub error_details: Extract,
}

/// The beginning of a text, or all of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extract {
    pub text: String,
    pub is_cut: bool,
}

impl Extract {
    fn of(value: &Value) -> Self {
        let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
        let cut = text.char_indices().nth(SHOWN_MAX).map(|(at, _)| at);
        if let Some(at) = cut {
            text.truncate(at);
        }
        Self { text, is_cut: cut.is_some() }
    }
}

impl Letter {
    fn new(letter: Unprocessed, flow: Option<&FlowOverview>) -> Self {
        let Unprocessed { message, component_type, module, version, sender_type, reason, error, created_at } = letter;
        Self {
            id: message.id,
            flow_id: message.lane.flow_id,
            flow: flow.map(|flow| flow.name.clone()).unwrap_or_default(),
            stage: flow.map(|flow| flow.stage).unwrap_or_default(),
            component_type,
            component_id: message.lane.component_id,
            port: message.lane.port,
            module,
            version,
            sender: sender_type,
            reason,
            error: error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
            attempts: message.attempts,
            at: created_at,
            input: Extract::of(&message.body.content),
            error_details: Extract::of(&error),
        }
    }
}

/// Where the page shows what is wanted.
pub fn page_of(wanted: &Wanted, number: u32) -> String {
    let mut params = params_of(wanted);
    if number > 0 {
        params.insert("page", number.to_string());
    }
    format!("/backoffice/unprocessed{}", params.to_query_string())
}

/// Where all that is wanted is had as a file.
pub fn export_of(wanted: &Wanted) -> String {
    format!("/backoffice/unprocessed/export{}", params_of(wanted).to_query_string())
}

fn params_of(wanted: &Wanted) -> ParamsMap {
    let fields = [
        ("flow", &wanted.flow),
        ("module", &wanted.module),
        ("reason", &wanted.reason),
        ("from", &wanted.from),
        ("to", &wanted.to),
    ];
    let mut params = ParamsMap::new();
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        params.insert(name, value.clone());
    }
    params
}

#[server(prefix = "/backoffice/api", endpoint = "list_unprocessed", input = GetUrl)]
pub async fn list_unprocessed(
    #[server(default)] wanted: Wanted,
    #[server(default)] page: u32,
) -> Result<UnprocessedPage, ApiError> {
    let (actor, engine) = (admin()?, state().engine);
    let filter = wanted.filter().map_err(fail)?;
    let total = engine.count_unprocessed(&actor, filter.clone()).await.map_err(fail)?;
    let number = page.min(total.saturating_sub(1) / PAGE);
    let found = engine.unprocessed(&actor, filter, PAGE, number * PAGE).await.map_err(fail)?;
    let flows = engine.overview(&actor).await.map_err(fail)?;
    let by_id: BTreeMap<&str, &FlowOverview> = flows.iter().map(|flow| (flow.id.as_str(), flow)).collect();
    let letter = |letter: Unprocessed| {
        let flow = by_id.get(letter.message.lane.flow_id.as_str()).copied();
        Letter::new(letter, flow)
    };
    let letters = found.into_iter().map(letter).collect();
    let has_older = (number + 1).saturating_mul(PAGE) < total;
    Ok(UnprocessedPage { letters, total, number, has_older, flows: choices(&flows, wanted.flow.trim()) })
}

/// The flows that the filter offers, by name.
fn choices(flows: &[FlowOverview], asked: &str) -> Vec<FlowChoice> {
    let mut names: BTreeMap<&str, u32> = BTreeMap::new();
    for flow in flows {
        *names.entry(&flow.name).or_default() += 1;
    }
    let label = |flow: &FlowOverview| match names.get(flow.name.as_str()) {
        Some(2..) => format!("{} · {}", flow.name, flow.email),
        _ => flow.name.clone(),
    };
    let offered = flows.iter().filter(|flow| flow.unprocessed > 0 || flow.id == asked);
    offered.map(|flow| FlowChoice { id: flow.id.clone(), label: label(flow) }).collect()
}

/// The messages that a form names: this one, all that match (a thousand at most), or those that are ticked.
async fn chosen(
    actor: &UserActor,
    only: String,
    ids: Vec<String>,
    all: bool,
    wanted: &Wanted,
) -> Result<Vec<String>, ApiError> {
    let (ids, fault) = if !only.is_empty() {
        (vec![only], "")
    } else if all {
        let filter = wanted.filter().map_err(fail)?;
        let ids = state().engine.unprocessed_ids(actor, filter).await.map_err(fail)?;
        (ids, "No message matches any more.")
    } else {
        (ids, "Tick a message first.")
    };
    if ids.is_empty() { Err(fail(ServerError::Invalid(fault.to_owned()))) } else { Ok(ids) }
}

/// Leads back to the page, which says what was done.
fn done(wanted: &Wanted, what: &str, number: usize) {
    let mut params = params_of(wanted);
    params.insert("done", what.to_owned());
    params.insert("number", number.to_string());
    leptos_axum::redirect(&format!("/backoffice/unprocessed{}", params.to_query_string()));
}

/// Puts messages back into their flows, all of them or none.
#[server(prefix = "/backoffice/api", endpoint = "retry_unprocessed")]
pub async fn retry_unprocessed(
    #[server(default)] only: String,
    #[server(default)] ids: Vec<String>,
    #[server(default)] all: bool,
    #[server(default)] wanted: Wanted,
) -> Result<(), ApiError> {
    admin()?;
    let actor = user()?;
    let ids = chosen(&actor, only, ids, all, &wanted).await?;
    let number = ids.len();
    state().engine.retry(&actor, ids).await.map_err(fail)?;
    done(&wanted, "retried", number);
    Ok(())
}

/// Throws messages away, all of them or none.
#[server(prefix = "/backoffice/api", endpoint = "delete_unprocessed")]
pub async fn delete_unprocessed(
    #[server(default)] only: String,
    #[server(default)] ids: Vec<String>,
    #[server(default)] all: bool,
    #[server(default)] wanted: Wanted,
) -> Result<(), ApiError> {
    admin()?;
    let actor = user()?;
    let ids = chosen(&actor, only, ids, all, &wanted).await?;
    let number = ids.len();
    state().engine.delete_unprocessed(&actor, ids).await.map_err(fail)?;
    done(&wanted, "deleted", number);
    Ok(())
}
