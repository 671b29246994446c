//! Leave that was given to components under the quotas of their modules, for as long as it counts.

use rusqlite::{OptionalExtension, Transaction, params};

use super::queue::{self, Lane, Message};
use crate::server::error::Result;

/// One rule, as it holds for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// What is counted together.
    pub quota: String,
    /// How many may count at once; at least 1.
    pub limit: u32,
    /// Until when another one would count, in milliseconds since the Unix epoch.
    pub expires_at: i64,
}

/// What became of the wish for a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    Message(Box<Message>),
    Nothing,
    /// A quota is used up until then.
    NotBefore(i64),
}

/// Takes the first message of a lane that is due, if every allowance has room for it, and counts it.
pub fn take(tx: &Transaction<'_>, lane: &Lane, now: i64, allowances: &[Allowance]) -> Result<Taken> {
    let mut not_before = None;
    for allowance in allowances {
        not_before = not_before.max(full_until(tx, allowance, now)?);
    }
    if let Some(at) = not_before {
        return Ok(Taken::NotBefore(at));
    }
    let Some(message) = queue::take(tx, lane, now)? else { return Ok(Taken::Nothing) };
    for allowance in allowances {
        tx.prepare_cached("INSERT INTO quota_grants (quota, expires_at) VALUES (?1, ?2)")?
            .execute(params![allowance.quota, allowance.expires_at])?;
    }
    Ok(Taken::Message(Box::new(message)))
}

/// Until when there is no room; `None` where there is some.
fn full_until(tx: &Transaction<'_>, allowance: &Allowance, now: i64) -> Result<Option<i64>> {
    // With so many that last longer, the next one that runs out makes room.
    Ok(tx
        .prepare_cached(
            "SELECT expires_at FROM quota_grants WHERE quota = ?1 AND expires_at > ?2
             ORDER BY expires_at DESC LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![allowance.quota, now, allowance.limit.saturating_sub(1)], |row| row.get(0))
        .optional()?)
}

/// Forgets what counts no more.
pub fn prune(tx: &Transaction<'_>, now: i64) -> Result<()> {
    tx.execute("DELETE FROM quota_grants WHERE expires_at <= ?1", [now])?;
    Ok(())
}
