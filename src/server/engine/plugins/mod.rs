//! Plugins of installed modules: `plugin.js` runs once in its module's process, and what it has registered is called
//! from outside (routes), by the clock (jobs), and by components (listeners).

mod calls;
mod core;
mod jobs;
mod keeper;
mod listeners;
mod model;
mod request;
mod routes;
mod schedule;
mod stream;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::{Notify, Semaphore, watch},
    time::Instant,
};
use tokio_util::sync::DropGuard;

pub use request::{PluginAnswer, PluginBody, PluginRequest};

use super::{
    Engine,
    host::{Failure, FailureKind, Invocation, Method},
};
use crate::{
    domain::name::ModuleName,
    server::{
        error::Result,
        settings::{MESSAGE_MAX_BYTES, connectors::ServiceId},
    },
};
use routes::Route;

/// Requests that one plugin answers at the same time.
const PARALLEL: usize = 64;
/// How long somebody waits for a plugin that is being started.
const START_PATIENCE: Duration = Duration::from_secs(30);
/// How long `plugin.js` may run, in milliseconds.
const START_MS: u64 = 60_000;

/// What is known of all plugins.
#[derive(Default)]
pub(super) struct Plugins {
    /// By their names: `vendor.service` or `vendor.service.module`.
    known: Mutex<BTreeMap<String, Known>>,
    /// What is installed, by name: the archive's SHA-256, and the plugins in it.
    seen: Mutex<BTreeMap<String, (String, Vec<Plugin>)>>,
    /// Counts changes of a stage.
    turns: watch::Sender<u64>,
    /// There is something to start.
    wake: Notify,
}

/// A plugin of an installed module.
struct Known {
    plugin: Plugin,
    /// How often it was started.
    start: u64,
    failures: u32,
    stage: Stage,
}

/// Where a plugin is found.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plugin {
    name: String,
    module: ModuleName,
    sha256: String,
    /// The unpacked files, should they not have been built.
    unpacked: PathBuf,
    /// Its folder below.
    folder: String,
}

enum Stage {
    /// To be started when it is time.
    Waiting {
        until: Instant,
    },
    Starting {
        /// Its process has ended meanwhile.
        is_lost: bool,
    },
    Running(Arc<Running>),
    /// Why it did not start; it is tried again.
    Failed {
        reason: String,
        until: Instant,
    },
}

/// A plugin that runs.
struct Running {
    plugin: Plugin,
    root: PathBuf,
    /// Which start of it this is.
    start: u64,
    since: Instant,
    routes: Vec<Route>,
    hears_listeners: bool,
    room: Arc<Semaphore>,
    /// Ends its jobs.
    _jobs: DropGuard,
}

/// What `plugin.js` has registered.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Registered {
    routes: Vec<routes::Registered>,
    jobs: Vec<jobs::Registered>,
    hears_listeners: bool,
}

impl Plugins {
    /// The plugin whose name is the longest with which these parts begin.
    fn named(&self, parts: &[&str]) -> Option<String> {
        let known = self.known.lock();
        let names = (2..=parts.len()).rev().map(|length| parts[..length].join("."));
        names.into_iter().find(|name| known.contains_key(name))
    }

    fn turn(&self) {
        self.turns.send_modify(|turns| *turns += 1);
    }

    /// It runs no longer: it is started again, unless another start of it is on its way.
    fn lost(&self, name: &str, start: u64) {
        {
            let mut known = self.known.lock();
            let Some(known) = known.get_mut(name).filter(|known| known.start == start) else { return };
            match &mut known.stage {
                Stage::Running(running) => {
                    // One that ends as soon as it runs has failed.
                    known.failures =
                        if running.since.elapsed() > keeper::STEADY { 0 } else { known.failures.saturating_add(1) };
                }
                Stage::Starting { is_lost } => {
                    *is_lost = true;
                    return;
                }
                Stage::Waiting { .. } | Stage::Failed { .. } => return,
            }
            known.stage = Stage::Waiting { until: Instant::now() + keeper::pause(known.failures.saturating_sub(1)) };
        }
        self.turn();
        self.wake.notify_one();
    }
}

impl Engine {
    /// The plugin once it runs; `None` when it is not installed.
    ///
    /// # Errors
    /// Why it does not run, for whoever asks.
    async fn running_plugin(&self, name: &str) -> Result<Option<Arc<Running>>, String> {
        let plugins = &self.inner.plugins;
        let mut turns = plugins.turns.subscribe();
        let wait = async {
            loop {
                turns.mark_unchanged();
                match plugins.known.lock().get(name).map(|known| &known.stage) {
                    None => return Ok(None),
                    Some(Stage::Running(running)) => return Ok(Some(Arc::clone(running))),
                    Some(Stage::Failed { reason, .. }) => return Err(reason.clone()),
                    Some(Stage::Waiting { .. } | Stage::Starting { .. }) => {}
                }
                if turns.changed().await.is_err() {
                    return Ok(None);
                }
            }
        };
        let late = || format!("The plugin {name} is still being started.");
        tokio::time::timeout(START_PATIENCE, wait).await.unwrap_or_else(|_| Err(late()))
    }

    /// Asks a plugin that runs for something.
    async fn ask_plugin(
        &self,
        running: &Running,
        method: Method,
        receive_ms: u64,
        context: Value,
    ) -> Result<Value, Failure> {
        self.ask_plugin_streaming(running, method, receive_ms, context, None).await
    }

    /// As [`Engine::ask_plugin`]; what it gives may come bit by bit.
    async fn ask_plugin_streaming(
        &self,
        running: &Running,
        method: Method,
        receive_ms: u64,
        mut context: Value,
        stream: Option<Arc<stream::Stream>>,
    ) -> Result<Value, Failure> {
        let config = self
            .plugin_config(&running.plugin)
            .await
            .map_err(|cause| Failure::new(FailureKind::Crashed, cause.public().message))?;
        context["start"] = json!(running.start);
        context["config"] = config;
        context["limits"] = self.plugin_limits(receive_ms);
        let invocation = running.plugin.invocation(running.root.clone(), method, context);
        let calls = calls::PluginCalls::new(self.clone(), &running.plugin, running.start).answering(stream);
        let answer = self.inner.host.invoke(invocation, Arc::new(calls)).await;
        if answer.as_ref().is_err_and(is_elsewhere) {
            self.inner.plugins.lost(&running.plugin.name, running.start);
        }
        answer
    }

    fn plugin_limits(&self, receive_ms: u64) -> Value {
        json!({ "receiveMs": receive_ms, "messageBytes": self.inner.settings.number(MESSAGE_MAX_BYTES) })
    }

    /// The configuration of the plugin's module and of its service; the service's wins.
    async fn plugin_config(&self, plugin: &Plugin) -> Result<Value> {
        let mut config = serde_json::Map::new();
        let parts: Vec<&str> = plugin.name.split('.').collect();
        for length in (2..=parts.len()).rev() {
            if let Ok(id) = ServiceId::parse(&parts[..length].join(":")) {
                config.extend(self.inner.connectors.for_component(&id)?);
            }
        }
        Ok(Value::Object(config))
    }
}

/// Whether the process that was asked is not the one in which the plugin was started. Nothing has been done then.
fn is_elsewhere(failure: &Failure) -> bool {
    failure.code.as_ref().and_then(Value::as_str) == Some("PLUGIN_NOT_RUNNING")
}

impl Plugin {
    fn invocation(&self, root: PathBuf, method: Method, context: Value) -> Invocation {
        Invocation {
            module: self.module.clone(),
            root,
            folder: self.folder.clone(),
            component: self.name.clone(),
            method,
            context,
            shared: BTreeMap::new(),
        }
    }
}
