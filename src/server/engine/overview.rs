//! All flows at a glance, for administrators.

use super::Engine;
use crate::server::{
    access::AdminActor,
    error::{Result, ServerError},
    store::flow_overview::{self, FlowOverview},
};

impl Engine {
    /// Everybody's flows, by name.
    ///
    /// # Errors
    /// What the store says.
    pub async fn overview(&self, _: &AdminActor) -> Result<Vec<FlowOverview>> {
        self.inner.store.read(|connection| flow_overview::overview(connection, None)).await
    }

    /// One of them.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is no such flow.
    pub async fn overview_of(&self, _: &AdminActor, id: &str) -> Result<FlowOverview> {
        let id = id.to_owned();
        let found = self.inner.store.read(move |connection| flow_overview::overview(connection, Some(&id))).await?;
        found.into_iter().next().ok_or_else(|| ServerError::NotFound("There is no such flow.".to_owned()))
    }

    /// Why no flow can run on this server, and what to do, when that is so.
    pub async fn cannot_run(&self) -> Option<String> {
        self.inner.host.check().await.err()
    }
}
