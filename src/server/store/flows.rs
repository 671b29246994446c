//! Flows, and which components they are made of.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{from_json, to_json};
use crate::{
    domain::flow::{Descriptor, Flow, Stage},
    server::error::Result,
};

const COLUMNS: &str = "id, user_id, name, description, type, stage, descriptor, custom_fields, thumbnail, created_at, \
                       modified_at, started_at, run_id, revision";

type Read = (Flow, i64, String, String);

fn read(row: &Row<'_>) -> rusqlite::Result<Read> {
    let flow = Flow {
        id: row.get(0)?,
        user_id: row.get(1)?,
        name: row.get(2)?,
        description: row.get(3)?,
        kind: row.get(4)?,
        stage: Stage::parse(&row.get::<_, String>(5)?).unwrap_or_default(),
        descriptor: serde_json::Map::new(),
        custom_fields: serde_json::Map::new(),
        thumbnail: row.get(8)?,
        created_at: row.get(9)?,
        modified_at: row.get(10)?,
        started_at: row.get(11)?,
        run_id: row.get(12)?,
    };
    Ok((flow, row.get(13)?, row.get(6)?, row.get(7)?))
}

fn to_flow((mut flow, revision, descriptor, custom_fields): Read) -> Result<(Flow, i64)> {
    flow.descriptor = from_json(&descriptor)?;
    flow.custom_fields = from_json(&custom_fields)?;
    Ok((flow, revision))
}

/// Keeps a flow: a new one, or another text of one that is there. Stage and run are left alone.
pub fn put(tx: &Transaction<'_>, flow: &Flow) -> Result<()> {
    tx.prepare_cached(&format!(
        "INSERT INTO flows ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, 1)
         ON CONFLICT (id) DO UPDATE
         SET name = excluded.name, description = excluded.description, type = excluded.type,
             descriptor = excluded.descriptor, custom_fields = excluded.custom_fields, thumbnail = excluded.thumbnail,
             modified_at = excluded.modified_at, revision = flows.revision + 1"
    ))?
    .execute(params![
        flow.id,
        flow.user_id,
        flow.name,
        flow.description,
        flow.kind,
        flow.stage.as_str(),
        to_json(&flow.descriptor)?,
        to_json(&flow.custom_fields)?,
        flow.thumbnail,
        flow.created_at,
        flow.modified_at,
        flow.started_at,
        flow.run_id,
    ])?;
    Ok(())
}

/// The flow, and its revision.
pub fn get(connection: &Connection, id: &str) -> Result<Option<(Flow, i64)>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM flows WHERE id = ?1"))?
        .query_row([id], read)
        .optional()?
        .map(to_flow)
        .transpose()
}

/// What is asked of a flow for every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    pub stage: Stage,
    pub run_id: Option<i64>,
    pub revision: i64,
}

/// Stage, run and revision of a flow, which are quicker to read than all of it.
pub fn pulse(connection: &Connection, id: &str) -> Result<Option<Pulse>> {
    Ok(connection
        .prepare_cached("SELECT stage, run_id, revision FROM flows WHERE id = ?1")?
        .query_row([id], |row| {
            let stage = Stage::parse(&row.get::<_, String>(0)?).unwrap_or_default();
            Ok(Pulse { stage, run_id: row.get(1)?, revision: row.get(2)? })
        })
        .optional()?)
}

/// The flows of a user, or all; the last changed first.
pub fn list(connection: &Connection, user_id: Option<&str>) -> Result<Vec<Flow>> {
    let rows = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM flows WHERE ?1 IS NULL OR user_id = ?1 ORDER BY modified_at DESC, id"
        ))?
        .query_map([user_id], read)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|row| Ok(to_flow(row)?.0)).collect()
}

/// How many flows a user has, or there are.
pub fn count(connection: &Connection, user_id: Option<&str>) -> Result<u64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM flows WHERE ?1 IS NULL OR user_id = ?1")?
        .query_row([user_id], |row| row.get::<_, i64>(0))?
        .unsigned_abs())
}

/// Ids of the flows in these stages.
pub fn in_stage(connection: &Connection, stage: Stage) -> Result<Vec<String>> {
    Ok(connection
        .prepare_cached("SELECT id FROM flows WHERE stage = ?1 ORDER BY started_at, id")?
        .query_map([stage.as_str()], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

/// Moves a flow from one stage to another. `false` when it is in a third.
pub fn set_stage(tx: &Transaction<'_>, id: &str, from: Stage, to: Stage) -> Result<bool> {
    Ok(tx
        .prepare_cached("UPDATE flows SET stage = ?3, revision = revision + 1 WHERE id = ?1 AND stage = ?2")?
        .execute([id, from.as_str(), to.as_str()])?
        > 0)
}

/// Begins a run of a flow that was stopped. `false` when it was not.
pub fn begin_run(tx: &Transaction<'_>, id: &str, run_id: i64, now: i64) -> Result<bool> {
    Ok(tx
        .prepare_cached(
            "UPDATE flows SET stage = 'starting', run_id = ?2, started_at = ?3, revision = revision + 1
             WHERE id = ?1 AND stage IN ('stopped', 'starting')",
        )?
        .execute(params![id, run_id, now])?
        > 0)
}

/// Forgets a flow with everything that is kept of it.
pub fn delete(tx: &Transaction<'_>, id: &str) -> Result<bool> {
    super::states::delete_of_flow(tx, id)?;
    Ok(tx.execute("DELETE FROM flows WHERE id = ?1", [id])? > 0)
}

/// Keeps which components a flow has. Where the module of one is not installed, the last that was known stays.
pub fn put_components(tx: &Transaction<'_>, id: &str, descriptor: &Descriptor) -> Result<()> {
    let kept = components(tx, id)?;
    for gone in kept.iter().filter(|kept| !descriptor.nodes.contains_key(&kept.component_id)) {
        tx.prepare_cached("DELETE FROM flow_components WHERE flow_id = ?1 AND component_id = ?2")?
            .execute([id, &gone.component_id])?;
    }
    let mut put = tx.prepare_cached(
        "INSERT INTO flow_components (flow_id, component_id, type, module, is_ticking)
         VALUES (?1, ?2, ?3, (SELECT module FROM components WHERE name = ?3), FALSE)
         ON CONFLICT (flow_id, component_id) DO UPDATE
         SET type = excluded.type,
             module = CASE WHEN excluded.module IS NOT NULL OR flow_components.type <> excluded.type
                           THEN excluded.module ELSE flow_components.module END",
    )?;
    for (component_id, node) in &descriptor.nodes {
        put.execute([id, component_id.as_str(), node.component.as_str()])?;
    }
    Ok(())
}

/// Keeps whether a component is ticked while its flow runs.
pub fn set_ticking(tx: &Transaction<'_>, id: &str, component_id: &str, is_ticking: bool) -> Result<()> {
    tx.prepare_cached("UPDATE flow_components SET is_ticking = ?3 WHERE flow_id = ?1 AND component_id = ?2")?
        .execute(params![id, component_id, is_ticking])?;
    Ok(())
}

/// A component of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowComponent {
    pub component_id: String,
    pub component_type: String,
    pub module: Option<String>,
    pub is_ticking: bool,
}

pub fn components(connection: &Connection, id: &str) -> Result<Vec<FlowComponent>> {
    Ok(connection
        .prepare_cached(
            "SELECT component_id, type, module, is_ticking FROM flow_components WHERE flow_id = ?1
             ORDER BY component_id",
        )?
        .query_map([id], |row| {
            Ok(FlowComponent {
                component_id: row.get(0)?,
                component_type: row.get(1)?,
                module: row.get(2)?,
                is_ticking: row.get(3)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?)
}

/// Flow and component of everything that ticks: what ticks in a flow goes on while it runs.
pub fn ticking(connection: &Connection) -> Result<Vec<(String, String)>> {
    Ok(connection
        .prepare_cached(
            "SELECT flow_id, component_id FROM flow_components JOIN flows ON flows.id = flow_id
             WHERE is_ticking AND stage = 'running' ORDER BY flow_id, component_id",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

/// The module that a component of a flow was of when it was last there.
pub fn last_module(connection: &Connection, id: &str, component_id: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT module FROM flow_components WHERE flow_id = ?1 AND component_id = ?2")?
        .query_row([id, component_id], |row| row.get(0))
        .optional()?
        .flatten())
}

/// The flow of a user that has a component of this id; of several, the one that was changed last.
pub fn having(connection: &Connection, user_id: &str, component_id: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached(
            "SELECT id FROM flows JOIN flow_components ON flow_id = flows.id
             WHERE user_id = ?1 AND component_id = ?2 ORDER BY modified_at DESC, id LIMIT 1",
        )?
        .query_row([user_id, component_id], |row| row.get(0))
        .optional()?)
}
