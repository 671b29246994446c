//! Browsers that are signed in, and bearer tokens that were given out.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, to_json};
use crate::{
    domain::person::{Session, Token},
    server::error::Result,
};

const SESSION: &str = "id, created_at, proved_at, last_seen_at, expires_at, address, agent";

fn read_session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: row.get(0)?,
        created_at: row.get(1)?,
        proved_at: row.get(2)?,
        last_seen_at: row.get(3)?,
        expires_at: row.get(4)?,
        address: row.get(5)?,
        agent: row.get(6)?,
    })
}

pub fn insert_session(tx: &Transaction<'_>, user_id: &str, session: &Session) -> Result<()> {
    tx.execute(
        "INSERT INTO sessions (id, user_id, created_at, proved_at, last_seen_at, expires_at, address, agent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            session.id,
            user_id,
            session.created_at,
            session.proved_at,
            session.last_seen_at,
            session.expires_at,
            session.address,
            session.agent,
        ],
    )?;
    Ok(())
}

/// The session and the id of its owner, unless it has ended.
pub fn session(connection: &Connection, id: &str, now: i64) -> Result<Option<(Session, String)>> {
    Ok(connection
        .prepare_cached(&format!("SELECT {SESSION}, user_id FROM sessions WHERE id = ?1 AND expires_at > ?2"))?
        .query_row(params![id, now], |row| Ok((read_session(row)?, row.get(7)?)))
        .optional()?)
}

/// A person's sessions, the one that was used last first.
pub fn sessions_of(connection: &Connection, user_id: &str, now: i64) -> Result<Vec<Session>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {SESSION} FROM sessions WHERE user_id = ?1 AND expires_at > ?2 ORDER BY last_seen_at DESC, id"
        ))?
        .query_map(params![user_id, now], read_session)?
        .collect::<rusqlite::Result<_>>()?)
}

pub fn seen(tx: &Transaction<'_>, id: &str, address: &str, now: i64, expires_at: i64) -> Result<()> {
    tx.prepare_cached("UPDATE sessions SET last_seen_at = ?2, expires_at = ?3, address = ?4 WHERE id = ?1")?
        .execute(params![id, now, expires_at, address])?;
    Ok(())
}

pub fn proved(tx: &Transaction<'_>, id: &str, now: i64) -> Result<()> {
    tx.execute("UPDATE sessions SET proved_at = ?2 WHERE id = ?1", params![id, now])?;
    Ok(())
}

/// Ends a session of this person; `false` when there is none.
pub fn end_session(tx: &Transaction<'_>, user_id: &str, id: &str) -> Result<bool> {
    Ok(tx.execute("DELETE FROM sessions WHERE user_id = ?1 AND id = ?2", [user_id, id])? > 0)
}

/// Ends all sessions of this person but one.
pub fn end_sessions(tx: &Transaction<'_>, user_id: &str, except: &str) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE user_id = ?1 AND id <> ?2", [user_id, except])?;
    Ok(())
}

/// Forgets what has run out.
pub fn prune(tx: &Transaction<'_>, now: i64) -> Result<()> {
    tx.execute("DELETE FROM sessions WHERE expires_at <= ?1", [now])?;
    tx.execute("DELETE FROM tokens WHERE expires_at <= ?1", [now])?;
    Ok(())
}

fn read_token(row: &Row<'_>) -> rusqlite::Result<(Token, String)> {
    let token = Token {
        id: row.get(0)?,
        name: row.get(1)?,
        scopes: Vec::new(),
        created_at: row.get(3)?,
        expires_at: row.get(4)?,
        last_used_at: row.get(5)?,
    };
    Ok((token, row.get(2)?))
}

fn to_token((mut token, scopes): (Token, String)) -> Result<Token> {
    token.scopes = from_json(&scopes)?;
    Ok(token)
}

const TOKEN: &str = "id, name, scopes, created_at, expires_at, last_used_at";

pub fn insert_token(tx: &Transaction<'_>, user_id: &str, token: &Token) -> Result<()> {
    tx.execute(
        "INSERT INTO tokens (id, user_id, name, scopes, created_at, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![token.id, user_id, token.name, to_json(&token.scopes)?, token.created_at, token.expires_at],
    )?;
    Ok(())
}

/// The token, if it is this person's, was not revoked and has not run out.
pub fn token(connection: &Connection, user_id: &str, id: &str, now: i64) -> Result<Option<Token>> {
    connection
        .prepare_cached(&format!(
            "SELECT {TOKEN} FROM tokens WHERE id = ?1 AND user_id = ?2 AND expires_at > ?3 AND revoked_at IS NULL"
        ))?
        .query_row(params![id, user_id, now], read_token)
        .optional()?
        .map(to_token)
        .transpose()
}

/// A person's tokens that work, the newest first.
pub fn tokens_of(connection: &Connection, user_id: &str, now: i64) -> Result<Vec<Token>> {
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {TOKEN} FROM tokens WHERE user_id = ?1 AND expires_at > ?2 AND revoked_at IS NULL
             ORDER BY created_at DESC, id"
        ))?
        .query_map(params![user_id, now], read_token)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_token).collect()
}

pub fn token_used(tx: &Transaction<'_>, id: &str, now: i64) -> Result<()> {
    tx.prepare_cached("UPDATE tokens SET last_used_at = ?2 WHERE id = ?1")?.execute(params![id, now])?;
    Ok(())
}

/// Revokes a token of this person; `false` when there is none that works.
pub fn revoke_token(tx: &Transaction<'_>, user_id: &str, id: &str, now: i64) -> Result<bool> {
    let revoked = tx.execute(
        "UPDATE tokens SET revoked_at = ?3 WHERE id = ?1 AND user_id = ?2 AND revoked_at IS NULL",
        params![id, user_id, now],
    )?;
    Ok(revoked > 0)
}

/// Revokes every token of this person, or those that clients got by signing in.
pub fn revoke_tokens(tx: &Transaction<'_>, user_id: &str, named_too: bool, now: i64) -> Result<()> {
    tx.execute(
        "UPDATE tokens SET revoked_at = ?3 WHERE user_id = ?1 AND revoked_at IS NULL AND (?2 OR name IS NULL)",
        params![user_id, named_too, now],
    )?;
    Ok(())
}
