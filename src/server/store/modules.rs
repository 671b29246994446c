//! Accepted archives, what is installed of them, and what was removed but can come back.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{catalogue, from_json, to_json};
use crate::{
    domain::{module::Manifest, name::ModuleName, search::Entry},
    server::error::Result,
};

/// An archive whose bytes lie in the blob store under its SHA-256.
#[derive(Clone, Debug)]
pub struct Archive {
    pub sha256: String,
    pub size: u64,
    pub manifest: Manifest,
}

/// What is installed under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    pub sha256: String,
    pub version: String,
    /// Where it came from, in words: `starter`, a folder, an address, or `upload`.
    pub source: String,
    /// Milliseconds since the Unix epoch.
    pub installed_at: i64,
}

impl Install {
    /// What the audit trail keeps of it.
    pub fn shown(&self) -> serde_json::Value {
        serde_json::json!({ "version": self.version, "sha256": self.sha256, "source": self.source })
    }
}

/// Keeps what was read off an archive. The same archive again is no change.
pub fn put_archive(tx: &Transaction<'_>, archive: &Archive, now: i64) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO archives (sha256, name, version, size, manifest, added_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (sha256) DO UPDATE SET manifest = excluded.manifest",
    )?
    .execute(params![
        archive.sha256,
        archive.manifest.name.as_str(),
        archive.manifest.version,
        i64::try_from(archive.size).unwrap_or(i64::MAX),
        to_json(&archive.manifest)?,
        now,
    ])?;
    Ok(())
}

fn read_archive(row: &Row<'_>) -> rusqlite::Result<(String, i64, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}

fn to_archive((sha256, size, manifest): (String, i64, String)) -> Result<Archive> {
    Ok(Archive { sha256, size: size.unsigned_abs(), manifest: from_json(&manifest)? })
}

/// The archive with these bytes, if it was accepted.
pub fn archive(connection: &Connection, sha256: &str) -> Result<Option<Archive>> {
    connection
        .prepare_cached("SELECT sha256, size, manifest FROM archives WHERE sha256 = ?1")?
        .query_row([sha256], read_archive)
        .optional()?
        .map(to_archive)
        .transpose()
}

/// Every kept archive of a module, newest first.
pub fn archives_of(connection: &Connection, name: &ModuleName) -> Result<Vec<Archive>> {
    let rows = connection
        .prepare_cached("SELECT sha256, size, manifest FROM archives WHERE name = ?1 ORDER BY added_at DESC, sha256")?
        .query_map([name.as_str()], read_archive)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_archive).collect()
}

/// What is installed under this name.
pub fn installed(connection: &Connection, name: &ModuleName) -> Result<Option<Install>> {
    Ok(connection
        .prepare_cached("SELECT sha256, version, source, installed_at FROM installs WHERE name = ?1")?
        .query_row([name.as_str()], |row| {
            Ok(Install { sha256: row.get(0)?, version: row.get(1)?, source: row.get(2)?, installed_at: row.get(3)? })
        })
        .optional()?)
}

/// Every installed module and the SHA-256 of its archive, by name.
pub fn installed_versions(connection: &Connection) -> Result<Vec<(String, String)>> {
    let rows = connection
        .prepare_cached("SELECT name, sha256 FROM installs ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// The archive of every installed module, by name.
pub fn installed_archives(connection: &Connection) -> Result<Vec<Archive>> {
    let rows = connection
        .prepare_cached(
            "SELECT archives.sha256, archives.size, archives.manifest
             FROM installs JOIN archives ON archives.sha256 = installs.sha256 ORDER BY installs.name",
        )?
        .query_map([], read_archive)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_archive).collect()
}

/// The SHA-256 of every installed archive, in the order of the modules' names.
pub fn installed_sha256s(connection: &Connection) -> Result<Vec<String>> {
    let mut query = connection.prepare_cached("SELECT sha256 FROM installs ORDER BY name")?;
    Ok(query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The list entry of every installed module, with its installed version.
pub fn installed_entries(connection: &Connection) -> Result<Vec<Entry>> {
    catalogue::entries(connection, "installs", "NULL")
}

/// The same of one module; `None` when it is not installed.
pub fn installed_entry(connection: &Connection, name: &ModuleName) -> Result<Option<Entry>> {
    Ok(catalogue::entries_of(connection, "installs", "NULL", name)?.pop())
}

/// Another installed module that owns one of these components: the component's name and the module's.
pub fn component_owner(
    connection: &Connection,
    module: &ModuleName,
    manifest: &Manifest,
) -> Result<Option<(String, String)>> {
    let mut query =
        connection.prepare_cached("SELECT name, module FROM components WHERE name = ?1 AND module <> ?2")?;
    for component in &manifest.components {
        let owner = query
            .query_row([component.name.as_str(), module.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        if owner.is_some() {
            return Ok(owner);
        }
    }
    Ok(None)
}

/// Whether an installed component is private; `None` when no installed module has it. Letter case does not matter.
pub fn component(connection: &Connection, name: &str) -> Result<Option<bool>> {
    Ok(connection
        .prepare_cached("SELECT is_private FROM components WHERE lower(name) = lower(?1)")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// Makes `archive` the installed version of its module, of which lists show `entry`. A removal that could be undone is over
/// with it.
pub fn install(tx: &Transaction<'_>, archive: &Archive, entry: &Entry, source: &str, now: i64) -> Result<()> {
    let (manifest, Entry { card, component_names }) = (&archive.manifest, entry);
    let name = manifest.name.as_str();
    tx.prepare_cached(
        "INSERT INTO installs (name, sha256, source, installed_at, version, label, description, category, components,
                               icon, component_names)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (name) DO UPDATE SET
             sha256 = excluded.sha256, source = excluded.source, installed_at = excluded.installed_at,
             version = excluded.version, label = excluded.label, description = excluded.description,
             category = excluded.category, components = excluded.components, icon = excluded.icon,
             component_names = excluded.component_names",
    )?
    .execute(params![
        name,
        archive.sha256,
        source,
        now,
        manifest.version,
        card.label,
        card.description,
        card.category,
        card.components,
        card.icon,
        component_names,
    ])?;
    tx.prepare_cached("DELETE FROM removals WHERE name = ?1")?.execute([name])?;
    tx.prepare_cached("DELETE FROM components WHERE module = ?1")?.execute([name])?;
    let mut insert = tx.prepare_cached("INSERT INTO components (name, module, is_private) VALUES (?1, ?2, ?3)")?;
    for component in &manifest.components {
        insert.execute(params![component.name, name, component.private])?;
    }
    Ok(())
}

/// Takes a module out of use and remembers it for [`removed`]. `false` when it was not installed.
pub fn remove(tx: &Transaction<'_>, name: &ModuleName, now: i64) -> Result<bool> {
    tx.prepare_cached(
        "INSERT INTO removals (name, sha256, source, removed_at)
         SELECT name, sha256, source, ?2 FROM installs WHERE name = ?1
         ON CONFLICT (name) DO UPDATE
         SET sha256 = excluded.sha256, source = excluded.source, removed_at = excluded.removed_at",
    )?
    .execute(params![name.as_str(), now])?;
    Ok(tx.prepare_cached("DELETE FROM installs WHERE name = ?1")?.execute([name.as_str()])? > 0)
}

/// What was installed under this name before it was removed: SHA-256 and source.
pub fn removed(connection: &Connection, name: &ModuleName) -> Result<Option<(String, String)>> {
    Ok(connection
        .prepare_cached("SELECT sha256, source FROM removals WHERE name = ?1")?
        .query_row([name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// Forgets removals made before `before` (milliseconds since the epoch): they can no longer be undone.
pub fn expire_removals(tx: &Transaction<'_>, before: i64) -> Result<()> {
    tx.execute("DELETE FROM removals WHERE removed_at < ?1", [before])?;
    Ok(())
}

/// Forgets every archive that nothing needs: neither installed, nor removed a while ago, nor at work in a job, nor one
/// of the `keep` newest of an installed module. Their bytes are the caller's to delete, by [`is_known`].
pub fn forget_unused_archives(tx: &Transaction<'_>, keep: u32) -> Result<()> {
    tx.execute(
        "DELETE FROM archives WHERE sha256 NOT IN (SELECT sha256 FROM installs)
           AND sha256 NOT IN (SELECT sha256 FROM removals)
           AND sha256 NOT IN (SELECT sha256 FROM jobs WHERE is_running)
           AND (name NOT IN (SELECT name FROM installs)
                OR (SELECT count(*) FROM archives AS newer
                    WHERE newer.name = archives.name AND newer.added_at > archives.added_at) >= ?1)",
        [keep],
    )?;
    Ok(())
}

/// Forgets the archive that the job `job`, begun at `since` (milliseconds since the epoch), has registered but not
/// installed, unless somebody else needs it.
pub fn forget_archive_of_job(tx: &Transaction<'_>, sha256: &str, job: &str, since: i64) -> Result<()> {
    tx.execute(
        "DELETE FROM archives WHERE sha256 = ?1 AND added_at >= ?3
           AND sha256 NOT IN (SELECT sha256 FROM installs)
           AND sha256 NOT IN (SELECT sha256 FROM removals)
           AND sha256 NOT IN (SELECT sha256 FROM jobs WHERE is_running AND id <> ?2)",
        params![sha256, job, since],
    )?;
    Ok(())
}

/// The SHA-256 of every archive.
pub fn archive_sha256s(connection: &Connection) -> Result<HashSet<String>> {
    let mut query = connection.prepare_cached("SELECT sha256 FROM archives")?;
    Ok(query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Whether the bytes with this SHA-256 belong to an archive, or to a job that runs and is not `except`.
pub fn is_known(connection: &Connection, sha256: &str, except: &str) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM archives WHERE sha256 = ?1)
                 OR EXISTS (SELECT 1 FROM jobs WHERE sha256 = ?1 AND is_running AND id <> ?2)",
        )?
        .query_row([sha256, except], |row| row.get(0))?)
}
