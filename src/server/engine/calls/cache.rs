//! What the components of a flow keep for each other in memory for a while.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, ComponentCalls};

/// Values of all flows; the oldest goes first.
const MOST: usize = 10_000;

/// Values by flow and key.
#[derive(Default)]
pub(in crate::server::engine) struct Cache {
    values: Mutex<HashMap<(String, String), Cached>>,
}

struct Cached {
    value: Value,
    since: i64,
    /// Milliseconds since the Unix epoch.
    until: i64,
}

#[derive(Deserialize)]
pub(super) struct Key {
    key: String,
}

#[derive(Deserialize)]
pub(super) struct Kept {
    key: String,
    #[serde(default)]
    value: Value,
    /// In milliseconds; none keeps it until there is no room.
    #[serde(default)]
    ttl: Option<f64>,
}

impl Cache {
    pub fn forget(&self, flow_id: &str) {
        self.values.lock().retain(|(flow, _), _| flow != flow_id);
    }
}

impl ComponentCalls {
    fn place(&self, key: String) -> (String, String) {
        (self.origin.flow_id().to_owned(), key)
    }

    pub(super) fn cached(&self, key: Key) -> Answer {
        let now = self.engine.now();
        let values = self.engine.inner.cache.values.lock();
        let cached = values.get(&self.place(key.key)).filter(|cached| cached.until > now);
        Ok(cached.map_or(Value::Null, |cached| cached.value.clone()))
    }

    pub(super) fn cache(&self, kept: Kept) -> Answer {
        let now = self.engine.now();
        let until = kept.ttl.map_or(i64::MAX, |ttl| now.saturating_add(ttl as i64));
        let mut values = self.engine.inner.cache.values.lock();
        if values.len() >= MOST {
            values.retain(|_, cached| cached.until > now);
        }
        if values.len() >= MOST {
            let oldest = values.iter().min_by_key(|(_, cached)| cached.since).map(|(place, _)| place.clone());
            oldest.and_then(|oldest| values.remove(&oldest));
        }
        values.insert(self.place(kept.key), Cached { value: kept.value, since: now, until });
        Ok(Value::Null)
    }

    pub(super) fn uncache(&self, key: Key) -> Answer {
        self.engine.inner.cache.values.lock().remove(&self.place(key.key));
        Ok(Value::Null)
    }
}
