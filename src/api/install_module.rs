//! Starting and stopping an installation out of the catalogue.

use leptos::server;

use super::ApiError;
use crate::domain::job::Job;

/// Starts to install a module: the version named, or the newest where `version` is empty. When flows use components that
/// it does not have, `force` says that they may lose them.
#[server(prefix = "/backoffice/api", endpoint = "install_module")]
pub async fn install_module(
    name: String,
    #[server(default)] version: String,
    #[server(default)] force: bool,
) -> Result<Job, ApiError> {
    use super::server::{fail, module_name, state, sudo};
    let name = module_name(&name)?;
    let version = (!version.is_empty()).then_some(version);
    let (actor, registry) = (sudo()?, state().registry);
    if !force {
        registry.check_losses(&name, version.as_deref()).await.map_err(fail)?;
    }
    registry.install(&actor, &name, version.as_deref()).await.map_err(fail)
}

/// Asks an installation to stop. One that has ended stays as it is.
#[server(prefix = "/backoffice/api", endpoint = "cancel_job")]
pub async fn cancel_job(id: String) -> Result<(), ApiError> {
    use super::server::{fail, state, sudo};
    state().registry.cancel(&sudo()?, &id).await.map(drop).map_err(fail)
}
