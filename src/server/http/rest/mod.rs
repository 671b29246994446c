//! The public protocol's routes at the root. Each is registered with its documentation: there is no other way in here.

mod account;
mod accounts;
mod acl;
mod apps;
mod bundles;
mod calls;
mod components;
mod config;
mod files;
mod flows;
mod hooks;
mod installations;
mod json;
mod logs;
mod module_view;
mod modules;
mod plugins;
mod problem;
mod publish;
mod records;
mod service_config;
mod shapes;
mod stores;
mod unprocessed;
mod uploads;
mod users;

use std::sync::LazyLock;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::Value;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

pub(super) use self::problem::AffectedFlow;
use self::problem::Problem;
pub(super) use self::publish::displayable;
use crate::server::{error::ServerError, state::AppState};

/// What the document says of the whole; routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(title = "Stockroom", description = "The routes for clients. Failures have the shape of `Problem`."),
    components(schemas(Problem)),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The document as pages read it.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| serde_json::to_value(parts().1).unwrap_or_default());
    &DOCUMENT
}

/// The document as clients read it, made when the first one does.
static TEXT: LazyLock<String> = LazyLock::new(|| parts().1.to_json().unwrap_or_default());

/// Every documented route, and the document itself at `/openapi.json`.
///
/// Made once: the documentation that comes with the routes takes as long as all the rest of them.
pub fn router() -> Router<AppState> {
    static ROUTER: LazyLock<Router<AppState>> = LazyLock::new(make);
    ROUTER.clone()
}

fn make() -> Router<AppState> {
    parts()
        .0
        // What is there depends on what is installed.
        .route(
            "/plugins/{*path}",
            get(plugins::call).post(plugins::call).put(plugins::call).patch(plugins::call).delete(plugins::call),
        )
        .route(
            "/openapi.json",
            get(|| async {
                ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], TEXT.as_str()).into_response()
            }),
        )
        .layer(DefaultBodyLimit::max(json::BODY_MAX))
        .method_not_allowed_fallback(|| async { ServerError::MethodNotAllowed })
}

fn parts() -> (Router<AppState>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(Document::openapi())
        // One line a file, in the order of the alphabet.
        .merge(account::router())
        .merge(accounts::router())
        .merge(acl::router())
        .merge(apps::router())
        .merge(bundles::router())
        .merge(calls::router())
        .merge(components::router())
        .merge(config::router())
        .merge(files::router())
        .merge(flows::router())
        .merge(hooks::router())
        .merge(installations::router())
        .merge(logs::router())
        .merge(modules::router())
        .merge(publish::router())
        .merge(records::router())
        .merge(service_config::router())
        .merge(stores::router())
        .merge(unprocessed::router())
        .merge(users::router())
        .split_for_parts()
}
