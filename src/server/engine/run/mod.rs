//! Starts, stops and changes what runs of a flow.

mod change;
mod start;
mod stop;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Engine, Loaded, host::Method, runner::Attempt};
use crate::{
    domain::flow::Stage,
    server::{
        access::UserActor,
        error::Result,
        store::{self, states::Owner},
    },
};

/// Components that are started or stopped at the same time.
const PARALLEL: usize = 8;

/// Flows that are being started, and what calls it off.
#[derive(Default)]
pub(super) struct Starts {
    running: Mutex<HashMap<String, CancellationToken>>,
}

/// How far a start or stop is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoordinatorStatus {
    /// `in-progress` or `completed`.
    pub status: &'static str,
    pub steps_total: u32,
}

impl Engine {
    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn coordinator_status(&self, actor: &UserActor, id: &str) -> Result<CoordinatorStatus> {
        let flow = self.flow(actor, id).await?;
        let status = match flow.stage {
            Stage::Starting | Stage::Stopping => "in-progress",
            Stage::Running | Stage::Stopped => "completed",
        };
        Ok(CoordinatorStatus { status, steps_total: 1 })
    }

    /// Runs a method of these components, some at a time. After a start that failed none is begun.
    async fn run_each(&self, loaded: &Arc<Loaded>, ids: &[&String], method: Method) -> Vec<(String, Result<Attempt>)> {
        let has_failed = Arc::new(AtomicBool::new(false));
        let each: Vec<_> = ids
            .iter()
            .map(|&id| {
                let (this, loaded, id, has_failed) =
                    (self.clone(), Arc::clone(loaded), id.clone(), Arc::clone(&has_failed));
                async move {
                    if method == Method::Start && has_failed.load(Ordering::Relaxed) {
                        return None;
                    }
                    let attempt = this.run_method(&loaded, &id, method, Value::Null).await;
                    if attempt.as_ref().map_or(true, |attempt| attempt.result.is_err()) {
                        has_failed.store(true, Ordering::Relaxed);
                    }
                    Some((id, attempt))
                }
            })
            .collect();
        stream::iter(each).buffered(PARALLEL).filter_map(std::future::ready).collect().await
    }

    /// Whose state ends with the run. Of a component that is not installed nobody knows, so its state stays; the next start
    /// clears it.
    async fn volatile(&self, loaded: &Loaded, ids: &[&String]) -> Result<Vec<Owner>> {
        let mut owners = Vec::new();
        for id in ids {
            let Some(node) = loaded.descriptor.nodes.get(*id) else { continue };
            if self.find(&node.component).await?.is_some_and(|found| !found.is_persistent()) {
                owners.push(Owner::Component { flow_id: loaded.flow.id.clone(), component_id: (*id).clone() });
            }
        }
        Ok(owners)
    }

    async fn clear_state(&self, loaded: &Loaded, component_id: &String) -> Result<()> {
        let owners = self.volatile(loaded, &[component_id]).await?;
        self.inner
            .store
            .write("clear a state", move |tx| owners.iter().try_for_each(|owner| store::states::delete(tx, owner)))
            .await
    }
}
