//! Icons of modules and components, by the SHA-256 of their bytes.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::server::{archive::Icon, error::Result};

/// Keeps icons; those that are there already cost nothing.
pub fn put(tx: &Transaction<'_>, icons: &[Icon]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO icons (sha256, media_type, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING",
    )?;
    for icon in icons {
        insert.execute(params![icon.sha256, icon.media_type, icon.bytes])?;
    }
    Ok(())
}

/// Media type and bytes of an icon.
pub fn get(connection: &Connection, sha256: &str) -> Result<Option<(String, Vec<u8>)>> {
    Ok(connection
        .prepare_cached("SELECT media_type, bytes FROM icons WHERE sha256 = ?1")?
        .query_row([sha256], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}
