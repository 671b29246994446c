//! What modules are to flows: which flows use one, and what has come to grief while one was missing.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::{
    domain::{
        flow::Stage,
        flow_use::{FlowUse, LostComponent, LostLetters, UsedComponent},
        module::Manifest,
        name::ModuleName,
    },
    server::error::Result,
};

/// The flows that use a module, running ones first. A component whose module was never known counts by its name.
pub fn using(connection: &Connection, module: &ModuleName) -> Result<Vec<FlowUse>> {
    let rows = connection
        .prepare_cached(
            "SELECT flows.id, flows.name, flows.user_id, users.email, stage, started_at,
                    (SELECT count(*) FROM messages WHERE messages.flow_id = flows.id),
                    component_id, flow_components.type
             FROM flow_components JOIN flows ON flows.id = flow_id JOIN users ON users.id = flows.user_id
             WHERE module = ?1 OR (module IS NULL AND substr(flow_components.type, 1, length(?1) + 1) = ?1 || '.')
             ORDER BY CASE stage WHEN 'stopped' THEN 1 ELSE 0 END, lower(flows.name), flows.id, component_id",
        )?
        .query_map([module.as_str()], |row| {
            let found = FlowUse {
                flow_id: row.get(0)?,
                name: row.get(1)?,
                user_id: row.get(2)?,
                email: row.get(3)?,
                stage: Stage::parse(&row.get::<_, String>(4)?).unwrap_or_default(),
                started_at: row.get(5)?,
                components: Vec::new(),
                waiting: row.get(6)?,
            };
            Ok((found, UsedComponent { id: row.get(7)?, kind: row.get(8)? }))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut uses: Vec<FlowUse> = Vec::new();
    for (found, component) in rows {
        if uses.last().is_none_or(|last| last.flow_id != found.flow_id) {
            uses.push(found);
        }
        if let Some(last) = uses.last_mut() {
            last.components.push(component);
        }
    }
    Ok(uses)
}

/// The flows that lose components when this takes the place of what is installed of its module, with those components.
pub fn losing(connection: &Connection, manifest: &Manifest) -> Result<Vec<FlowUse>> {
    let mut dropped: BTreeSet<String> = connection
        .prepare_cached("SELECT name FROM components WHERE module = ?1")?
        .query_map([manifest.name.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for component in &manifest.components {
        dropped.remove(&component.name);
    }
    if dropped.is_empty() {
        return Ok(Vec::new());
    }
    Ok(using(connection, &manifest.name)?.into_iter().filter_map(|found| found.of_types(&dropped)).collect())
}

/// The components of a flow that are not installed.
pub fn lost_components(connection: &Connection, flow_id: &str) -> Result<Vec<LostComponent>> {
    Ok(connection
        .prepare_cached(
            "SELECT component_id, type, module, is_ticking,
                    EXISTS (SELECT 1 FROM installs WHERE installs.name = module),
                    (SELECT count(*) FROM messages WHERE messages.flow_id = flow_components.flow_id
                       AND messages.component_id = flow_components.component_id),
                    (SELECT count(*) FROM unprocessed WHERE unprocessed.flow_id = flow_components.flow_id
                       AND unprocessed.component_id = flow_components.component_id AND reason = 'missing')
             FROM flow_components WHERE flow_id = ?1 AND type NOT IN (SELECT components.name FROM components)
             ORDER BY component_id",
        )?
        .query_map([flow_id], |row| {
            Ok(LostComponent {
                id: row.get(0)?,
                kind: row.get(1)?,
                module: row.get(2)?,
                is_ticking: row.get(3)?,
                is_dropped: row.get(4)?,
                waiting: row.get(5)?,
                unprocessed: row.get(6)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Unprocessed messages of a module's components that were missing and are there again.
const LOST: &str = "unprocessed.module = ?1 AND unprocessed.reason = 'missing' AND unprocessed.component_type IN
                    (SELECT components.name FROM components WHERE components.module = ?1)";

/// How many messages each flow has lost while a module was missing, running flows first.
pub fn lost_letters(connection: &Connection, module: &ModuleName) -> Result<Vec<LostLetters>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT flows.id, flows.name, flows.stage, count(flow_components.component_id), count(*)
             FROM unprocessed JOIN flows ON flows.id = unprocessed.flow_id
               LEFT JOIN flow_components ON flow_components.flow_id = flows.id
                 AND flow_components.component_id = unprocessed.component_id
             WHERE {LOST}
             GROUP BY flows.id, flows.name, flows.stage
             ORDER BY CASE flows.stage WHEN 'running' THEN 0 ELSE 1 END, lower(flows.name), flows.id"
        ))?
        .query_map([module.as_str()], |row| {
            let (count, all): (u32, u32) = (row.get(3)?, row.get(4)?);
            Ok(LostLetters {
                flow_id: row.get(0)?,
                name: row.get(1)?,
                stage: Stage::parse(&row.get::<_, String>(2)?).unwrap_or_default(),
                count,
                homeless: all - count,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Ids of messages among them that a running flow can take up again, and its run; at most `limit` of those that ended
/// no later than `until`, in the order in which they were accepted.
pub fn replayable(connection: &Connection, module: &ModuleName, until: i64, limit: u32) -> Result<Vec<(String, i64)>> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT unprocessed.id, flows.run_id
             FROM unprocessed JOIN flows ON flows.id = unprocessed.flow_id
               JOIN flow_components ON flow_components.flow_id = flows.id
                 AND flow_components.component_id = unprocessed.component_id
             WHERE {LOST} AND flows.stage = 'running' AND flows.run_id IS NOT NULL AND unprocessed.created_at <= ?2
             ORDER BY unprocessed.accepted_at, unprocessed.created_at, unprocessed.id LIMIT ?3"
        ))?
        .query_map(params![module.as_str(), until, limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}
