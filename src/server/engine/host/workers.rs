//! Which process runs what: one for each version of a module, started when it is needed and ended when it is not.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::{BoxFuture, join_all};
use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    Calls, ComponentHost, Failure, FailureKind, HostError, HostLimits, HostOptions, Invocation, NodeVersion,
    connection::{Connection, Gone},
    owner::Owner,
    process::Plan,
    script::Script,
};
use crate::domain::name::ModuleName;

/// How often an invocation looks for another process when the one it found was just ending.
const ATTEMPTS: usize = 3;
/// How long a process whose trial is over is left alone: its end takes a while of the machine that others are to have first.
const MOMENT: Duration = Duration::from_millis(50);
/// For a process to be gone that the system was told to end.
const LAST: Duration = Duration::from_millis(500);

/// Runs components in Node processes. Dropping it ends them all.
pub struct NodeHost {
    pub(super) inner: Arc<Inner>,
    _stop: DropGuard,
}

pub(super) struct Inner {
    pub options: HostOptions,
    pub script: Script,
    limits: RwLock<HostLimits>,
    /// What was found out about Node; asked again for as long as there is none.
    node: tokio::sync::Mutex<Option<NodeVersion>>,
    /// By the folder of the version.
    pub slots: Mutex<HashMap<PathBuf, Slot>>,
    /// The folder of a version that is to come, whose process is started already.
    pub spare: Mutex<Option<PathBuf>>,
    started: AtomicU64,
    stop: CancellationToken,
    sweeps: std::sync::Once,
}

/// Held while a process is started, so that there is only one.
type Slot = Arc<tokio::sync::Mutex<Option<Arc<Connection>>>>;

impl NodeHost {
    /// Nothing is started before it is needed.
    pub fn new(options: HostOptions) -> Self {
        let stop = CancellationToken::new();
        let inner = Inner {
            limits: RwLock::new(options.limits.clone()),
            script: Script::new(options.folder.clone()),
            options,
            node: tokio::sync::Mutex::default(),
            slots: Mutex::default(),
            spare: Mutex::default(),
            started: AtomicU64::new(0),
            stop: stop.clone(),
            sweeps: std::sync::Once::new(),
        };
        Self { inner: Arc::new(inner), _stop: stop.drop_guard() }
    }

    /// Whether components can run here, and on what.
    ///
    /// # Errors
    /// Why not, in words for the administrator.
    pub async fn probe(&self) -> Result<NodeVersion, HostError> {
        self.inner.script.write()?;
        self.inner.node().await
    }

    /// From now on these hold: those of time and messages for the next invocations, those of memory for the next processes.
    pub fn set_limits(&self, limits: HostLimits) {
        *self.inner.limits.write() = limits;
    }

    /// Lets the process of a version end: it finishes what runs, and takes nothing new. Resolves when it has ended.
    pub async fn end(&self, root: &Path) {
        let root = tokio::fs::canonicalize(root).await.unwrap_or_else(|_| root.to_path_buf());
        let slot = self.inner.slots.lock().remove(&root);
        if let Some(slot) = slot
            && let Some(connection) = slot.lock().await.take()
        {
            connection.retire();
            connection.ended().await;
        }
    }

    /// Lets every process finish what it runs, for as long as `grace`, then ends them.
    pub async fn shut_down(&self, grace: Duration) {
        let slots: Vec<Slot> = self.inner.slots.lock().drain().map(|(_, slot)| slot).collect();
        let all = join_all(slots.iter().map(async |slot| {
            if let Some(connection) = slot.lock().await.as_ref() {
                connection.retire();
                connection.ended().await;
            }
        }));
        if tokio::time::timeout(grace, all).await.is_err() {
            tracing::warn!("components still run, and are ended with the server");
        }
        self.inner.stop.cancel();
        // One that is being started just now ends with this program.
        let there = slots.iter().filter_map(|slot| slot.try_lock().ok()?.clone());
        let all = join_all(there.map(async |connection: Arc<Connection>| connection.ended().await));
        if tokio::time::timeout(LAST, all).await.is_err() {
            tracing::warn!("a process that was ended is still there");
        }
    }
}

impl ComponentHost for NodeHost {
    fn invoke(&self, invocation: Invocation, calls: Arc<dyn Calls>) -> BoxFuture<'_, Result<Value, Failure>> {
        Box::pin(self.inner.clone().invoke(invocation, calls))
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { self.probe().await.map(drop).map_err(|error| error.to_string()) })
    }

    fn guards<'a>(&'a self, module: &'a ModuleName) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let is_trusted = self.inner.options.trusted.contains(module);
            !is_trusted && self.inner.node().await.is_ok_and(|node| node.permission_flag().is_some())
        })
    }

    fn release<'a>(&'a self, root: &'a Path) -> BoxFuture<'a, ()> {
        Box::pin(self.end(root))
    }

    fn stand_by<'a>(&'a self, folder: &'a Path) -> BoxFuture<'a, ()> {
        self.keep_spare(folder);
        Box::pin(std::future::ready(()))
    }

    fn trial_folder<'a>(&'a self, module: &'a ModuleName, folder: &'a Path) -> BoxFuture<'a, PathBuf> {
        Box::pin(std::future::ready(self.take_spare(module, folder)))
    }

    fn end_trial<'a>(&'a self, root: &'a Path) -> BoxFuture<'a, ()> {
        // Here and now: another thread would take longer to begin than this takes, and the folder may soon be another.
        let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_path_buf());
        let host = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(MOMENT).await;
            if let Some(host) = host.upgrade() {
                host.end_at_once(&root).await;
            }
        });
        Box::pin(std::future::ready(()))
    }

    fn shut_down(&self, grace: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.shut_down(grace))
    }
}

impl Inner {
    async fn invoke(self: Arc<Self>, mut invocation: Invocation, calls: Arc<dyn Calls>) -> Result<Value, Failure> {
        // Here and now: another thread would take longer to begin than this takes.
        invocation.root = std::fs::canonicalize(&invocation.root).map_err(|_| {
            Failure::new(FailureKind::Missing, format!("The module {} is not installed.", invocation.module))
        })?;
        let limits = self.limits.read().clone();
        give_limits(&mut invocation, &limits);
        let limit = if invocation.method.is_work() {
            invocation.context["limits"]["receiveMs"].as_u64().map_or(limits.receive, Duration::from_millis)
        } else {
            limits.load
        };
        for _ in 0..ATTEMPTS {
            let connection = self.connection(&invocation).await?;
            // A load is a trial: the version that runs goes on until the new one is asked for something else.
            if invocation.method.is_work() && !connection.is_in_charge.swap(true, Ordering::Relaxed) {
                self.retire_older(&connection);
            }
            match connection.invoke(invocation, calls.clone(), limit).await {
                Ok(outcome) => return outcome,
                Err(Gone(back)) => invocation = back,
            }
        }
        let message = format!("The processes of {} end as soon as they start.", invocation.module);
        Err(Failure::new(FailureKind::Crashed, message))
    }

    /// The process of the invocation's version, started now if there is none.
    async fn connection(self: &Arc<Self>, invocation: &Invocation) -> Result<Arc<Connection>, HostError> {
        let slot = self.slots.lock().entry(invocation.root.clone()).or_default().clone();
        let mut there = slot.lock_owned().await;
        if let Some(connection) = there.as_ref().filter(|connection| !connection.is_closed()) {
            return Ok(connection.clone());
        }
        let (host, module, root) = (self.clone(), invocation.module.clone(), invocation.root.clone());
        // Whoever asked may give up, but a process that is being started has to be kept somewhere.
        let started = tokio::spawn(async move {
            let is_trusted = host.options.trusted.contains(&module);
            let connection = host.start(Owner::from(&module), &root, is_trusted).await?;
            *there = Some(connection.clone());
            Ok(connection)
        });
        started
            .await
            .map_err(|cause| HostError::Process { module: invocation.module.to_string(), cause: cause.to_string() })?
    }

    /// Starts the process of a version, from which nothing finds its way back here by itself.
    pub async fn start(
        self: &Arc<Self>,
        module: Owner,
        root: &Path,
        is_trusted: bool,
    ) -> Result<Arc<Connection>, HostError> {
        let script = self.script.write()?;
        let rehearsal = self.script.rehearsal()?;
        let node = self.node().await?;
        let limits = self.limits.read().clone();
        let plan = Plan {
            program: &self.options.node,
            node: &node,
            script: &script,
            rehearsal: &rehearsal,
            module: &module,
            root,
            folder: &self.options.folder,
            memory_mb: limits.memory_mb,
            is_trusted,
        };
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        self.sweep();
        Connection::start(&plan, number, &limits, self.stop.child_token()).await
    }

    /// Retires the module's processes of other versions that were started before this one.
    fn retire_older(&self, current: &Arc<Connection>) {
        let slots: Vec<Slot> = self.slots.lock().values().cloned().collect();
        for slot in slots {
            // One that is being started just now is not older.
            if let Ok(there) = slot.try_lock()
                && let Some(other) = there.as_ref()
                && other.module == current.module
                && other.number < current.number
            {
                other.retire();
            }
        }
    }

    async fn node(&self) -> Result<NodeVersion, HostError> {
        let mut node = self.node.lock().await;
        if let Some(found) = node.as_ref() {
            return Ok(found.clone());
        }
        let found = NodeVersion::probe(&self.options.node).await?;
        tracing::info!("components run in {found}");
        Ok(node.insert(found).clone())
    }

    /// From now on, ends processes that have nothing to do.
    fn sweep(self: &Arc<Self>) {
        self.sweeps.call_once(|| {
            let idle = self.limits.read().idle;
            let (stop, host) = (self.stop.clone(), Arc::downgrade(self));
            tokio::spawn(async move {
                while tokio::time::timeout(idle / 4, stop.cancelled()).await.is_err() {
                    let Some(host) = host.upgrade() else { return };
                    let idle = host.limits.read().idle;
                    host.slots.lock().retain(|_, slot| {
                        let Ok(there) = slot.try_lock() else { return true };
                        let Some(connection) = there.as_ref() else { return true };
                        connection.retire_if_idle(idle);
                        !connection.is_closed()
                    });
                }
            });
        });
    }
}

/// The worker has to know what a message may weigh, whoever has made the invocation.
fn give_limits(invocation: &mut Invocation, limits: &HostLimits) {
    if let Value::Object(context) = &mut invocation.context {
        let receive_ms = u64::try_from(limits.receive.as_millis()).unwrap_or(u64::MAX);
        context
            .entry("limits")
            .or_insert_with(|| json!({"receiveMs": receive_ms, "messageBytes": limits.message_bytes}));
    }
}
