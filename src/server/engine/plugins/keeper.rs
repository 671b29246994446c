//! Keeps the plugins of what is installed running: starts them, and starts them again when their process has ended.

use std::{collections::HashMap, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use serde_json::json;
use tokio::{sync::Semaphore, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    Engine, Known, PARALLEL, Plugin, Registered, Running, START_MS, Stage, calls::PluginCalls, jobs::Job, routes::Route,
};
use crate::{
    domain::name::ModuleName,
    server::{
        engine::host::Method,
        error::Result,
        registry::{Registry, plugin_folders},
        store,
    },
};

/// First and longest pause before a plugin is started again.
const PAUSE: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(120);
/// A plugin that ran for so long ends by chance; one that did not has failed.
pub(super) const STEADY: Duration = Duration::from_secs(60);

/// How long to wait after so many failures in a row; nothing after none.
pub(super) fn pause(failures: u32) -> Duration {
    match failures {
        0 => Duration::ZERO,
        failures => PAUSE.saturating_mul(1 << (failures - 1).min(10)).min(PAUSE_MAX),
    }
}

/// The plugins in an installed archive.
fn plugins_of(registry: &Registry, name: &str, sha256: &str) -> Vec<Plugin> {
    let Ok(module) = ModuleName::parse(name) else { return Vec::new() };
    let unpacked = registry.unpacked_folder(sha256);
    let plugin = |folder: String| Plugin {
        name: folder.replace('/', "."),
        module: module.clone(),
        sha256: sha256.to_owned(),
        unpacked: unpacked.clone(),
        folder,
    };
    plugin_folders(&unpacked, &module).into_iter().map(plugin).collect()
}

impl Engine {
    pub(in crate::server::engine) fn keep_plugins_task(&self) -> BoxFuture<'static, ()> {
        let this = self.clone();
        Box::pin(async move {
            let mut events = this.inner.events.watch();
            let plugins = &this.inner.plugins;
            while !this.inner.stopping.is_cancelled() {
                events.mark_unchanged();
                if let Err(cause) = this.find_plugins().await {
                    tracing::error!(%cause, "the plugins of installed modules could not be looked for");
                }
                let next = this.start_plugins();
                let due = async {
                    match next {
                        Some(at) => tokio::time::sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    changed = events.changed() => if changed.is_err() { return },
                    () = plugins.wake.notified() => {}
                    () = due => {}
                    () = this.inner.stopping.cancelled() => return,
                }
            }
        })
    }

    /// Looks which plugins are installed now, and lets go of those that are not.
    pub(in crate::server::engine) async fn find_plugins(&self) -> Result<()> {
        let inner = &self.inner;
        let installed = inner.store.read(store::modules::installed_versions).await?;
        let fresh: Vec<_> = {
            let mut seen = inner.plugins.seen.lock();
            let there = seen.len();
            let of: HashMap<_, _> = installed.iter().map(|(name, sha256)| (name, sha256)).collect();
            seen.retain(|name, (sha256, _)| of.get(name).is_some_and(|now| *now == sha256));
            let fresh: Vec<_> = installed.into_iter().filter(|(name, _)| !seen.contains_key(name)).collect();
            if fresh.is_empty() && seen.len() == there {
                return Ok(());
            }
            fresh
        };
        let registry = inner.registry.clone();
        let found = tokio::task::spawn_blocking(move || {
            let look = |(name, sha256): (String, String)| {
                (name.clone(), (sha256.clone(), plugins_of(&registry, &name, &sha256)))
            };
            fresh.into_iter().map(look).collect::<Vec<_>>()
        });
        let found = found.await?;
        let wanted: Vec<Plugin> = {
            let mut seen = inner.plugins.seen.lock();
            seen.extend(found);
            seen.values().flat_map(|(_, plugins)| plugins).cloned().collect()
        };
        let mut gone = Vec::new();
        {
            let mut known = inner.plugins.known.lock();
            known.retain(|name, there| {
                let stays = wanted.iter().any(|plugin| plugin.name == *name);
                if !stays && let Stage::Running(running) = &there.stage {
                    gone.push(running.root.clone());
                }
                stays
            });
            for plugin in wanted {
                let is_same = known.get(&plugin.name).is_some_and(|known| known.plugin == plugin);
                if is_same {
                    continue;
                }
                // Its process ends with the first thing that the new one is asked for, unless that cannot be started.
                if let Some(Stage::Running(running)) = known.get(&plugin.name).map(|known| &known.stage) {
                    gone.push(running.root.clone());
                }
                let start = known.get(&plugin.name).map_or(0, |known| known.start);
                let stage = Stage::Waiting { until: Instant::now() };
                known.insert(plugin.name.clone(), Known { plugin, start, failures: 0, stage });
            }
        }
        inner.plugins.turn();
        for root in gone {
            let host = Arc::clone(&inner.host);
            inner.tasks.spawn(async move { host.release(&root).await });
        }
        Ok(())
    }

    /// Starts what it is time for; gives when there is more.
    fn start_plugins(&self) -> Option<Instant> {
        let now = Instant::now();
        let (mut due, mut next) = (Vec::new(), None);
        for known in self.inner.plugins.known.lock().values_mut() {
            let (Stage::Waiting { until } | Stage::Failed { until, .. }) = &known.stage else { continue };
            if *until > now {
                next = Some(next.map_or(*until, |next: Instant| next.min(*until)));
                continue;
            }
            known.start += 1;
            known.stage = Stage::Starting { is_lost: false };
            due.push((known.plugin.clone(), known.start));
        }
        if !due.is_empty() {
            self.inner.plugins.turn();
        }
        for (plugin, start) in due {
            let this = self.clone();
            self.inner.tasks.spawn(async move { this.start_plugin(plugin, start).await });
        }
        next
    }

    async fn start_plugin(&self, plugin: Plugin, start: u64) {
        let inner = &self.inner;
        let root = inner.registry.ready_folder(&plugin.sha256).unwrap_or_else(|| plugin.unpacked.clone());
        let started = self.run_plugin(&plugin, root.clone(), start).await;
        {
            let mut known = inner.plugins.known.lock();
            // Another version may have come, or the process may have ended again.
            let Some(known) =
                known.get_mut(&plugin.name).filter(|known| known.start == start && known.plugin == plugin)
            else {
                return;
            };
            let Stage::Starting { is_lost } = known.stage else { return };
            let gone = || "its process ended as soon as it ran".to_owned();
            match started.and_then(|running| if is_lost { Err(gone()) } else { Ok(running) }) {
                Ok(running) => {
                    tracing::info!(plugin = plugin.name, routes = running.routes.len(), "the plugin runs");
                    known.stage = Stage::Running(Arc::new(running));
                }
                Err(cause) => {
                    known.failures = known.failures.saturating_add(1);
                    let reason = format!("The plugin {} could not be started: {cause}", plugin.name);
                    tracing::warn!(plugin = plugin.name, failures = known.failures, "{reason}");
                    known.stage = Stage::Failed { reason, until: Instant::now() + pause(known.failures) };
                }
            }
        }
        inner.plugins.turn();
        inner.plugins.wake.notify_one();
    }

    async fn run_plugin(&self, plugin: &Plugin, root: std::path::PathBuf, start: u64) -> Result<Running, String> {
        let text = |cause: crate::server::error::ServerError| cause.public().message;
        let context = json!({
            "start": start,
            "config": self.plugin_config(plugin).await.map_err(text)?,
            "apiUrl": self.inner.api_url,
            "limits": self.plugin_limits(START_MS),
        });
        let invocation = plugin.invocation(root.clone(), Method::Plugin, context);
        let calls = Arc::new(PluginCalls::new(self.clone(), plugin, start).of_its_own());
        let value = match self.inner.host.invoke(invocation, calls).await {
            Ok(value) => value,
            Err(failure) => {
                // What it has left half done goes with its process.
                self.inner.host.release(&root).await;
                return Err(failure.message);
            }
        };
        let registered: Registered = match value {
            serde_json::Value::Null => Registered::default(),
            value => serde_json::from_value(value).map_err(|fault| fault.to_string())?,
        };
        let mut routes = registered.routes.into_iter().map(Route::read).collect::<Result<Vec<_>, String>>()?;
        routes.iter_mut().enumerate().for_each(|(number, route)| route.number = number);
        let jobs = registered.jobs.into_iter().map(Job::read).collect::<Result<Vec<_>, String>>()?;
        let end = CancellationToken::new();
        for job in jobs {
            self.inner.tasks.spawn(self.clone().repeat(plugin.name.clone(), start, job, end.clone()));
        }
        Ok(Running {
            plugin: plugin.clone(),
            root,
            start,
            since: Instant::now(),
            routes,
            hears_listeners: registered.hears_listeners,
            room: Arc::new(Semaphore::new(PARALLEL)),
            _jobs: end.drop_guard(),
        })
    }
}
