//! The first page of the list, and every page for browsers without wasm.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::{
    job::Job,
    search::{Card, Counts},
};

/// Modules on one page: what a window of 1920 by 1080 pixels shows, and a row more. The fewer, the sooner it is painted.
pub const PAGE_SIZE: usize = 24;

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModulesPage {
    pub cards: Vec<Card>,
    pub counts: Counts,
    /// Modules that match, on all pages together.
    pub total: usize,
    /// From 1.
    pub page: usize,
    pub categories: Vec<String>,
    /// Why catalogue sources could not be read, a line each.
    pub problems: Vec<String>,
    pub running: Vec<Job>,
    /// Bytes of the largest archive that the server takes.
    pub archive_limit: u64,
}

/// Lists the modules that match, page by page.
#[server(prefix = "/backoffice/api", endpoint = "list_modules", input = GetUrl)]
pub async fn list_modules(
    #[server(default)] q: String,
    #[server(default)] status: String,
    #[server(default)] category: String,
    #[server(default)] sort: String,
    #[server(default)] page: usize,
) -> Result<ModulesPage, ApiError> {
    use super::server::{admin, fail, state};
    use crate::domain::search::Query;

    admin()?;
    let state = state();
    let query = Query::from_params(|key| match key {
        "q" => Some(q.clone()),
        "status" => Some(status.clone()),
        "category" => Some(category.clone()),
        "sort" => Some(sort.clone()),
        _ => None,
    });
    let problems = state.catalogue.problems().map_err(fail)?;
    let running = state.registry.running_jobs().map_err(fail)?;
    Ok(state.catalogue.listing().with(|index| {
        let hits = index.search(&query);
        let pages = hits.rows.len().div_ceil(PAGE_SIZE).max(1);
        let page = page.clamp(1, pages);
        ModulesPage {
            cards: hits
                .rows
                .iter()
                .skip((page - 1) * PAGE_SIZE)
                .take(PAGE_SIZE)
                .map(|row| index.cards()[*row as usize].for_browser())
                .collect(),
            counts: hits.counts,
            total: hits.rows.len(),
            page,
            categories: index.categories().to_vec(),
            problems,
            running,
            archive_limit: state.registry.limits().archive_bytes,
        }
    }))
}
