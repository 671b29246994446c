//! With what scope a later call of a webhook goes on.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::Value;

use super::{
    from_json,
    queue::{Lane, Message},
    to_json,
};
use crate::server::error::Result;

/// Keeps the scope that a message came with, for calls that name its correlation and port.
pub fn put(tx: &Transaction<'_>, message: &Message, scope: &Value, now: i64) -> Result<()> {
    let Lane { flow_id, component_id, port, .. } = &message.lane;
    tx.prepare_cached(
        "INSERT INTO continuations (flow_id, component_id, correlation_id, port, scope, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (flow_id, component_id, correlation_id, port) DO UPDATE SET scope = excluded.scope, at = excluded.at",
    )?
    .execute(params![flow_id, component_id, message.correlation_id, port, to_json(scope)?, now])?;
    Ok(())
}

pub fn get(
    connection: &Connection,
    flow_id: &str,
    component_id: &str,
    correlation_id: &str,
    port: &str,
) -> Result<Option<Value>> {
    connection
        .prepare_cached(
            "SELECT scope FROM continuations
             WHERE flow_id = ?1 AND component_id = ?2 AND correlation_id = ?3 AND port = ?4",
        )?
        .query_row([flow_id, component_id, correlation_id, port], |row| row.get::<_, String>(0))
        .optional()?
        .map(|scope| from_json(&scope))
        .transpose()
}

/// Forgets those from before `before` (milliseconds since the epoch).
pub fn prune(tx: &Transaction<'_>, before: i64) -> Result<()> {
    tx.execute("DELETE FROM continuations WHERE at < ?1", [before])?;
    Ok(())
}
