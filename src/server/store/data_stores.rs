//! Data stores: records by key, which flows of one owner share, and who is told of their changes.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::Value;

use super::{from_json, to_json};
use crate::server::error::Result;

/// A data store, without its records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataStore {
    /// 24 hex digits.
    pub id: String,
    pub user_id: String,
    pub name: String,
    /// Milliseconds since the Unix epoch, as all times here.
    pub created_at: i64,
}

/// A value under its key.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub store_id: String,
    pub key: String,
    pub value: Value,
    pub created_at: i64,
    pub updated_at: i64,
}

/// What records are put in order by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum By {
    Key,
    #[default]
    Created,
    Updated,
}

/// The order of records; as they were made, where nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub by: By,
    pub is_descending: bool,
}

impl Order {
    fn sql(self) -> &'static str {
        match (self.by, self.is_descending) {
            (By::Key, false) => "key",
            (By::Key, true) => "key DESC",
            (By::Created, false) => "created_at, key",
            (By::Created, true) => "created_at DESC, key DESC",
            (By::Updated, false) => "updated_at, key",
            (By::Updated, true) => "updated_at DESC, key DESC",
        }
    }
}

/// A component that is told of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    pub flow_id: String,
    pub component_id: String,
    /// `insert`, `update`, `delete`.
    pub events: Vec<String>,
}

fn read_store(row: &Row<'_>) -> rusqlite::Result<DataStore> {
    Ok(DataStore { id: row.get(0)?, user_id: row.get(1)?, name: row.get(2)?, created_at: row.get(3)? })
}

fn read_record(row: &Row<'_>) -> Result<Record> {
    Ok(Record {
        store_id: row.get(0)?,
        key: row.get(1)?,
        value: from_json(&row.get::<_, String>(2)?)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
    })
}

/// Keeps a new store. `false` when its id is taken, or its name by another of the same owner.
pub fn insert(tx: &Transaction<'_>, store: &DataStore) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO data_stores (id, user_id, name, created_at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![store.id, store.user_id, store.name, store.created_at])?
        > 0)
}

pub fn get(connection: &Connection, id: &str) -> Result<Option<DataStore>> {
    Ok(connection
        .prepare_cached("SELECT id, user_id, name, created_at FROM data_stores WHERE id = ?1")?
        .query_row([id], read_store)
        .optional()?)
}

/// The stores of a user, or all, by their names.
pub fn list(connection: &Connection, user_id: Option<&str>) -> Result<Vec<DataStore>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, user_id, name, created_at FROM data_stores WHERE ?1 IS NULL OR user_id = ?1 ORDER BY name, id",
        )?
        .query_map([user_id], read_store)?
        .collect::<rusqlite::Result<_>>()?)
}

/// Gives a store another name. `false` when its owner has another store of that name.
pub fn rename(tx: &Transaction<'_>, store: &DataStore, name: &str) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "UPDATE data_stores SET name = ?3
             WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM data_stores AS other
                                           WHERE other.user_id = ?2 AND other.name = ?3 AND other.id <> ?1)",
        )?
        .execute([&store.id, &store.user_id, name])?
        > 0)
}

/// Forgets a store with all its records.
pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<()> {
    tx.execute("DELETE FROM data_stores WHERE id = ?1", [id])?;
    Ok(())
}

pub fn record(connection: &Connection, store_id: &str, key: &str) -> Result<Option<Record>> {
    let mut statement = connection.prepare_cached(
        "SELECT store_id, key, value, created_at, updated_at FROM data_store_records WHERE store_id = ?1 AND key = ?2",
    )?;
    let mut rows = statement.query([store_id, key])?;
    rows.next()?.map(read_record).transpose()
}

/// Keeps a record, in place of one that has its key.
pub fn put_record(tx: &Transaction<'_>, record: &Record) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO data_store_records (store_id, key, value, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (store_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    )?
    .execute(params![
        record.store_id,
        record.key,
        to_json(&record.value)?,
        record.created_at,
        record.updated_at
    ])?;
    Ok(())
}

pub fn delete_record(tx: &Transaction<'_>, store_id: &str, key: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM data_store_records WHERE store_id = ?1 AND key = ?2")?.execute([store_id, key])?;
    Ok(())
}

/// Forgets all records of a store; gives their number.
pub fn clear(tx: &Transaction<'_>, store_id: &str) -> Result<u64> {
    Ok(tx.execute("DELETE FROM data_store_records WHERE store_id = ?1", [store_id])? as u64)
}

pub fn count(connection: &Connection, store_id: &str) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM data_store_records WHERE store_id = ?1")?
        .query_row([store_id], |row| row.get::<_, i64>(0))?
        .unsigned_abs())
}

/// Shows the records of a store in order, one at a time, from `offset` on, until `look` has seen enough (`false`).
pub fn visit(
    connection: &Connection,
    store_id: &str,
    order: Order,
    offset: u64,
    mut look: impl FnMut(Record) -> Result<bool>,
) -> Result<()> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT store_id, key, value, created_at, updated_at FROM data_store_records
         WHERE store_id = ?1 ORDER BY {} LIMIT ?2 OFFSET ?3",
        order.sql()
    ))?;
    let mut rows = statement.query(params![store_id, i64::MAX, i64::try_from(offset).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        if !look(read_record(row)?)? {
            break;
        }
    }
    Ok(())
}

/// Tells a component of changes from now on, of these alone.
pub fn register(tx: &Transaction<'_>, store_id: &str, registration: &Registration) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO data_store_webhooks (store_id, flow_id, component_id, events) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (store_id, flow_id, component_id) DO UPDATE SET events = excluded.events",
    )?
    .execute(params![
        store_id,
        registration.flow_id,
        registration.component_id,
        to_json(&registration.events)?
    ])?;
    Ok(())
}

pub fn unregister(tx: &Transaction<'_>, store_id: &str, flow_id: &str, component_id: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM data_store_webhooks WHERE store_id = ?1 AND flow_id = ?2 AND component_id = ?3")?
        .execute([store_id, flow_id, component_id])?;
    Ok(())
}

/// Who is told of changes of a store.
pub fn registrations(connection: &Connection, store_id: &str) -> Result<Vec<Registration>> {
    let rows = connection
        .prepare_cached(
            "SELECT flow_id, component_id, events FROM data_store_webhooks WHERE store_id = ?1
             ORDER BY flow_id, component_id",
        )?
        .query_map([store_id], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?)))?
        .collect::<rusqlite::Result<Vec<(String, String, String)>>>()?;
    rows.into_iter()
        .map(|(flow_id, component_id, events)| Ok(Registration { flow_id, component_id, events: from_json(&events)? }))
        .collect()
}
