//! Flows as their owners and administrators handle them: look, create, change, clone, delete.

use rusqlite::{Connection, Transaction};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::Engine;
use crate::{
    domain::flow::{Descriptor, Flow, Stage},
    server::{
        access::UserActor,
        error::{Result, ServerError},
        store::{self, audit::Deed, queue::Queued},
    },
};

/// Largest flow, in bytes of JSON.
const FLOW_MAX: usize = 2 << 20;
/// Longest name or type, in characters.
const NAME_MAX: usize = 500;
/// The type of a flow that was given none.
const KIND: &str = "automation";

/// What to set of a flow; `None` leaves it as it is, or as new flows have it.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub description: Option<String>,
    /// `automation` and others.
    pub kind: Option<String>,
    /// Id of each component, and its node.
    pub descriptor: Option<Map<String, Value>>,
    pub custom_fields: Option<Map<String, Value>>,
    pub thumbnail: Option<String>,
}

/// Whose flows to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    Own,
    /// Everybody's, which administrators alone see.
    All,
}

impl Engine {
    /// Flows, the last changed first.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] for everybody's flows, unless to administrators.
    pub async fn flows(&self, actor: &UserActor, which: Visible) -> Result<Vec<Flow>> {
        let user = whose(actor, which)?;
        self.inner.store.read(move |connection| store::flows::list(connection, user.as_deref())).await
    }

    /// # Errors
    /// As [`Engine::flows`].
    pub async fn count_flows(&self, actor: &UserActor, which: Visible) -> Result<u64> {
        let user = whose(actor, which)?;
        self.inner.store.read(move |connection| store::flows::count(connection, user.as_deref())).await
    }

    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn flow(&self, actor: &UserActor, id: &str) -> Result<Flow> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner.store.read(move |connection| visible(connection, &actor, &id)).await
    }

    /// What is on its way in a flow, at most `limit` messages, the next due first.
    ///
    /// # Errors
    /// As [`Engine::flow`].
    pub async fn messages(&self, actor: &UserActor, id: &str, limit: u32) -> Result<Vec<Queued>> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner
            .store
            .read(move |connection| {
                visible(connection, &actor, &id)?;
                store::queue::list(connection, &id, limit)
            })
            .await
    }

    /// What would keep a flow from starting, in words; empty when nothing would.
    ///
    /// # Errors
    /// As [`Engine::flow`].
    pub async fn validate(&self, actor: &UserActor, id: &str) -> Result<Vec<String>> {
        let flow = self.flow(actor, id).await?;
        let descriptor = match Descriptor::read(&flow.descriptor) {
            Ok(descriptor) => descriptor,
            Err(fault) => return Ok(vec![fault]),
        };
        let mut faults = Vec::new();
        for (component_id, node) in &descriptor.nodes {
            if self.find(&node.component).await?.is_none() {
                faults.push(self.missing(id, component_id, &node.component).await?.0.message);
            }
            let senders = node.source.values().flat_map(|senders| senders.keys());
            for sender in senders.filter(|sender| !descriptor.nodes.contains_key(*sender)) {
                faults.push(format!("The component {component_id} is linked to {sender}, which is not in the flow."));
            }
        }
        Ok(faults)
    }

    /// Makes a flow of the actor's; gives its id.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for one that will not do.
    pub async fn create_flow(&self, actor: &UserActor, change: Change) -> Result<String> {
        let id = Uuid::new_v4().to_string();
        self.put_flow(actor, &id, change, false).await?;
        Ok(id)
    }

    /// Changes a flow, or makes one with this id; `true` when it was made. With `force`, the components of a running flow
    /// may be changed: those that are new or other ones are started, those that were there before are stopped.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for a flow that will not do; [`ServerError::Conflict`] when it runs and `force` is not
    /// given, while it is being started or stopped, and when a component of the changed flow does not start: then the flow
    /// is changed, and stopped. [`ServerError::NotFound`] for somebody else's.
    pub async fn put_flow(&self, actor: &UserActor, id: &str, change: Change, force: bool) -> Result<bool> {
        check(id, &change)?;
        let (who, flow_id, now) = (actor.clone(), id.to_owned(), self.now());
        let (before, after) = self
            .inner
            .store
            .write("put flow", move |tx| {
                let before = store::flows::get(tx, &flow_id)?.map(|(flow, _)| flow);
                if before.as_ref().is_some_and(|flow| !may_see(&who, flow)) {
                    return Err(nothing());
                }
                let after = changed(&who, &flow_id, before.clone(), change, now)?;
                if let Some(before) = before.as_ref().filter(|before| before.descriptor != after.descriptor) {
                    check_stage(before, force)?;
                }
                let descriptor = Descriptor::read(&after.descriptor).map_err(ServerError::Invalid)?;
                keep(tx, &after, &descriptor)?;
                let mut deed = Deed::new(if before.is_some() { "flow.change" } else { "flow.create" }, &flow_id);
                deed.before = before.as_ref().map(shown);
                store::audit::append(tx, &who.by(), &deed.after(shown(&after)), now)?;
                Ok((before, after))
            })
            .await?;
        let Some(before) = before else { return Ok(true) };
        if before.stage == Stage::Running && before.descriptor != after.descriptor {
            self.change_running(&before, &after).await?;
        }
        Ok(false)
    }

    /// Makes a stopped copy of a flow for the actor; gives its id.
    ///
    /// # Errors
    /// As [`Engine::flow`].
    pub async fn clone_flow(&self, actor: &UserActor, id: &str) -> Result<String> {
        let flow = self.flow(actor, id).await?;
        let change = Change {
            name: Some(format!("{} (copy)", flow.name).chars().take(NAME_MAX).collect()),
            description: flow.description,
            kind: Some(flow.kind),
            descriptor: Some(flow.descriptor),
            custom_fields: Some(flow.custom_fields),
            thumbnail: flow.thumbnail,
        };
        let copy = self.create_flow(actor, change).await?;
        // Accounts are their owner's alone.
        if flow.user_id == actor.person().id {
            let (from, to) = (id.to_owned(), copy.clone());
            self.inner.store.write("copy accounts", move |tx| store::accounts::copy(tx, &from, &to)).await?;
        }
        Ok(copy)
    }

    /// Stops a flow and forgets it with everything that is kept of it.
    ///
    /// # Errors
    /// As [`Engine::stop_flow`].
    pub async fn delete_flow(&self, actor: &UserActor, id: &str) -> Result<()> {
        self.stop_flow(actor, id).await?;
        let (who, flow_id, now) = (actor.clone(), id.to_owned(), self.now());
        self.inner
            .store
            .write("delete flow", move |tx| {
                let flow = visible(tx, &who, &flow_id)?;
                if flow.stage != Stage::Stopped {
                    return Err(busy(&flow));
                }
                store::flows::delete(tx, &flow_id)?;
                let deed = Deed::new("flow.delete", &flow_id).before(shown(&flow));
                store::audit::append(tx, &who.by(), &deed, now)
            })
            .await?;
        self.inner.loaded.lock().remove(id);
        self.inner.cache.forget(id);
        Ok(())
    }
}

pub(super) fn whose(actor: &UserActor, which: Visible) -> Result<Option<String>> {
    match which {
        Visible::Own => Ok(Some(actor.person().id.clone())),
        Visible::All if actor.is_admin() => Ok(None),
        Visible::All => Err(ServerError::Forbidden("This is for administrators.".to_owned())),
    }
}

fn may_see(actor: &UserActor, flow: &Flow) -> bool {
    actor.is_admin() || flow.user_id == actor.person().id
}

pub(super) fn visible(connection: &Connection, actor: &UserActor, id: &str) -> Result<Flow> {
    let flow = store::flows::get(connection, id)?.map(|(flow, _)| flow);
    flow.filter(|flow| may_see(actor, flow)).ok_or_else(nothing)
}

pub(super) fn nothing() -> ServerError {
    ServerError::NotFound("There is no such flow.".to_owned())
}

pub(super) fn busy(flow: &Flow) -> ServerError {
    ServerError::Conflict(format!("The flow {:?} is {} now. Wait a moment, then try again.", flow.name, flow.stage))
}

fn check_stage(flow: &Flow, force: bool) -> Result<()> {
    match flow.stage {
        Stage::Stopped => Ok(()),
        Stage::Running if force => Ok(()),
        Stage::Running => Err(ServerError::Conflict(format!(
            "The flow {:?} is running. Stop it first, or ask with forceUpdate=true.",
            flow.name
        ))),
        Stage::Starting | Stage::Stopping => Err(busy(flow)),
    }
}

fn check(id: &str, change: &Change) -> Result<()> {
    let is_id = (1..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !is_id {
        return Err(ServerError::Invalid("A flow's id is a UUID.".to_owned()));
    }
    for text in [&change.name, &change.kind].into_iter().flatten() {
        if text.trim().is_empty() || text.chars().count() > NAME_MAX {
            return Err(ServerError::Invalid(format!(
                "A flow's name and type are texts of 1 to {NAME_MAX} characters."
            )));
        }
    }
    if change.thumbnail.as_ref().is_some_and(|thumbnail| thumbnail.len() > FLOW_MAX) {
        return Err(ServerError::TooLarge { limit: FLOW_MAX as u64 });
    }
    for fields in [&change.descriptor, &change.custom_fields].into_iter().flatten() {
        if serde_json::to_vec(fields)?.len() > FLOW_MAX {
            return Err(ServerError::TooLarge { limit: FLOW_MAX as u64 });
        }
    }
    Ok(())
}

fn changed(actor: &UserActor, id: &str, before: Option<Flow>, change: Change, now: i64) -> Result<Flow> {
    let mut flow = match before {
        Some(before) => before,
        None if actor.person().id.is_empty() => {
            return Err(ServerError::Forbidden("A flow belongs to a user: sign in first.".to_owned()));
        }
        None => Flow {
            id: id.to_owned(),
            user_id: actor.person().id.clone(),
            name: "New flow".to_owned(),
            description: None,
            kind: KIND.to_owned(),
            stage: Stage::Stopped,
            descriptor: Map::new(),
            custom_fields: Map::new(),
            thumbnail: None,
            created_at: now,
            modified_at: now,
            started_at: None,
            run_id: None,
        },
    };
    flow.modified_at = now;
    let Change { name, description, kind, descriptor, custom_fields, thumbnail } = change;
    flow.name = name.unwrap_or(flow.name);
    flow.description = description.or(flow.description);
    flow.kind = kind.unwrap_or(flow.kind);
    flow.descriptor = descriptor.unwrap_or(flow.descriptor);
    flow.custom_fields = custom_fields.unwrap_or(flow.custom_fields);
    flow.thumbnail = thumbnail.or(flow.thumbnail);
    Ok(flow)
}

fn keep(tx: &Transaction<'_>, flow: &Flow, descriptor: &Descriptor) -> Result<()> {
    store::flows::put(tx, flow)?;
    store::flows::put_components(tx, &flow.id, descriptor)
}

/// A flow as the audit trail keeps it: nodes may hold secrets, so only their types are.
fn shown(flow: &Flow) -> Value {
    let types: Vec<&Value> = flow.descriptor.values().filter_map(|node| node.get("type")).collect();
    json!({ "name": flow.name, "type": flow.kind, "stage": flow.stage, "components": types })
}
