//! The system configuration: what administrators have stored, and what holds without it.

pub mod accounts;
pub mod connectors;
mod known;

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;
use serde_json::{Value, json};

pub use accounts::Accounts;
pub use connectors::Connectors;
pub use known::{
    ARCHIVE_MAX_BYTES, COMPONENT_POLLING_INTERVAL, COMPONENT_RECEIVE_TIMEOUT, FILE_MAX_BYTES, KNOWN, Kind, Known,
    MESSAGE_MAX_BYTES, PLUGIN_REQUEST_TIMEOUT, RETRY_INIT_EXP, RETRY_MAX_COUNT, RETRY_MAX_EXP, USER_CREATE_SCOPE,
    USER_VENDOR, WAITING_QUEUE_MIN_TIMEOUT, WEBHOOK_FLOW_COMPONENT_ERROR, WEBHOOK_FLOW_STOPPED, WEBHOOK_RETRY_COUNT,
    WEBHOOK_RETRY_INTERVAL, WEBHOOK_RETRY_MAX, WEBHOOK_SUMMARY_MINUTES, known,
};

use super::{
    access::{AdminActor, SudoActor},
    error::{Result, ServerError},
    store::{self, Store, audit::Deed},
    time::now_ms,
};
use crate::domain::secrets::{MASK, is_secret};

/// Longest key, in bytes.
const KEY_MAX: usize = 200;
/// Most stored keys.
const KEYS_MAX: usize = 1000;

/// The system configuration service. Reading costs nothing: the stored values lie in memory.
#[derive(Clone)]
pub struct Settings {
    store: Store,
    stored: Arc<RwLock<BTreeMap<String, Value>>>,
}

impl Settings {
    pub async fn open(store: Store) -> Result<Self> {
        let stored = store.read(store::configuration::list).await?.into_iter().collect();
        Ok(Self { store, stored: Arc::new(RwLock::new(stored)) })
    }

    /// The stored value alone.
    pub fn stored(&self, key: &str) -> Option<Value> {
        self.stored.read().get(key).cloned()
    }

    /// The stored number, else the default; 0 for a key that is not known as a number.
    pub fn number(&self, key: &str) -> u64 {
        let default = match known(key).map(|known| known.kind) {
            Some(Kind::Number(default)) => default,
            _ => 0,
        };
        self.stored(key).and_then(|value| value.as_u64()).unwrap_or(default)
    }

    /// The stored flag, else the default; `false` for a key that is not known as a flag.
    pub fn flag(&self, key: &str) -> bool {
        let default = matches!(known(key).map(|known| known.kind), Some(Kind::Flag(true)));
        self.stored(key).and_then(|value| value.as_bool()).unwrap_or(default)
    }

    /// The stored text, else the default; empty for a key that is not known as a text.
    pub fn text(&self, key: &str) -> String {
        let default = match known(key).map(|known| known.kind) {
            Some(Kind::Text(default)) => default,
            _ => "",
        };
        self.stored(key).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_else(|| default.to_owned())
    }

    /// Every stored value, in the order of the keys.
    pub fn list(&self, _: &AdminActor) -> Vec<(String, Value)> {
        self.stored.read().iter().map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// Stores a value; gives it as it is stored. Keys that are not known are kept as they come.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for a key or a value that will not do.
    pub async fn set(&self, actor: &SudoActor, key: &str, value: Value) -> Result<Value> {
        if key.is_empty() || key.len() > KEY_MAX || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(ServerError::Invalid(format!(
                "A key is 1 to {KEY_MAX} letters, digits and signs without blanks, such as RETRY_MAX_COUNT."
            )));
        }
        let value = match known(key) {
            Some(known) => known.checked(value).map_err(ServerError::Invalid)?,
            None => value,
        };
        let (by, name, kept) = (actor.by(), key.to_owned(), value.clone());
        let changed = self
            .store
            .write("set configuration", move |tx| {
                let before = store::configuration::get(tx, &name)?;
                if before.is_none() && store::configuration::list(tx)?.len() >= KEYS_MAX {
                    return Err(ServerError::Invalid(format!("There are {KEYS_MAX} keys already. Delete one first.")));
                }
                if before.as_ref() != Some(&kept) {
                    store::configuration::set(tx, &name, &kept, now_ms())?;
                    let mut deed = Deed::new("config.set", &name).after(shown(&name, &kept));
                    deed.before = before.map(|before| shown(&name, &before));
                    store::audit::append(tx, &by, &deed, now_ms())?;
                }
                store::configuration::list(tx)
            })
            .await?;
        self.refresh(changed);
        Ok(value)
    }

    /// Forgets a stored value, so that the default holds again. One that is not there is no error.
    pub async fn delete(&self, actor: &SudoActor, key: &str) -> Result<()> {
        let (by, key) = (actor.by(), key.to_owned());
        let changed = self
            .store
            .write("delete configuration", move |tx| {
                if let Some(before) = store::configuration::get(tx, &key)? {
                    store::configuration::delete(tx, &key)?;
                    let deed = Deed::new("config.delete", &key).before(shown(&key, &before));
                    store::audit::append(tx, &by, &deed, now_ms())?;
                }
                store::configuration::list(tx)
            })
            .await?;
        self.refresh(changed);
        Ok(())
    }

    fn refresh(&self, stored: Vec<(String, Value)>) {
        *self.stored.write() = stored.into_iter().collect();
    }
}

/// A value as the audit trail keeps it.
fn shown(key: &str, value: &Value) -> Value {
    json!({ "value": if is_secret(key) { Value::from(MASK) } else { value.clone() } })
}
