//! Removing a module, and taking that back.

use leptos::server;

use super::ApiError;

/// Removes an installed module. Its archive is kept for a while.
#[server(prefix = "/backoffice/api", endpoint = "remove_module")]
pub async fn remove_module(name: String) -> Result<(), ApiError> {
    use super::server::{fail, module_name, state, sudo};
    let name = module_name(&name)?;
    state().registry.remove(&sudo()?.publisher(), &name).await.map_err(fail)?;
    // Without wasm the form came from the page with the open dialog.
    leptos_axum::redirect(&format!("/backoffice/modules/{name}"));
    Ok(())
}

/// Brings a removed module back.
#[server(prefix = "/backoffice/api", endpoint = "undo_remove_module")]
pub async fn undo_remove_module(name: String) -> Result<(), ApiError> {
    use super::server::{fail, module_name, state, sudo};
    let name = module_name(&name)?;
    state().registry.undo_remove(&sudo()?, &name).await.map(drop).map_err(fail)
}
