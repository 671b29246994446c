//! One installation, for its own page.

use leptos::{server, server_fn::codec::GetUrl};

use super::ApiError;
use crate::domain::job::Job;

/// The job with this id.
#[server(prefix = "/backoffice/api", endpoint = "get_job", input = GetUrl)]
pub async fn get_job(id: String) -> Result<Job, ApiError> {
    use super::server::{admin, fail, state};
    admin()?;
    state().registry.job(&id).await.map_err(fail)
}
