//! People who may sign in.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, is_taken, to_json};
use crate::{
    domain::person::Person,
    server::error::{Result, ServerError},
};

const COLUMNS: &str = "id, email, username, is_active, scopes, vendors, metadata, created_at, updated_at";

type Read = (Person, String, String, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let person = Person {
        id: row.get(0)?,
        email: row.get(1)?,
        username: row.get(2)?,
        is_active: row.get(3)?,
        scopes: Vec::new(),
        vendors: Vec::new(),
        metadata: serde_json::Map::new(),
        created_at: row.get(7)?,
        updated_at: row.get(8)?,
    };
    Ok((person, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn to_person((mut person, scopes, vendors, metadata): Read) -> Result<Person> {
    person.scopes = from_json(&scopes)?;
    person.vendors = from_json(&vendors)?;
    person.metadata = from_json(&metadata)?;
    Ok(person)
}

/// Everybody, in the order of their addresses.
pub fn list(connection: &Connection) -> Result<Vec<Person>> {
    let rows = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users ORDER BY email"))?
        .query_map([], read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_person).collect()
}

pub fn get(connection: &Connection, id: &str) -> Result<Option<Person>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .map(to_person)
        .transpose()
}

/// The person who signs in with this e-mail address or name, and the hash of their password.
pub fn by_login(connection: &Connection, login: &str) -> Result<Option<(Person, String)>> {
    let found = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS}, password_hash FROM users WHERE email = ?1 OR username = ?2 ORDER BY email = ?1 DESC LIMIT 1"
        ))?
        .query_row([login.to_lowercase().as_str(), login], |row| Ok((read(row)?, row.get::<_, String>(9)?)))
        .optional()?;
    found.map(|(read, hash)| Ok((to_person(read)?, hash))).transpose()
}

pub fn password_hash(connection: &Connection, id: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT password_hash FROM users WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?)
}

pub fn count(connection: &Connection) -> Result<i64> {
    Ok(connection.query_row("SELECT count(*) FROM users", [], |row| row.get(0))?)
}

/// # Errors
/// [`ServerError::Conflict`] when somebody has the address or the name already.
pub fn insert(tx: &Transaction<'_>, person: &Person, password_hash: &str) -> Result<()> {
    taken(tx.prepare_cached(
        "INSERT INTO users (id, email, username, is_active, scopes, vendors, metadata, created_at, updated_at, password_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        person.id,
        person.email,
        person.username,
        person.is_active,
        to_json(&person.scopes)?,
        to_json(&person.vendors)?,
        to_json(&person.metadata)?,
        person.created_at,
        person.updated_at,
        password_hash,
    ]))
}

/// Keeps everything of a person but the password.
///
/// # Errors
/// [`ServerError::Conflict`] when somebody else has the address or the name.
pub fn update(tx: &Transaction<'_>, person: &Person) -> Result<()> {
    taken(
        tx.prepare_cached(
            "UPDATE users SET email = ?2, username = ?3, is_active = ?4, scopes = ?5, vendors = ?6, metadata = ?7,
             updated_at = ?8 WHERE id = ?1",
        )?
        .execute(params![
            person.id,
            person.email,
            person.username,
            person.is_active,
            to_json(&person.scopes)?,
            to_json(&person.vendors)?,
            to_json(&person.metadata)?,
            person.updated_at,
        ]),
    )
}

fn taken(result: rusqlite::Result<usize>) -> Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(cause) if is_taken(&cause) => {
            Err(ServerError::Conflict("Somebody has this e-mail address or name already.".to_owned()))
        }
        Err(cause) => Err(cause.into()),
    }
}

pub fn set_password(tx: &Transaction<'_>, id: &str, hash: &str, now: i64) -> Result<()> {
    tx.execute("UPDATE users SET password_hash = ?2, updated_at = ?3 WHERE id = ?1", params![id, hash, now])?;
    Ok(())
}

/// Deletes a person with their sessions and tokens.
pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<()> {
    tx.execute("DELETE FROM users WHERE id = ?1", [id])?;
    Ok(())
}
