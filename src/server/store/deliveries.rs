//! Calls of the system webhook, and the failures that are counted until they are told of.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::server::error::Result;

/// How far a delivery has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is tried, or tried again.
    Waiting,
    Delivered,
    /// It was tried often enough.
    Failed,
    /// Its address may not be called.
    Refused,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Refused => "refused",
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            "refused" => Self::Refused,
            _ => Self::Waiting,
        }
    }
}

/// A delivery as the log shows it. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub id: String,
    /// The setting that names the address, or `test`.
    pub event: String,
    pub url: String,
    /// What it tells of, in a few words.
    pub subject: String,
    pub state: State,
    pub tries: u32,
    /// When it is tried (again), while it waits.
    pub due_at: i64,
    /// What the receiver answered last.
    pub status: Option<u16>,
    /// Why the last try did not succeed.
    pub error: Option<String>,
    pub created_at: i64,
    pub tried_at: Option<i64>,
    pub ended_at: Option<i64>,
}

/// A delivery that is yet to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDelivery {
    pub id: String,
    pub event: String,
    pub url: String,
    pub subject: String,
    /// JSON.
    pub body: String,
}

/// A delivery whose time has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    pub id: String,
    pub url: String,
    pub body: String,
    /// Before this one.
    pub tries: u32,
}

/// What a try came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub state: State,
    pub status: Option<u16>,
    pub error: Option<String>,
    /// When it is tried again, if it is.
    pub due_at: i64,
    pub at: i64,
}

/// A failure that has happened again since it was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    pub id: String,
    pub subject: String,
    /// JSON.
    pub body: String,
    pub count: u32,
}

pub fn insert(tx: &Transaction<'_>, new: &NewDelivery, now: i64) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO deliveries (id, event, url, subject, body, state, due_at, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
    )?
    .execute(params![new.id, new.event, new.url, new.subject, new.body, State::Waiting.as_str(), now])?;
    Ok(())
}

/// Forgets the oldest that wait beyond the newest `most`; gives how many that were.
pub fn drop_oldest(tx: &Transaction<'_>, most: u32) -> Result<usize> {
    let waiting: u32 = tx
        .prepare_cached("SELECT count(*) FROM deliveries WHERE state = ?1")?
        .query_row([State::Waiting.as_str()], |row| row.get(0))?;
    if waiting <= most {
        return Ok(0);
    }
    Ok(tx
        .prepare_cached(
            "DELETE FROM deliveries
             WHERE id IN (SELECT id FROM deliveries WHERE state = ?1 ORDER BY created_at, id LIMIT ?2)",
        )?
        .execute(params![State::Waiting.as_str(), waiting - most])?)
}

/// Addresses for which something waits, and when the first of it is due.
pub fn lanes(connection: &Connection) -> Result<Vec<(String, i64)>> {
    Ok(connection
        .prepare_cached("SELECT url, min(due_at) FROM deliveries WHERE state = ?1 GROUP BY url")?
        .query_map([State::Waiting.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// The first that is due for an address.
pub fn due(connection: &Connection, url: &str, now: i64) -> Result<Option<Due>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, url, body, tries FROM deliveries WHERE state = ?1 AND url = ?2 AND due_at <= ?3
             ORDER BY due_at, created_at, id LIMIT 1",
        )?
        .query_row(params![State::Waiting.as_str(), url, now], |row| {
            Ok(Due { id: row.get(0)?, url: row.get(1)?, body: row.get(2)?, tries: row.get(3)? })
        })
        .optional()?)
}

/// Writes down a try. One that was dropped meanwhile stays so.
pub fn tried(tx: &Transaction<'_>, id: &str, tried: &Tried) -> Result<()> {
    let has_ended = tried.state != State::Waiting;
    tx.prepare_cached(
        "UPDATE deliveries
         SET state = ?2, tries = tries + 1, due_at = ?3, status = ?4, error = ?5, tried_at = ?6, ended_at = ?7,
             body = CASE WHEN ?8 THEN '' ELSE body END
         WHERE id = ?1",
    )?
    .execute(params![
        id,
        tried.state.as_str(),
        tried.due_at,
        tried.status,
        tried.error,
        tried.at,
        has_ended.then_some(tried.at),
        has_ended,
    ])?;
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        event: row.get(1)?,
        url: row.get(2)?,
        subject: row.get(3)?,
        state: State::read(&row.get::<_, String>(4)?),
        tries: row.get(5)?,
        due_at: row.get(6)?,
        status: row.get(7)?,
        error: row.get(8)?,
        created_at: row.get(9)?,
        tried_at: row.get(10)?,
        ended_at: row.get(11)?,
    })
}

/// The newest first.
pub fn list(connection: &Connection, limit: u32) -> Result<Vec<Delivery>> {
    Ok(connection
        .prepare_cached(
            "SELECT id, event, url, subject, state, tries, due_at, status, error, created_at, tried_at, ended_at
             FROM deliveries ORDER BY created_at DESC, id LIMIT ?1",
        )?
        .query_map([limit], read)?
        .collect::<rusqlite::Result<_>>()?)
}

/// How the calls of an address stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Deliveries that are yet to be made.
    pub waiting: u32,
    /// The one that was tried last.
    pub last: Option<Delivery>,
    /// When one was last taken, in milliseconds since the Unix epoch.
    pub delivered_at: Option<i64>,
}

/// How the calls of an address stand.
pub fn standing(connection: &Connection, url: &str) -> Result<Standing> {
    let waiting = connection
        .prepare_cached("SELECT count(*) FROM deliveries WHERE state = ?1 AND url = ?2")?
        .query_row(params![State::Waiting.as_str(), url], |row| row.get(0))?;
    // `due_at` is the time of the try for those that ended, and later than that for those that are tried again: the
    // index gives the last of each state at once.
    let mut newest = connection.prepare_cached(
        "SELECT id, event, url, subject, state, tries, due_at, status, error, created_at, tried_at, ended_at
         FROM deliveries WHERE state = ?1 AND url = ?2 ORDER BY due_at DESC LIMIT 1",
    )?;
    let mut standing = Standing { waiting, ..Standing::default() };
    for state in [State::Waiting, State::Delivered, State::Failed, State::Refused] {
        let found = newest.query_row(params![state.as_str(), url], read).optional()?;
        let Some(delivery) = found.filter(|delivery| delivery.tried_at.is_some()) else { continue };
        if state == State::Delivered {
            standing.delivered_at = delivery.tried_at;
        }
        if standing.last.as_ref().is_none_or(|last| last.tried_at < delivery.tried_at) {
            standing.last = Some(delivery);
        }
    }
    Ok(standing)
}

/// Forgets what ended before `before` (milliseconds since the epoch), and of the rest all but the newest `most`.
pub fn prune(tx: &Transaction<'_>, before: i64, most: u32) -> Result<()> {
    tx.execute("DELETE FROM deliveries WHERE state <> ?1 AND ended_at < ?2", params![State::Waiting.as_str(), before])?;
    tx.execute(
        "DELETE FROM deliveries
         WHERE id IN (SELECT id FROM deliveries WHERE state <> ?1 ORDER BY ended_at DESC, id LIMIT ?2 OFFSET ?3)",
        params![State::Waiting.as_str(), i64::MAX, most],
    )?;
    Ok(())
}

/// Counts a failure that was told of before. `false` when it was not.
pub fn count(tx: &Transaction<'_>, id: &str, body: &str) -> Result<bool> {
    Ok(tx
        .prepare_cached("UPDATE repeated_failures SET count = count + 1, body = ?2 WHERE id = ?1")?
        .execute(params![id, body])?
        > 0)
}

/// Counts a failure from now on, unless `most` are counted already. Its text is kept when it happens again.
pub fn begin_counting(tx: &Transaction<'_>, id: &str, subject: &str, now: i64, most: u32) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO repeated_failures (id, subject, body, count, told_at)
         SELECT ?1, ?2, '', 0, ?3 WHERE (SELECT count(*) FROM repeated_failures) < ?4",
    )?
    .execute(params![id, subject, now, most])?;
    Ok(())
}

/// When the first of the counted failures was told of.
pub fn first_told(connection: &Connection) -> Result<Option<i64>> {
    Ok(connection.prepare_cached("SELECT min(told_at) FROM repeated_failures")?.query_row([], |row| row.get(0))?)
}

/// Those that were last told of until `until` and have happened again, counted anew from `now`; the others are forgotten.
pub fn take_repeated(tx: &Transaction<'_>, until: i64, now: i64) -> Result<Vec<Repeated>> {
    tx.execute("DELETE FROM repeated_failures WHERE told_at <= ?1 AND count = 0", [until])?;
    let repeated = tx
        .prepare_cached(
            "SELECT id, subject, body, count FROM repeated_failures WHERE told_at <= ?1 ORDER BY told_at, id",
        )?
        .query_map([until], |row| {
            Ok(Repeated { id: row.get(0)?, subject: row.get(1)?, body: row.get(2)?, count: row.get(3)? })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    tx.execute(
        "UPDATE repeated_failures SET count = 0, told_at = ?2, body = '' WHERE told_at <= ?1",
        params![until, now],
    )?;
    Ok(repeated)
}
