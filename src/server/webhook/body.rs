//! What receivers are told, in the documented shape.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::server::{
    catalogue::hex,
    engine::{ErrorReport, FlowStopped},
    error::Result,
};

/// Largest body, in bytes: thousands of them may wait, and receivers take no more than a megabyte as a rule.
const BODY_MAX: usize = 256 * 1024;
/// What is left of texts in a body that is larger, in characters.
const TEXT_MAX: usize = 10_000;

/// A body, and what it tells of in a few words.
pub(super) struct Told {
    pub subject: String,
    /// JSON.
    pub body: String,
}

pub(super) fn failure(report: &ErrorReport) -> Result<Told> {
    let subject = format!("{} in {}", report.component_type, report.flow_name);
    let mut body = serde_json::to_string(report)?;
    if body.len() > BODY_MAX {
        let small = ErrorReport { err: shortened(&report.err), input_messages: Map::new(), ..report.clone() };
        body = serde_json::to_string(&small)?;
    }
    Ok(Told { subject, body })
}

/// The error without what it carries besides its texts.
fn shortened(err: &Value) -> Value {
    let texts = ["message", "name", "code", "stack"].into_iter().filter_map(|name| {
        let value = match err.get(name)? {
            Value::String(text) => Value::from(text.chars().take(TEXT_MAX).collect::<String>()),
            Value::Number(number) => Value::Number(number.clone()),
            _ => return None,
        };
        Some((name.to_owned(), value))
    });
    Value::Object(texts.collect())
}

pub(super) fn stopped(stopped: &FlowStopped) -> Result<Told> {
    Ok(Told { subject: stopped.flow_name.clone(), body: serde_json::to_string(stopped)? })
}

/// A message in the shape of a failure, whose type tells that it is none.
pub(super) fn test(asked_by: &str) -> Told {
    let message = format!("This is a test of the system webhook, asked for by {asked_by}. Nothing has failed.");
    let body = json!({
        "err": { "message": message, "name": "Test" },
        "type": "test",
        "flowId": "",
        "flowName": "",
        "userId": "",
        "componentId": "",
        "componentType": "",
        "inputMessages": {},
    });
    Told { subject: "Test".to_owned(), body: body.to_string() }
}

/// The latest of failures that happened again, with how often they did.
pub(super) fn repeated(body: &str, count: u32) -> Result<String> {
    let mut body: Map<String, Value> = serde_json::from_str(body)?;
    body.insert("repeated".to_owned(), count.into());
    Ok(serde_json::to_string(&body)?)
}

/// Equal for failures of the same component of the same flow with the same text.
pub(super) fn fingerprint(report: &ErrorReport) -> String {
    let message = report.err.get("message").and_then(Value::as_str).unwrap_or_default();
    let parts = json!([report.flow_id, report.component_id, message]).to_string();
    hex(&Sha256::digest(parts))
}
