//! `GET /apps` and `GET /apps/components`: what a designer of flows offers to the caller.

use std::collections::BTreeMap;

use axum::{Json, extract::State, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    components::full_manifests,
    json::ApiQuery,
    problem::{Invalid, Unauthorized},
};
use crate::{
    domain::{module::Manifest, name::Selector},
    server::{
        access::UserActor,
        error::{Result, ServerError},
        registry,
        state::AppState,
        store,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_apps)).routes(routes!(list_app_components))
}

/// What users see as one app.
#[derive(Serialize, ToSchema)]
struct App {
    name: String,
    label: String,
    category: String,
    /// As written: plain text, Markdown or HTML.
    description: String,
    /// A `data:` address, or empty.
    icon: String,
}

/// Apps of which the caller may use at least one component.
#[utoipa::path(
    get, path = "/apps", tag = "apps",
    summary = "Apps of which the caller may use a component",
    responses((status = 200, description = "By the app's name.", body = BTreeMap<String, App>), Unauthorized)
)]
async fn list_apps(State(state): State<AppState>, actor: UserActor) -> Result<Json<BTreeMap<String, App>>> {
    let sight = state.acl.sight(&actor).await?;
    let modules = state.registry.installed_modules(|_| true).await?;
    let mut apps = BTreeMap::new();
    for module in modules {
        let usable = module.manifest.components.iter().filter(|one| sight.can_use(&one.name, one.private));
        for component in usable {
            match module.tree.app_of(&component.name) {
                Some(app) => {
                    apps.entry(app.id()).or_insert_with(|| of_manifest(app, &module.manifest));
                }
                None => {
                    if !apps.contains_key(module.manifest.name.as_str()) {
                        let app = of_bundle(&state, &module.manifest).await?;
                        apps.insert(app.name.clone(), app);
                    }
                }
            }
        }
    }
    Ok(Json(apps))
}

fn of_manifest(app: &registry::App, module: &Manifest) -> App {
    let text = |key: &str| app.fields.get(key).and_then(Value::as_str).map(str::to_owned);
    App {
        name: app.id(),
        label: text("label").unwrap_or_else(|| module.label.clone()),
        category: text("category").unwrap_or_else(|| module.category.clone()),
        description: text("description").unwrap_or_else(|| module.description.clone()),
        // Nothing is loaded from elsewhere.
        icon: text("icon").filter(|icon| icon.starts_with("data:image/")).unwrap_or_default(),
    }
}

/// The app that a module without `service.json` and `module.json` makes up.
async fn of_bundle(state: &AppState, module: &Manifest) -> Result<App> {
    let icon = match module.icon.clone() {
        Some(sha256) => state.store.read(move |connection| store::icons::get(connection, &sha256)).await?,
        None => None,
    };
    Ok(App {
        name: module.name.to_string(),
        label: module.label.clone(),
        category: module.category.clone(),
        description: module.description.clone(),
        icon: icon
            .map(|(media_type, bytes)| format!("data:{media_type};base64,{}", STANDARD.encode(bytes)))
            .unwrap_or_default(),
    })
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OfApp {
    /// The app's name, or that of anything around its components.
    #[param(required, value_type = String, min_length = 1)]
    app: Option<String>,
}

/// The manifests of an app's components.
#[utoipa::path(
    get, path = "/apps/components", tag = "apps",
    summary = "Full manifests of an app's components",
    params(OfApp),
    responses((status = 200, description = "Every `component.json` that the caller may use; none for an unknown app.",
               body = Vec<Object>), Invalid, Unauthorized)
)]
async fn list_app_components(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(OfApp { app }): ApiQuery<OfApp>,
) -> Result<Response> {
    let app = app.ok_or_else(|| ServerError::Invalid("Name the app: ?app=vendor.service".to_owned()))?;
    // What is no name is the name of nothing.
    let selector = Selector::parse(&app).ok();
    full_manifests(&state, &actor, move |name| selector.as_ref().is_some_and(|wanted| wanted.selects(name))).await
}
