//! Starts and stops flows.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{StreamExt, stream};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Engine, Loaded, by_engine,
    errors::{FlowStopped, Notice, shown},
    flows::{busy, nothing, visible},
    host::{Failure, FailureKind, Method},
    runner::Attempt,
};
use crate::{
    domain::flow::{Descriptor, Flow, Stage},
    server::{
        access::UserActor,
        error::{Result, ServerError},
        store::{
            self,
            audit::{By, Deed},
            states::Owner,
        },
    },
};

/// Components that are started or stopped at the same time.
const PARALLEL: usize = 8;
/// How often it is looked at whether a start that was called off has ended.
const LOOK: Duration = Duration::from_millis(20);

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
    /// Starts a flow: it runs when this has ended. One that runs is left alone.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when it is being started or stopped, when a module of it is not installed, and when a
    /// component throws: then the flow is stopped again. [`ServerError::NotFound`] for somebody else's.
    pub async fn start_flow(&self, actor: &UserActor, id: &str) -> Result<()> {
        if !self.begin_start(actor, id).await? {
            return Ok(());
        }
        let (this, id) = (self.clone(), id.to_owned());
        self.inner.tasks.spawn(async move { this.finish_start(&id).await }).await?
    }

    /// Begins to start a flow, and gives a ticket; [`Engine::coordinator_status`] says when it is done.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when it is being started or stopped, [`ServerError::NotFound`] for somebody else's.
    pub async fn start_flow_in_background(&self, actor: &UserActor, id: &str) -> Result<String> {
        if self.begin_start(actor, id).await? {
            let (this, id) = (self.clone(), id.to_owned());
            self.inner.tasks.spawn(async move {
                if let Err(cause) = this.finish_start(&id).await {
                    tracing::warn!(%cause, flow = id, "a flow did not start");
                }
            });
        }
        Ok(Uuid::new_v4().to_string())
    }

    /// Stops a flow: when this has ended, nothing of it runs any more but what was being delivered, and what that sends is
    /// dropped. Messages on their way are dropped. One that is stopped is left alone.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] while somebody else stops it, [`ServerError::NotFound`] for somebody else's.
    pub async fn stop_flow(&self, actor: &UserActor, id: &str) -> Result<()> {
        let (this, by, flow_id) = (self.clone(), actor.by(), id.to_owned());
        self.flow(actor, id).await?;
        self.inner.tasks.spawn(async move { this.stop_by(&flow_id, by).await }).await?
    }

    /// As [`Engine::stop_flow`], without waiting; gives a ticket.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for somebody else's.
    pub async fn stop_flow_in_background(&self, actor: &UserActor, id: &str) -> Result<String> {
        self.flow(actor, id).await?;
        self.stop_soon(id, actor.by());
        Ok(Uuid::new_v4().to_string())
    }

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

    /// `false` when it runs already.
    async fn begin_start(&self, actor: &UserActor, id: &str) -> Result<bool> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner
            .store
            .read({
                let (actor, id) = (actor.clone(), id.clone());
                move |connection| visible(connection, &actor, &id)
            })
            .await?;
        self.begin_start_by(&id, actor.by()).await
    }

    async fn begin_start_by(&self, id: &str, by: By) -> Result<bool> {
        let (id, now) = (id.to_owned(), self.now());
        self.inner
            .store
            .write("begin to start a flow", move |tx| {
                let Some((flow, _)) = store::flows::get(tx, &id)? else { return Err(nothing()) };
                match flow.stage {
                    Stage::Stopped => {}
                    Stage::Running => return Ok(false),
                    Stage::Starting | Stage::Stopping => return Err(busy(&flow)),
                }
                // Two runs within a millisecond are two runs all the same.
                let run_id = flow.run_id.map_or(now, |last| now.max(last.saturating_add(1)));
                store::flows::begin_run(tx, &id, run_id, now)?;
                store::queue::clear(tx, &id)?;
                let descriptor = Descriptor::read(&flow.descriptor).map_err(ServerError::Conflict)?;
                store::flows::put_components(tx, &id, &descriptor)?;
                store::states::delete(tx, &Owner::Flow(id.clone()))?;
                store::audit::append(tx, &by, &Deed::new("flow.start", &id).after(json!({ "name": flow.name })), now)?;
                Ok(true)
            })
            .await
    }

    /// Starts a flow whose start an earlier process had begun.
    pub(super) async fn start_anew(&self, id: &str) -> Result<()> {
        let flow_id = id.to_owned();
        self.inner
            .store
            .write("begin a start anew", move |tx| {
                store::flows::set_stage(tx, &flow_id, Stage::Starting, Stage::Stopped)
            })
            .await?;
        if self.begin_start_by(id, by_engine("a restart of the server")).await? {
            self.finish_start(id).await?;
        }
        Ok(())
    }

    /// Runs every component's `start`, then lets the messages go; else the flow is stopped.
    async fn finish_start(&self, id: &str) -> Result<()> {
        let called_off = CancellationToken::new();
        self.inner.starts.running.lock().insert(id.to_owned(), called_off.clone());
        let started = tokio::select! {
            started = self.start_components(id) => started,
            () = called_off.cancelled() => Err(ServerError::Conflict("The flow was stopped while it started.".to_owned())),
        };
        self.inner.starts.running.lock().remove(id);
        if let Err(cause) = started {
            let why = cause.to_string();
            self.roll_back(id, &why).await?;
            return Err(cause);
        }
        Ok(())
    }

    async fn start_components(&self, id: &str) -> Result<()> {
        let loaded = self.load(id).await?.ok_or_else(nothing)?;
        let ids: Vec<&String> = loaded.descriptor.nodes.keys().collect();
        for component_id in &ids {
            self.check_installed(&loaded, component_id).await?;
            self.clear_state(&loaded, component_id).await?;
        }
        self.start_each(&loaded, &ids).await?;
        let flow_id = id.to_owned();
        let ticking = self.ticking(&loaded, &ids).await?;
        let line = self.flow_line(&loaded, "info", json!("The flow was started."));
        let line_id = self
            .inner
            .store
            .write("a flow has started", move |tx| {
                if !store::flows::set_stage(tx, &flow_id, Stage::Starting, Stage::Running)? {
                    return Err(ServerError::Conflict("The flow was stopped while it started.".to_owned()));
                }
                for (component_id, is_ticking) in &ticking {
                    store::flows::set_ticking(tx, &flow_id, component_id, *is_ticking)?;
                }
                store::queue::release(tx, &flow_id)?;
                store::flow_log::append(tx, &line)
            })
            .await?;
        self.announce_line(line_id);
        for (component_id, _) in self.ticking(&loaded, &ids).await?.into_iter().filter(|(_, is_ticking)| *is_ticking) {
            self.register_tick(id, &component_id);
        }
        tracing::info!(flow = id, "flow started");
        self.wake_flow(id).await
    }

    /// Which of these components are to be ticked.
    async fn ticking(&self, loaded: &Loaded, ids: &[&String]) -> Result<Vec<(String, bool)>> {
        let mut ticking = Vec::new();
        for id in ids {
            let Some(node) = loaded.descriptor.nodes.get(*id) else { continue };
            // A module that was removed this very moment: what ticked goes on, and fails.
            if let Some(found) = self.find(&node.component).await? {
                ticking.push(((*id).clone(), found.is_ticking()));
            }
        }
        Ok(ticking)
    }

    async fn check_installed(&self, loaded: &Loaded, component_id: &str) -> Result<()> {
        let Some(node) = loaded.descriptor.nodes.get(component_id) else { return Ok(()) };
        if self.find(&node.component).await?.is_some() {
            return Ok(());
        }
        let (failure, module) = self.missing(&loaded.flow.id, component_id, &node.component).await?;
        let attempt = Attempt { result: Ok(()), found: None, module: Some(module) };
        self.start_failed(loaded, component_id, &failure, attempt).await
    }

    /// Runs `start` of these components; the first that fails is the result, once those that had begun have ended.
    async fn start_each(&self, loaded: &Arc<Loaded>, ids: &[&String]) -> Result<()> {
        let mut result = Ok(());
        for (component_id, attempt) in self.run_each(loaded, ids, Method::Start).await {
            let mut attempt = attempt?;
            if let Err(failure) = std::mem::replace(&mut attempt.result, Ok(())) {
                let failed = self.start_failed(loaded, &component_id, &failure, attempt).await;
                result = result.and(failed);
            }
        }
        result
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

    /// Writes down why a flow does not start; always an error.
    async fn start_failed(
        &self,
        loaded: &Loaded,
        component_id: &str,
        failure: &Failure,
        attempt: Attempt,
    ) -> Result<()> {
        let line = self.line(loaded, component_id, "error", json!({ "error": shown(failure), "start": true }));
        let report = self.report(loaded, component_id, failure, attempt.module, Map::new());
        self.write_failure(line, report).await?;
        let node = loaded.flow.descriptor.get(component_id);
        let label = node.and_then(|node| node["label"].as_str().or(node["type"].as_str())).unwrap_or(component_id);
        let text = match failure.kind {
            FailureKind::Missing => format!("The flow did not start. {}", failure.message),
            _ => format!("The flow did not start, because its component {label} failed: {}", failure.message),
        };
        Err(ServerError::Conflict(text))
    }

    /// Stops what a start that failed had begun.
    async fn roll_back(&self, id: &str, why: &str) -> Result<()> {
        let flow_id = id.to_owned();
        let is_ours = self
            .inner
            .store
            .write("a start has failed", move |tx| {
                store::flows::set_stage(tx, &flow_id, Stage::Starting, Stage::Stopping)
            })
            .await?;
        if is_ours { self.finish_stop(id, why).await } else { Ok(()) }
    }

    /// Stops a flow without anybody waiting for it.
    pub(super) fn stop_soon(&self, id: &str, by: By) {
        let (this, id) = (self.clone(), id.to_owned());
        self.inner.tasks.spawn(async move {
            if let Err(cause) = this.stop_by(&id, by).await {
                tracing::warn!(%cause, flow = id, "a flow could not be stopped");
            }
        });
    }

    async fn stop_by(&self, id: &str, by: By) -> Result<()> {
        let stopped_by = by.actor.clone();
        let mut by = Some(by);
        loop {
            match self.begin_stop(id, by.clone()).await? {
                Stage::Running => return self.finish_stop(id, &stopped_by).await,
                Stage::Stopping | Stage::Stopped => return Ok(()),
                Stage::Starting => {}
            }
            // Written down once, however long it takes.
            by = None;
            if let Some(start) = self.inner.starts.running.lock().get(id) {
                start.cancel();
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes a running flow out of use; gives the stage in which it was.
    async fn begin_stop(&self, id: &str, by: Option<By>) -> Result<Stage> {
        let (id, now) = (id.to_owned(), self.now());
        self.inner
            .store
            .write("begin to stop a flow", move |tx| {
                let Some((flow, _)) = store::flows::get(tx, &id)? else { return Err(nothing()) };
                match flow.stage {
                    Stage::Stopped => return Ok(Stage::Stopped),
                    Stage::Stopping if by.is_some() => return Err(busy(&flow)),
                    Stage::Stopping => return Ok(Stage::Stopping),
                    Stage::Running | Stage::Starting => {}
                }
                store::flows::set_stage(tx, &id, Stage::Running, Stage::Stopping)?;
                if let Some(by) = by {
                    let before = json!({ "name": flow.name, "stage": flow.stage });
                    store::audit::append(tx, &by, &Deed::new("flow.stop", &id).before(before), now)?;
                }
                Ok(flow.stage)
            })
            .await
    }

    /// Runs every component's `stop` and forgets what was on its way.
    pub(super) async fn finish_stop(&self, id: &str, stopped_by: &str) -> Result<()> {
        self.forget_ticks(id);
        let Some(loaded) = self.load(id).await? else { return Ok(()) };
        let ids: Vec<&String> = loaded.descriptor.nodes.keys().collect();
        self.stop_each(&loaded, &ids).await?;
        let volatile = self.volatile(&loaded, &ids).await?;
        let (flow_id, now) = (id.to_owned(), self.now());
        let notice = Notice::FlowStopped(FlowStopped {
            flow_id: flow_id.clone(),
            flow_name: loaded.flow.name.clone(),
            user_id: loaded.flow.user_id.clone(),
            stopped_by: stopped_by.to_owned(),
        });
        let notices = Arc::clone(&self.inner.notices);
        let template = self.flow_line(&loaded, "info", Value::Null);
        let by = stopped_by.to_owned();
        let (line_id, dropped) = self
            .inner
            .store
            .write("a flow has stopped", move |tx| {
                let dropped = store::queue::clear(tx, &flow_id)?;
                for owner in &volatile {
                    store::states::delete(tx, owner)?;
                }
                store::states::delete(tx, &Owner::Flow(flow_id.clone()))?;
                if !store::flows::set_stage(tx, &flow_id, Stage::Stopping, Stage::Stopped)? {
                    return Ok((0, dropped));
                }
                notices.keep(tx, &notice, now)?;
                let text = format!("The flow was stopped ({by}); {dropped} messages on their way were dropped.");
                let line = store::flow_log::Line { message: Value::from(text), ..template };
                Ok((store::flow_log::append(tx, &line)?, dropped))
            })
            .await?;
        self.announce_line(line_id);
        self.inner.notices.kept();
        self.inner.pending.forget_flow(id);
        tracing::info!(flow = id, by = stopped_by, dropped, "flow stopped");
        Ok(())
    }

    /// Runs `stop` of these components; what fails is written down, and the others go on.
    async fn stop_each(&self, loaded: &Arc<Loaded>, ids: &[&String]) -> Result<()> {
        for (component_id, attempt) in self.run_each(loaded, ids, Method::Stop).await {
            let attempt = attempt?;
            if let Err(failure) = attempt.result {
                let line = self.line(loaded, &component_id, "error", json!({ "error": shown(&failure), "stop": true }));
                let report = self.report(loaded, &component_id, &failure, attempt.module, Map::new());
                self.write_failure(line, report).await?;
            }
        }
        Ok(())
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

    /// Brings the components of a running flow to what its descriptor says now.
    pub(super) async fn change_running(&self, before: &Flow, after: &Flow) -> Result<()> {
        let is_other = |id: &String| before.descriptor.get(id).map(essence) != after.descriptor.get(id).map(essence);
        let old = Descriptor::read(&before.descriptor).map_err(ServerError::internal)?;
        let gone: Vec<&String> = before.descriptor.keys().filter(|id| is_other(id)).collect();
        let new: Vec<&String> = after.descriptor.keys().filter(|id| is_other(id)).collect();
        let was = Arc::new(Loaded { flow: before.clone(), descriptor: old, revision: 0 });
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
