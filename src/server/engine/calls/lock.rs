//! Locks that components of one service share, over all flows. They live in memory: what held them is gone after a restart.
//! Those of a process that ends are free again, however long they were to last.

use std::collections::HashMap;

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{Answer, ComponentCalls};
use crate::server::engine::host::CallError;

/// In milliseconds, where the component does not say.
const TTL: u32 = 20_000;
const RETRY_DELAY: u32 = 200;
const RETRY_COUNT: u32 = 30;

/// Who holds what.
#[derive(Default)]
pub(in crate::server::engine) struct Locks {
    /// By service and name.
    held: Mutex<HashMap<String, Held>>,
    freed: Notify,
}

struct Held {
    id: String,
    /// Milliseconds since the Unix epoch.
    until: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    name: String,
    #[serde(default)]
    ttl: Option<u32>,
    #[serde(default)]
    retry_delay: Option<u32>,
    #[serde(default)]
    max_retry_count: Option<u32>,
}

#[derive(Deserialize)]
pub(super) struct Extended {
    lock: String,
    ms: u32,
}

#[derive(Deserialize)]
pub(super) struct Unlocked {
    lock: String,
}

impl Locks {
    /// The id of the lock, or until when somebody else holds it.
    fn take(&self, name: &str, now: i64, until: i64) -> Result<String, i64> {
        let mut held = self.held.lock();
        if let Some(other) = held.get(name).filter(|other| other.until > now) {
            return Err(other.until);
        }
        let id = Uuid::new_v4().to_string();
        held.insert(name.to_owned(), Held { id: id.clone(), until });
        Ok(id)
    }

    /// Gives locks back, and tells those who wait.
    pub fn free(&self, ids: &[String]) {
        self.held.lock().retain(|_, held| !ids.contains(&held.id));
        self.freed.notify_waiters();
    }
}

impl ComponentCalls {
    pub(super) async fn lock(&self, wanted: Wanted) -> Answer {
        let (engine, locks) = (&self.engine, &self.engine.inner.locks);
        let name = format!("{}/{}", self.origin.service(), wanted.name);
        let ttl = i64::from(wanted.ttl.unwrap_or(TTL));
        let delay = i64::from(wanted.retry_delay.unwrap_or(RETRY_DELAY));
        let retries = i64::from(wanted.max_retry_count.unwrap_or(RETRY_COUNT));
        let patience = engine.now().saturating_add(delay.saturating_mul(retries));
        loop {
            let freed = locks.freed.notified();
            let now = engine.now();
            let until = match locks.take(&name, now, now.saturating_add(ttl)) {
                Ok(id) => return self.hold(id),
                Err(until) => until,
            };
            if now >= patience {
                return Err(CallError {
                    name: Some("LockError".to_owned()),
                    code: Some("LOCKED".to_owned()),
                    message: format!("The lock {:?} is held by somebody else; given up after waiting.", wanted.name),
                });
            }
            tokio::select! {
                () = freed => {}
                () = engine.inner.clock.sleep_until(patience.min(until)) => {}
            }
        }
    }

    pub(super) fn extend(&self, extended: Extended) -> Answer {
        let now = self.engine.now();
        let mut held = self.engine.inner.locks.held.lock();
        match held.values_mut().find(|held| held.id == extended.lock && held.until > now) {
            Some(held) => {
                held.until = now.saturating_add(i64::from(extended.ms));
                Ok(Value::Null)
            }
            None => Err(CallError::new("The lock has run out, so it cannot be extended.")),
        }
    }

    /// A lock that has run out, or was given back before, is no error.
    pub(super) fn unlock(&self, unlocked: Unlocked) -> Answer {
        self.engine.inner.locks.free(&[unlocked.lock]);
        Ok(Value::Null)
    }

    /// Remembers a lock that was taken, to free it when the component is gone; one that came too late is freed at once.
    fn hold(&self, id: String) -> Answer {
        if let Some(locks) = self.locks.lock().as_mut() {
            locks.push(id.clone());
            return Ok(Value::from(id));
        }
        self.engine.inner.locks.free(&[id]);
        Err(CallError::new("The process of the component has ended."))
    }
}
