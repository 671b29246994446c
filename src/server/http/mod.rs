//! Every route of the server: the public protocol at the root, the back office below `/backoffice`.

mod assets;
mod audit;
mod error;
mod events;
mod flow_events;
mod guard;
mod icons;
mod identity;
mod index;
mod inward;
mod modules;
mod page_cache;
mod rest;
mod unprocessed;
mod upload;

use std::{any::Any, time::Duration};

use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, generate_route_list};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::{
        CompressionLayer,
        predicate::{DefaultPredicate, NotForContentType, Predicate},
    },
    csrf::CsrfLayer,
    set_header::SetResponseHeaderLayer,
    timeout::TimeoutLayer,
};

pub use assets::Assets;
pub use identity::{Identity, session_cookie};
pub use page_cache::PageCache;
pub use rest::document;

use super::{error::ServerError, state::AppState};
use crate::app::{App, shell};

/// Rendering a page or answering a server function never takes longer.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the routes that need no state in advance, on another thread: [`router`] takes what is there.
pub fn prepare() {
    tokio::task::spawn_blocking(rest::router);
}

/// The whole server as one service.
pub fn router(state: AppState) -> Router {
    let options = LeptosOptions::builder().output_name("stockroom").build();
    let routes = generate_route_list(App);
    let context = {
        let state = state.clone();
        move || {
            provide_context(state.clone());
            guard::set_page_policy(&state.assets.styles_source);
        }
    };
    let functions = {
        let context = context.clone();
        move |request: Request| {
            let context = context.clone();
            async move { leptos_axum::handle_server_fns_with_context(context, request).await }
        }
    };
    let pages = Router::new()
        .leptos_routes_with_context(&options, routes, context, shell)
        .route("/backoffice/api/{*name}", get(functions.clone()).post(functions))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, PAGE_TIMEOUT))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("private, no-cache"),
        ))
        .with_state(options);

    // A zip is compressed already, and whoever downloads one wants to know its length.
    let compressible = DefaultPredicate::new().and(NotForContentType::const_new("application/zip"));
    Router::new()
        .route("/", get(root))
        .route("/healthz", get(healthz))
        .route("/backoffice", get(|| async { Redirect::to("/backoffice/modules") }))
        .route("/backoffice/", get(|| async { Redirect::to("/backoffice/modules") }))
        .route("/backoffice/assets/{version}/{*path}", get(assets::serve))
        .route("/backoffice/events", get(events::stream))
        .route("/backoffice/audit/export", get(audit::export))
        .route("/backoffice/flows/{id}/events", get(flow_events::stream))
        .route("/backoffice/icons/{sha256}", get(icons::serve))
        .route("/backoffice/icons/sheet/{ids}", get(icons::several))
        .route("/backoffice/icons/small/{sha256}", get(icons::small))
        .route("/backoffice/index", get(index::serve))
        .route("/backoffice/modules/{name}/download", get(modules::download))
        .route("/backoffice/unprocessed/export", get(unprocessed::export))
        .route("/backoffice/upload", post(upload::form).layer(DefaultBodyLimit::disable()))
        .merge(rest::router())
        .with_state(state.clone())
        .merge(pages)
        .fallback(error::not_found)
        // Kept with the routes: components reach them for as long as they are served.
        .layer(Extension(inward::open(&state)))
        .layer(
            ServiceBuilder::new()
                .layer(CatchPanicLayer::custom(panicked))
                .layer(middleware::from_fn(guard::guard))
                .layer(CsrfLayer::new())
                .layer(middleware::from_fn_with_state(state.clone(), identity::identify))
                .layer(middleware::from_fn(guard::admit))
                .layer(middleware::from_fn_with_state(state.clone(), page_cache::answer))
                .layer(CompressionLayer::new().compress_when(compressible)),
        )
}

/// A browser goes to the back office; any other client learns the version.
async fn root(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accept.contains("text/html") {
        Redirect::to("/backoffice/").into_response()
    } else {
        Json(serde_json::json!({ "version": env!("CARGO_PKG_VERSION") })).into_response()
    }
}

/// Answers 200 when the registry can be read.
async fn healthz(State(state): State<AppState>) -> Result<&'static str, ServerError> {
    state.registry.running_jobs()?;
    Ok("ok")
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let cause = panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "panic".to_owned());
    ServerError::internal(cause).into_response()
}
