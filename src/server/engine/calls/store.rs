//! Data stores of the flow's owner.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ComponentCalls, internal, unknown};
use crate::server::{
    engine::{
        host::CallError,
        ledger::{EVENTS, Ledger, record_view},
        record_query::Query,
    },
    error::{Result, ServerError},
    store::{
        self,
        data_stores::{By, Order, Registration},
    },
};

/// Most records in one answer; a cursor goes through more.
const FOUND_MAX: u64 = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    #[serde(default)]
    store_id: Option<String>,
    #[serde(default)]
    key: Value,
    #[serde(default)]
    value: Value,
    #[serde(default)]
    query: Value,
    #[serde(default)]
    offset: u64,
    #[serde(default)]
    limit: Option<u64>,
    #[serde(default)]
    sort: Value,
    #[serde(default)]
    events: Option<Vec<String>>,
}

impl ComponentCalls {
    pub(super) async fn store(&self, verb: &str, asked: Asked) -> Answer {
        if verb == "list" {
            return self.list_stores().await;
        }
        let Asked { store_id, key, value, query, offset, limit, sort, events } = asked;
        let missing = |what: &str| CallError::new(format!("store.{verb} needs {what}."));
        let id = store_id.filter(|id| !id.is_empty()).ok_or_else(|| missing("a storeId"))?;
        let key = || match key {
            Value::String(key) if !key.is_empty() => Ok(key),
            Value::Number(key) => Ok(key.to_string()),
            _ => Err(missing("a key")),
        };
        match verb {
            "get" => self.get_record(id, key()?).await,
            "set" => {
                let key = key()?;
                self.change_store(id, move |ledger, id| {
                    let (record, before) = ledger.put(id, &key, value)?;
                    let mut told = record_view(&record);
                    told["oldValue"] = before.map_or(Value::Null, |before| before.value);
                    Ok(told)
                })
                .await
            }
            "remove" => {
                let key = key()?;
                self.change_store(id, move |ledger, id| {
                    let before = ledger.remove(id, &key)?.map_or(Value::Null, |before| before.value);
                    Ok(json!({ "key": key, "storeId": id, "oldValue": before }))
                })
                .await
            }
            "clear" => self.change_store(id, |ledger, id| Ok(json!({ "deletedCount": ledger.clear(id)? }))).await,
            "find" => {
                let found = self.look(id, &query, Order::default(), 0, FOUND_MAX + 1).await?;
                if found.len() as u64 > FOUND_MAX {
                    let text = format!("More than {FOUND_MAX} records are found. Go through them with a cursor.");
                    return Err(CallError::new(text));
                }
                Ok(Value::Array(found))
            }
            "page" => {
                let limit = limit.unwrap_or(FOUND_MAX).min(FOUND_MAX);
                self.look(id, &query, order(&sort)?, offset, limit).await.map(Value::Array)
            }
            "count" => self.count(id, &query).await,
            "registerWebhook" => {
                let events = events.unwrap_or_else(|| EVENTS.map(str::to_owned).to_vec());
                if let Some(other) = events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
                    return Err(CallError::new(format!("{other:?} is none of {}.", EVENTS.join(", "))));
                }
                let (flow_id, component_id) = (self.origin.flow_id().to_owned(), self.origin.component_id.clone());
                self.change_store(id, move |ledger, id| {
                    let registration = Registration { flow_id, component_id, events };
                    store::data_stores::register(ledger.tx, id, &registration)?;
                    Ok(Value::Null)
                })
                .await
            }
            "unregisterWebhook" => {
                let (flow_id, component_id) = (self.origin.flow_id().to_owned(), self.origin.component_id.clone());
                // One whose store is gone has nothing to hear any more, and is no error.
                self.engine
                    .change_records("unregister a component", move |ledger| {
                        store::data_stores::unregister(ledger.tx, &id, &flow_id, &component_id)
                    })
                    .await
                    .map_err(internal)?;
                Ok(Value::Null)
            }
            _ => Err(unknown(&format!("store.{verb}"))),
        }
    }

    fn owner(&self) -> String {
        self.origin.loaded.flow.user_id.clone()
    }

    async fn list_stores(&self) -> Answer {
        let owner = self.owner();
        let stores = self.engine.inner.store.read(move |connection| store::data_stores::list(connection, Some(&owner)));
        let stores = stores.await.map_err(internal)?;
        Ok(stores.into_iter().map(|store| json!({ "name": store.name, "storeId": store.id })).collect())
    }

    async fn get_record(&self, id: String, key: String) -> Answer {
        let owner = self.owner();
        let read = self.engine.inner.store.read(move |connection| {
            check(connection, &owner, &id)?;
            Ok(match store::data_stores::record(connection, &id, &key)? {
                Some(record) => record_view(&record),
                None => json!({ "key": key, "storeId": id, "value": null }),
            })
        });
        read.await.map_err(internal)
    }

    /// Changes a store of the owner's in one transaction; `work` gets its id.
    async fn change_store<F>(&self, id: String, work: F) -> Answer
    where
        F: FnOnce(&mut Ledger<'_, '_>, &str) -> Result<Value> + Send + 'static,
    {
        let owner = self.owner();
        let changed = self.engine.change_records("change a data store", move |ledger| {
            check(ledger.tx, &owner, &id)?;
            work(ledger, &id)
        });
        changed.await.map_err(|cause| match cause {
            ServerError::TooLarge { limit } => {
                CallError::new(format!("The value is too big: at most {limit} bytes are allowed."))
            }
            other => internal(other),
        })
    }

    async fn look(
        &self,
        id: String,
        query: &Value,
        order: Order,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<Value>, CallError> {
        let query = Query::read(query).map_err(CallError::new)?;
        let owner = self.owner();
        let read = self.engine.inner.store.read(move |connection| {
            check(connection, &owner, &id)?;
            let mut found = Vec::new();
            // Without a query the store counts off what is skipped.
            let mut skip = if query.is_any() { 0 } else { offset };
            if limit == 0 {
                return Ok(found);
            }
            store::data_stores::visit(connection, &id, order, offset - skip, |record| {
                let shown = record_view(&record);
                if shown.as_object().is_some_and(|fields| query.fits(fields)) {
                    if skip > 0 {
                        skip -= 1;
                    } else {
                        found.push(shown);
                    }
                }
                Ok((found.len() as u64) < limit)
            })?;
            Ok(found)
        });
        read.await.map_err(internal)
    }

    async fn count(&self, id: String, query: &Value) -> Answer {
        let query = Query::read(query).map_err(CallError::new)?;
        let owner = self.owner();
        let read = self.engine.inner.store.read(move |connection| {
            check(connection, &owner, &id)?;
            if query.is_any() {
                return store::data_stores::count(connection, &id);
            }
            let mut count = 0;
            store::data_stores::visit(connection, &id, Order::default(), 0, |record| {
                count += u64::from(record_view(&record).as_object().is_some_and(|fields| query.fits(fields)));
                Ok(true)
            })?;
            Ok(count)
        });
        read.await.map(Value::from).map_err(internal)
    }
}

fn check(connection: &rusqlite::Connection, owner: &str, id: &str) -> Result<()> {
    match store::data_stores::get(connection, id)? {
        Some(found) if found.user_id == owner => Ok(()),
        _ => Err(ServerError::NotFound(format!("Store with {id} not found."))),
    }
}

/// `{"field": 1}` or `{"field": -1}`; nothing is the order in which records were made.
fn order(sort: &Value) -> Result<Order, CallError> {
    let fault = || CallError::new("Records are sorted by one of key, createdAt and updatedAt, with 1 or -1.");
    let fields = match sort {
        Value::Null => return Ok(Order::default()),
        Value::Object(fields) if fields.is_empty() => return Ok(Order::default()),
        Value::Object(fields) if fields.len() == 1 => fields,
        _ => return Err(fault()),
    };
    let (field, direction) = fields.iter().next().ok_or_else(fault)?;
    let by = match field.as_str() {
        "key" => By::Key,
        "createdAt" | "_id" => By::Created,
        "updatedAt" => By::Updated,
        _ => return Err(fault()),
    };
    match direction.as_i64() {
        Some(1) => Ok(Order { by, is_descending: false }),
        Some(-1) => Ok(Order { by, is_descending: true }),
        _ => Err(fault()),
    }
}
