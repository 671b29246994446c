//! What connectors need to know: client ids, secrets, addresses. Kept encrypted, a value a key.

use std::collections::BTreeMap;

use rusqlite::Transaction;
use serde_json::{Map, Value, json};

use crate::{
    domain::{
        name::is_segment,
        secrets::{MASK, is_secret},
    },
    server::{
        access::{AdminActor, SecretKey, SudoActor, Via},
        error::{Result, ServerError},
        store::{self, Store, audit::Deed},
        time::now_ms,
    },
};

/// Longest key, in bytes.
const KEY_MAX: usize = 200;
/// Most keys of one connector.
const KEYS_MAX: usize = 200;

/// `vendor:service` or `vendor:service:module`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceId(String);

impl ServiceId {
    /// # Errors
    /// [`ServerError::Invalid`] for anything else.
    pub fn parse(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split(':').collect();
        if (2..=3).contains(&parts.len()) && parts.iter().all(|part| is_segment(part)) {
            return Ok(Self(text.to_owned()));
        }
        Err(ServerError::Invalid("A connector is named vendor:service or vendor:service:module.".to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One connector's values, or all that may be seen of them.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceConfiguration {
    pub service_id: String,
    pub values: Map<String, Value>,
}

impl ServiceConfiguration {
    fn masked(mut self) -> Self {
        for (name, value) in self.values.iter_mut() {
            if is_secret(name) {
                *value = Value::from(MASK);
            }
        }
        self
    }
}

/// A key without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredKey {
    pub name: String,
    pub is_secret: bool,
}

/// Which connectors to list.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Part of the name, without regard to letter case.
    pub pattern: String,
    pub descending: bool,
    pub offset: usize,
    pub limit: usize,
}

/// The connectors' configuration service.
#[derive(Clone)]
pub struct Connectors {
    store: Store,
    key: SecretKey,
}

impl Connectors {
    pub fn new(store: Store, key: SecretKey) -> Self {
        Self { store, key }
    }

    /// The connectors of a page with their values: in clear for a token, which is written down; secrets masked for a
    /// browser's session.
    pub async fn list(&self, actor: &AdminActor, page: Page) -> Result<Vec<ServiceConfiguration>> {
        let found = self.found(page).await?;
        self.shown(actor, found).await
    }

    /// The connectors of a page, with everything that is kept of them.
    async fn found(&self, page: Page) -> Result<Vec<ServiceConfiguration>> {
        let pattern = page.pattern.to_lowercase();
        let found = self
            .store
            .read(move |connection| {
                let mut services = store::service_configuration::services(connection)?;
                if page.descending {
                    services.reverse();
                }
                services
                    .into_iter()
                    .filter(|service| service.to_lowercase().contains(&pattern))
                    .skip(page.offset)
                    .take(page.limit)
                    .map(|service| Ok((store::service_configuration::of(connection, &service)?, service)))
                    .collect::<Result<Vec<_>>>()
            })
            .await?;
        found
            .into_iter()
            .map(|(sealed, service_id)| {
                Ok(ServiceConfiguration { values: self.open(&service_id, sealed)?, service_id })
            })
            .collect::<Result<Vec<_>>>()
    }

    /// The connectors of a page for a page of the back office: secrets are masked, whoever looks.
    pub async fn list_without_secrets(&self, _: &AdminActor, page: Page) -> Result<Vec<ServiceConfiguration>> {
        Ok(self.found(page).await?.into_iter().map(ServiceConfiguration::masked).collect())
    }

    /// One connector's values as [`Connectors::list`] shows them; `None` where nothing is set.
    pub async fn get(&self, actor: &AdminActor, id: &ServiceId) -> Result<Option<ServiceConfiguration>> {
        let service_id = id.0.clone();
        let sealed =
            self.store.read(move |connection| store::service_configuration::of(connection, &service_id)).await?;
        if sealed.is_empty() {
            return Ok(None);
        }
        let found = ServiceConfiguration { values: self.open(&id.0, sealed)?, service_id: id.0.clone() };
        Ok(self.shown(actor, vec![found]).await?.pop())
    }

    /// One connector's values in clear, for its own components that run: nobody is asking.
    pub(in crate::server) fn for_component(&self, id: &ServiceId) -> Result<Map<String, Value>> {
        let sealed = self.store.look(|connection| store::service_configuration::of(connection, &id.0))?;
        self.open(&id.0, sealed)
    }

    /// Which keys are set, without their values.
    pub async fn keys(&self, _: &AdminActor, id: &ServiceId) -> Result<Vec<ConfiguredKey>> {
        let service_id = id.0.clone();
        let sealed =
            self.store.read(move |connection| store::service_configuration::of(connection, &service_id)).await?;
        Ok(sealed.into_iter().map(|(name, _)| ConfiguredKey { is_secret: is_secret(&name), name }).collect())
    }

    /// Sets these keys and leaves the others alone. A value of [`MASK`] leaves what is kept.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for keys that will not do.
    pub async fn set_some(&self, actor: &SudoActor, id: &ServiceId, values: Map<String, Value>) -> Result<()> {
        self.change(actor, id, values, Vec::new()).await
    }

    /// Sets these keys and forgets all others. A value of [`MASK`] leaves what is kept.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for keys that will not do.
    pub async fn replace(&self, actor: &SudoActor, id: &ServiceId, values: Map<String, Value>) -> Result<()> {
        let named: Vec<String> = values.keys().cloned().collect();
        self.write(actor, id, values, move |name| !named.iter().any(|named| named == name)).await
    }

    /// Sets these keys, forgets those in `forgotten`, which wins, and leaves the others alone: all of it or nothing. A
    /// value of [`MASK`] leaves what is kept; a key to forget that is not there is no error.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for keys that will not do.
    pub async fn change(
        &self,
        actor: &SudoActor,
        id: &ServiceId,
        mut values: Map<String, Value>,
        forgotten: Vec<String>,
    ) -> Result<()> {
        values.retain(|name, _| !forgotten.contains(name));
        self.write(actor, id, values, move |name| forgotten.iter().any(|forgotten| forgotten == name)).await
    }

    async fn write(
        &self,
        actor: &SudoActor,
        id: &ServiceId,
        values: Map<String, Value>,
        is_forgotten: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<()> {
        if let Some(odd) = values.keys().find(|key| !is_key(key)) {
            return Err(ServerError::Invalid(format!(
                "{odd:?} is no key: write 1 to {KEY_MAX} characters without blanks, and not serviceId."
            )));
        }
        let (key, id, by) = (self.key.clone(), id.0.clone(), actor.by());
        self.store
            .write("set connector configuration", move |tx| {
                let kept: BTreeMap<String, String> = store::service_configuration::of(tx, &id)?.into_iter().collect();
                let deleted = forget(tx, &id, is_forgotten)?;
                let mut set: Vec<&str> = Vec::new();
                for (name, value) in values.iter().filter(|(_, value)| *value != MASK) {
                    let place = place(&id, name);
                    let plain = serde_json::to_string(value)?;
                    let old = kept.get(name).map(|sealed| key.unseal(&place, sealed)).transpose()?;
                    if old.as_ref() != Some(&plain) {
                        store::service_configuration::set(tx, &id, name, &key.seal(&place, &plain)?, now_ms())?;
                        set.push(name);
                    }
                }
                if store::service_configuration::of(tx, &id)?.len() > KEYS_MAX {
                    return Err(ServerError::Invalid(format!("A connector has at most {KEYS_MAX} keys.")));
                }
                if set.is_empty() && deleted.is_empty() {
                    return Ok(());
                }
                let deed = Deed::new("service-config.set", &id).after(json!({ "set": set, "deleted": deleted }));
                store::audit::append(tx, &by, &deed, now_ms())
            })
            .await
    }

    /// Forgets everything of a connector. One without values is no error.
    pub async fn delete(&self, actor: &SudoActor, id: &ServiceId) -> Result<()> {
        let (id, by) = (id.0.clone(), actor.by());
        self.store
            .write("delete connector configuration", move |tx| {
                let gone = forget(tx, &id, |_| true)?;
                if gone.is_empty() {
                    return Ok(());
                }
                let deed = Deed::new("service-config.delete", &id).before(json!({ "keys": gone }));
                store::audit::append(tx, &by, &deed, now_ms())
            })
            .await
    }

    fn open(&self, service_id: &str, sealed: Vec<(String, String)>) -> Result<Map<String, Value>> {
        sealed
            .into_iter()
            .map(|(name, sealed)| {
                let plain = self.key.unseal(&place(service_id, &name), &sealed)?;
                Ok((name, serde_json::from_str(&plain)?))
            })
            .collect()
    }

    /// Masks what a browser does not need; writes down that a program has read the rest.
    async fn shown(&self, actor: &AdminActor, found: Vec<ServiceConfiguration>) -> Result<Vec<ServiceConfiguration>> {
        if let Via::Session { .. } = actor.via() {
            return Ok(found.into_iter().map(ServiceConfiguration::masked).collect());
        }
        let read: Vec<(String, Vec<String>)> =
            found.iter().map(|found| (found.service_id.clone(), found.values.keys().cloned().collect())).collect();
        if !read.is_empty() {
            let by = actor.by();
            self.store
                .write("connector configuration read", move |tx| {
                    for (service_id, keys) in read {
                        let deed = Deed::new("service-config.read", service_id).after(json!({ "keys": keys }));
                        store::audit::append(tx, &by, &deed, now_ms())?;
                    }
                    Ok(())
                })
                .await?;
        }
        Ok(found)
    }
}

fn forget(tx: &Transaction<'_>, id: &str, is_meant: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let kept = store::service_configuration::of(tx, id)?;
    let gone: Vec<String> = kept.into_iter().map(|(name, _)| name).filter(|name| is_meant(name)).collect();
    for name in &gone {
        store::service_configuration::delete(tx, id, name)?;
    }
    Ok(gone)
}

/// What a value is sealed for. Names of connectors hold no slash, so no two places are the same.
fn place(service_id: &str, key: &str) -> String {
    format!("{service_id}/{key}")
}

fn is_key(key: &str) -> bool {
    let is_printable = |c: char| !c.is_control() && !c.is_whitespace();
    !key.is_empty() && key.len() <= KEY_MAX && key != "serviceId" && key.chars().all(is_printable)
}
