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
};
use crate::{
    domain::flow::{ERROR_PORT, ErrorHandling},
    server::{
        error::Result,
        store::{
            self,
            flow_log::Line,
            queue::{Body, Kind, Message, Sender},
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
            let next = self.end(&message, Ending::Gone, None, None, takes_more).await?;
            self.answer_if_quiet(&message).await;
            return Ok(next);
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
        let following = self.end(&message, ending, Some(line), Some(report), takes_more).await?;
        if message.lane.kind == Kind::Webhook {
            self.inner.pending.fail(&message, &failure);
        }
        if next == Next::StopFlow {
            let label = format!("errorHandling of {}", message.lane.component_id);
            self.stop_soon(&loaded.flow.id, by_engine(label));
        }
        self.answer_if_quiet(&message).await;
        Ok(following)
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

    async fn end(
        &self,
        message: &Message,
        ending: Ending,
        line: Option<Line>,
        notice: Option<Notice>,
        takes_more: bool,
    ) -> Result<Option<Message>> {
        let (id, lane, attempts, now) = (message.id.clone(), message.lane.clone(), message.attempts, self.now());
        let (notices, has_notice) = (Arc::clone(&self.inner.notices), notice.is_some());
        let takes_more = takes_more && !self.inner.stopping.is_cancelled();
        let mut woken = match &ending {
            Ending::Again { due_at } => vec![(message.lane.clone(), *due_at)],
            Ending::Sent(copies) => copies.iter().map(|copy| (copy.lane.clone(), copy.due_at)).collect(),
            Ending::Gone | Ending::Kept(_) => Vec::new(),
        };
        let (is_there, line_id, next) = self
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
                let next = if takes_more { store::queue::take(tx, &lane, now)? } else { None };
                Ok((is_there, line_id, next))
            })
            .await?;
        self.announce_line(line_id);
        if has_notice {
            self.inner.notices.kept();
        }
        if is_there {
            for (lane, due_at) in woken.drain(..) {
                self.schedule(lane, due_at);
            }
        }
        Ok(next)
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
        self.end(&message, Ending::Gone, Some(line), None, false).await
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
