//! The documents of plugins (`context.db.Model`), in collections of their own.

use std::cmp::Ordering;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::{Answer, PluginCalls};
use crate::server::{
    engine::{
        calls::{internal, path},
        host::CallError,
        record_query::Query,
    },
    error::{Result, ServerError},
    settings::MESSAGE_MAX_BYTES,
    store::{self, plugins::Collection},
};

/// What one plugin may keep, in bytes of JSON.
const KEPT_MAX: u64 = 256 << 20;
/// What one search gives at most.
pub(super) const FOUND_MAX: usize = 10_000;
/// Longest name of a collection, and longest id, in bytes.
const NAME_MAX: usize = 200;
const ID_MAX: usize = 1024;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub collection: String,
    pub id: String,
    pub document: Map<String, Value>,
    pub query: Value,
    pub limit: Option<f64>,
    pub skip: Option<f64>,
    pub sort: Option<Map<String, Value>>,
}

impl Asked {
    /// # Errors
    /// What cannot be asked, in words.
    pub fn query(&self) -> Result<Query, CallError> {
        // By itself, a field named `query` would be taken for the whole.
        Query::read(&json!({ "query": self.query })).map_err(CallError::new)
    }

    fn limit(&self) -> Option<usize> {
        self.limit.filter(|limit| *limit >= 1.0).map(|limit| limit as usize)
    }

    /// Those of the documents that are asked for, in their order.
    ///
    /// # Errors
    /// When there are too many.
    pub fn choose(&self, mut found: Vec<Value>) -> Result<Vec<Value>, CallError> {
        if let Some(sort) = &self.sort {
            found.sort_by(|one, other| ordered(one, other, sort));
        }
        let skip = self.skip.filter(|skip| *skip >= 1.0).map_or(0, |skip| skip as usize);
        let found: Vec<Value> = found.into_iter().skip(skip).take(self.limit().unwrap_or(usize::MAX)).collect();
        if found.len() > FOUND_MAX {
            return Err(CallError::new(format!(
                "More than {FOUND_MAX} documents fit: ask for less of them, with a limit."
            )));
        }
        Ok(found)
    }
}

fn ordered(one: &Value, other: &Value, sort: &Map<String, Value>) -> Ordering {
    let field = |value: &Value, name: &str| value.as_object().and_then(|fields| path::get(fields, name).cloned());
    for (name, way) in sort {
        let order = compared(field(one, name).as_ref(), field(other, name).as_ref());
        let order = if way.as_f64().is_some_and(|way| way < 0.0) { order.reverse() } else { order };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

/// What is missing comes first, then numbers, texts, and all else.
fn compared(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None | Some(Value::Null) => 0,
        Some(Value::Number(_)) => 1,
        Some(Value::String(_)) => 2,
        Some(_) => 3,
    };
    match (one, other) {
        (Some(Value::Number(one)), Some(Value::Number(other))) => {
            one.as_f64().unwrap_or_default().total_cmp(&other.as_f64().unwrap_or_default())
        }
        (Some(Value::String(one)), Some(Value::String(other))) => one.cmp(other),
        _ => rank(one).cmp(&rank(other)),
    }
}

impl PluginCalls {
    pub(super) async fn model(&self, verb: &str, asked: Asked) -> Answer {
        if asked.collection.is_empty() || asked.collection.len() > NAME_MAX || asked.id.len() > ID_MAX {
            return Err(CallError::new(format!(
                "A collection has a name of at most {NAME_MAX} bytes, and its documents ids of at most {ID_MAX}."
            )));
        }
        let of = Collection { plugin: self.plugin.name.clone(), name: asked.collection.clone() };
        let store = &self.engine.inner.store;
        match verb {
            "get" => {
                let found = store.read(move |connection| store::plugins::get(connection, &of, &asked.id)).await;
                Ok(found.map_err(internal)?.map_or(Value::Null, Value::Object))
            }
            "find" => {
                let found = self.search(of, asked.query()?).await?;
                Ok(Value::Array(asked.choose(found)?))
            }
            "count" => Ok(json!(self.search(of, asked.query()?).await?.len())),
            "save" => self.save(of, asked).await,
            "remove" => {
                let removing = store.write("delete a document", move |tx| store::plugins::delete(tx, &of, &asked.id));
                Ok(json!(removing.await.map_err(internal)?))
            }
            "delete" => {
                let (query, limit) = (asked.query()?, asked.limit().unwrap_or(usize::MAX));
                let deleting = store.write("delete documents", move |tx| {
                    let mut ids = Vec::new();
                    store::plugins::visit(tx, &of, |id, document| {
                        if query.fits(&document) {
                            ids.push(id);
                        }
                        Ok(ids.len() < limit)
                    })?;
                    for id in &ids {
                        store::plugins::delete(tx, &of, id)?;
                    }
                    Ok(ids.len())
                });
                Ok(json!(deleting.await.map_err(internal)?))
            }
            _ => Err(CallError::new(format!("This server does not support the call model.{verb}."))),
        }
    }

    async fn search(&self, of: Collection, query: Query) -> Result<Vec<Value>, CallError> {
        let searching = self.engine.inner.store.read(move |connection| {
            let mut found = Vec::new();
            store::plugins::visit(connection, &of, |_, document| {
                if query.fits(&document) {
                    found.push(Value::Object(document));
                }
                Ok(true)
            })?;
            Ok(found)
        });
        searching.await.map_err(internal)
    }

    async fn save(&self, of: Collection, asked: Asked) -> Answer {
        let Asked { id, document, .. } = asked;
        if id.is_empty() {
            return Err(CallError::new("A document needs an id."));
        }
        let most = self.engine.inner.settings.number(MESSAGE_MAX_BYTES);
        let (module, now) = (self.plugin.module.as_str().to_owned(), self.engine.now());
        let saving = self.engine.inner.store.write("keep a document", move |tx| {
            if serde_json::to_vec(&document)?.len() as u64 > most {
                return Err(ServerError::Invalid(format!(
                    "The document is too big: at most {most} bytes are allowed."
                )));
            }
            let kept = store::plugins::put(tx, &of, &module, &id, &document, now)?;
            if kept > KEPT_MAX {
                let plugin = &of.plugin;
                return Err(ServerError::Invalid(format!(
                    "The plugin {plugin} keeps too much: at most {KEPT_MAX} bytes of documents are allowed."
                )));
            }
            Ok(())
        });
        saving.await.map_err(internal)?;
        Ok(Value::Null)
    }
}
