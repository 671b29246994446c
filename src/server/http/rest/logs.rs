//! What happened in flows.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::ApiQuery,
    problem::{Invalid, Unauthorized},
};
use crate::server::{
    access::UserActor,
    error::Result,
    state::AppState,
    store::flow_log::{Filter, Line},
    time::iso,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which lines.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    flow_id: Option<String>,
    component_id: Option<String>,
    correlation_id: Option<String>,
    /// `debug`, `info`, `warn` or `error`.
    severity: Option<String>,
    /// Part of the line's text, without regard to letter case.
    query: Option<String>,
    /// 100, when it is missing.
    #[param(maximum = 1000)]
    size: Option<u32>,
    from: Option<u32>,
}

/// A line of a flow's log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Hit {
    #[serde(rename = "@timestamp")]
    timestamp: String,
    flow_id: String,
    severity: String,
    component_id: Option<String>,
    component_type: Option<String>,
    port: Option<String>,
    port_type: Option<String>,
    correlation_id: Option<String>,
    #[schema(value_type = Object)]
    msg: Value,
}

impl From<Line> for Hit {
    fn from(line: Line) -> Self {
        Self {
            timestamp: iso(line.at),
            flow_id: line.flow_id,
            severity: line.severity,
            component_id: line.component_id,
            component_type: line.component_type,
            port: line.port,
            port_type: line.port_type,
            correlation_id: line.correlation_id,
            msg: line.message,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct Hits {
    hits: Vec<Hit>,
}

/// Lines of one's own flows, newest first; administrators see those of all flows.
#[utoipa::path(get, path = "/logs", tag = "logs", operation_id = "listLogs", params(Wanted),
    responses((status = 200, description = "The lines", body = Hits), Invalid, Unauthorized))]
async fn list(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Hits>> {
    let Wanted { flow_id, component_id, correlation_id, severity, query, size, from } = wanted;
    let filter = Filter {
        flow_id,
        component_id,
        correlation_id,
        severity,
        text: query.unwrap_or_default(),
        limit: size.unwrap_or(100).min(1000),
        offset: from.unwrap_or_default(),
        ..Filter::default()
    };
    let lines = state.engine.log(&actor, filter).await?;
    Ok(Json(Hits { hits: lines.into_iter().map(Hit::from).collect() }))
}
