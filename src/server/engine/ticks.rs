//! Asks components that poll, every so often. A tick that still runs is not joined by the next.

use std::{collections::HashMap, time::Duration};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Map, json};
use tokio::sync::Notify;

use super::{Engine, errors::shown, host::Method};
use crate::server::{error::Result, settings::COMPONENT_POLLING_INTERVAL, store, time::iso};

/// How often the interval is looked at: it may be changed at any time.
const LOOK: Duration = Duration::from_secs(1);

/// Flow and component.
type Key = (String, String);

/// Who is ticked.
#[derive(Default)]
pub(super) struct Ticks {
    all: Mutex<HashMap<Key, Ticker>>,
    /// A tick has ended, and the next of its component may be due already.
    ended: Notify,
}

#[derive(Clone, Copy, Debug)]
struct Ticker {
    /// When the last tick began, or the ticker was registered.
    since: i64,
    last: Option<i64>,
    is_busy: bool,
}

impl Engine {
    /// Ticks a component from one interval after now on.
    pub(super) fn register_tick(&self, flow_id: &str, component_id: &str) {
        let ticker = Ticker { since: self.now(), last: None, is_busy: false };
        self.inner.ticks.all.lock().insert((flow_id.to_owned(), component_id.to_owned()), ticker);
    }

    /// Ticks one component no longer.
    pub(super) fn forget_tick(&self, flow_id: &str, component_id: &str) {
        self.inner.ticks.all.lock().remove(&(flow_id.to_owned(), component_id.to_owned()));
    }

    /// Ticks nothing of a flow any more.
    pub(super) fn forget_ticks(&self, flow_id: &str) {
        self.inner.ticks.all.lock().retain(|(flow, _), _| flow != flow_id);
    }

    pub(super) fn tick_task(&self) -> BoxFuture<'static, ()> {
        let this = self.clone();
        Box::pin(async move {
            let stopping = this.inner.stopping.clone();
            while !stopping.is_cancelled() {
                let interval = this.interval();
                for (key, last) in this.due_ticks(interval) {
                    let engine = this.clone();
                    this.inner.tasks.spawn(async move { engine.tick(key, last).await });
                }
                let look = i64::try_from(LOOK.as_millis()).unwrap_or(i64::MAX).min(interval);
                tokio::select! {
                    () = this.inner.clock.sleep_until(this.now().saturating_add(look)) => {}
                    () = this.inner.ticks.ended.notified() => {}
                    () = stopping.cancelled() => {}
                }
            }
        })
    }

    /// In milliseconds; never 0, which would leave no time for anything else.
    fn interval(&self) -> i64 {
        i64::try_from(self.inner.settings.number(COMPONENT_POLLING_INTERVAL)).unwrap_or(i64::MAX).max(10)
    }

    /// Those whose time has come, from now on busy, and when each was ticked before.
    fn due_ticks(&self, interval: i64) -> Vec<(Key, Option<i64>)> {
        let now = self.now();
        let mut all = self.inner.ticks.all.lock();
        let due = all.iter_mut().filter(|(_, ticker)| !ticker.is_busy && now.saturating_sub(ticker.since) >= interval);
        due.map(|(key, ticker)| {
            let before = ticker.last.replace(now);
            (ticker.since, ticker.is_busy) = (now, true);
            (key.clone(), before)
        })
        .collect()
    }

    async fn tick(&self, key: Key, last: Option<i64>) {
        if let Err(cause) = self.try_tick(&key, last).await {
            tracing::error!(%cause, flow = key.0, component = key.1, "a tick could not be run");
        }
        if let Some(ticker) = self.inner.ticks.all.lock().get_mut(&key) {
            ticker.is_busy = false;
        }
        self.inner.ticks.ended.notify_one();
    }

    async fn try_tick(&self, (flow_id, component_id): &Key, last: Option<i64>) -> Result<()> {
        let Some(loaded) = self.load(flow_id).await? else {
            // Gone with its owner.
            self.forget_ticks(flow_id);
            return Ok(());
        };
        let Some(node) = loaded.descriptor.nodes.get(component_id) else { return Ok(()) };
        let Some(_permit) = self.permit(&node.component).await else { return Ok(()) };
        let now = self.now();
        let input = json!({
            "port": "tick",
            "kind": "tick",
            "content": {
                "now": iso(now),
                "elapsed": last.map_or(0, |last| now.saturating_sub(last)),
                "lastTick": last.map(iso),
            },
            "scope": {},
            "sender": null,
        });
        let attempt = self.run_method(&loaded, component_id, Method::Tick, input).await?;
        let Err(failure) = attempt.result else { return Ok(()) };
        if self.ends_with_server(&failure) {
            return Ok(());
        }
        tracing::debug!(flow = flow_id, component = component_id, error = failure.message, "a tick failed");
        let line = self.line(&loaded, component_id, "error", json!({ "error": shown(&failure), "tick": true }));
        let report = self.report(&loaded, component_id, &failure, attempt.module, Map::new());
        self.write_failure(line, report).await
    }

    /// Writes down a failure that no message has to answer for.
    pub(super) async fn write_failure(&self, line: store::flow_log::Line, report: super::errors::Notice) -> Result<()> {
        let (notices, now) = (std::sync::Arc::clone(&self.inner.notices), self.now());
        let id = self
            .inner
            .store
            .write("a failure", move |tx| {
                notices.keep(tx, &report, now)?;
                match store::flows::pulse(tx, &line.flow_id)? {
                    Some(_) => store::flow_log::append(tx, &line),
                    None => Ok(0),
                }
            })
            .await?;
        self.announce_line(id);
        self.inner.notices.kept();
        Ok(())
    }
}
