//! Removing a module, and taking that back.

use leptos::server;

use super::ApiError;

/// Removes an installed module. Its archive is kept for a while.
///
/// While running flows use it, `way` says what becomes of them: `stop` stops them first, and removes nothing when one
/// cannot be stopped; `anyway` lets them run and fail, when `confirm` is the module's name. Otherwise it is refused.
#[server(prefix = "/backoffice/api", endpoint = "remove_module")]
pub async fn remove_module(
    name: String,
    #[server(default)] way: String,
    #[server(default)] confirm: String,
) -> Result<(), ApiError> {
    use super::server::{fail, module_name, state, sudo};
    use crate::server::{error::ServerError, registry::Spared};
    let (name, actor) = (module_name(&name)?, sudo()?);
    let (registry, engine) = (state().registry, state().engine);
    let spared = match way.as_str() {
        "" => Spared::Running,
        "stop" => {
            registry.check_removable(&name).await.map_err(fail)?;
            engine.stop_flows_using(&actor, &name).await.map_err(fail)?;
            Spared::Running
        }
        "anyway" if confirm.trim() == name.as_str() => Spared::None,
        "anyway" => {
            let text = format!("Type {name} to remove it while flows that use it run. Nothing was changed.");
            return Err(fail(ServerError::Invalid(text)));
        }
        _ => return Err(fail(ServerError::Invalid("A way to remove a module is stop or anyway.".to_owned()))),
    };
    registry.remove_unused(&actor.publisher(), &name, spared).await.map_err(fail)?;
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

/// Puts the messages that the module was missing for back into the queues of the flows that run.
#[server(prefix = "/backoffice/api", endpoint = "replay_module")]
pub async fn replay_module(name: String) -> Result<(), ApiError> {
    use super::server::{admin, fail, module_name, state};
    let name = module_name(&name)?;
    state().engine.replay(&admin()?, &name).await.map(drop).map_err(fail)
}
