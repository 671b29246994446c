//! What plugins do by the clock, for as long as they run.

use serde::Deserialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Engine, is_elsewhere, schedule::Schedule};
use crate::server::{engine::host::Method, settings::COMPONENT_RECEIVE_TIMEOUT};

/// A job as the plugin has registered it.
#[derive(Deserialize)]
pub(super) struct Registered {
    name: String,
    schedule: String,
}

pub(super) struct Job {
    name: String,
    schedule: Schedule,
}

impl Job {
    /// # Errors
    /// What of its schedule will not do.
    pub fn read(registered: Registered) -> Result<Self, String> {
        let Registered { name, schedule } = registered;
        let schedule = Schedule::read(&schedule).map_err(|fault| format!("the job {name:?}: {fault}"))?;
        Ok(Self { name, schedule })
    }
}

impl Engine {
    /// Runs a job whenever it is due, one time after the other; what became due while it ran is left out.
    pub(super) async fn repeat(self, plugin: String, start: u64, job: Job, end: CancellationToken) {
        let inner = &self.inner;
        loop {
            let Some(due) = job.schedule.after(self.now()) else { return };
            tokio::select! {
                () = inner.clock.sleep_until(due) => {}
                () = end.cancelled() => return,
                () = inner.stopping.cancelled() => return,
            }
            let Ok(Some(running)) = self.running_plugin(&plugin).await else { continue };
            if running.start != start {
                return;
            }
            let limit = inner.settings.number(COMPONENT_RECEIVE_TIMEOUT);
            if let Err(failure) = self.ask_plugin(&running, Method::Job, limit, json!({ "job": job.name })).await
                && !is_elsewhere(&failure)
            {
                tracing::warn!(plugin, job = job.name, "the job failed: {}", failure.message);
            }
        }
    }
}
