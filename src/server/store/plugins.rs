//! What plugins keep: documents in collections of their own, and who listens for their events.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Map, Value};

use super::{from_json, to_json};
use crate::server::error::Result;

/// A collection of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// `vendor.service` or `vendor.service.module`.
    pub plugin: String,
    pub name: String,
}

/// A component that hears of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct Listener {
    pub flow_id: String,
    pub component_id: String,
    pub event: String,
    /// Of the plugin that tells of it.
    pub plugin: String,
    pub params: Value,
}

pub fn get(connection: &Connection, of: &Collection, id: &str) -> Result<Option<Map<String, Value>>> {
    connection
        .prepare_cached("SELECT document FROM plugin_documents WHERE plugin = ?1 AND collection = ?2 AND id = ?3")?
        .query_row([&of.plugin, &of.name, id], |row| row.get::<_, String>(0))
        .optional()?
        .map(|document| from_json(&document))
        .transpose()
}

/// Keeps a document in place of the one with its id; gives how many bytes the plugin keeps now.
pub fn put(
    tx: &Transaction<'_>,
    of: &Collection,
    module: &str,
    id: &str,
    document: &Map<String, Value>,
    now: i64,
) -> Result<u64> {
    let text = to_json(document)?;
    let bytes = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let before = bytes_of(tx, of, id)?;
    tx.prepare_cached(
        "INSERT INTO plugin_documents (plugin, collection, id, document, bytes, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (plugin, collection, id) DO UPDATE SET document = excluded.document, bytes = excluded.bytes",
    )?
    .execute(params![of.plugin, of.name, id, text, bytes, now])?;
    let kept = tx
        .prepare_cached(
            "INSERT INTO plugin_collections (plugin, module, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT (plugin) DO UPDATE SET module = excluded.module, bytes = plugin_collections.bytes + ?3
             RETURNING bytes",
        )?
        .query_row(params![of.plugin, module, bytes - before], |row| row.get::<_, i64>(0))?;
    Ok(kept.unsigned_abs())
}

/// Forgets a document; gives whether it was there.
pub fn delete(tx: &Transaction<'_>, of: &Collection, id: &str) -> Result<bool> {
    let before = bytes_of(tx, of, id)?;
    let deleted = tx
        .prepare_cached("DELETE FROM plugin_documents WHERE plugin = ?1 AND collection = ?2 AND id = ?3")?
        .execute([&of.plugin, &of.name, id])?;
    tx.prepare_cached("UPDATE plugin_collections SET bytes = bytes - ?2 WHERE plugin = ?1")?
        .execute(params![of.plugin, before])?;
    Ok(deleted > 0)
}

fn bytes_of(connection: &Connection, of: &Collection, id: &str) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM plugin_documents WHERE plugin = ?1 AND collection = ?2 AND id = ?3")?
        .query_row([&of.plugin, &of.name, id], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Shows the documents of a collection, oldest first, until `look` has seen enough (`false`).
pub fn visit(
    connection: &Connection,
    of: &Collection,
    mut look: impl FnMut(String, Map<String, Value>) -> Result<bool>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT id, document FROM plugin_documents WHERE plugin = ?1 AND collection = ?2 ORDER BY created_at, id",
    )?;
    let mut rows = statement.query([&of.plugin, &of.name])?;
    while let Some(row) = rows.next()? {
        if !look(row.get(0)?, from_json(&row.get::<_, String>(1)?)?)? {
            break;
        }
    }
    Ok(())
}

/// Forgets what plugins keep whose module is gone for good.
pub fn forget_removed(tx: &Transaction<'_>) -> Result<()> {
    const GONE: &str = "module NOT IN (SELECT name FROM installs) AND module NOT IN (SELECT name FROM removals)";
    tx.execute(
        &format!("DELETE FROM plugin_documents WHERE plugin IN (SELECT plugin FROM plugin_collections WHERE {GONE})"),
        [],
    )?;
    tx.execute(&format!("DELETE FROM plugin_collections WHERE {GONE}"), [])?;
    Ok(())
}

/// Lets a component hear of an event from now on.
pub fn listen(tx: &Transaction<'_>, listener: &Listener) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO plugin_listeners (flow_id, component_id, event, plugin, params) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (flow_id, component_id, event) DO UPDATE SET plugin = excluded.plugin, params = excluded.params",
    )?
    .execute(params![
        listener.flow_id,
        listener.component_id,
        listener.event,
        listener.plugin,
        to_json(&listener.params)?
    ])?;
    Ok(())
}

pub fn unlisten(tx: &Transaction<'_>, flow_id: &str, component_id: &str, event: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM plugin_listeners WHERE flow_id = ?1 AND component_id = ?2 AND event = ?3")?
        .execute([flow_id, component_id, event])?;
    Ok(())
}

/// Who hears of an event of a plugin.
pub fn listeners(connection: &Connection, plugin: &str, event: &str) -> Result<Vec<Listener>> {
    let rows = connection
        .prepare_cached(
            "SELECT flow_id, component_id, params FROM plugin_listeners WHERE plugin = ?1 AND event = ?2
             ORDER BY flow_id, component_id",
        )?
        .query_map([plugin, event], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, String)>>>()?;
    rows.into_iter()
        .map(|(flow_id, component_id, params)| {
            let (event, plugin, params) = (event.to_owned(), plugin.to_owned(), from_json(&params)?);
            Ok(Listener { flow_id, component_id, event, plugin, params })
        })
        .collect()
}
