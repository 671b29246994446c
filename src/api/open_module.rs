//! The button "Add ACL rule for users".

use leptos::server;

use super::ApiError;

/// Opens a module to users; a second call changes nothing.
#[server(prefix = "/backoffice/api", endpoint = "open_module")]
pub async fn open_module(name: String) -> Result<(), ApiError> {
    use super::server::{fail, module_name, state, sudo};
    let name = module_name(&name)?;
    state().acl.open_to_users(&sudo()?, &name).await.map(drop).map_err(fail)
}
