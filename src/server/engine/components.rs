//! Finds a component's code among what is installed now.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use parking_lot::Mutex;
use serde_json::Value;

use super::{
    Engine,
    host::{Failure, FailureKind, Shared},
};
use crate::{
    domain::name::ModuleName,
    server::{error::Result, settings::connectors::ServiceId, store},
};

/// An installed component.
#[derive(Debug)]
pub(super) struct Found {
    pub module: ModuleName,
    pub version: String,
    /// The folder of the unpacked version.
    pub root: PathBuf,
    /// The component's, below it.
    pub folder: String,
    /// `component.json`.
    pub manifest: Value,
    /// The manifest, for the component.
    pub shared: Arc<Shared>,
}

impl Found {
    /// Whether the engine is to call `tick`.
    pub fn is_ticking(&self) -> bool {
        self.manifest["tick"] == Value::Bool(true)
    }

    /// Whether outsiders may call it.
    pub fn has_webhook(&self) -> bool {
        self.manifest["webhook"] == Value::Bool(true)
    }

    /// What it says of quotas, if it keeps to any.
    pub fn quota(&self) -> Option<&Value> {
        self.manifest.get("quota").filter(|quota| quota.is_object())
    }

    /// Whether its state outlives the run.
    pub fn is_persistent(&self) -> bool {
        self.manifest["state"]["persistent"] == Value::Bool(true)
    }

    /// Whose configuration it gets; later ones win.
    pub fn service_ids(&self, component_type: &str) -> Vec<ServiceId> {
        let named = ["auth", "authConfig", "config"].into_iter().find_map(|field| {
            let field = &self.manifest[field];
            field["service"].as_str().or(field.as_str())
        });
        let parts: Vec<&str> = component_type.split('.').collect();
        let own = || vec![parts.get(..3).unwrap_or_default().join(":"), parts.get(..2).unwrap_or_default().join(":")];
        let ids = named.map_or_else(own, |named| vec![named.to_owned()]);
        ids.iter().filter_map(|id| ServiceId::parse(id).ok()).collect()
    }
}

/// What was found while the registry was as it is: every change of it is an event.
#[derive(Default)]
pub(super) struct Known {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// The newest event then.
    event: i64,
    found: HashMap<String, Option<Arc<Found>>>,
}

impl Engine {
    /// The component, if it was looked for since the last change.
    pub(super) fn found_before(&self, component_type: &str) -> Option<Arc<Found>> {
        let kept = self.inner.known.kept.lock();
        (kept.event == self.inner.events.newest()).then(|| kept.found.get(component_type).cloned()).flatten().flatten()
    }

    /// The component, if a module that has it is installed.
    pub(super) async fn find(&self, component_type: &str) -> Result<Option<Arc<Found>>> {
        let inner = &self.inner;
        let newest = inner.events.newest();
        {
            let mut kept = inner.known.kept.lock();
            if kept.event != newest {
                *kept = Kept { event: newest, found: HashMap::new() };
            }
            if let Some(found) = kept.found.get(component_type) {
                return Ok(found.clone());
            }
        }
        let modules = inner
            .registry
            .installed_modules(|manifest| manifest.components.iter().any(|component| component.name == component_type))
            .await?;
        let mut is_ready = true;
        let found = modules.into_iter().find_map(|module| {
            let (folder, manifest) = module.tree.components.get(component_type)?;
            let ready = inner.registry.ready_folder(&module.sha256);
            is_ready = ready.is_some();
            Some(Arc::new(Found {
                module: module.manifest.name.clone(),
                version: module.manifest.version.clone(),
                // One that was never built may still do: most need no packages.
                root: ready.unwrap_or_else(|| module.tree.root().to_owned()),
                folder: folder.clone(),
                manifest: manifest.clone(),
                shared: Arc::new(Shared::new(manifest)),
            }))
        });
        let mut kept = inner.known.kept.lock();
        if kept.event == newest && is_ready {
            kept.found.insert(component_type.to_owned(), found.clone());
        }
        Ok(found)
    }

    /// What is said of a component of a flow that is not installed, and the module that it was of.
    pub(super) async fn missing(
        &self,
        flow_id: &str,
        component_id: &str,
        component_type: &str,
    ) -> Result<(Failure, String)> {
        let (flow_id, component_id) = (flow_id.to_owned(), component_id.to_owned());
        let last = self
            .inner
            .store
            .read(move |connection| store::flows::last_module(connection, &flow_id, &component_id))
            .await?;
        let is_installed = match last.as_deref().map(ModuleName::parse) {
            Some(Ok(name)) => {
                let installed = self.inner.registry.installed_modules(|manifest| manifest.name == name).await?;
                !installed.is_empty()
            }
            _ => false,
        };
        let module = last.unwrap_or_else(|| component_type.split('.').take(2).collect::<Vec<_>>().join("."));
        let message = if is_installed {
            format!("The installed version of the module {module} has no component {component_type}.")
        } else {
            format!("The module {module} is not installed, so its component {component_type} cannot run.")
        };
        let failure = Failure {
            name: Some("ComponentNotFoundError".to_owned()),
            code: Some(Value::from("COMPONENT_NOT_FOUND")),
            ..Failure::new(FailureKind::Missing, message)
        };
        Ok((failure, module))
    }
}
