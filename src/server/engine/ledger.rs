//! Changes of records within one transaction, and who is told of them.

use rusqlite::Transaction;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Engine, queue::accept};
use crate::server::{
    error::{Result, ServerError},
    settings::MESSAGE_MAX_BYTES,
    store::{
        self,
        data_stores::{Order, Record},
        queue::{Body, Kind, Lane, Message},
    },
    time::iso,
};

/// Longest key, in bytes.
const KEY_MAX: usize = 1024;

/// What has happened to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Insert,
    Update,
    Delete,
}

impl Event {
    fn as_str(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// What components may be told of.
pub(super) const EVENTS: [&str; 3] = ["insert", "update", "delete"];

/// Changes of records within one transaction, with what is told of them.
pub(super) struct Ledger<'a, 'c> {
    pub tx: &'a Transaction<'c>,
    pub now: i64,
    /// Largest value, in bytes of JSON.
    most: u64,
    lanes: Vec<Lane>,
}

impl Ledger<'_, '_> {
    /// Keeps a value; gives the record, and what it was before.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for a key that will not do, [`ServerError::TooLarge`] for the value.
    pub fn put(&mut self, store_id: &str, key: &str, value: Value) -> Result<(Record, Option<Record>)> {
        if key.is_empty() || key.len() > KEY_MAX || key.contains('\0') {
            return Err(ServerError::Invalid(format!(
                "A key is a text of 1 to {KEY_MAX} bytes, without null characters."
            )));
        }
        if serde_json::to_vec(&value)?.len() as u64 > self.most {
            return Err(ServerError::TooLarge { limit: self.most });
        }
        let before = store::data_stores::record(self.tx, store_id, key)?;
        let record = Record {
            store_id: store_id.to_owned(),
            key: key.to_owned(),
            value,
            created_at: before.as_ref().map_or(self.now, |before| before.created_at),
            updated_at: self.now,
        };
        store::data_stores::put_record(self.tx, &record)?;
        let event = if before.is_some() { Event::Update } else { Event::Insert };
        self.tell(event, &record, before.as_ref().map(|before| &before.value))?;
        Ok((record, before))
    }

    /// Takes a record away; gives what it was.
    pub fn remove(&mut self, store_id: &str, key: &str) -> Result<Option<Record>> {
        let before = store::data_stores::record(self.tx, store_id, key)?;
        if let Some(before) = &before {
            store::data_stores::delete_record(self.tx, store_id, key)?;
            self.tell_of_removal(before)?;
        }
        Ok(before)
    }

    /// Takes all records away; gives their number.
    pub fn clear(&mut self, store_id: &str) -> Result<u64> {
        let told = store::data_stores::registrations(self.tx, store_id)?;
        if told.iter().any(|told| told.events.iter().any(|event| event == Event::Delete.as_str())) {
            let mut records = Vec::new();
            store::data_stores::visit(self.tx, store_id, Order::default(), 0, |record| {
                records.push(record);
                Ok(true)
            })?;
            for record in &records {
                self.tell_of_removal(record)?;
            }
        }
        store::data_stores::clear(self.tx, store_id)
    }

    fn tell_of_removal(&mut self, before: &Record) -> Result<()> {
        let after = Record { value: Value::Null, updated_at: self.now, ..before.clone() };
        self.tell(Event::Delete, &after, Some(&before.value))
    }

    /// Gives the change to every component that wants to hear of it and whose flow runs.
    fn tell(&mut self, event: Event, record: &Record, before: Option<&Value>) -> Result<()> {
        for told in store::data_stores::registrations(self.tx, &record.store_id)? {
            if !told.events.iter().any(|wanted| wanted == event.as_str()) {
                continue;
            }
            let Some(run_id) = store::flows::pulse(self.tx, &told.flow_id)?.and_then(|pulse| pulse.run_id) else {
                continue;
            };
            let mut current = record_view(record);
            if let Some(before) = before {
                current["oldValue"] = before.clone();
            }
            let content = json!({
                "method": "POST",
                "data": { "type": event.as_str(), "currentValue": current },
                "query": {},
                "headers": {},
                "hostname": "",
            });
            let kind = Kind::Webhook;
            let lane =
                Lane { flow_id: told.flow_id, component_id: told.component_id, kind, port: kind.as_str().to_owned() };
            let message = Message {
                id: Uuid::new_v4().to_string(),
                lane: lane.clone(),
                run_id,
                due_at: self.now,
                attempts: 0,
                correlation_id: Uuid::new_v4().to_string(),
                sender: None,
                body: Body { content, scope: json!({}) },
                created_at: self.now,
            };
            if accept(self.tx, &[message])? {
                self.lanes.push(lane);
            }
        }
        Ok(())
    }
}

/// A record as the public protocol shows it.
pub fn record_view(record: &Record) -> Value {
    json!({
        "key": record.key,
        "storeId": record.store_id,
        "value": record.value,
        "createdAt": iso(record.created_at),
        "updatedAt": iso(record.updated_at),
    })
}

impl Engine {
    /// Changes records in one transaction, and wakes whoever is told of it.
    pub(super) async fn change_records<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Ledger<'_, '_>) -> Result<T> + Send + 'static,
    {
        let (now, most) = (self.now(), self.inner.settings.number(MESSAGE_MAX_BYTES));
        let (result, lanes) = self
            .inner
            .store
            .write(name, move |tx| {
                let mut ledger = Ledger { tx, now, most, lanes: Vec::new() };
                let result = work(&mut ledger)?;
                Ok((result, ledger.lanes))
            })
            .await?;
        for lane in lanes {
            self.schedule(lane, now);
        }
        Ok(result)
    }
}
