//! The dead letters: looks at them, puts them back, throws them away.

use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use super::{Engine, context::scope_of};
use crate::{
    domain::flow::{Descriptor, Stage},
    server::{
        access::UserActor,
        error::{Result, ServerError},
        store::{
            self,
            audit::Deed,
            queue::{Lane, Message, State},
            unprocessed::{Filter, Unprocessed},
        },
        time::iso,
    },
};

/// Messages that one request may put back or throw away.
const MANY: usize = 1_000;

impl Engine {
    /// Those of flows that the actor may see, newest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn unprocessed(
        &self,
        actor: &UserActor,
        filter: Filter,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<Unprocessed>> {
        let filter = within(actor, filter);
        self.inner.store.read(move |connection| store::unprocessed::list(connection, &filter, limit, offset)).await
    }

    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn unprocessed_message(&self, actor: &UserActor, id: &str) -> Result<Unprocessed> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner.store.read(move |connection| visible(connection, &actor, &id)).await
    }

    /// How many of those there are.
    ///
    /// # Errors
    /// What the store says.
    pub async fn count_unprocessed(&self, actor: &UserActor, filter: Filter) -> Result<u32> {
        let filter = within(actor, filter);
        self.inner.store.read(move |connection| store::unprocessed::count(connection, &filter)).await
    }

    /// The ids of all that match, in the order in which they are to be tried again; at most a thousand.
    ///
    /// # Errors
    /// What the store says.
    pub async fn unprocessed_ids(&self, actor: &UserActor, filter: Filter) -> Result<Vec<String>> {
        let filter = within(actor, filter);
        let mut ids = self.inner.store.read(move |connection| store::unprocessed::ids(connection, &filter)).await?;
        ids.truncate(MANY);
        Ok(ids)
    }

    /// Puts these messages back into their queues, all of them or none, as if they had never failed.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for one that is not there, [`ServerError::Conflict`] when the flow of one does not run or
    /// has lost the component: it would be lost.
    pub async fn retry(&self, actor: &UserActor, ids: Vec<String>) -> Result<()> {
        check_many(&ids)?;
        let (actor, now) = (actor.clone(), self.now());
        let lanes = self
            .inner
            .store
            .write("retry unprocessed messages", move |tx| {
                let mut lanes = Vec::new();
                for id in &ids {
                    let letter = visible(tx, &actor, id)?;
                    let lane = letter.message.lane.clone();
                    let Some((flow, _)) = store::flows::get(tx, &lane.flow_id)? else { return Err(nothing()) };
                    let (Stage::Running, Some(run_id)) = (flow.stage, flow.run_id) else {
                        return Err(ServerError::Conflict(format!(
                            "The flow {:?} is {}, so the message would be lost. Start the flow first.",
                            flow.name, flow.stage
                        )));
                    };
                    let descriptor = Descriptor::read(&flow.descriptor).map_err(ServerError::Conflict)?;
                    if !descriptor.nodes.contains_key(&lane.component_id) {
                        return Err(ServerError::Conflict(format!(
                            "The flow {:?} has no component {} any more, so the message can go nowhere.",
                            flow.name, lane.component_id
                        )));
                    }
                    store::audit::append(tx, &actor.by(), &deed("unprocessed.retry", &letter), now)?;
                    lanes.push(put_back(tx, &letter, run_id, now)?);
                }
                Ok(lanes)
            })
            .await?;
        for lane in lanes {
            self.wake(lane);
        }
        Ok(())
    }

    /// Throws these messages away, all of them or none.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for one that is not there.
    pub async fn delete_unprocessed(&self, actor: &UserActor, ids: Vec<String>) -> Result<()> {
        check_many(&ids)?;
        let (actor, now) = (actor.clone(), self.now());
        self.inner
            .store
            .write("delete unprocessed messages", move |tx| {
                for id in &ids {
                    let letter = visible(tx, &actor, id)?;
                    store::unprocessed::delete(tx, id)?;
                    store::audit::append(tx, &actor.by(), &deed("unprocessed.delete", &letter), now)?;
                }
                Ok(())
            })
            .await
    }
}

/// Moves a message into the queue of a run, as if it had never failed; gives its lane.
pub(super) fn put_back(tx: &Transaction<'_>, letter: &Unprocessed, run_id: i64, now: i64) -> Result<Lane> {
    store::unprocessed::delete(tx, &letter.message.id)?;
    let message = Message { run_id, due_at: now, attempts: 0, created_at: now, ..letter.message.clone() };
    store::queue::insert(tx, &message, State::Waiting)?;
    Ok(message.lane)
}

/// What somebody who is no administrator may ask for.
pub(super) fn within(actor: &UserActor, mut filter: Filter) -> Filter {
    if !actor.is_admin() {
        filter.user_id = Some(actor.person().id.clone());
    }
    filter
}

fn visible(connection: &rusqlite::Connection, actor: &UserActor, id: &str) -> Result<Unprocessed> {
    let letter = store::unprocessed::get(connection, id)?.ok_or_else(nothing)?;
    let flow = store::flows::get(connection, &letter.message.lane.flow_id)?;
    let is_own = flow.is_some_and(|(flow, _)| flow.user_id == actor.person().id);
    if is_own || actor.is_admin() { Ok(letter) } else { Err(nothing()) }
}

fn nothing() -> ServerError {
    ServerError::NotFound("There is no such message.".to_owned())
}

fn check_many(ids: &[String]) -> Result<()> {
    if ids.len() > MANY {
        return Err(ServerError::Invalid(format!("At most {MANY} messages at once.")));
    }
    Ok(())
}

fn deed(action: &'static str, letter: &Unprocessed) -> Deed {
    let lane = &letter.message.lane;
    let before = json!({ "flowId": lane.flow_id, "componentId": lane.component_id, "reason": letter.reason });
    let deed = Deed::new(action, &letter.message.id).before(before);
    match &letter.module {
        Some(module) => deed.module(module),
        None => deed,
    }
}

/// A message by its port, as the public protocol shows messages.
pub(super) fn public_messages(message: &Message, scope: &Value, sender_type: Option<&str>) -> Map<String, Value> {
    let lane = &message.lane;
    let sender = message
        .sender
        .as_ref()
        .map(|sender| json!({ "componentId": sender.component_id, "type": sender_type, "outputPort": sender.port }));
    let shown = json!([{
        "properties": {
            "correlationId": message.correlation_id,
            "gridInstanceId": null,
            "contentType": "application/json",
            "contentEncoding": "utf8",
            "sender": sender,
            "destination": { "componentId": lane.component_id, "inputPort": lane.port },
            "correlationInPort": null,
            "componentHeaders": {},
            "flowId": lane.flow_id,
            "messageId": message.id,
            "flowRunId": message.run_id,
        },
        "content": message.body.content,
        "scope": scope,
        "originalContent": message.body.content,
    }]);
    [(lane.port.clone(), shown)].into_iter().collect()
}

/// An unprocessed message as the public protocol shows it, with what else is known: type, module, version, reason and how
/// often it has failed.
pub fn public_shape(letter: &Unprocessed) -> Value {
    let message = &letter.message;
    json!({
        "messageId": message.id,
        "flowId": message.lane.flow_id,
        "componentId": message.lane.component_id,
        "messages": public_messages(message, &scope_of(message), letter.sender_type.as_deref()),
        "created": iso(letter.created_at),
        "err": letter.error.to_string(),
        "componentType": letter.component_type,
        "module": letter.module,
        "version": letter.version,
        "reason": letter.reason,
        "attempts": message.attempts,
    })
}
