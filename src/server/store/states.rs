//! State documents: what components, flows and services remember.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde_json::{Map, Value};

use super::{from_json, to_json};
use crate::server::error::Result;

/// Whose document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    Component {
        flow_id: String,
        component_id: String,
    },
    Flow(String),
    /// `vendor:service`, over all flows and users.
    Service(String),
}

impl Owner {
    fn key(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Component { flow_id, component_id } => ("component", flow_id, component_id),
            Self::Flow(flow_id) => ("flow", flow_id, ""),
            Self::Service(service) => ("service", service, ""),
        }
    }
}

/// The document; empty where there is none.
pub fn get(connection: &Connection, owner: &Owner) -> Result<Map<String, Value>> {
    connection
        .prepare_cached("SELECT document FROM states WHERE kind = ?1 AND owner = ?2 AND part = ?3")?
        .query_row(<[&str; 3]>::from(owner.key()), |row| row.get::<_, String>(0))
        .optional()?
        .map_or_else(|| Ok(Map::new()), |document| from_json(&document))
}

pub fn put(tx: &Transaction<'_>, owner: &Owner, document: &Map<String, Value>, now: i64) -> Result<()> {
    let (kind, of, part) = owner.key();
    tx.prepare_cached(
        "INSERT INTO states (kind, owner, part, document, updated_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (kind, owner, part) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
    )?
    .execute(params![kind, of, part, to_json(document)?, now])?;
    Ok(())
}

pub fn delete(tx: &Transaction<'_>, owner: &Owner) -> Result<()> {
    tx.prepare_cached("DELETE FROM states WHERE kind = ?1 AND owner = ?2 AND part = ?3")?
        .execute(<[&str; 3]>::from(owner.key()))?;
    Ok(())
}

/// Forgets everything that a flow and its components remember.
pub fn delete_of_flow(tx: &Transaction<'_>, flow_id: &str) -> Result<()> {
    tx.execute("DELETE FROM states WHERE kind IN ('component', 'flow') AND owner = ?1", [flow_id])?;
    Ok(())
}
