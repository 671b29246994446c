//! Runs components' code in Node, one process a module. Knows nothing of flows, the queue or SQL.

mod connection;
mod frames;
pub mod guard;
mod node;
mod output;
mod owner;
mod process;
mod script;
mod shared;
mod spare;
mod table;
mod watch;
mod workers;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::name::ModuleName;

pub use node::NodeVersion;
pub use shared::Shared;
pub use workers::NodeHost;

/// Runs components' methods; the runner and the tests of the engine know no more of it.
pub trait ComponentHost: Send + Sync {
    /// Runs a method to its end; what a static call gives, else null. A component that lacks the method ends at once, but
    /// for `receive`. Where the future is dropped, the method goes on, but nothing that it asks for is given.
    ///
    /// # Errors
    /// Why the method came to nothing. What `limits` of the context says is kept here: an invocation that takes longer has
    /// failed.
    fn invoke(&self, invocation: Invocation, calls: Arc<dyn Calls>) -> BoxFuture<'_, Result<Value, Failure>>;

    /// Whether components can run at all.
    ///
    /// # Errors
    /// Why not, and what to do, in words for an administrator.
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Whether the module's code is kept from writing where it lies.
    fn guards<'a>(&'a self, _module: &'a ModuleName) -> BoxFuture<'a, bool> {
        Box::pin(std::future::ready(false))
    }

    /// Lets go of what is kept for the version in this folder, once what runs of it has ended.
    fn release<'a>(&'a self, _root: &'a Path) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// Expects that a version is soon to be tried: what can be done before it is known which may be done now. Trials are in
    /// folders below `folder`.
    fn stand_by<'a>(&'a self, _folder: &'a Path) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }

    /// A folder below `folder`, not there yet, in which a version of the module is to be laid out and tried.
    fn trial_folder<'a>(&'a self, _module: &'a ModuleName, folder: &'a Path) -> BoxFuture<'a, PathBuf> {
        Box::pin(std::future::ready(new_folder(folder)))
    }

    /// Ends what was started for a trial in this folder.
    fn end_trial<'a>(&'a self, root: &'a Path) -> BoxFuture<'a, ()> {
        self.release(root)
    }

    /// Runs nothing from now on: lets what runs come to its end within `grace`, and then ends it.
    fn shut_down(&self, _grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A name that nothing has, for a version that is being tried.
fn new_folder(folder: &Path) -> PathBuf {
    folder.join(format!("runtime-{}", uuid::Uuid::new_v4()))
}

/// The host of a machine on which components cannot run.
#[derive(Clone, Debug)]
pub struct NoHost {
    /// Why, for the people who look at their flows.
    pub reason: String,
}

impl ComponentHost for NoHost {
    fn invoke(&self, _: Invocation, _: Arc<dyn Calls>) -> BoxFuture<'_, Result<Value, Failure>> {
        let failure = Failure::new(FailureKind::Crashed, self.reason.clone());
        Box::pin(std::future::ready(Err(failure)))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Err(self.reason.clone())))
    }
}

/// Where and how components' code is run.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// Node.js, by path or by a name on the `PATH`.
    pub node: PathBuf,
    /// A folder for this host alone: its script, and a folder for each process.
    pub folder: PathBuf,
    pub limits: HostLimits,
    /// Modules whose code may start programs, such as one that brings a server along, and load compiled code. Neither is
    /// held by Node's permission model, so there are none unless the administrator names them.
    pub trusted: Vec<ModuleName>,
}

impl HostOptions {
    /// The `node` on the `PATH`, with the usual limits.
    pub fn new(folder: PathBuf) -> Self {
        Self { node: "node".into(), folder, limits: HostLimits::default(), trusted: Vec::new() }
    }
}

/// What one invocation, and one process, may take.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// For a method (`COMPONENT_RECEIVE_TIMEOUT`).
    pub receive: Duration,
    /// For a process to start, and for a component's code to load (`COMPONENT_FACTORY_TIMEOUT`).
    pub load: Duration,
    /// For a process that runs nothing.
    pub idle: Duration,
    /// Memory of a process, in megabytes: what JavaScript holds. Buffers and Node itself may take 256 more.
    pub memory_mb: u64,
    /// Size of a message, in bytes of JSON.
    pub message_bytes: usize,
    /// Size of whatever goes between server and process at once, in bytes.
    pub frame_bytes: usize,
}

impl Default for HostLimits {
    fn default() -> Self {
        Self {
            receive: Duration::from_millis(1_380_000),
            load: Duration::from_millis(300_000),
            idle: Duration::from_secs(300),
            memory_mb: 512,
            message_bytes: 15 * 1024 * 1024,
            frame_bytes: 128 * 1024 * 1024,
        }
    }
}

/// Why no component can run at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum HostError {
    #[error("Flows cannot run: {program} cannot be started ({cause}). Install Node.js 20 or newer, then try again.")]
    NoNode { program: String, cause: String },
    #[error("Flows cannot run: Node.js {version} is too old. Install Node.js 20 or newer, then try again.")]
    OldNode { version: String },
    #[error(
        "Flows cannot run: this program was built without the part that runs components. `cargo xtask build` adds it."
    )]
    NoScript,
    #[error("Flows cannot run: the folder {} cannot be written ({cause}).", folder.display())]
    Folder { folder: PathBuf, cause: String },
    #[error("The process of {module} cannot be started: {cause}.")]
    Process { module: String, cause: String },
}

impl From<HostError> for Failure {
    fn from(error: HostError) -> Self {
        let code = match error {
            HostError::NoNode { .. } | HostError::OldNode { .. } => "NO_NODE",
            HostError::NoScript | HostError::Folder { .. } => "NO_HOST",
            HostError::Process { .. } => "NO_PROCESS",
        };
        Self { code: Some(code.into()), ..Self::new(FailureKind::Crashed, error.to_string()) }
    }
}

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
    /// Parts of the context that others have, too, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub shared: BTreeMap<&'static str, Arc<Shared>>,
}

/// What a component can be asked to do; `Load` only loads its code, `Quota` reads the rules of its module's `quota.js`. From
/// `Plugin` on it is a plugin that is asked, whose folder and name stand in the place of a component's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    Start,
    Stop,
    Tick,
    Receive,
    Signal,
    Load,
    Quota,
    /// Runs `plugin.js`. What it has registered stays in the process, and its calls are answered until that ends.
    Plugin,
    /// Runs `plugin.js` to see whether it can be run, with nothing behind it.
    Trial,
    Route,
    Job,
    Listener,
    /// Does nothing: shows that the process still listens.
    Ping,
}

impl Method {
    /// Whether a version runs with it; all else only tries what is there.
    fn is_work(self) -> bool {
        !matches!(self, Self::Load | Self::Quota | Self::Trial)
    }
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

impl Failure {
    /// A failure that the component has not thrown itself.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), name: None, code: None, stack: None, error: None }
    }
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

impl FailureKind {
    /// As frames and unprocessed messages name it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Thrown => "thrown",
            Self::Cancelled => "cancelled",
            Self::Invalid => "invalid",
            Self::TooBig => "tooBig",
            Self::Missing => "missing",
            Self::Crashed => "crashed",
            Self::TimedOut => "timedOut",
        }
    }
}

/// What a running component asks of the server: name and arguments as docs/ENGINE.md has them.
pub trait Calls: Send + Sync {
    /// # Errors
    /// What the component gets thrown.
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Result<Value, CallError>>;

    /// The process has ended under the component, or nothing that it asks for is given any more.
    fn gone(&self) {}
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

impl CallError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: None, name: None }
    }
}
