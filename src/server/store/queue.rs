//! Messages on their way to components: waiting ones, running ones, timers and retries are rows of one table.

use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{from_json, to_json};
use crate::server::error::Result;

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Something that a component has sent to an input port.
    Port,
    Webhook,
    /// A timer that a component has set.
    Timeout,
    Signal,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Port => "port",
            Self::Webhook => "webhook",
            Self::Timeout => "timeout",
            Self::Signal => "signal",
        }
    }

    pub(super) fn read(text: &str) -> Self {
        match text {
            "webhook" => Self::Webhook,
            "timeout" => Self::Timeout,
            "signal" => Self::Signal,
            _ => Self::Port,
        }
    }
}

/// Messages that are delivered one at a time and in order.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lane {
    pub flow_id: String,
    pub component_id: String,
    pub kind: Kind,
    /// The input port; the kind's name where it is not one.
    pub port: String,
}

/// Who has sent a message, and by which of its ports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sender {
    pub component_id: String,
    pub port: String,
}

/// What a message carries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// As it was sent.
    pub content: Value,
    /// Of the sender.
    pub scope: Value,
}

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// UUID v4; the same at every delivery.
    pub id: String,
    pub lane: Lane,
    pub run_id: i64,
    /// Milliseconds since the Unix epoch.
    pub due_at: i64,
    /// How often it has failed.
    pub attempts: u32,
    pub correlation_id: String,
    pub sender: Option<Sender>,
    pub body: Body,
    pub created_at: i64,
}

/// What keeps a message from being delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its flow is still starting.
    Held,
    /// Nothing but its time and those before it.
    Waiting,
    /// It is being delivered.
    Running,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Waiting => "waiting",
            Self::Running => "running",
        }
    }
}

const COLUMNS: &str = "id, flow_id, component_id, kind, port, run_id, due_at, attempts, correlation_id, sender_id, \
                       sender_port, body, created_at";

type Read = (Message, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let sender = match (row.get(9)?, row.get(10)?) {
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
        due_at: row.get(6)?,
        attempts: row.get(7)?,
        correlation_id: row.get(8)?,
        sender,
        body: Body { content: Value::Null, scope: Value::Null },
        created_at: row.get(12)?,
    };
    Ok((message, row.get(11)?))
}

fn to_message((mut message, body): Read) -> Result<Message> {
    message.body = from_json(&body)?;
    Ok(message)
}

/// Accepts a message: once this is committed, it is delivered at least once.
pub fn insert(tx: &Transaction<'_>, message: &Message, state: State) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO messages (id, flow_id, component_id, kind, port, run_id, state, due_at, attempts, correlation_id,
                               sender_id, sender_port, body, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        message.id,
        message.lane.flow_id,
        message.lane.component_id,
        message.lane.kind.as_str(),
        message.lane.port,
        message.run_id,
        state.as_str(),
        message.due_at,
        message.attempts,
        message.correlation_id,
        message.sender.as_ref().map(|sender| &sender.component_id),
        message.sender.as_ref().map(|sender| &sender.port),
        to_json(&message.body)?,
        message.created_at,
    ])?;
    Ok(())
}

/// The first message of a lane that is due, from now on running; none while its flow does not run. Webhooks are let
/// through to a flow that is starting, too.
pub fn take(tx: &Transaction<'_>, lane: &Lane, now: i64) -> Result<Option<Message>> {
    let rows = tx
        .prepare_cached(&format!(
            "UPDATE messages SET state = 'running' WHERE seq = (
                 SELECT seq FROM messages
                 WHERE flow_id = ?1 AND component_id = ?2 AND kind = ?3 AND port = ?4
                   AND state = 'waiting' AND due_at <= ?5
                   AND EXISTS (SELECT 1 FROM flows WHERE flows.id = ?1
                               AND (stage = 'running' OR (stage = 'starting' AND ?3 = 'webhook')))
                 ORDER BY due_at, seq LIMIT 1)
             RETURNING {COLUMNS}"
        ))?
        .query_map(params![lane.flow_id, lane.component_id, lane.kind.as_str(), lane.port, now], read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().next().map(to_message).transpose()
}

/// Ends a message that runs. `false` when it is gone: its flow has been stopped.
pub fn finish(tx: &Transaction<'_>, id: &str) -> Result<bool> {
    Ok(tx.prepare_cached("DELETE FROM messages WHERE id = ?1 AND state = 'running'")?.execute([id])? > 0)
}

/// Lets a message that runs wait again, as one that has failed `attempts` times. `false` when it is gone.
pub fn put_back(tx: &Transaction<'_>, id: &str, due_at: i64, attempts: u32) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "UPDATE messages SET state = 'waiting', due_at = ?2, attempts = ?3 WHERE id = ?1 AND state = 'running'",
        )?
        .execute(params![id, due_at, attempts])?
        > 0)
}

/// Lets everything wait again that an earlier process was delivering.
pub fn put_all_back(tx: &Transaction<'_>) -> Result<usize> {
    Ok(tx.execute("UPDATE messages SET state = 'waiting' WHERE state = 'running'", [])?)
}

/// Delivers from now on what was held while the flow started.
pub fn release(tx: &Transaction<'_>, flow_id: &str) -> Result<usize> {
    Ok(tx.execute("UPDATE messages SET state = 'waiting' WHERE flow_id = ?1 AND state = 'held'", [flow_id])?)
}

/// Forgets everything that is on its way in a flow; gives how many messages that were.
pub fn clear(tx: &Transaction<'_>, flow_id: &str) -> Result<usize> {
    Ok(tx.execute("DELETE FROM messages WHERE flow_id = ?1", [flow_id])?)
}

/// Forgets what is on its way in a flow that is started anew but for webhooks, whose callers were told that they are
/// accepted: those belong to the new run. Gives how many that are.
pub fn keep_webhooks(tx: &Transaction<'_>, flow_id: &str, run_id: i64) -> Result<usize> {
    tx.execute("DELETE FROM messages WHERE flow_id = ?1 AND kind <> 'webhook'", [flow_id])?;
    let again = "UPDATE messages SET run_id = ?2, state = 'waiting' WHERE flow_id = ?1";
    Ok(tx.execute(again, params![flow_id, run_id])?)
}

/// Forgets what is on its way to one component.
pub fn clear_component(tx: &Transaction<'_>, flow_id: &str, component_id: &str) -> Result<usize> {
    Ok(tx.execute("DELETE FROM messages WHERE flow_id = ?1 AND component_id = ?2", [flow_id, component_id])?)
}

/// Forgets the timers of one component.
pub fn clear_timers(tx: &Transaction<'_>, flow_id: &str, component_id: &str) -> Result<usize> {
    Ok(tx.execute(
        "DELETE FROM messages WHERE flow_id = ?1 AND component_id = ?2 AND kind = 'timeout'",
        [flow_id, component_id],
    )?)
}

/// Forgets a timer of a component. One that is not there, or whose time has come, is no error.
pub fn clear_timer(tx: &Transaction<'_>, flow_id: &str, component_id: &str, id: &str) -> Result<()> {
    tx.prepare_cached(
        "DELETE FROM messages
         WHERE id = ?1 AND flow_id = ?2 AND component_id = ?3 AND kind = 'timeout' AND state <> 'running'",
    )?
    .execute([id, flow_id, component_id])?;
    Ok(())
}

/// The lanes that have something due in `(after, until]`.
pub fn due_lanes(connection: &Connection, after: i64, until: i64) -> Result<Vec<Lane>> {
    Ok(connection
        .prepare_cached(
            "SELECT DISTINCT flow_id, component_id, kind, port FROM messages
             WHERE state = 'waiting' AND due_at > ?1 AND due_at <= ?2",
        )?
        .query_map([after, until], read_lane)?
        .collect::<rusqlite::Result<_>>()?)
}

/// The lanes of one flow that have something due.
pub fn due_lanes_of(connection: &Connection, flow_id: &str, now: i64) -> Result<Vec<Lane>> {
    Ok(connection
        .prepare_cached(
            "SELECT DISTINCT flow_id, component_id, kind, port FROM messages
             WHERE flow_id = ?1 AND state = 'waiting' AND due_at <= ?2",
        )?
        .query_map(params![flow_id, now], read_lane)?
        .collect::<rusqlite::Result<_>>()?)
}

fn read_lane(row: &Row<'_>) -> rusqlite::Result<Lane> {
    Ok(Lane {
        flow_id: row.get(0)?,
        component_id: row.get(1)?,
        kind: Kind::read(&row.get::<_, String>(2)?),
        port: row.get(3)?,
    })
}

/// When the next message after `after` is due.
pub fn next_due(connection: &Connection, after: i64) -> Result<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT min(due_at) FROM messages WHERE state = 'waiting' AND due_at > ?1")?
        .query_row([after], |row| row.get(0))?)
}

/// When the newest message was accepted, 0 where there is none.
pub fn newest(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT coalesce(max(created_at), 0) FROM messages", [], |row| row.get(0))?)
}

/// Whether anything with this correlation is being delivered or is due in a flow.
pub fn is_under_way(connection: &Connection, flow_id: &str, correlation_id: &str, now: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE flow_id = ?1 AND correlation_id = ?2
                            AND (state <> 'waiting' OR due_at <= ?3))",
        )?
        .query_row(params![flow_id, correlation_id, now], |row| row.get(0))?)
}

/// The correlations of what is due in a lane.
pub fn correlations(connection: &Connection, lane: &Lane, now: i64) -> Result<Vec<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT DISTINCT correlation_id FROM messages
             WHERE flow_id = ?1 AND component_id = ?2 AND kind = ?3 AND port = ?4 AND state = 'waiting' AND due_at <= ?5",
        )?
        .query_map(params![lane.flow_id, lane.component_id, lane.kind.as_str(), lane.port, now], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// What waits or runs in a flow, for those who look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    pub id: String,
    pub component_id: String,
    pub kind: Kind,
    pub port: String,
    /// `held`, `waiting` or `running`.
    pub state: String,
    /// Milliseconds since the Unix epoch.
    pub due_at: i64,
    pub attempts: u32,
    pub correlation_id: String,
    pub created_at: i64,
}

/// At most `limit` messages of a flow, the next due first.
pub fn list(connection: &Connection, flow_id: &str, limit: u32) -> Result<Vec<Queued>> {
    let rows = connection
        .prepare_cached(
            "SELECT id, component_id, kind, port, state, due_at, attempts, correlation_id, created_at FROM messages
             WHERE flow_id = ?1 ORDER BY due_at, seq LIMIT ?2",
        )?
        .query_map(params![flow_id, limit], |row| {
            Ok(Queued {
                id: row.get(0)?,
                component_id: row.get(1)?,
                kind: Kind::read(&row.get::<_, String>(2)?),
                port: row.get(3)?,
                state: row.get(4)?,
                due_at: row.get(5)?,
                attempts: row.get(6)?,
                correlation_id: row.get(7)?,
                created_at: row.get(8)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}

/// How many messages are on their way in a flow.
pub fn count(connection: &Connection, flow_id: &str) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM messages WHERE flow_id = ?1")?
        .query_row([flow_id], |row| row.get::<_, i64>(0))?
        .unsigned_abs())
}
