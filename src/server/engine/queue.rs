//! Accepts messages, wakes whoever delivers them, and knows when the next one is due.

use futures::future::BoxFuture;
use rusqlite::Transaction;
use uuid::Uuid;

use super::{Engine, Loaded};
use crate::{
    domain::flow::Stage,
    server::{
        error::Result,
        store::{
            self,
            queue::{Body, Kind, Lane, Message, Sender, State},
        },
    },
};

/// Accepts messages of one run of one flow; `false` when that run has ended, and they are dropped.
pub(super) fn accept(tx: &Transaction<'_>, messages: &[Message]) -> Result<bool> {
    let Some(first) = messages.first() else { return Ok(true) };
    let pulse = store::flows::pulse(tx, &first.lane.flow_id)?;
    let stage = pulse.filter(|pulse| pulse.run_id == Some(first.run_id)).map(|pulse| pulse.stage);
    let state = match stage {
        Some(Stage::Running) => State::Waiting,
        Some(Stage::Starting) => State::Held,
        Some(Stage::Stopped | Stage::Stopping) | None => return Ok(false),
    };
    for message in messages {
        // A service that a component registers with while it starts may want an answer before it lets it go on.
        let state = if message.lane.kind == Kind::Webhook { State::Waiting } else { state };
        store::queue::insert(tx, message, state)?;
    }
    Ok(true)
}

/// What a new message is made of, besides its place.
pub(super) struct Letter {
    pub body: Body,
    pub correlation_id: Option<String>,
    pub sender: Option<Sender>,
    /// Milliseconds from now.
    pub delay: i64,
}

impl Engine {
    /// A message that has not been accepted yet.
    pub(super) fn message(
        &self,
        loaded: &Loaded,
        component_id: &str,
        kind: Kind,
        port: &str,
        letter: Letter,
    ) -> Message {
        let now = self.now();
        Message {
            id: Uuid::new_v4().to_string(),
            lane: Lane {
                flow_id: loaded.flow.id.clone(),
                component_id: component_id.to_owned(),
                kind,
                port: port.to_owned(),
            },
            run_id: loaded.flow.run_id.unwrap_or_default(),
            due_at: now.saturating_add(letter.delay),
            attempts: 0,
            correlation_id: letter.correlation_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            sender: letter.sender,
            body: letter.body,
            created_at: now,
        }
    }

    /// Accepts messages: when this has ended with `true`, they are on the disk. `false` when their flow runs no longer.
    pub(super) async fn enqueue(&self, messages: Vec<Message>) -> Result<bool> {
        if messages.is_empty() {
            return Ok(true);
        }
        let this = self.clone();
        // Whoever asks may go away meanwhile, but what is accepted has to be delivered.
        self.inner.tasks.spawn(async move { this.accept_and_begin(messages).await }).await?
    }

    /// Accepts messages, and takes the first of each lane that nobody works on in the same transaction.
    async fn accept_and_begin(self, messages: Vec<Message>) -> Result<bool> {
        let now = self.now();
        let lanes: Vec<(Lane, i64)> = messages.iter().map(|message| (message.lane.clone(), message.due_at)).collect();
        let is_due =
            |(lane, due_at): &&(Lane, i64)| *due_at <= now && self.is_unlimited(lane) && self.claim(lane, false);
        let claimed: Vec<Lane> = lanes.iter().filter(is_due).map(|(lane, _)| lane.clone()).collect();
        let wanted = claimed.clone();
        let accepted = self
            .inner
            .store
            .write("accept messages", move |tx| {
                if !accept(tx, &messages)? {
                    return Ok(None);
                }
                let taken = wanted.iter().map(|lane| store::queue::take(tx, lane, now));
                taken.collect::<Result<Vec<_>>>().map(Some)
            })
            .await;
        let firsts = accepted.as_ref().ok().and_then(|taken| taken.clone()).unwrap_or_default();
        let mut firsts = firsts.into_iter();
        for lane in &claimed {
            self.drain_soon(lane.clone(), firsts.next().flatten());
        }
        let is_accepted = accepted?.is_some();
        if is_accepted {
            for (lane, due_at) in lanes.into_iter().filter(|(lane, _)| !claimed.contains(lane)) {
                self.schedule(lane, due_at);
            }
        }
        Ok(is_accepted)
    }

    /// Sees to it that a lane is looked at when something in it is due.
    pub(super) fn schedule(&self, lane: Lane, due_at: i64) {
        if due_at <= self.now() {
            self.wake(lane);
        } else {
            self.inner.timer.notify_one();
        }
    }

    /// Looks at every lane of a flow that has something due.
    pub(super) async fn wake_flow(&self, flow_id: &str) -> Result<()> {
        let (id, now) = (flow_id.to_owned(), self.now());
        let lanes = self.inner.store.read(move |connection| store::queue::due_lanes_of(connection, &id, now)).await?;
        for lane in lanes {
            self.wake(lane);
        }
        self.inner.timer.notify_one();
        Ok(())
    }

    /// Wakes lanes when their time comes.
    pub(super) fn keep_time_task(&self) -> BoxFuture<'static, ()> {
        let this = self.clone();
        Box::pin(async move {
            let stopping = this.inner.stopping.clone();
            let mut seen = i64::MIN;
            while !stopping.is_cancelled() {
                let next = match this.wake_due(&mut seen).await {
                    Ok(next) => next,
                    Err(cause) => {
                        tracing::error!(%cause, "what is due could not be read");
                        Some(this.now().saturating_add(1_000))
                    }
                };
                let due = async {
                    match next {
                        Some(at) => this.inner.clock.sleep_until(at).await,
                        None => std::future::pending().await,
                    }
                };
                tokio::select! {
                    () = due => {}
                    () = this.inner.timer.notified() => {}
                    () = stopping.cancelled() => {}
                }
            }
        })
    }

    /// Wakes what has become due since `seen`; gives when the next is.
    async fn wake_due(&self, seen: &mut i64) -> Result<Option<i64>> {
        let (after, now) = (*seen, self.now());
        let (lanes, next) = self
            .inner
            .store
            .read(move |connection| {
                let lanes = store::queue::due_lanes(connection, after, now)?;
                Ok((lanes, store::queue::next_due(connection, now)?))
            })
            .await?;
        *seen = now;
        let (held, next_held) = self.inner.quotas.due(now);
        for lane in lanes.into_iter().chain(held) {
            self.wake(lane);
        }
        Ok([next, next_held].into_iter().flatten().min())
    }
}
