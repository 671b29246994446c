//! What happened in flows, a row a line.

use rusqlite::{Connection, Row, Transaction, params};
use serde_json::Value;

use super::{from_json, to_json};
use crate::server::error::Result;

/// A line of a flow's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Ids only grow.
    pub id: i64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub flow_id: String,
    /// `debug`, `info`, `warn` or `error`.
    pub severity: String,
    pub component_id: Option<String>,
    pub component_type: Option<String>,
    pub port: Option<String>,
    /// `in` or `out`.
    pub port_type: Option<String>,
    pub correlation_id: Option<String>,
    pub message: Value,
}

/// Which lines to show; `None` for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub flow_id: Option<String>,
    /// Only of flows of this user.
    pub user_id: Option<String>,
    pub component_id: Option<String>,
    pub correlation_id: Option<String>,
    pub severity: Option<String>,
    /// Part of the message's JSON text, without regard to letter case.
    pub text: String,
    /// Only lines after this one, oldest first; else newest first.
    pub after: Option<i64>,
    pub limit: u32,
    pub offset: u32,
}

/// The id of the newest line of a flow; 0 where there is none.
pub fn newest(connection: &Connection, flow_id: &str) -> Result<i64> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(id), 0) FROM flow_log WHERE flow_id = ?1")?
        .query_row([flow_id], |row| row.get(0))?)
}

/// Appends a line and gives its id; the one of `line` is not read.
pub fn append(tx: &Transaction<'_>, line: &Line) -> Result<i64> {
    Ok(tx
        .prepare_cached(
            "INSERT INTO flow_log (at, flow_id, severity, component_id, component_type, port, port_type,
                                   correlation_id, message)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
        )?
        .query_row(
            params![
                line.at,
                line.flow_id,
                line.severity,
                line.component_id,
                line.component_type,
                line.port,
                line.port_type,
                line.correlation_id,
                to_json(&line.message)?,
            ],
            |row| row.get(0),
        )?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Line, String)> {
    let line = Line {
        id: row.get(0)?,
        at: row.get(1)?,
        flow_id: row.get(2)?,
        severity: row.get(3)?,
        component_id: row.get(4)?,
        component_type: row.get(5)?,
        port: row.get(6)?,
        port_type: row.get(7)?,
        correlation_id: row.get(8)?,
        message: Value::Null,
    };
    Ok((line, row.get(9)?))
}

pub fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Line>> {
    let order = if filter.after.is_some() { "ASC" } else { "DESC" };
    let like = filter.text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let rows = connection
        .prepare_cached(&format!(
            "SELECT id, at, flow_id, severity, component_id, component_type, port, port_type, correlation_id, message
             FROM flow_log
             WHERE id > ?1 AND (?2 IS NULL OR flow_id = ?2)
               AND (?3 IS NULL OR flow_id IN (SELECT flows.id FROM flows WHERE user_id = ?3))
               AND (?4 IS NULL OR component_id = ?4) AND (?5 IS NULL OR correlation_id = ?5)
               AND (?6 IS NULL OR severity = ?6) AND lower(message) LIKE ?7 ESCAPE '\\'
             ORDER BY id {order} LIMIT ?8 OFFSET ?9"
        ))?
        .query_map(
            params![
                filter.after.unwrap_or(0),
                filter.flow_id,
                filter.user_id,
                filter.component_id,
                filter.correlation_id,
                filter.severity,
                format!("%{like}%"),
                filter.limit,
                filter.offset,
            ],
            read,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter()
        .map(|(mut line, message)| {
            line.message = from_json(&message)?;
            Ok(line)
        })
        .collect()
}

/// The id of the newest line, 0 when there is none.
pub fn latest(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT coalesce(max(id), 0) FROM flow_log", [], |row| row.get(0))?)
}

/// Drops lines from before `before` (milliseconds since the epoch), but never the newest: its id must not be given out
/// again.
pub fn prune(tx: &Transaction<'_>, before: i64) -> Result<()> {
    tx.execute("DELETE FROM flow_log WHERE at < ?1 AND id < (SELECT max(id) FROM flow_log)", [before])?;
    Ok(())
}
