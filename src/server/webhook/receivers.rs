//! Who is told of what, and how that goes.

use super::SystemWebhook;
use crate::server::{
    access::AdminActor,
    error::Result,
    settings::{WEBHOOK_FLOW_COMPONENT_ERROR, WEBHOOK_FLOW_STOPPED},
    store::{self, deliveries::Standing},
};

/// An address that the settings name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    pub url: String,
    /// Whether it hears of failures of components.
    pub hears_of_failures: bool,
    /// Whether it hears of flows that were stopped.
    pub hears_of_stops: bool,
    pub standing: Standing,
}

impl SystemWebhook {
    /// Every address that is told of something, in the order in which the settings name them.
    ///
    /// # Errors
    /// What the store says.
    pub async fn receivers(&self, _: &AdminActor) -> Result<Vec<Receiver>> {
        let (of_failures, of_stops) = (self.urls(WEBHOOK_FLOW_COMPONENT_ERROR), self.urls(WEBHOOK_FLOW_STOPPED));
        let mut urls = of_failures.clone();
        urls.extend(of_stops.iter().filter(|url| !of_failures.contains(url)).cloned());
        self.inner
            .store
            .read(move |connection| {
                urls.into_iter()
                    .map(|url| {
                        Ok(Receiver {
                            hears_of_failures: of_failures.contains(&url),
                            hears_of_stops: of_stops.contains(&url),
                            standing: store::deliveries::standing(connection, &url)?,
                            url,
                        })
                    })
                    .collect()
            })
            .await
    }
}
