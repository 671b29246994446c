//! Brings a running flow to what its owner has changed it to.

use std::sync::Arc;

use serde_json::Value;

use super::super::{Engine, Loaded, by_engine, flows::nothing};
use crate::{
    domain::flow::{Descriptor, Flow},
    server::{
        error::{Result, ServerError},
        store,
    },
};

impl Engine {
    /// Brings the components of a running flow to what its descriptor says now.
    pub(in crate::server::engine) async fn change_running(&self, before: &Flow, after: &Flow) -> Result<()> {
        let is_other = |id: &String| before.descriptor.get(id).map(essence) != after.descriptor.get(id).map(essence);
        let old = Descriptor::read(&before.descriptor).map_err(ServerError::internal)?;
        let gone: Vec<&String> = before.descriptor.keys().filter(|id| is_other(id)).collect();
        let new: Vec<&String> = after.descriptor.keys().filter(|id| is_other(id)).collect();
        let was = Arc::new(Loaded::new(before.clone(), old, 0));
        for id in &gone {
            self.forget_tick(&before.id, id);
        }
        self.stop_each(&was, &gone).await?;
        let lost: Vec<(String, bool)> = gone
            .iter()
            .map(|id| {
                let kind = |flow: &Flow| flow.descriptor.get(*id).map(|node| node["type"].clone());
                ((*id).clone(), kind(before) != kind(after))
            })
            .collect();
        let (flow_id, volatile) = (before.id.clone(), self.volatile(&was, &gone).await?);
        self.inner
            .store
            .write("change a running flow", move |tx| {
                for (component_id, is_other_type) in &lost {
                    if *is_other_type {
                        store::queue::clear_component(tx, &flow_id, component_id)?;
                    } else {
                        store::queue::clear_timers(tx, &flow_id, component_id)?;
                    }
                }
                volatile.iter().try_for_each(|owner| store::states::delete(tx, owner))
            })
            .await?;
        let started = self.start_changed(&before.id, &new).await;
        if let Err(cause) = started {
            self.stop_by(&before.id, by_engine(cause.to_string())).await?;
            return Err(cause);
        }
        Ok(())
    }

    async fn start_changed(&self, id: &str, new: &[&String]) -> Result<()> {
        let loaded = self.load(id).await?.ok_or_else(nothing)?;
        for component_id in new {
            self.check_installed(&loaded, component_id).await?;
        }
        self.start_each(&loaded, new).await?;
        let (flow_id, ticking) = (id.to_owned(), self.ticking(&loaded, new).await?);
        for (component_id, _) in ticking.iter().filter(|(_, is_ticking)| *is_ticking) {
            self.register_tick(id, component_id);
        }
        self.inner
            .store
            .write("what ticks in a changed flow", move |tx| {
                ticking.iter().try_for_each(|(component_id, is_ticking)| {
                    store::flows::set_ticking(tx, &flow_id, component_id, *is_ticking)
                })
            })
            .await
    }
}

/// What of a node its component can tell apart.
fn essence(node: &Value) -> Value {
    let mut node = node.clone();
    if let Some(fields) = node.as_object_mut() {
        for look in ["x", "y", "label", "source"] {
            fields.remove(look);
        }
    }
    node
}
