//! What a list of flows says of each, in one question.

use rusqlite::{Connection, params};

use crate::{
    domain::flow::Stage,
    server::error::{Result, ServerError},
};

/// A flow in a list.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FlowOverview {
    pub id: String,
    pub name: String,
    /// Of its owner.
    pub email: String,
    pub stage: Stage,
    /// Modules that its components come from, sorted.
    pub modules: Vec<String>,
    /// When something was last written in its log, in milliseconds since the Unix epoch.
    pub active_at: Option<i64>,
    /// Unprocessed messages.
    pub unprocessed: u32,
    /// Components whose module is not installed.
    pub missing: u32,
}

/// Everybody's flows, by name, or the one with this id.
pub fn overview(connection: &Connection, id: Option<&str>) -> Result<Vec<FlowOverview>> {
    let rows = connection
        .prepare_cached(
            "SELECT flows.id, flows.name, users.email, flows.stage,
                    (SELECT max(at) FROM flow_log WHERE flow_log.flow_id = flows.id),
                    (SELECT count(*) FROM unprocessed WHERE unprocessed.flow_id = flows.id),
                    (SELECT count(*) FROM flow_components WHERE flow_components.flow_id = flows.id
                       AND flow_components.type NOT IN (SELECT components.name FROM components))
             FROM flows JOIN users ON users.id = flows.user_id
             WHERE ?1 IS NULL OR flows.id = ?1
             ORDER BY lower(flows.name), flows.id",
        )?
        .query_map([id], |row| {
            let stage: String = row.get(3)?;
            let overview = FlowOverview {
                id: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                stage: Stage::default(),
                modules: Vec::new(),
                active_at: row.get(4)?,
                unprocessed: row.get(5)?,
                missing: row.get(6)?,
            };
            Ok((overview, stage))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut modules = connection.prepare_cached(
        "SELECT DISTINCT module FROM flow_components WHERE flow_id = ?1 AND module IS NOT NULL ORDER BY module",
    )?;
    rows.into_iter()
        .map(|(mut overview, stage)| {
            overview.stage =
                Stage::parse(&stage).ok_or_else(|| ServerError::internal(format!("a flow's stage is {stage:?}")))?;
            overview.modules =
                modules.query_map(params![overview.id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
            Ok(overview)
        })
        .collect()
}
