//! Runs components' code in Node, one process a module. Knows nothing of flows, the queue or SQL.

use std::{path::PathBuf, sync::Arc};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::name::ModuleName;

/// A method of a component, and everything it is to be run with.
#[derive(Clone, Debug, Serialize)]
pub struct Invocation {
    /// The module whose process runs it.
    pub module: ModuleName,
    /// The folder of the unpacked version.
    pub root: PathBuf,
    /// The component's folder below `root`, with slashes.
    pub folder: String,
    /// `vendor.service.module.Component`.
    #[serde(rename = "type")]
    pub component: String,
    pub method: Method,
    /// As docs/ENGINE.md has it.
    pub context: Value,
}

/// What a component can be asked to do; `Load` only loads its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Start,
    Stop,
    Tick,
    Receive,
    Signal,
    Load,
}

/// Why an invocation came to nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As the component gave it: text or number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
}

/// Decides what becomes of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FailureKind {
    /// The component threw; trying again may help.
    Thrown,
    /// It said that trying again cannot help.
    Cancelled,
    /// The message does not fit the port.
    Invalid,
    /// A message or what came of it is over its limit.
    TooBig,
    /// The module or the component is not installed.
    Missing,
    /// The process ended under it.
    Crashed,
    TimedOut,
}

/// What a running component asks of the server: name and arguments as docs/ENGINE.md has them.
pub trait Calls: Send + Sync {
    /// # Errors
    /// What the component gets thrown.
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Result<Value, CallError>>;
}

/// An error that a component gets from a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CallError {
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What runs components' code.
pub trait ComponentHost: Send + Sync {
    /// Runs a method to its end, answering what the component asks by `calls`.
    fn invoke(&self, invocation: Invocation, calls: Arc<dyn Calls>) -> BoxFuture<'_, Result<Value, Failure>>;
}
