//! Static calls of components, which are not there yet.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::{NotImplemented, Unauthorized};
use crate::server::{access::UserActor, error::ServerError, state::AppState};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_from_component, call_component))
}

/// The one answer.
fn refuse() -> ServerError {
    ServerError::NotImplemented("Static calls of components are not there yet.".to_owned())
}

#[utoipa::path(
    get, path = "/component/{vendor}/{service}/{module}/{component}", tag = "components",
    summary = "Call a component (not there yet)",
    params(
        ("vendor" = String, Path), ("service" = String, Path), ("module" = String, Path), ("component" = String, Path),
    ),
    responses(Unauthorized, NotImplemented)
)]
async fn read_from_component(_: UserActor) -> ServerError {
    refuse()
}

#[utoipa::path(
    post, path = "/component/{vendor}/{service}/{module}/{component}", tag = "components",
    summary = "Call a component with a body (not there yet)",
    params(
        ("vendor" = String, Path), ("service" = String, Path), ("module" = String, Path), ("component" = String, Path),
    ),
    responses(Unauthorized, NotImplemented)
)]
async fn call_component(_: UserActor) -> ServerError {
    refuse()
}
