//! The flows that use a module: who they are, how they are stopped before it goes, and what they get back when it is
//! there again.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Engine, unprocessed::put_back};
use crate::{
    domain::{
        flow_use::{FlowUse, LostComponent, LostLetters},
        name::ModuleName,
    },
    server::{
        access::AdminActor,
        error::{Result, ServerError},
        store::{self, audit::Deed},
    },
};

/// Messages that are put back in one transaction.
const BATCH: u32 = 500;

impl Engine {
    /// Everybody's flows that use a module, running ones first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn flows_using(&self, _: &AdminActor, module: &ModuleName) -> Result<Vec<FlowUse>> {
        let module = module.clone();
        self.inner.store.read(move |connection| store::flow_uses::using(connection, &module)).await
    }

    /// Stops every flow that uses a module, one after the other, and gives how many those were.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when one cannot be stopped: it says which, why, and which have been stopped already.
    pub async fn stop_flows_using(&self, actor: &AdminActor, module: &ModuleName) -> Result<usize> {
        let mut stopped: Vec<String> = Vec::new();
        for flow in self.flows_using(actor, module).await?.into_iter().filter(FlowUse::is_running) {
            match self.stop_flow(actor, &flow.flow_id).await {
                Ok(()) => stopped.push(format!("{:?}", flow.name)),
                // Somebody has deleted it in the meantime.
                Err(ServerError::NotFound(_)) => {}
                Err(cause) => {
                    let before = match stopped.len() {
                        0 => String::new(),
                        _ => format!(" Stopped before it: {}.", stopped.join(", ")),
                    };
                    let reason = cause.public().message;
                    return Err(ServerError::Conflict(format!(
                        "The flow {:?} could not be stopped, so nothing was removed. {reason}{before}",
                        flow.name
                    )));
                }
            }
        }
        Ok(stopped.len())
    }

    /// The components of a flow that are not installed.
    ///
    /// # Errors
    /// What the store says.
    pub async fn lost_components(&self, _: &AdminActor, flow_id: &str) -> Result<Vec<LostComponent>> {
        let id = flow_id.to_owned();
        self.inner.store.read(move |connection| store::flow_uses::lost_components(connection, &id)).await
    }

    /// The unprocessed messages that an installed module was missing for, flow by flow, running ones first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn lost_letters(&self, _: &AdminActor, module: &ModuleName) -> Result<Vec<LostLetters>> {
        let module = module.clone();
        self.inner.store.read(move |connection| store::flow_uses::lost_letters(connection, &module)).await
    }

    /// Puts those of them whose flows run back into their queues, as if they had never failed; gives how many.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when there are none.
    pub async fn replay(&self, actor: &AdminActor, module: &ModuleName) -> Result<usize> {
        let (now, mut replayed) = (self.now(), 0);
        loop {
            let (by, module) = (actor.by(), module.clone());
            let lanes = self
                .inner
                .store
                .write("replay unprocessed messages", move |tx| {
                    let mut lanes = Vec::new();
                    let mut flows: BTreeMap<String, usize> = BTreeMap::new();
                    for (id, run_id) in store::flow_uses::replayable(tx, &module, now, BATCH)? {
                        let Some(letter) = store::unprocessed::get(tx, &id)? else { continue };
                        *flows.entry(letter.message.lane.flow_id.clone()).or_default() += 1;
                        lanes.push(put_back(tx, &letter, run_id, now)?);
                    }
                    if !lanes.is_empty() {
                        let after = json!({ "messages": lanes.len(), "byFlow": flows });
                        let deed = Deed::new("unprocessed.replay", module.as_str()).module(module.as_str());
                        store::audit::append(tx, &by, &deed.after(after), now)?;
                    }
                    Ok(lanes)
                })
                .await?;
            if lanes.is_empty() {
                break;
            }
            replayed += lanes.len();
            for lane in lanes {
                self.wake(lane);
            }
        }
        if replayed == 0 {
            return Err(ServerError::Conflict(format!(
                "There is nothing to replay: no running flow has unprocessed messages that {module} was missing for."
            )));
        }
        Ok(replayed)
    }
}
