//! Starts flows: every component, or none.

use std::sync::Arc;

use serde_json::{Map, json};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::super::{
    Engine, Loaded, by_engine,
    errors::shown,
    flows::{busy, nothing, visible},
    host::{Failure, FailureKind, Method},
    runner::Attempt,
};
use crate::{
    domain::flow::{Descriptor, Stage},
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
        self.begin_start_by(&id, actor.by(), Stage::Stopped).await
    }

    /// Begins a run of a flow that is in the stage `from`: stopped, or starting where an earlier process had begun that.
    async fn begin_start_by(&self, id: &str, by: By, from: Stage) -> Result<bool> {
        let (id, now) = (id.to_owned(), self.now());
        self.inner
            .store
            .write("begin to start a flow", move |tx| {
                let Some((flow, _)) = store::flows::get(tx, &id)? else { return Err(nothing()) };
                match flow.stage {
                    stage if stage == from => {}
                    Stage::Running => return Ok(false),
                    Stage::Stopped | Stage::Starting | Stage::Stopping => return Err(busy(&flow)),
                }
                // Two runs within a millisecond are two runs all the same.
                let run_id = flow.run_id.map_or(now, |last| now.max(last.saturating_add(1)));
                store::flows::begin_run(tx, &id, run_id, now)?;
                match from {
                    Stage::Starting => store::queue::keep_webhooks(tx, &id, run_id)?,
                    _ => store::queue::clear(tx, &id)?,
                };
                let descriptor = Descriptor::read(&flow.descriptor).map_err(ServerError::Conflict)?;
                store::flows::put_components(tx, &id, &descriptor)?;
                store::states::delete(tx, &Owner::Flow(id.clone()))?;
                store::audit::append(tx, &by, &Deed::new("flow.start", &id).after(json!({ "name": flow.name })), now)?;
                Ok(true)
            })
            .await
    }

    /// Starts a flow whose start an earlier process had begun.
    pub(in crate::server::engine) async fn start_anew(&self, id: &str) -> Result<()> {
        if self.begin_start_by(id, by_engine("a restart of the server"), Stage::Starting).await? {
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
            if self.inner.stopping.is_cancelled() {
                // It may be the end of the server that has failed it: the next one starts the flow anew.
                return Err(cause);
            }
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
    pub(super) async fn ticking(&self, loaded: &Loaded, ids: &[&String]) -> Result<Vec<(String, bool)>> {
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

    pub(super) async fn check_installed(&self, loaded: &Loaded, component_id: &str) -> Result<()> {
        let Some(node) = loaded.descriptor.nodes.get(component_id) else { return Ok(()) };
        if self.find(&node.component).await?.is_some() {
            return Ok(());
        }
        let (failure, module) = self.missing(&loaded.flow.id, component_id, &node.component).await?;
        let attempt = Attempt { result: Ok(()), found: None, module: Some(module) };
        self.start_failed(loaded, component_id, &failure, attempt).await
    }

    /// Runs `start` of these components; the first that fails is the result, once those that had begun have ended.
    pub(super) async fn start_each(&self, loaded: &Arc<Loaded>, ids: &[&String]) -> Result<()> {
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
}
