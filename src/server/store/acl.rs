//! ACL rules, each with a revision that every change raises, so that an edit made on an old one is noticed.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, to_json};
use crate::{
    domain::acl::{AclType, Rule, StoredRule},
    server::error::Result,
};

fn read_rule(row: &Row<'_>) -> rusqlite::Result<(i64, i64, String, String, String, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
}

fn to_rule(
    (id, revision, role, resource, action, attributes): (i64, i64, String, String, String, String),
) -> Result<StoredRule> {
    Ok(StoredRule {
        id,
        revision,
        rule: Rule { role, resource, action: from_json(&action)?, attributes: from_json(&attributes)? },
    })
}

/// All rules of a type, in the order in which they were made.
pub fn list(connection: &Connection, acl_type: AclType) -> Result<Vec<StoredRule>> {
    let rows = connection
        .prepare_cached(
            "SELECT id, revision, role, resource, action, attributes FROM acl_rules WHERE type = ?1 ORDER BY id",
        )?
        .query_map([acl_type.as_str()], read_rule)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(to_rule).collect()
}

pub fn get(connection: &Connection, id: i64) -> Result<Option<StoredRule>> {
    connection
        .prepare_cached("SELECT id, revision, role, resource, action, attributes FROM acl_rules WHERE id = ?1")?
        .query_row([id], read_rule)
        .optional()?
        .map(to_rule)
        .transpose()
}

/// Adds a rule; `false` when the same rule is there already, which changes nothing.
pub fn add(tx: &Transaction<'_>, acl_type: AclType, rule: &Rule) -> Result<bool> {
    let changed = tx
        .prepare_cached(
            "INSERT INTO acl_rules (type, revision, identity, role, resource, action, attributes)
             VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (type, identity) DO NOTHING",
        )?
        .execute(params![
            acl_type.as_str(),
            rule.identity(),
            rule.role,
            rule.resource,
            to_json(&rule.action)?,
            to_json(&rule.attributes)?,
        ])?;
    Ok(changed > 0)
}

/// Whether another rule of the same type says the same as `rule`.
pub fn has_twin(connection: &Connection, acl_type: AclType, rule: &Rule, id: i64) -> Result<bool> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM acl_rules WHERE type = ?1 AND identity = ?2 AND id <> ?3)")?
        .query_row(params![acl_type.as_str(), rule.identity(), id], |row| row.get(0))?)
}

/// Replaces a rule if it is still at `revision`; `false` when it is not.
pub fn replace(tx: &Transaction<'_>, acl_type: AclType, id: i64, revision: i64, rule: &Rule) -> Result<bool> {
    let changed = tx
        .prepare_cached(
            "UPDATE acl_rules SET revision = revision + 1, identity = ?3, role = ?4, resource = ?5, action = ?6,
                 attributes = ?7
             WHERE id = ?1 AND revision = ?2 AND type = ?8",
        )?
        .execute(params![
            id,
            revision,
            rule.identity(),
            rule.role,
            rule.resource,
            to_json(&rule.action)?,
            to_json(&rule.attributes)?,
            acl_type.as_str(),
        ])?;
    Ok(changed > 0)
}

/// Deletes a rule if it is still at `revision`; `false` when it is not.
pub fn delete(tx: &Transaction<'_>, id: i64, revision: i64) -> Result<bool> {
    Ok(tx.prepare_cached("DELETE FROM acl_rules WHERE id = ?1 AND revision = ?2")?.execute([id, revision])? > 0)
}

/// Runs `first` once in the life of the database.
pub fn on_first_start(tx: &Transaction<'_>, first: impl FnOnce() -> Result<()>) -> Result<()> {
    let fresh =
        tx.execute("INSERT INTO settings (key, value) VALUES ('acl.seeded', 'true') ON CONFLICT (key) DO NOTHING", [])?;
    if fresh > 0 { first() } else { Ok(()) }
}
