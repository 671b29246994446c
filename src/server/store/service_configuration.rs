//! What administrators set for connectors, a row a key. Values are sealed before they come here.

use rusqlite::{Connection, Transaction, params};

use crate::server::error::Result;

/// The keys of one connector with their sealed values, in the order of the keys.
pub fn of(connection: &Connection, service_id: &str) -> Result<Vec<(String, String)>> {
    Ok(connection
        .prepare_cached("SELECT key, value FROM service_configuration WHERE service_id = ?1 ORDER BY key")?
        .query_map([service_id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Every connector that has a value, in the order of the names.
pub fn services(connection: &Connection) -> Result<Vec<String>> {
    Ok(connection
        .prepare_cached("SELECT DISTINCT service_id FROM service_configuration ORDER BY service_id")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

pub fn set(tx: &Transaction<'_>, service_id: &str, key: &str, sealed: &str, now: i64) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO service_configuration (service_id, key, value, updated_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (service_id, key) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
    )?
    .execute(params![service_id, key, sealed, now])?;
    Ok(())
}

pub fn delete(tx: &Transaction<'_>, service_id: &str, key: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM service_configuration WHERE service_id = ?1 AND key = ?2")?
        .execute([service_id, key])?;
    Ok(())
}
