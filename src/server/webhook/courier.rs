//! Delivers what waits: one call at a time for each address, so that a receiver that is slow or gone holds up nobody else.

use std::{collections::BTreeMap, sync::atomic::Ordering};

use super::{
    SystemWebhook,
    body::{self, Told},
    delivery::{Outcome, Parcel, post},
};
use crate::server::{
    error::Result,
    settings::{WEBHOOK_FLOW_COMPONENT_ERROR, WEBHOOK_RETRY_COUNT, WEBHOOK_RETRY_INTERVAL, WEBHOOK_RETRY_MAX},
    store::{
        self,
        deliveries::{Due, State, Tried},
    },
};

/// How often the queue is looked at without being told to: settings may have changed.
const LOOK: i64 = 60_000;
const HOUR: i64 = 3_600_000;
/// How long an ended delivery is kept.
const KEPT: i64 = 7 * 24 * HOUR;
/// How many ended deliveries are kept.
const KEPT_MAX: u32 = 10_000;
/// Addresses that are called at the same time.
const BUSY_MAX: usize = 32;

impl SystemWebhook {
    pub(super) async fn run(&self) {
        while !self.inner.stopping.is_cancelled() {
            let latest = self.now().saturating_add(LOOK);
            let next = match self.round().await {
                Ok(next) => next.map_or(latest, |next| next.min(latest)),
                Err(cause) => {
                    tracing::error!(%cause, "the system webhook could not look at what waits");
                    latest
                }
            };
            tokio::select! {
                () = self.inner.woken.notified() => {}
                () = self.inner.clock.sleep_until(next) => {}
                () = self.inner.stopping.cancelled() => {}
            }
        }
    }

    /// Sees to everything that is due; gives when something else will be.
    async fn round(&self) -> Result<Option<i64>> {
        let now = self.now();
        self.tidy(now).await?;
        let summary_due = self.sum_up(now).await?;
        let waiting: BTreeMap<i64, Vec<String>> =
            self.inner.store.read(store::deliveries::lanes).await?.into_iter().fold(
                BTreeMap::new(),
                |mut by_time: BTreeMap<i64, Vec<String>>, (url, due_at)| {
                    by_time.entry(due_at).or_default().push(url);
                    by_time
                },
            );
        let mut next = summary_due;
        for (due_at, url) in waiting.into_iter().flat_map(|(at, urls)| urls.into_iter().map(move |url| (at, url))) {
            if due_at > now {
                next = Some(next.map_or(due_at, |next| next.min(due_at)));
                break;
            }
            let begins = {
                let mut busy = self.inner.busy.lock();
                // One that has to wait for another has its turn when that one ends: it wakes the queue.
                busy.len() < BUSY_MAX && busy.insert(url.clone())
            };
            if begins {
                let this = self.clone();
                self.inner.tasks.spawn(async move { this.serve(&url).await });
            }
        }
        Ok(next)
    }

    /// Makes every call that is due for an address.
    async fn serve(&self, url: &str) {
        let served = self.serve_all(url).await;
        self.inner.busy.lock().remove(url);
        match served {
            // Something may have come at the last moment.
            Ok(()) => self.inner.woken.notify_one(),
            // It is tried again when the queue is looked at next.
            Err(cause) => tracing::error!(%cause, "a call of the system webhook could not be seen to"),
        }
    }

    async fn serve_all(&self, url: &str) -> Result<()> {
        while !self.inner.stopping.is_cancelled() {
            let (address, now) = (url.to_owned(), self.now());
            let due =
                self.inner.store.read(move |connection| store::deliveries::due(connection, &address, now)).await?;
            let Some(due) = due else { return Ok(()) };
            self.deliver(due).await?;
        }
        Ok(())
    }

    async fn deliver(&self, due: Due) -> Result<()> {
        let seconds = self.now().div_euclid(1000);
        let Due { id, url, body, tries } = due;
        let signature = self.inner.secret.sign(seconds, &body);
        let parcel = Parcel { id: id.clone(), url, body, seconds, signature };
        let agent = self.inner.agent.clone();
        let outcome = tokio::task::spawn_blocking(move || post(&agent, &parcel)).await?;
        let tried = self.judge(outcome, tries.saturating_add(1));
        match (tried.state, &tried.error) {
            (State::Failed | State::Refused, Some(why)) => {
                tracing::warn!(delivery = id, why, "a call of the system webhook is given up");
            }
            (State::Waiting, Some(why)) => tracing::info!(delivery = id, why, "a call of the system webhook failed"),
            _ => tracing::debug!(delivery = id, "a call of the system webhook was taken"),
        }
        self.inner
            .store
            .write("a call of the system webhook", move |tx| store::deliveries::tried(tx, &id, &tried))
            .await
    }

    /// What is written down of a try; `tries` counts it.
    fn judge(&self, outcome: Outcome, tries: u32) -> Tried {
        let at = self.now();
        let ended = |state, status, error| Tried { state, status, error, due_at: at, at };
        match outcome {
            Outcome::Taken { status } => ended(State::Delivered, Some(status), None),
            Outcome::Refused { why } => ended(State::Refused, None, Some(why)),
            Outcome::Failed { status, why } => {
                let settings = &self.inner.settings;
                if u64::from(tries) >= settings.number(WEBHOOK_RETRY_COUNT) {
                    return ended(State::Failed, status, Some(why));
                }
                let wait = wait(tries, settings.number(WEBHOOK_RETRY_INTERVAL), settings.number(WEBHOOK_RETRY_MAX));
                Tried { state: State::Waiting, status, error: Some(why), due_at: at.saturating_add(wait), at }
            }
        }
    }

    /// Tells of failures that have happened again; gives when the next may have to be told of.
    async fn sum_up(&self, now: i64) -> Result<Option<i64>> {
        let summary = self.summary();
        let due = |told: i64| told.saturating_add(summary);
        let first = self.inner.store.read(store::deliveries::first_told).await?;
        match first {
            None => return Ok(None),
            Some(told) if due(told) > now => return Ok(Some(due(told))),
            Some(_) => {}
        }
        let this = self.clone();
        let first = self
            .inner
            .store
            .write("sum up failures", move |tx| {
                let urls = this.urls(WEBHOOK_FLOW_COMPONENT_ERROR);
                for repeated in store::deliveries::take_repeated(tx, now.saturating_sub(summary), now)? {
                    let body = body::repeated(&repeated.body, repeated.count)?;
                    let told = Told { subject: repeated.subject, body };
                    this.queue(tx, WEBHOOK_FLOW_COMPONENT_ERROR, &urls, &told, now)?;
                }
                store::deliveries::first_told(tx)
            })
            .await?;
        // Never at once again: without a summary the next look throws away what is left.
        Ok(first.map(|told| due(told).max(now.saturating_add(1000))))
    }

    async fn tidy(&self, now: i64) -> Result<()> {
        if now.saturating_sub(self.inner.tidied_at.load(Ordering::Relaxed)) < HOUR {
            return Ok(());
        }
        self.inner
            .store
            .write("tidy up deliveries", move |tx| store::deliveries::prune(tx, now.saturating_sub(KEPT), KEPT_MAX))
            .await?;
        self.inner.tidied_at.store(now, Ordering::Relaxed);
        Ok(())
    }
}

/// The wait after so many tries, in milliseconds: each half as long again as the one before.
fn wait(tries: u32, first: u64, longest: u64) -> i64 {
    let mut wait = first.min(longest);
    for _ in 1..tries {
        let longer = wait.saturating_add(wait / 2).min(longest);
        if longer == wait {
            break;
        }
        wait = longer;
    }
    i64::try_from(wait).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn waits_grow_by_half_up_to_the_longest() {
        let waits: Vec<i64> = (1..=5).map(|tries| wait(tries, 30_000, 1_800_000)).collect();
        assert_eq!(waits, [30_000, 45_000, 67_500, 101_250, 151_875]);
        assert_eq!(wait(20, 30_000, 1_800_000), 1_800_000);
        assert_eq!(wait(u32::MAX, u64::MAX, u64::MAX), i64::MAX);
        assert_eq!(wait(7, 0, 10), 0);
    }
}
