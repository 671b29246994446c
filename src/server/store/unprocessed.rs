//! Dead letters: messages that no component took.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter, types::Value as SqlValue};
use serde_json::Value;

use super::{
    from_json,
    queue::{Body, Kind, Lane, Message, Sender},
    to_json,
};
use crate::server::error::Result;

/// A message that ended here, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Unprocessed {
    /// As it was; `created_at` is when it was accepted.
    pub message: Message,
    pub component_type: String,
    /// The installed module, or the one that is missing, as far as it can be told.
    pub module: Option<String>,
    /// Of the module, where it is installed.
    pub version: Option<String>,
    pub sender_type: Option<String>,
    /// The kind of the last failure, as in `docs/ENGINE.md`.
    pub reason: String,
    /// `{message, name?, code?, stack?, error?}`.
    pub error: Value,
    /// When it ended here, in milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// Which ones; `None` for any.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of flows of this user.
    pub user_id: Option<String>,
    pub flow_id: Option<String>,
    pub component_id: Option<String>,
    pub correlation_id: Option<String>,
    pub module: Option<String>,
    pub reason: Option<String>,
    /// Milliseconds since the Unix epoch, inclusive.
    pub from: Option<i64>,
    /// Exclusive.
    pub to: Option<i64>,
}

const COLUMNS: &str = "id, flow_id, component_id, kind, port, run_id, attempts, correlation_id, sender_id, sender_port, \
                       body, accepted_at, component_type, module, version, sender_type, reason, error, created_at";

const MATCHES: &str = "(?1 IS NULL OR flow_id IN (SELECT flows.id FROM flows WHERE user_id = ?1))
                       AND (?2 IS NULL OR flow_id = ?2) AND (?3 IS NULL OR component_id = ?3)
                       AND (?4 IS NULL OR correlation_id = ?4) AND (?5 IS NULL OR module = ?5)
                       AND (?6 IS NULL OR reason = ?6) AND created_at >= ?7 AND created_at < ?8";

/// The parameters of [`MATCHES`].
fn wanted(filter: &Filter) -> [SqlValue; 8] {
    [
        filter.user_id.clone().into(),
        filter.flow_id.clone().into(),
        filter.component_id.clone().into(),
        filter.correlation_id.clone().into(),
        filter.module.clone().into(),
        filter.reason.clone().into(),
        filter.from.unwrap_or(i64::MIN).into(),
        filter.to.unwrap_or(i64::MAX).into(),
    ]
}

type Read = (Unprocessed, String, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let sender = match (row.get(8)?, row.get(9)?) {
        (Some(component_id), Some(port)) => Some(Sender { component_id, port }),
        _ => None,
    };
    let message = Message {
        id: row.get(0)?,
        lane: Lane {
            flow_id: row.get(1)?,
            component_id: row.get(2)?,
            kind: Kind::read(&row.get::<_, String>(3)?),
            port: row.get(4)?,
        },
        run_id: row.get(5)?,
        due_at: 0,
        attempts: row.get(6)?,
        correlation_id: row.get(7)?,
        sender,
        body: Body { content: Value::Null, scope: Value::Null },
        created_at: row.get(11)?,
    };
    let found = Unprocessed {
        message,
        component_type: row.get(12)?,
        module: row.get(13)?,
        version: row.get(14)?,
        sender_type: row.get(15)?,
        reason: row.get(16)?,
        error: Value::Null,
        created_at: row.get(18)?,
    };
    Ok((found, row.get(10)?, row.get(17)?))
}

fn to_unprocessed((mut found, body, error): Read) -> Result<Unprocessed> {
    found.message.body = from_json(&body)?;
    found.error = from_json(&error)?;
    Ok(found)
}

pub fn insert(tx: &Transaction<'_>, letter: &Unprocessed) -> Result<()> {
    let message = &letter.message;
    tx.prepare_cached(&format!(
        "INSERT INTO unprocessed ({COLUMNS})
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)"
    ))?
    .execute(params![
        message.id,
        message.lane.flow_id,
        message.lane.component_id,
        message.lane.kind.as_str(),
        message.lane.port,
        message.run_id,
        message.attempts,
        message.correlation_id,
        message.sender.as_ref().map(|sender| &sender.component_id),
        message.sender.as_ref().map(|sender| &sender.port),
        to_json(&message.body)?,
        message.created_at,
        letter.component_type,
        letter.module,
        letter.version,
        letter.sender_type,
        letter.reason,
        to_json(&letter.error)?,
        letter.created_at,
    ])?;
    Ok(())
}

pub fn get(connection: &Connection, id: &str) -> Result<Option<Unprocessed>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM unprocessed WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .map(to_unprocessed)
        .transpose()
}

/// At most `limit` of those that match, newest first.
pub fn list(connection: &Connection, filter: &Filter, limit: u32, offset: u32) -> Result<Vec<Unprocessed>> {
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM unprocessed WHERE {MATCHES} ORDER BY created_at DESC, id LIMIT ?9 OFFSET ?10"
        ))?
        .query_map(params_from_iter(wanted(filter).into_iter().chain([limit.into(), offset.into()])), read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_unprocessed).collect()
}

/// How many match.
pub fn count(connection: &Connection, filter: &Filter) -> Result<u32> {
    Ok(connection
        .prepare_cached(&format!("SELECT count(*) FROM unprocessed WHERE {MATCHES}"))?
        .query_row(params_from_iter(wanted(filter)), |row| row.get(0))?)
}

/// The ids of all that match, in the order in which they were accepted: the one in which they are tried again.
pub fn ids(connection: &Connection, filter: &Filter) -> Result<Vec<String>> {
    Ok(connection
        .prepare_cached(&format!("SELECT id FROM unprocessed WHERE {MATCHES} ORDER BY accepted_at, created_at, id"))?
        .query_map(params_from_iter(wanted(filter)), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Forgets one. `false` when it is not there.
pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<bool> {
    Ok(tx.prepare_cached("DELETE FROM unprocessed WHERE id = ?1")?.execute([id])? > 0)
}
