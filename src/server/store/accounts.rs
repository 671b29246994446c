//! What flows sign in with elsewhere, and which component uses which. Tokens are sealed before they come here.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde_json::{Map, Value};

use super::{from_json, to_json};
use crate::{domain::flow::Stage, server::error::Result};

/// An account of a user's with another service.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    pub id: String,
    pub user_id: String,
    /// `vendor:service` or `vendor:service:module`.
    pub service: String,
    pub name: String,
    pub display_name: Option<String>,
    /// Sealed.
    pub token: String,
    pub profile: Map<String, Value>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// A flow that uses an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountUse {
    pub flow_id: String,
    pub name: String,
    pub stage: Stage,
}

const COLUMNS: &str = "id, user_id, service, name, display_name, token, profile, created_at";

fn read(row: &Row<'_>) -> rusqlite::Result<(Account, String)> {
    let account = Account {
        id: row.get(0)?,
        user_id: row.get(1)?,
        service: row.get(2)?,
        name: row.get(3)?,
        display_name: row.get(4)?,
        token: row.get(5)?,
        profile: Map::new(),
        created_at: row.get(7)?,
    };
    Ok((account, row.get(6)?))
}

fn whole((mut account, profile): (Account, String)) -> Result<Account> {
    account.profile = from_json(&profile)?;
    Ok(account)
}

pub fn insert(tx: &Transaction<'_>, account: &Account) -> Result<()> {
    tx.prepare_cached(&format!("INSERT INTO accounts ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"))?.execute(
        params![
            account.id,
            account.user_id,
            account.service,
            account.name,
            account.display_name,
            account.token,
            to_json(&account.profile)?,
            account.created_at,
        ],
    )?;
    Ok(())
}

/// The accounts of a user, the oldest first.
pub fn list(connection: &Connection, user_id: &str) -> Result<Vec<Account>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE user_id = ?1 ORDER BY created_at, id"))?
        .query_map([user_id], read)?
        .map(|row| whole(row?))
        .collect()
}

pub fn get(connection: &Connection, id: &str) -> Result<Option<Account>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .map(whole)
        .transpose()
}

/// What a component of a flow signs in with.
pub fn of_component(connection: &Connection, flow_id: &str, component_id: &str) -> Result<Option<Account>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM accounts
             WHERE id = (SELECT account_id FROM component_accounts WHERE flow_id = ?1 AND component_id = ?2)"
        ))?
        .query_row([flow_id, component_id], read)
        .optional()?
        .map(whole)
        .transpose()
}

/// Which account each component of a flow uses.
pub fn of_flow(connection: &Connection, flow_id: &str) -> Result<BTreeMap<String, String>> {
    Ok(connection
        .prepare_cached("SELECT component_id, account_id FROM component_accounts WHERE flow_id = ?1")?
        .query_map([flow_id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

pub fn rename(tx: &Transaction<'_>, id: &str, display_name: Option<&str>) -> Result<()> {
    tx.prepare_cached("UPDATE accounts SET display_name = ?2 WHERE id = ?1")?.execute(params![id, display_name])?;
    Ok(())
}

pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<()> {
    tx.prepare_cached("DELETE FROM accounts WHERE id = ?1")?.execute([id])?;
    Ok(())
}

/// The flows that use an account, running ones first.
pub fn uses(connection: &Connection, id: &str) -> Result<Vec<AccountUse>> {
    Ok(connection
        .prepare_cached(
            "SELECT DISTINCT flows.id, name, stage FROM component_accounts JOIN flows ON flows.id = flow_id
             WHERE account_id = ?1 ORDER BY CASE stage WHEN 'stopped' THEN 1 ELSE 0 END, name, flows.id",
        )?
        .query_map([id], |row| {
            let stage = Stage::parse(&row.get::<_, String>(2)?).unwrap_or_default();
            Ok(AccountUse { flow_id: row.get(0)?, name: row.get(1)?, stage })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Flow and type of each component with this id in flows of a user.
pub fn places(connection: &Connection, user_id: &str, component_id: &str) -> Result<Vec<(String, String)>> {
    Ok(connection
        .prepare_cached(
            "SELECT flow_id, flow_components.type FROM flow_components JOIN flows ON flows.id = flow_id
             WHERE component_id = ?2 AND user_id = ?1 ORDER BY flow_id",
        )?
        .query_map([user_id, component_id], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// From now on the component signs in with this account.
pub fn attach(tx: &Transaction<'_>, flow_id: &str, component_id: &str, account_id: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO component_accounts (flow_id, component_id, account_id) VALUES (?1, ?2, ?3)
         ON CONFLICT (flow_id, component_id) DO UPDATE SET account_id = excluded.account_id",
    )?
    .execute([flow_id, component_id, account_id])?;
    Ok(())
}

/// The component signs in with this account no longer. True when it did.
pub fn detach(tx: &Transaction<'_>, flow_id: &str, component_id: &str, account_id: &str) -> Result<bool> {
    Ok(tx
        .prepare_cached("DELETE FROM component_accounts WHERE flow_id = ?1 AND component_id = ?2 AND account_id = ?3")?
        .execute([flow_id, component_id, account_id])?
        > 0)
}

/// A copy of a flow signs in with what the flow itself does.
pub fn copy(tx: &Transaction<'_>, from: &str, to: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO component_accounts (flow_id, component_id, account_id)
         SELECT ?2, component_id, account_id FROM component_accounts WHERE flow_id = ?1",
    )?
    .execute([from, to])?;
    Ok(())
}
