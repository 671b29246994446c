//! Stops flows, and forgets what was on its way in them.

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::{
    Engine, Loaded,
    errors::{FlowStopped, Notice, shown},
    flows::{busy, nothing},
    host::Method,
};
use crate::{
    domain::flow::Stage,
    server::{
        access::UserActor,
        error::Result,
        store::{
            self,
            audit::{By, Deed},
            states::Owner,
        },
    },
};

/// How often it is looked at whether a start that was called off has ended.
const LOOK: Duration = Duration::from_millis(20);

impl Engine {
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

    /// Stops a flow without anybody waiting for it.
    pub(in crate::server::engine) fn stop_soon(&self, id: &str, by: By) {
        let (this, id) = (self.clone(), id.to_owned());
        self.inner.tasks.spawn(async move {
            if let Err(cause) = this.stop_by(&id, by).await {
                tracing::warn!(%cause, flow = id, "a flow could not be stopped");
            }
        });
    }

    pub(super) async fn stop_by(&self, id: &str, by: By) -> Result<()> {
        let stopped_by = by.actor.clone();
        let mut by = Some(by);
        loop {
            match self.begin_stop(id, by.clone()).await? {
                Stage::Running => return self.finish_stop(id, &stopped_by).await,
                Stage::Stopped => return Ok(()),
                // A start that was called off is being taken back.
                Stage::Starting | Stage::Stopping => {}
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
    pub(in crate::server::engine) async fn finish_stop(&self, id: &str, stopped_by: &str) -> Result<()> {
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
    pub(super) async fn stop_each(&self, loaded: &Arc<Loaded>, ids: &[&String]) -> Result<()> {
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
}
