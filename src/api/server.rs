//! What every server function begins and ends with.

use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;

use super::ApiError;
use crate::{
    domain::name::ModuleName,
    server::{access::AdminActor, error::ServerError, state::AppState},
};

/// The services of the server that runs this function.
pub(super) fn state() -> AppState {
    expect_context()
}

/// Who is asking. A page that a loopback server answers was asked for by its administrator.
pub(super) fn admin() -> AdminActor {
    AdminActor::on_loopback()
}

/// Reads a module's name out of a form or an address.
pub(super) fn module_name(text: &str) -> Result<ModuleName, ApiError> {
    ModuleName::parse(text).map_err(|_| fail(ServerError::NotFound("There is no such module.".to_owned())))
}

/// Makes a failure public, and gives the answer its status.
pub(super) fn fail(error: ServerError) -> ApiError {
    let public = error.public();
    if let (Some(options), Ok(status)) =
        (use_context::<ResponseOptions>(), axum::http::StatusCode::from_u16(public.status))
    {
        options.set_status(status);
    }
    public
}
