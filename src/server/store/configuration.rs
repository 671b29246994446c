//! System configuration: the values that an administrator has stored.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{from_json, to_json};
use crate::server::error::Result;

/// Every stored value, in the order of the keys.
pub fn list(connection: &Connection) -> Result<Vec<(String, Value)>> {
    let rows = connection
        .prepare_cached("SELECT key, value FROM configuration ORDER BY key")?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<(String, String)>>>()?;
    rows.into_iter().map(|(key, value)| Ok((key, from_json(&value)?))).collect()
}

pub fn get(connection: &Connection, key: &str) -> Result<Option<Value>> {
    connection
        .prepare_cached("SELECT value FROM configuration WHERE key = ?1")?
        .query_row([key], |row| row.get::<_, String>(0))
        .optional()?
        .map(|value| from_json(&value))
        .transpose()
}

pub fn set(tx: &Transaction<'_>, key: &str, value: &Value, now: i64) -> Result<()> {
    tx.execute(
        "INSERT INTO configuration (key, value, updated_at) VALUES (?1, ?2, ?3)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        params![key, to_json(value)?, now],
    )?;
    Ok(())
}

pub fn delete(tx: &Transaction<'_>, key: &str) -> Result<()> {
    tx.execute("DELETE FROM configuration WHERE key = ?1", [key])?;
    Ok(())
}
