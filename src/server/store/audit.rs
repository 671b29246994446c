//! The audit trail. Entries are added in the transaction of the change that they tell of, and never touched again.

use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{from_json, to_json};
use crate::{domain::person::AuditEntry, server::error::Result};

/// Who did something, as it is written down: people and their addresses change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct By {
    pub user_id: Option<String>,
    pub actor: String,
    pub via: String,
    pub address: Option<String>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct Deed {
    /// `area.verb`.
    pub action: &'static str,
    pub subject: String,
    pub module: Option<String>,
    pub before: Option<Value>,
    pub after: Option<Value>,
}

impl Deed {
    pub fn new(action: &'static str, subject: impl Into<String>) -> Self {
        Self { action, subject: subject.into(), ..Self::default() }
    }

    pub fn module(mut self, module: &str) -> Self {
        self.module = Some(module.to_owned());
        self
    }

    pub fn before(mut self, before: impl Into<Value>) -> Self {
        self.before = Some(before.into());
        self
    }

    pub fn after(mut self, after: impl Into<Value>) -> Self {
        self.after = Some(after.into());
        self
    }
}

pub fn append(tx: &Transaction<'_>, by: &By, deed: &Deed, now: i64) -> Result<()> {
    let json = |value: &Option<Value>| value.as_ref().map(to_json).transpose();
    tx.prepare_cached(
        "INSERT INTO audit (at, user_id, actor, via, address, action, subject, module, before, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        now,
        by.user_id,
        by.actor,
        by.via,
        by.address,
        deed.action,
        deed.subject,
        deed.module,
        json(&deed.before)?,
        json(&deed.after)?,
    ])?;
    Ok(())
}

/// Which entries to show; empty texts mean any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the actor's name.
    pub actor: String,
    /// The beginning of the action, such as `module`.
    pub action: String,
    pub module: String,
    /// Milliseconds since the Unix epoch, inclusive.
    pub from: Option<i64>,
    /// Milliseconds since the Unix epoch, exclusive.
    pub to: Option<i64>,
    /// Only entries older than this one.
    pub before: Option<i64>,
}

/// At most `limit` entries, newest first.
pub fn list(connection: &Connection, filter: &Filter, limit: u32) -> Result<Vec<AuditEntry>> {
    let like = |text: &str| text.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let rows = connection
        .prepare_cached(
            "SELECT id, at, user_id, actor, via, address, action, subject, module, before, after FROM audit
             WHERE lower(actor) LIKE ?1 ESCAPE '\\' AND lower(action) LIKE ?2 ESCAPE '\\'
               AND (?3 = '' OR module = ?3) AND at >= ?4 AND at < ?5 AND id < ?6
             ORDER BY id DESC LIMIT ?7",
        )?
        .query_map(
            params![
                format!("%{}%", like(&filter.actor)),
                format!("{}%", like(&filter.action)),
                filter.module,
                filter.from.unwrap_or(i64::MIN),
                filter.to.unwrap_or(i64::MAX),
                filter.before.unwrap_or(i64::MAX),
                limit,
            ],
            read,
        )?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|(entry, before, after)| with_values(entry, before, after)).collect()
}

type Read = (AuditEntry, Option<String>, Option<String>);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let entry = AuditEntry {
        id: row.get(0)?,
        at: row.get(1)?,
        user_id: row.get(2)?,
        actor: row.get(3)?,
        via: row.get(4)?,
        address: row.get(5)?,
        action: row.get(6)?,
        subject: row.get(7)?,
        module: row.get(8)?,
        before: None,
        after: None,
    };
    Ok((entry, row.get(9)?, row.get(10)?))
}

fn with_values(mut entry: AuditEntry, before: Option<String>, after: Option<String>) -> Result<AuditEntry> {
    entry.before = before.as_deref().map(from_json).transpose()?;
    entry.after = after.as_deref().map(from_json).transpose()?;
    Ok(entry)
}
