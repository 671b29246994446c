//! What open pages are told, in order, so that one that was away can catch up.

use rusqlite::{Connection, Transaction, params};

use super::{from_json, to_json};
use crate::{domain::job::Event, server::error::Result};

/// Appends an event and gives its id; ids only grow.
pub fn append(tx: &Transaction<'_>, event: &Event, now: i64) -> Result<i64> {
    Ok(tx
        .prepare_cached("INSERT INTO events (at, event) VALUES (?1, ?2) RETURNING id")?
        .query_row(params![now, to_json(event)?], |row| row.get(0))?)
}

/// At most 500 events after `id` and up to `last`, oldest first, and the id from which to go on.
///
/// One that another version has written in another shape is passed over: it must not hold up those after it.
pub fn after(connection: &Connection, id: i64, last: i64) -> Result<(i64, Vec<(i64, Event)>)> {
    let rows = connection
        .prepare_cached("SELECT id, event FROM events WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT 500")?
        .query_map([id, last], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let on = rows.last().map_or(id, |(last, _)| *last);
    Ok((on, rows.into_iter().filter_map(|(id, event)| Some((id, from_json(&event).ok()?))).collect()))
}

/// The id of the newest event, 0 when there is none.
pub fn latest(connection: &Connection) -> Result<i64> {
    Ok(connection.prepare_cached("SELECT coalesce(max(id), 0) FROM events")?.query_row([], |row| row.get(0))?)
}

/// Drops events from before `before` (milliseconds since the epoch), but never the newest one: its id must not be
/// given out again.
pub fn prune(tx: &Transaction<'_>, before: i64) -> Result<()> {
    tx.execute("DELETE FROM events WHERE at < ?1 AND id < (SELECT max(id) FROM events)", [before])?;
    Ok(())
}
