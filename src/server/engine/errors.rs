//! What others are told when a component fails or a flow is stopped.

use rusqlite::Transaction;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::host::Failure;
use crate::server::error::Result;

/// A failure of a component, in the documented shape of the system webhook.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ErrorReport {
    /// `{message, name, code, stack, error}`, without what the failure lacks.
    pub err: Value,
    /// Always `component`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub flow_id: String,
    pub flow_name: String,
    pub user_id: String,
    pub component_id: String,
    pub component_type: String,
    /// By input port; empty where nothing had come in.
    pub input_messages: Map<String, Value>,
    /// The module, as far as it can be told; no part of the documented shape.
    #[serde(skip)]
    pub module: Option<String>,
}

/// A flow that runs no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FlowStopped {
    pub flow_id: String,
    pub flow_name: String,
    pub user_id: String,
    /// Who or what has stopped it.
    pub stopped_by: String,
}

/// Something that others may want to hear of.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    ComponentFailed(ErrorReport),
    FlowStopped(FlowStopped),
}

/// Whoever passes notices on.
pub trait Notices: Send + Sync {
    /// Called in the transaction of what it tells of, so that what is kept here is never lost and never untrue.
    ///
    /// # Errors
    /// Rolls the transaction back; it is tried again.
    fn keep(&self, tx: &Transaction<'_>, notice: &Notice, now: i64) -> Result<()>;

    /// Called when that transaction is committed.
    fn kept(&self) {}
}

/// A failure as reports and unprocessed messages show it: names and codes where a client looks for them.
pub(super) fn shown(failure: &Failure) -> Value {
    let mut err = json!({ "message": failure.message, "name": failure.name.as_deref().unwrap_or("Error") });
    if let Some(fields) = err.as_object_mut() {
        let others = [
            ("code", failure.code.clone()),
            ("stack", failure.stack.clone().map(Value::from)),
            ("error", failure.error.clone()),
        ];
        fields.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    err
}
