//! What a change of a module takes from flows: asked before it, and written down with it.

use serde_json::{Value, json};

use super::Registry;
use crate::{
    domain::{
        flow_use::{self, FlowUse},
        module::Manifest,
        name::ModuleName,
    },
    server::{
        error::{Result, ServerError},
        store::{self, catalogue::Offer},
    },
};

/// Flows that the audit trail names of those that a change has hit.
const NAMED: usize = 100;

impl Registry {
    /// Asks whether flows use components that the version which [`Registry::install`] would install no longer has.
    ///
    /// # Errors
    /// [`ServerError::InUse`] with those flows, each with those components.
    pub async fn check_losses(&self, name: &ModuleName, version: Option<&str>) -> Result<()> {
        let offers = self.inner.catalogue.offers(name).await?;
        let Some((offer, manifest)) = wanted(&offers, version) else { return Ok(()) };
        let after = manifest.clone();
        let flows = self.inner.store.read(move |connection| store::flow_uses::losing(connection, &after)).await?;
        if flows.is_empty() {
            return Ok(());
        }
        let what = format!(
            "Version {} of {name} has no longer all the components that are used by {}.",
            offer.version,
            flow_use::in_words(&flows)
        );
        Err(ServerError::InUse { what, flows })
    }
}

/// The offer of this version, or the newest sound one.
pub(super) fn wanted<'a>(offers: &'a [Offer], version: Option<&str>) -> Option<(&'a Offer, &'a Manifest)> {
    let mut sound = offers.iter().filter_map(|offer| Some((offer, offer.manifest.as_ref()?)));
    sound.find(|(offer, _)| version.is_none_or(|version| offer.version == version))
}

/// What the audit trail keeps of a module, with the flows that its going has hit.
pub(super) fn with_flows(mut shown: Value, flows: &[FlowUse]) -> Value {
    if !flows.is_empty() {
        let running = flows.iter().filter(|flow| flow.is_running()).count();
        let which: Vec<Value> = flows
            .iter()
            .take(NAMED)
            .map(|flow| json!({ "flowId": flow.flow_id, "name": flow.name, "stage": flow.stage }))
            .collect();
        shown["usedBy"] = json!({ "flows": flows.len(), "running": running, "which": which });
    }
    shown
}
