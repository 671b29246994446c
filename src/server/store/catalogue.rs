//! What each catalogue source held when it was last read.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, to_json};
use crate::{
    domain::{finding::Finding, module::Manifest, name::ModuleName, search::Entry},
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
    let mut insert = tx.prepare_cached(
        "INSERT INTO catalogue_entries
             (source, place, fingerprint, name, version, sha256, size, manifest, card, findings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (source, place) DO UPDATE SET
             fingerprint = excluded.fingerprint, name = excluded.name, version = excluded.version,
             sha256 = excluded.sha256, size = excluded.size, manifest = excluded.manifest, card = excluded.card,
             findings = excluded.findings",
    )?;
    for offer in offers {
        insert.execute(params![
            offer.source,
            offer.place,
            offer.fingerprint,
            offer.name,
            offer.version,
            offer.sha256,
            i64::try_from(offer.size).unwrap_or(i64::MAX),
            offer.manifest.as_ref().map(to_json).transpose()?,
            to_json(&offer.card)?,
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
    entries(connection, "SELECT card FROM catalogue_entries")
}

/// The entries that a query gives as JSON. Each is read where it lies: as text they would take as much room again.
pub(super) fn entries(connection: &Connection, query: &str) -> Result<Vec<Entry>> {
    let mut query = connection.prepare_cached(query)?;
    let mut rows = query.query([])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(from_json(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(entries)
}

const OFFER: &str = "source, place, fingerprint, name, version, sha256, size, manifest, card, findings";

type OfferRow = (String, String, String, String, String, String, i64, Option<String>, String, String);

fn read_offer(row: &Row<'_>) -> rusqlite::Result<OfferRow> {
    Ok((
        row.get(0)?,
        row.get(1)?,
        row.get(2)?,
        row.get(3)?,
        row.get(4)?,
        row.get(5)?,
        row.get(6)?,
        row.get(7)?,
        row.get(8)?,
        row.get(9)?,
    ))
}

fn to_offer(row: OfferRow) -> Result<Offer> {
    let (source, place, fingerprint, name, version, sha256, size, manifest, card, findings) = row;
    Ok(Offer {
        source,
        place,
        fingerprint,
        name,
        version,
        sha256,
        size: size.unsigned_abs(),
        manifest: manifest.as_deref().map(from_json).transpose()?,
        card: from_json(&card)?,
        findings: from_json(&findings)?,
    })
}

/// Every offer of a module, in no order.
pub fn offers(connection: &Connection, name: &ModuleName) -> Result<Vec<Offer>> {
    let rows = connection
        .prepare_cached(&format!("SELECT {OFFER} FROM catalogue_entries WHERE name = ?1"))?
        .query_map([name.as_str()], read_offer)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_offer).collect()
}
