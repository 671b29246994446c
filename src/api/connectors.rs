//! Connector configuration: which keys modules want, which are set, and setting them.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiError;

/// One connector's configuration, as pages show it. A secret's value never is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectorView {
    /// `vendor:service[:module]`.
    pub service_id: String,
    /// Installed modules that are configured with it: names and labels.
    pub modules: Vec<(String, String)>,
    pub fields: Vec<FieldView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldView {
    pub name: String,
    pub label: String,
    pub description: String,
    pub required: bool,
    pub is_secret: bool,
    pub is_set: bool,
    /// Empty for a secret.
    pub value: String,
}

impl ConnectorView {
    /// Everything that the modules cannot do without is set; where there is no such key, something is.
    pub fn is_configured(&self) -> bool {
        let required = || self.fields.iter().filter(|field| field.required);
        if required().next().is_none() { self.set() > 0 } else { required().all(|field| field.is_set) }
    }

    pub fn set(&self) -> usize {
        self.fields.iter().filter(|field| field.is_set).count()
    }

    /// Names of required keys that are not set.
    pub fn missing(&self) -> Vec<String> {
        self.fields.iter().filter(|field| field.required && !field.is_set).map(|field| field.name.clone()).collect()
    }
}

/// Every connector that an installed module wants to be configured, or that has values.
#[server(prefix = "/backoffice/api", endpoint = "list_connectors", input = GetUrl)]
pub async fn list_connectors() -> Result<Vec<ConnectorView>, ApiError> {
    use super::server::{admin, fail, state};
    view::all(&state(), &admin()?).await.map_err(fail)
}

/// One connector; 404 when no installed module has it and nothing is set for it.
#[server(prefix = "/backoffice/api", endpoint = "get_connector", input = GetUrl)]
pub async fn get_connector(id: String) -> Result<ConnectorView, ApiError> {
    use super::server::{admin, fail, state};
    let all = view::all(&state(), &admin()?).await.map_err(fail)?;
    all.into_iter()
        .find(|view| view.service_id == id)
        .ok_or_else(|| fail(crate::server::error::ServerError::NotFound("There is no such connector.".to_owned())))
}

/// Keeps what the form says: `keys` and `values` go in pairs. An empty secret leaves what is kept, any other empty value
/// deletes its key, and so does its name in `forget`. Keys that are not sent stay as they are. Either all of it is kept
/// or nothing.
#[server(prefix = "/backoffice/api", endpoint = "save_connector")]
pub async fn save_connector(
    id: String,
    #[server(default)] keys: Vec<String>,
    #[server(default)] values: Vec<String>,
    #[server(default)] forget: Vec<String>,
    #[server(default)] new_key: String,
    #[server(default)] new_value: String,
) -> Result<(), ApiError> {
    use super::server::{fail, state, sudo};
    use crate::{domain::secrets::is_secret, server::settings::connectors::ServiceId};

    let actor = sudo()?;
    let id = ServiceId::parse(&id).map_err(fail)?;
    let mut set = serde_json::Map::new();
    let mut deleted = forget;
    for (key, value) in keys.into_iter().zip(values) {
        if !value.is_empty() {
            set.insert(key, value.into());
        } else if !is_secret(&key) {
            deleted.push(key);
        }
    }
    let new_key = new_key.trim();
    if !new_key.is_empty() {
        // It may be one whose own field was left empty.
        deleted.retain(|key| key != new_key);
        set.insert(new_key.to_owned(), new_value.into());
    }
    state().connectors.change(&actor, &id, set, deleted).await.map_err(fail)
}

#[cfg(feature = "ssr")]
pub(crate) mod view {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::{ConnectorView, FieldView};
    use crate::{
        domain::{
            module::{ConfigurationKey, Manifest},
            name::ModuleName,
            secrets::is_secret,
        },
        server::{
            access::AdminActor,
            error::Result,
            settings::connectors::{Page, ServiceConfiguration},
            state::AppState,
        },
    };

    /// Most connectors that a page shows.
    const LIMIT: usize = 10_000;

    pub(crate) async fn all(state: &AppState, actor: &AdminActor) -> Result<Vec<ConnectorView>> {
        let page = Page { limit: LIMIT, ..Page::default() };
        let mut kept: BTreeMap<String, ServiceConfiguration> = state
            .connectors
            .list_without_secrets(actor, page)
            .await?
            .into_iter()
            .map(|kept| (kept.service_id.clone(), kept))
            .collect();
        let mut wanted: BTreeMap<String, Vec<Manifest>> = BTreeMap::new();
        for manifest in state.registry.installed_manifests().await? {
            if !manifest.needs_configuration.is_empty() || kept.contains_key(&service_id(&manifest)) {
                wanted.entry(service_id(&manifest)).or_default().push(manifest);
            }
        }
        let mut all: Vec<ConnectorView> =
            wanted.into_iter().map(|(id, manifests)| view(&id, &manifests, kept.remove(&id).as_ref())).collect();
        all.extend(kept.values().map(|kept| view(&kept.service_id, &[], Some(kept))));
        all.sort_by(|a, b| a.service_id.cmp(&b.service_id));
        Ok(all)
    }

    /// The configuration of one installed module; `None` when there is nothing to configure.
    pub(crate) async fn of_module(
        state: &AppState,
        actor: &AdminActor,
        name: &ModuleName,
    ) -> Result<Option<ConnectorView>> {
        let Some(install) = state.registry.installed(name).await? else { return Ok(None) };
        let archives = state.registry.archives(name).await?;
        let Some(archive) = archives.into_iter().find(|archive| archive.sha256 == install.sha256) else {
            return Ok(None);
        };
        let id = service_id(&archive.manifest);
        let page = Page { pattern: id.clone(), limit: LIMIT, ..Page::default() };
        let kept = state.connectors.list_without_secrets(actor, page).await?;
        let kept = kept.iter().find(|kept| kept.service_id == id);
        let is_wanted = !archive.manifest.needs_configuration.is_empty() || kept.is_some();
        Ok(is_wanted.then(|| view(&id, &[archive.manifest], kept)))
    }

    /// Manifests that were read before this was known stand for themselves.
    fn service_id(manifest: &Manifest) -> String {
        if manifest.service_id.is_empty() {
            manifest.name.as_str().replace('.', ":")
        } else {
            manifest.service_id.clone()
        }
    }

    fn view(id: &str, manifests: &[Manifest], kept: Option<&ServiceConfiguration>) -> ConnectorView {
        let value = |name: &str| kept.and_then(|kept| kept.values.get(name));
        let field = |key: &ConfigurationKey| FieldView {
            name: key.name.clone(),
            label: if key.label.is_empty() { key.name.clone() } else { key.label.clone() },
            description: key.description.clone(),
            required: key.required,
            is_secret: is_secret(&key.name),
            is_set: value(&key.name).is_some(),
            value: match value(&key.name) {
                Some(_) if is_secret(&key.name) => String::new(),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        };
        let mut fields: Vec<FieldView> = Vec::new();
        for key in manifests.iter().flat_map(|manifest| &manifest.configuration_keys) {
            match fields.iter_mut().find(|known| known.name == key.name) {
                Some(known) => known.required |= key.required,
                None => fields.push(field(key)),
            }
        }
        for name in kept.into_iter().flat_map(|kept| kept.values.keys()) {
            if !fields.iter().any(|known| known.name == *name) {
                let key = ConfigurationKey {
                    name: name.clone(),
                    label: String::new(),
                    description: String::new(),
                    required: false,
                };
                fields.push(field(&key));
            }
        }
        let modules = manifests.iter().map(|manifest| (manifest.name.to_string(), manifest.label.clone())).collect();
        ConnectorView { service_id: id.to_owned(), modules, fields }
    }
}
