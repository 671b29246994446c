//! What each catalogue source held when it was last read.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, to_json};
use crate::{
    domain::{
        finding::Finding,
        module::Manifest,
        name::ModuleName,
        search::{Card, Entry},
    },
    server::error::Result,
};

/// One version of one module in one source.
#[derive(Clone, Debug)]
pub struct Offer {
    pub source: String,
    /// Where in the source: a path, or an address relative to the index.
    pub place: String,
    /// Changes whenever the entry must be read anew.
    pub fingerprint: String,
    pub name: String,
    pub version: String,
    /// Empty when the entry is broken.
    pub sha256: String,
    /// Bytes of the archive.
    pub size: u64,
    /// `None` when the entry is broken.
    pub manifest: Option<Manifest>,
    pub card: Entry,
    pub findings: Vec<Finding>,
}

/// How the last reading of a source went.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    pub etag: Option<String>,
    /// Milliseconds since the Unix epoch; `None` when it was never read.
    pub refreshed_at: Option<i64>,
    /// Why the last attempt failed, in plain words.
    pub problem: Option<String>,
}

/// Registers the sources in use and forgets all others with their entries.
pub fn keep_sources(tx: &Transaction<'_>, ids: &[String]) -> Result<()> {
    let known: Vec<String> = tx
        .prepare_cached("SELECT id FROM catalogue_sources")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for id in known.iter().filter(|id| !ids.contains(id)) {
        tx.execute("DELETE FROM catalogue_sources WHERE id = ?1", [id])?;
    }
    for id in ids {
        tx.execute("INSERT INTO catalogue_sources (id) VALUES (?1) ON CONFLICT (id) DO NOTHING", [id])?;
    }
    Ok(())
}

pub fn source(connection: &Connection, id: &str) -> Result<SourceState> {
    Ok(connection
        .prepare_cached("SELECT etag, refreshed_at, problem FROM catalogue_sources WHERE id = ?1")?
        .query_row([id], |row| Ok(SourceState { etag: row.get(0)?, refreshed_at: row.get(1)?, problem: row.get(2)? }))
        .optional()?
        .unwrap_or_default())
}

pub fn set_source(tx: &Transaction<'_>, id: &str, state: &SourceState) -> Result<()> {
    tx.execute(
        "UPDATE catalogue_sources SET etag = ?2, refreshed_at = ?3, problem = ?4 WHERE id = ?1",
        params![id, state.etag, state.refreshed_at, state.problem],
    )?;
    Ok(())
}

/// The fingerprint of every entry of a source, by place.
pub fn fingerprints(connection: &Connection, source: &str) -> Result<HashMap<String, String>> {
    Ok(connection
        .prepare_cached("SELECT place, fingerprint FROM catalogue_entries WHERE source = ?1")?
        .query_map([source], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Writes entries, each over the one at the same place.
pub fn put(tx: &Transaction<'_>, offers: &[Offer]) -> Result<()> {
    let mut entry = tx.prepare_cached(
        "INSERT INTO catalogue_entries
             (source, place, fingerprint, name, version, sha256, size,
              label, description, category, components, icon, component_names, broken)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         ON CONFLICT (source, place) DO UPDATE SET
             fingerprint = excluded.fingerprint, name = excluded.name, version = excluded.version,
             sha256 = excluded.sha256, size = excluded.size, label = excluded.label,
             description = excluded.description, category = excluded.category, components = excluded.components,
             icon = excluded.icon, component_names = excluded.component_names, broken = excluded.broken",
    )?;
    let mut manifest = tx.prepare_cached(
        "INSERT INTO catalogue_manifests (source, place, manifest, findings) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (source, place) DO UPDATE SET manifest = excluded.manifest, findings = excluded.findings",
    )?;
    for offer in offers {
        let Entry { card, component_names } = &offer.card;
        entry.execute(params![
            offer.source,
            offer.place,
            offer.fingerprint,
            offer.name,
            offer.version,
            offer.sha256,
            i64::try_from(offer.size).unwrap_or(i64::MAX),
            card.label,
            card.description,
            card.category,
            card.components,
            card.icon,
            component_names,
            card.broken,
        ])?;
        manifest.execute(params![
            offer.source,
            offer.place,
            offer.manifest.as_ref().map(to_json).transpose()?,
            to_json(&offer.findings)?,
        ])?;
    }
    Ok(())
}

/// Drops the entries at these places: the source has them no more.
pub fn delete(tx: &Transaction<'_>, source: &str, places: &[String]) -> Result<()> {
    let mut delete = tx.prepare_cached("DELETE FROM catalogue_entries WHERE source = ?1 AND place = ?2")?;
    for place in places {
        delete.execute([source, place.as_str()])?;
    }
    Ok(())
}

/// The list entry of every offer, with its version.
pub fn cards(connection: &Connection) -> Result<Vec<Entry>> {
    entries(connection, "catalogue_entries", "broken")
}

/// The same of one module.
pub fn cards_of(connection: &Connection, name: &ModuleName) -> Result<Vec<Entry>> {
    entries_of(connection, "catalogue_entries", "broken", name)
}

/// The columns that [`entry`] reads, but for the last: why the module cannot be installed.
const CARD: &str = "name, version, label, description, category, components, icon, component_names";

fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let card = Card {
        name: row.get(0)?,
        version: row.get(1)?,
        label: row.get(2)?,
        description: row.get(3)?,
        category: row.get(4)?,
        components: row.get(5)?,
        icon: row.get(6)?,
        broken: row.get(8)?,
        ..Card::default()
    };
    Ok(Entry { card, component_names: row.get(7)? })
}

/// Every entry in `table`; `broken` says of each why it cannot be installed.
pub(super) fn entries(connection: &Connection, table: &str, broken: &str) -> Result<Vec<Entry>> {
    // Counted first, so that thousands of entries do not move as the list grows.
    let count: u32 = connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
    let mut entries = Vec::with_capacity(count as usize);
    let mut query = connection.prepare_cached(&format!("SELECT {CARD}, {broken} FROM {table}"))?;
    for entry in query.query_map([], entry)? {
        entries.push(entry?);
    }
    Ok(entries)
}

/// Those of a module, in the same order.
pub(super) fn entries_of(connection: &Connection, table: &str, broken: &str, name: &ModuleName) -> Result<Vec<Entry>> {
    let mut query = connection.prepare_cached(&format!("SELECT {CARD}, {broken} FROM {table} WHERE name = ?1"))?;
    Ok(query.query_map([name.as_str()], entry)?.collect::<rusqlite::Result<_>>()?)
}

/// Every offer of a module, in no order.
pub fn offers(connection: &Connection, name: &ModuleName) -> Result<Vec<Offer>> {
    let query = format!(
        "SELECT {CARD}, broken, source, place, fingerprint, sha256, size, manifest, findings
         FROM catalogue_entries JOIN catalogue_manifests USING (source, place) WHERE name = ?1"
    );
    let mut query = connection.prepare_cached(&query)?;
    let mut rows = query.query([name.as_str()])?;
    let mut offers = Vec::new();
    while let Some(row) = rows.next()? {
        let card = entry(row)?;
        offers.push(Offer {
            source: row.get(9)?,
            place: row.get(10)?,
            fingerprint: row.get(11)?,
            name: card.card.name.clone(),
            version: card.card.version.clone(),
            sha256: row.get(12)?,
            size: row.get::<_, i64>(13)?.unsigned_abs(),
            manifest: row.get::<_, Option<String>>(14)?.as_deref().map(from_json).transpose()?,
            card,
            findings: from_json(&row.get::<_, String>(15)?)?,
        });
    }
    Ok(offers)
}
