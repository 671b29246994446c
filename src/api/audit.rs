//! The section "Audit": who did what and when.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{
    ApiError,
    server::{admin, fail, state},
};
use crate::domain::person::AuditEntry;

/// Entries on a page.
pub const PAGE: usize = 100;

/// A page of the trail, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// There are older ones: ask with this as `before`.
    pub older: Option<i64>,
}

/// Entries under a filter; dates are days in UTC, both included.
#[server(prefix = "/backoffice/api", endpoint = "list_audit", input = GetUrl)]
pub async fn list_audit(
    #[server(default)] person: String,
    #[server(default)] action: String,
    #[server(default)] module: String,
    #[server(default)] from: String,
    #[server(default)] to: String,
    #[server(default)] before: Option<i64>,
) -> Result<AuditPage, ApiError> {
    let filter = crate::server::access::audit_filter(&person, &action, &module, &from, &to).map_err(fail)?;
    let filter = crate::server::store::audit::Filter { before, ..filter };
    let mut entries = state().trail.list(&admin()?, filter, PAGE + 1).await.map_err(fail)?;
    let is_more = entries.len() > PAGE;
    entries.truncate(PAGE);
    let older = entries.last().filter(|_| is_more).map(|entry| entry.id);
    Ok(AuditPage { entries, older })
}
