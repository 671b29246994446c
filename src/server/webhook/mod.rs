//! The system webhook: tells other programs of components that failed and of flows that were stopped. What is told is
//! kept in the transaction of what it tells of, and delivered afterwards; docs/ENGINE.md says how.

mod body;
mod courier;
mod delivery;
mod receivers;

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use rusqlite::Transaction;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::body::Told;
pub use self::receivers::Receiver;
use super::{
    access::{AdminActor, SecretKey, SudoActor, WebhookSecret},
    engine::{Clock, Notice, Notices},
    error::{Result, ServerError},
    settings::{Settings, WEBHOOK_FLOW_COMPONENT_ERROR, WEBHOOK_FLOW_STOPPED, WEBHOOK_SUMMARY_MINUTES},
    store::{
        self, Store,
        audit::Deed,
        deliveries::{Delivery, NewDelivery},
    },
};

/// Most deliveries that wait; the oldest give way to new ones.
const WAITING_MAX: u32 = 10_000;
/// Most failures whose repeats are counted; others are told of one by one.
const COUNTED_MAX: u32 = 10_000;
/// Most deliveries that one request lists.
const LIST_MAX: u32 = 1_000;
const MINUTE: i64 = 60_000;
/// What a delivery that an administrator has asked for is called in the log.
const TEST: &str = "test";
/// How long [`SystemWebhook::stop`] waits for calls under way.
const GRACE: Duration = Duration::from_secs(8);

/// What the webhook is built on.
pub struct Parts {
    pub store: Store,
    pub settings: Settings,
    pub key: SecretKey,
    pub clock: Arc<dyn Clock>,
    /// Whether receivers may be on private addresses.
    pub allow_private_addresses: bool,
}

/// The system webhook's service. Idle until it is told to work: see [`SystemWebhook::spawn`].
#[derive(Clone)]
pub struct SystemWebhook {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    settings: Settings,
    secret: WebhookSecret,
    clock: Arc<dyn Clock>,
    agent: ureq::Agent,
    /// Something may be due.
    woken: Notify,
    /// Addresses that are being called.
    busy: Mutex<HashSet<String>>,
    /// When it was last written to the log that deliveries are dropped.
    complained_at: AtomicI64,
    /// When ended deliveries were last looked through.
    tidied_at: AtomicI64,
    stopping: CancellationToken,
    tasks: TaskTracker,
}

impl SystemWebhook {
    pub fn new(parts: Parts) -> Self {
        let Parts { store, settings, key, clock, allow_private_addresses } = parts;
        let inner = Inner {
            store,
            settings,
            secret: key.webhook_secret(),
            clock,
            agent: delivery::agent(allow_private_addresses),
            woken: Notify::new(),
            busy: Mutex::default(),
            complained_at: AtomicI64::new(0),
            tidied_at: AtomicI64::new(0),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The newest deliveries, first of all the last one; at most `limit`, and never more than a thousand.
    ///
    /// # Errors
    /// What the store says.
    pub async fn deliveries(&self, _: &AdminActor, limit: u32) -> Result<Vec<Delivery>> {
        let limit = limit.min(LIST_MAX);
        self.inner.store.read(move |connection| store::deliveries::list(connection, limit)).await
    }

    /// Sends a message that says that it is a test to everybody who hears of failures; gives the deliveries' ids.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when nobody does.
    pub async fn send_test(&self, actor: &SudoActor) -> Result<Vec<String>> {
        let urls = self.urls(WEBHOOK_FLOW_COMPONENT_ERROR);
        if urls.is_empty() {
            return Err(ServerError::Conflict(format!(
                "Nobody would hear it: set {WEBHOOK_FLOW_COMPONENT_ERROR} to one address or several first."
            )));
        }
        let (this, by, now) = (self.clone(), actor.by(), self.now());
        let ids = self
            .inner
            .store
            .write("test the system webhook", move |tx| {
                let ids = this.queue(tx, TEST, &urls, &body::test(&by.actor), now)?;
                let deed = Deed::new("webhook.test", WEBHOOK_FLOW_COMPONENT_ERROR).after(json!({ "deliveries": ids }));
                store::audit::append(tx, &by, &deed, now)?;
                Ok(ids)
            })
            .await?;
        self.kept();
        Ok(ids)
    }

    /// The text that receivers check signatures with: the HMAC's key as it stands.
    pub fn signing_secret(&self, _: &SudoActor) -> String {
        self.inner.secret.text().to_owned()
    }

    /// Delivers from now on, until [`SystemWebhook::stop`].
    pub fn spawn(&self) {
        let this = self.clone();
        self.inner.tasks.spawn(async move { this.run().await });
    }

    /// Begins no call any more, and waits for those under way; one that does not end in time is made again after the
    /// next start.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.tasks.close();
        if tokio::time::timeout(GRACE, self.inner.tasks.wait()).await.is_err() {
            tracing::warn!("not every receiver of the system webhook answered in time; they are called again");
        }
    }

    fn now(&self) -> i64 {
        self.inner.clock.now()
    }

    /// The addresses that a setting names, each once.
    fn urls(&self, setting: &str) -> Vec<String> {
        let text = self.inner.settings.text(setting);
        let mut urls: Vec<String> = Vec::new();
        for url in text.split(',').map(str::trim).filter(|url| !url.is_empty()) {
            if !urls.iter().any(|known| known == url) {
                urls.push(url.to_owned());
            }
        }
        urls
    }

    /// In milliseconds; 0 where every failure is told of by itself.
    fn summary(&self) -> i64 {
        let minutes = i64::try_from(self.inner.settings.number(WEBHOOK_SUMMARY_MINUTES)).unwrap_or(i64::MAX);
        minutes.saturating_mul(MINUTE)
    }

    /// Puts a message into the queue for each address, and drops what is too much.
    fn queue(&self, tx: &Transaction<'_>, event: &str, urls: &[String], told: &Told, now: i64) -> Result<Vec<String>> {
        let mut ids = Vec::new();
        for url in urls {
            let delivery = NewDelivery {
                id: uuid::Uuid::new_v4().to_string(),
                event: event.to_owned(),
                url: url.clone(),
                subject: told.subject.clone(),
                body: told.body.clone(),
            };
            store::deliveries::insert(tx, &delivery, now)?;
            ids.push(delivery.id);
        }
        let dropped = store::deliveries::drop_oldest(tx, WAITING_MAX)?;
        let since = now.saturating_sub(self.inner.complained_at.load(Ordering::Relaxed));
        // In a storm each new one drops another: a line a minute tells as much.
        if dropped > 0 && since >= MINUTE {
            self.inner.complained_at.store(now, Ordering::Relaxed);
            tracing::warn!("{WAITING_MAX} calls of the system webhook wait already: the oldest are dropped");
        }
        Ok(ids)
    }
}

impl Notices for SystemWebhook {
    fn keep(&self, tx: &Transaction<'_>, notice: &Notice, now: i64) -> Result<()> {
        let setting = match notice {
            Notice::ComponentFailed(_) => WEBHOOK_FLOW_COMPONENT_ERROR,
            Notice::FlowStopped(_) => WEBHOOK_FLOW_STOPPED,
        };
        let urls = self.urls(setting);
        if urls.is_empty() {
            return Ok(());
        }
        // Whoever tells may be ahead of a clock that was set back; this is not to wait until it has caught up.
        let now = now.min(self.now());
        let told = match notice {
            Notice::ComponentFailed(report) => {
                let told = body::failure(report)?;
                if self.summary() > 0 {
                    let id = body::fingerprint(report);
                    if store::deliveries::count(tx, &id, &told.body)? {
                        return Ok(());
                    }
                    store::deliveries::begin_counting(tx, &id, &told.subject, now, COUNTED_MAX)?;
                }
                told
            }
            Notice::FlowStopped(stopped) => body::stopped(stopped)?,
        };
        self.queue(tx, setting, &urls, &told, now).map(drop)
    }

    fn kept(&self) {
        self.inner.woken.notify_one();
    }
}
