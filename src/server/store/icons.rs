//! Icons of modules and components, by the SHA-256 of their bytes, as they came and as lists show them.

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::server::{archive::Icon, error::Result};

/// An icon as lists show it; without bytes where nothing small can be made of it.
#[derive(Clone, Debug)]
pub struct SmallIcon {
    pub sha256: String,
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// What is kept of an icon for lists.
#[derive(Debug)]
pub enum Kept {
    Small(SmallIcon),
    /// Only as it came.
    Plain(Icon),
    Nothing,
}

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

/// What is kept of the icon whose SHA-256 begins with `id`, lower-case hex of at least 16 digits.
pub fn for_lists(connection: &Connection, id: &str) -> Result<Kept> {
    // Every hex digit comes before `g`.
    let range = params![id, format!("{id}g")];
    let small = connection
        .prepare_cached(
            "SELECT sha256, media_type, bytes FROM small_icons WHERE sha256 >= ?1 AND sha256 < ?2 ORDER BY sha256 LIMIT 1",
        )?
        .query_row(range, |row| Ok(SmallIcon { sha256: row.get(0)?, media_type: row.get(1)?, bytes: row.get(2)? }))
        .optional()?;
    if let Some(small) = small {
        return Ok(Kept::Small(small));
    }
    let plain = connection
        .prepare_cached(
            "SELECT sha256, media_type, bytes FROM icons WHERE sha256 >= ?1 AND sha256 < ?2 ORDER BY sha256 LIMIT 1",
        )?
        .query_row(range, |row| Ok(Icon { sha256: row.get(0)?, media_type: row.get(1)?, bytes: row.get(2)? }))
        .optional()?;
    Ok(plain.map_or(Kept::Nothing, Kept::Plain))
}

/// Keeps what was made for lists.
pub fn put_small(tx: &Transaction<'_>, icons: &[SmallIcon]) -> Result<()> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO small_icons (sha256, media_type, bytes) VALUES (?1, ?2, ?3) ON CONFLICT (sha256) DO NOTHING",
    )?;
    for icon in icons {
        insert.execute(params![icon.sha256, icon.media_type, icon.bytes])?;
    }
    Ok(())
}
