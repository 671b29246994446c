//! Ends a delivery in one transaction: the message, what is kept of its failure, and who is told.

use std::sync::Arc;

use rusqlite::Transaction;
use serde_json::{Value, json};

use super::{
    Engine, Loaded, by_engine,
    errors::{ErrorReport, Notice, shown},
    host::{Failure, FailureKind},
    queue::{Letter, accept},
    retry::{Next, Schedule},
    runner::Attempt,
    unprocessed::public_messages,
    webhooks::WebhookAnswer,
};
use crate::{
    domain::flow::{ERROR_PORT, ErrorHandling},
    server::{
        error::Result,
        store::{
            self,
            flow_log::Line,
            queue::{Body, Kind, Lane, Message, Sender},
            unprocessed::Unprocessed,
        },
        time::iso,
    },
};

/// What becomes of a message.
enum Ending {
    /// Nothing is left of it.
    Gone,
    Again {
        due_at: i64,
    },
    Kept(Box<Unprocessed>),
    /// These leave by the error port.
    Sent(Vec<Message>),
}

/// What there was when a message had ended.
struct Ended {
    /// The next of its lane, already taken.
    next: Option<Message>,
    /// Somebody waits for an answer to its correlation, of which nothing is under way any more.
    is_quiet: bool,
}

/// The last steps of the transaction that ends a message.
struct Last {
    lane: Lane,
    /// The correlation to which somebody waits for an answer.
    awaited: Option<String>,
    takes_more: bool,
    now: i64,
}

impl Last {
    fn of(&self, tx: &Transaction<'_>) -> Result<Ended> {
        let is_under_way =
            |correlation_id| store::queue::is_under_way(tx, &self.lane.flow_id, correlation_id, self.now);
        let is_quiet = !self.awaited.as_deref().map_or(Ok(true), is_under_way)?;
        let next = if self.takes_more { store::queue::take(tx, &self.lane, self.now)? } else { None };
        Ok(Ended { next, is_quiet })
    }
}

impl Engine {
    /// Ends an attempt to deliver `message`; gives the next of its lane, already taken.
    pub(super) async fn settle(
        &self,
        loaded: &Arc<Loaded>,
        message: Message,
        scope: &Value,
        attempt: Attempt,
    ) -> Result<Option<Message>> {
        // Those that keep to a quota have to ask first.
        let takes_more = attempt.found.as_ref().is_some_and(|found| found.quota().is_none());
        let Err(failure) = attempt.result else {
            let ended = self.end_well(&message, takes_more).await?;
            self.let_go_if_quiet(&message, &ended);
            return Ok(ended.next);
        };
        let node = loaded.descriptor.nodes.get(&message.lane.component_id);
        let handling = node.and_then(|node| node.error_handling.clone()).unwrap_or_default();
        let failures = message.attempts.saturating_add(1);
        let next = self.next_of(loaded, &handling, &message, failure.kind, failures);
        let letter = || {
            let component_type = node.map(|node| node.component.clone()).unwrap_or_default();
            Box::new(Unprocessed {
                message: Message { attempts: failures, ..message.clone() },
                component_type,
                module: attempt.module.clone(),
                version: attempt.found.as_ref().map(|found| found.version.clone()),
                sender_type: sender_type(loaded, &message),
                reason: failure.kind.as_str().to_owned(),
                error: shown(&failure),
                created_at: self.now(),
            })
        };
        let (ending, what) = match next {
            Next::Again(wait) => {
                let due_at = self.now().saturating_add(wait);
                (Ending::Again { due_at }, json!({ "attempt": failures, "retryAt": iso(due_at) }))
            }
            Next::Store => (Ending::Kept(letter()), json!({ "attempt": failures, "unprocessed": true })),
            Next::StopFlow => {
                (Ending::Kept(letter()), json!({ "attempt": failures, "unprocessed": true, "stopsFlow": true }))
            }
            Next::ErrorPort => {
                let copies = self.error_copies(loaded, &message, scope, &failure);
                (Ending::Sent(copies), json!({ "attempt": failures, "errorPort": true }))
            }
            Next::End => (Ending::Gone, json!({ "attempt": failures, "ended": true })),
        };
        let mut text = json!({ "error": shown(&failure) });
        if let (Some(text), Value::Object(what)) = (text.as_object_mut(), what) {
            text.extend(what);
        }
        let line = Line {
            port: Some(message.lane.port.clone()),
            port_type: Some("in".to_owned()),
            correlation_id: Some(message.correlation_id.clone()),
            ..self.line(loaded, &message.lane.component_id, "error", text)
        };
        let messages = public_messages(&message, scope, sender_type(loaded, &message).as_deref());
        let report = self.report(loaded, &message.lane.component_id, &failure, attempt.module, messages);
        let ended = self.end(&message, ending, Some(line), Some(report), takes_more).await?;
        if message.lane.kind == Kind::Webhook {
            self.inner.pending.fail(&message, &failure);
        }
        if next == Next::StopFlow {
            let label = format!("errorHandling of {}", message.lane.component_id);
            self.stop_soon(&loaded.flow.id, by_engine(label));
        }
        self.let_go_if_quiet(&message, &ended);
        Ok(ended.next)
    }

    fn next_of(
        &self,
        loaded: &Loaded,
        handling: &ErrorHandling,
        message: &Message,
        kind: FailureKind,
        failures: u32,
    ) -> Next {
        let next = Schedule::of(&self.inner.settings).next(handling, kind, failures);
        let leads_nowhere = || loaded.descriptor.destinations(&message.lane.component_id, ERROR_PORT).is_empty();
        // Nothing is connected there: it would be lost.
        if next == Next::ErrorPort && leads_nowhere() { Next::Store } else { next }
    }

    fn error_copies(&self, loaded: &Loaded, message: &Message, scope: &Value, failure: &Failure) -> Vec<Message> {
        let own = &message.lane.component_id;
        let content = json!({
            "error": {
                "message": failure.message,
                "code": failure.code,
                "name": failure.name.as_deref().unwrap_or("Error"),
            },
            "input": message.body.content,
        });
        let to = loaded.descriptor.destinations(own, ERROR_PORT);
        to.into_iter()
            .map(|to| {
                let letter = Letter {
                    body: Body { content: content.clone(), scope: scope.clone() },
                    correlation_id: Some(message.correlation_id.clone()),
                    sender: Some(Sender { component_id: own.clone(), port: ERROR_PORT.to_owned() }),
                    delay: 0,
                };
                self.message(loaded, &to.component_id, Kind::Port, &to.port, letter)
            })
            .collect()
    }

    /// A failure, for those who want to hear of it.
    pub(super) fn report(
        &self,
        loaded: &Loaded,
        component_id: &str,
        failure: &Failure,
        module: Option<String>,
        input_messages: serde_json::Map<String, Value>,
    ) -> Notice {
        let node = loaded.descriptor.nodes.get(component_id);
        Notice::ComponentFailed(ErrorReport {
            err: shown(failure),
            kind: "component",
            flow_id: loaded.flow.id.clone(),
            flow_name: loaded.flow.name.clone(),
            user_id: loaded.flow.user_id.clone(),
            component_id: component_id.to_owned(),
            component_type: node.map(|node| node.component.clone()).unwrap_or_default(),
            input_messages,
            module,
        })
    }

    /// Ends a message that has come to its end in good order. The next of its lane need not wait for the disk: after a crash
    /// both are delivered again, in their order.
    async fn end_well(&self, message: &Message, takes_more: bool) -> Result<Ended> {
        let last = self.last_of(message, takes_more);
        let (id, attempts) = (message.id.clone(), message.attempts);
        let finished = id.clone();
        let ended = move |tx: &Transaction<'_>| {
            store::queue::finish(tx, &finished)?;
            last.of(tx)
        };
        let (ended, committed) = self.inner.store.write_ahead(ended).await?;
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            if let Err(cause) = committed.wait().await {
                tracing::error!(%cause, "the end of a message was not written, so it is delivered again");
                this.give_back(id, attempts).await;
            }
        });
        Ok(ended)
    }

    async fn end(
        &self,
        message: &Message,
        ending: Ending,
        line: Option<Line>,
        notice: Option<Notice>,
        takes_more: bool,
    ) -> Result<Ended> {
        let (id, attempts, now) = (message.id.clone(), message.attempts, self.now());
        let last = self.last_of(message, takes_more);
        let (notices, has_notice) = (Arc::clone(&self.inner.notices), notice.is_some());
        let woken = match &ending {
            Ending::Again { due_at } => vec![(message.lane.clone(), *due_at)],
            Ending::Sent(copies) => copies.iter().map(|copy| (copy.lane.clone(), copy.due_at)).collect(),
            Ending::Gone | Ending::Kept(_) => Vec::new(),
        };
        let (is_there, line_id, ended) = self
            .inner
            .store
            .write("end a message", move |tx| {
                let is_there = apply(tx, &id, attempts, &ending)?;
                let mut line_id = 0;
                if let Some(line) = line.filter(|_| is_there) {
                    line_id = store::flow_log::append(tx, &line)?;
                }
                // Of a flow that was stopped meanwhile, too: it has failed all the same.
                if let Some(notice) = notice {
                    notices.keep(tx, &notice, now)?;
                }
                Ok((is_there, line_id, last.of(tx)?))
            })
            .await?;
        self.announce_line(line_id);
        if has_notice {
            self.inner.notices.kept();
        }
        if is_there {
            for (lane, due_at) in woken {
                self.schedule(lane, due_at);
            }
        }
        Ok(ended)
    }

    /// What is left to do in the transaction that ends a message.
    fn last_of(&self, message: &Message, takes_more: bool) -> Last {
        Last {
            lane: message.lane.clone(),
            awaited: self.inner.pending.is_waiting(message).then(|| message.correlation_id.clone()),
            takes_more: takes_more && !self.inner.stopping.is_cancelled(),
            now: self.now(),
        }
    }

    /// Lets the caller go when nobody is left who could answer.
    fn let_go_if_quiet(&self, message: &Message, ended: &Ended) {
        if ended.is_quiet {
            let lane = &message.lane;
            self.inner.pending.answer(&lane.flow_id, &message.correlation_id, WebhookAnswer::Accepted);
        }
    }

    /// Ends a message that can go nowhere.
    pub(super) async fn drop_message(&self, message: Message, why: &str) -> Result<Option<Message>> {
        tracing::info!(
            flow = message.lane.flow_id,
            component = message.lane.component_id,
            why,
            "a message was dropped"
        );
        let line = Line {
            at: self.now(),
            flow_id: message.lane.flow_id.clone(),
            severity: "warn".to_owned(),
            component_id: Some(message.lane.component_id.clone()),
            correlation_id: Some(message.correlation_id.clone()),
            message: json!(format!("A message was dropped: {why}.")),
            ..Line::default()
        };
        Ok(self.end(&message, Ending::Gone, Some(line), None, false).await?.next)
    }
}

/// `false` when the message is gone: its flow was stopped while it was being delivered.
fn apply(tx: &Transaction<'_>, id: &str, attempts: u32, ending: &Ending) -> Result<bool> {
    if let Ending::Again { due_at } = ending {
        return store::queue::put_back(tx, id, *due_at, attempts.saturating_add(1));
    }
    if !store::queue::finish(tx, id)? {
        return Ok(false);
    }
    match ending {
        Ending::Kept(letter) => store::unprocessed::insert(tx, letter)?,
        Ending::Sent(copies) => {
            accept(tx, copies)?;
        }
        Ending::Gone | Ending::Again { .. } => {}
    }
    Ok(true)
}

fn sender_type(loaded: &Loaded, message: &Message) -> Option<String> {
    let sender = loaded.descriptor.nodes.get(&message.sender.as_ref()?.component_id)?;
    Some(sender.component.clone())
}
