//! What every server function begins and ends with.

use axum::http::{StatusCode, header, request::Parts};
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
///
/// A browser that sent a form by itself is led back to its page, which says what was wrong: that takes the status of a
/// redirect. Pages set the status of their own answers.
pub(super) fn fail(error: ServerError) -> ApiError {
    let public = error.public();
    let wants_page = use_context::<Parts>().is_some_and(|parts| {
        parts
            .headers
            .get(header::ACCEPT)
            .and_then(|accept| accept.to_str().ok())
            .is_some_and(|accept| accept.contains("text/html"))
    });
    if let (Some(options), Ok(status), false) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(public.status), wants_page)
    {
        options.set_status(status);
    }
    public
}
