//! Runs flows made of installed components; docs/ENGINE.md is the map.

mod accounts;
mod calls;
mod clock;
mod components;
mod context;
mod data_stores;
mod errors;
pub mod examples;
mod flows;
pub mod host;
mod inspector;
mod keeper;
mod ledger;
mod letters;
mod log;
mod overview;
mod owner;
mod plugins;
mod queue;
mod quotas;
mod record_query;
mod retry;
mod run;
mod runner;
mod settle;
mod statics;
mod ticks;
mod unprocessed;
mod uses;
mod webhooks;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicI64},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use accounts::SignIn;
pub use clock::{Clock, ManualClock, SystemClock};
pub use errors::{ErrorReport, FlowStopped, Notice, Notices};
pub use flows::{Change, Visible};
pub use ledger::record_view;
pub use letters::WantedLetters;
pub use owner::{ActsFor, ApiAnswer, ApiRequest, OwnApi};
pub use plugins::{PluginAnswer, PluginBody, PluginRequest};
pub use run::CoordinatorStatus;
pub use statics::{StaticCall, not_installed};
pub use unprocessed::public_shape;
pub use webhooks::{Webhook, WebhookAnswer};

use super::{
    error::Result,
    events::Events,
    files::Files,
    registry::Registry,
    settings::{Accounts, Connectors, Settings},
    store::{self, Store, audit::By},
};
use crate::domain::flow::{Descriptor, Flow, Stage};
use host::{ComponentHost, Failure, FailureKind, Shared};

/// How long [`Engine::stop`] waits for what runs: of the ten seconds that the server has, two are left to end processes.
const GRACE: Duration = Duration::from_secs(8);

/// What an engine is built on.
pub struct Parts {
    pub store: Store,
    pub registry: Registry,
    pub files: Files,
    pub settings: Settings,
    pub connectors: Connectors,
    pub accounts: Accounts,
    pub events: Events,
    pub host: Arc<dyn ComponentHost>,
    pub clock: Arc<dyn Clock>,
    pub notices: Arc<dyn Notices>,
    /// Where components reach this server, without a slash at its end.
    pub api_url: String,
}

/// The engine service.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    registry: Registry,
    files: Files,
    settings: Settings,
    connectors: Connectors,
    accounts: Accounts,
    events: Events,
    host: Arc<dyn ComponentHost>,
    clock: Arc<dyn Clock>,
    notices: Arc<dyn Notices>,
    api_url: String,
    /// The latest time that was told: the system's clock may be set back, and messages stay in order all the same.
    latest: AtomicI64,
    /// Flows as they were last read, by id.
    loaded: Mutex<HashMap<String, Arc<Loaded>>>,
    known: components::Known,
    runner: runner::Runner,
    /// Something is due earlier than was thought.
    timer: Notify,
    ticks: ticks::Ticks,
    starts: run::Starts,
    pending: webhooks::Pending,
    served: owner::Served,
    statics: statics::Statics,
    quotas: quotas::Quotas,
    plugins: plugins::Plugins,
    locks: calls::Locks,
    cache: calls::Cache,
    /// The id of the newest line of the flow log.
    newest_line: watch::Sender<i64>,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

/// A flow, ready to run.
#[derive(Debug)]
struct Loaded {
    flow: Flow,
    descriptor: Descriptor,
    revision: i64,
    /// The descriptor, for components.
    shared: Arc<Shared>,
}

impl Loaded {
    fn new(flow: Flow, descriptor: Descriptor, revision: i64) -> Self {
        let shared = Arc::new(Shared::new(&flow.descriptor));
        Self { flow, descriptor, revision, shared }
    }

    /// The type of a component; empty where there is none.
    fn type_of(&self, component_id: &str) -> String {
        self.descriptor.nodes.get(component_id).map(|node| node.component.clone()).unwrap_or_default()
    }
}

impl Engine {
    /// An engine on an open store; nothing runs before [`Engine::spawn`].
    ///
    /// # Errors
    /// What the store says.
    pub async fn open(parts: Parts) -> Result<Self> {
        let (latest, line) = parts
            .store
            .read(|connection| Ok((store::queue::newest(connection)?, store::flow_log::latest(connection)?)))
            .await?;
        let Parts { store, registry, files, settings, connectors, accounts, events, host, clock, notices, api_url } =
            parts;
        let inner = Inner {
            store,
            registry,
            files,
            settings,
            connectors,
            accounts,
            events,
            host,
            clock,
            notices,
            api_url,
            latest: AtomicI64::new(latest),
            loaded: Mutex::default(),
            known: components::Known::default(),
            runner: runner::Runner::default(),
            timer: Notify::new(),
            ticks: ticks::Ticks::default(),
            starts: run::Starts::default(),
            pending: webhooks::Pending::default(),
            served: owner::Served::default(),
            statics: statics::Statics::default(),
            quotas: quotas::Quotas::default(),
            plugins: plugins::Plugins::default(),
            locks: calls::Locks::default(),
            cache: calls::Cache::default(),
            newest_line: watch::Sender::new(line),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Takes up what an earlier process left: what it was delivering is delivered again, flows that it was stopping are
    /// stopped, and those that it was starting are started anew.
    ///
    /// # Errors
    /// What the store says.
    pub async fn resume(&self) -> Result<()> {
        let again = self.inner.store.write("resume messages", store::queue::put_all_back).await?;
        if again > 0 {
            tracing::info!(messages = again, "messages that were being delivered are delivered again");
        }
        let (starting, stopping) = self
            .inner
            .store
            .read(|connection| {
                let ids = |stage| store::flows::in_stage(connection, stage);
                Ok((ids(Stage::Starting)?, ids(Stage::Stopping)?))
            })
            .await?;
        for id in stopping {
            let this = self.clone();
            self.inner.tasks.spawn(async move {
                if let Err(cause) = this.finish_stop(&id, "a restart of the server").await {
                    tracing::error!(%cause, flow = id, "the flow could not be stopped");
                }
            });
        }
        for id in starting {
            let this = self.clone();
            self.inner.tasks.spawn(async move {
                if let Err(cause) = this.start_anew(&id).await {
                    tracing::warn!(%cause, flow = id, "the flow did not start again");
                }
            });
        }
        for (flow_id, component_id) in self.inner.store.read(store::flows::ticking).await? {
            self.register_tick(&flow_id, &component_id);
        }
        self.find_plugins().await?;
        Ok(())
    }

    /// Delivers messages and ticks from now on, until [`Engine::stop`].
    pub fn spawn(&self) {
        for work in [self.keep_time_task(), self.tick_task(), self.keep_tidy_task(), self.keep_plugins_task()] {
            self.inner.tasks.spawn(work);
        }
    }

    /// Takes nothing new, and waits for what runs, eight seconds at most; what has not ended then is delivered again at the
    /// next start.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(GRACE, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("not every component ended in time; their messages are delivered again at the next start");
        }
    }

    /// Ends the components' processes, after [`Engine::stop`] and everything else that runs components.
    pub async fn end_processes(&self, grace: Duration) {
        self.inner.host.shut_down(grace).await;
    }

    /// Whether a failure is due to the end of the server: what failed is done again at the next start, as if it had never
    /// been begun.
    fn ends_with_server(&self, failure: &Failure) -> bool {
        self.inner.stopping.is_cancelled() && failure.kind == FailureKind::Crashed
    }

    /// Milliseconds since the Unix epoch; never less than it was before.
    fn now(&self) -> i64 {
        use std::sync::atomic::Ordering;
        let now = self.inner.clock.now();
        self.inner.latest.fetch_max(now, Ordering::Relaxed).max(now)
    }

    /// The flow as it was last read.
    fn last_known(&self, id: &str) -> Option<Arc<Loaded>> {
        self.inner.loaded.lock().get(id).cloned()
    }

    /// The flow as it is now; `None` when it is gone.
    async fn load(&self, id: &str) -> Result<Option<Arc<Loaded>>> {
        if let Some(last) = self.last_known(id) {
            let pulse = self.inner.store.look(|connection| store::flows::pulse(connection, id))?;
            if pulse.is_some_and(|pulse| pulse.revision == last.revision) {
                return Ok(Some(last));
            }
        }
        let flow_id = id.to_owned();
        let read = self.inner.store.read(move |connection| store::flows::get(connection, &flow_id)).await?;
        let Some((flow, revision)) = read else {
            self.inner.loaded.lock().remove(id);
            return Ok(None);
        };
        let descriptor = Descriptor::read(&flow.descriptor).map_err(super::error::ServerError::internal)?;
        let loaded = Arc::new(Loaded::new(flow, descriptor, revision));
        self.inner.loaded.lock().insert(id.to_owned(), Arc::clone(&loaded));
        Ok(Some(loaded))
    }
}

/// The engine itself, where the audit trail asks who did something.
fn by_engine(what: impl Into<String>) -> By {
    By { user_id: None, actor: what.into(), via: "engine".to_owned(), address: None }
}
