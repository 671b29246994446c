//! Static calls of components: they run code of modules, which is the engine's part.

use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::{NotImplemented, Unauthorized};
use crate::server::{access::UserActor, error::ServerError, state::AppState};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(read_from_component, call_component))
}

/// The one answer.
fn refuse() -> ServerError {
    ServerError::NotImplemented("This server keeps modules and does not run them. Ask the engine.".to_owned())
}

#[utoipa::path(
    get, path = "/component/{vendor}/{service}/{module}/{component}", tag = "components",
    summary = "Call a component (not on this server)",
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
    summary = "Call a component with a body (not on this server)",
    params(
        ("vendor" = String, Path), ("service" = String, Path), ("module" = String, Path), ("component" = String, Path),
    ),
    responses(Unauthorized, NotImplemented)
)]
async fn call_component(_: UserActor) -> ServerError {
    refuse()
}
