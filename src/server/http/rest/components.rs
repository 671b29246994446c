//! Installed components: list them, download what a selector means, remove it.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures::stream::BoxStream;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiPath, ApiQuery},
    problem::{Conflict, Forbidden, Invalid, NotFound, Unauthorized},
    shapes::ManifestWord,
};
use crate::{
    domain::{module::Manifest, name::Selector},
    server::{
        access::{Publisher, UserActor},
        error::{Result, ServerError},
        registry::{Files, InstalledModule},
        state::AppState,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_components))
        .routes(routes!(download_components, delete_components))
        .routes(routes!(download_component_file))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `yes` for full manifests; names otherwise.
    #[param(inline, value_type = Option<ManifestWord>)]
    manifest: Option<String>,
    /// `vendor[.service[.module[.Component]]]`: only what is there or below.
    selector: Option<String>,
}

/// Components that the caller may use.
#[utoipa::path(
    get, path = "/components", tag = "components",
    summary = "Components that the caller may use",
    params(Wanted),
    responses((status = 200, description = "Names, or manifests where they are asked for.", body = Vec<Value>),
              Invalid, Unauthorized)
)]
async fn list_components(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(Wanted { manifest, selector }): ApiQuery<Wanted>,
) -> Result<Response> {
    let everything = selector.is_none();
    let selector = selector.and_then(|text| Selector::parse(&text).ok());
    let is_wanted = move |name: &str| everything || selector.as_ref().is_some_and(|wanted| wanted.selects(name));
    match manifest.as_deref() {
        Some("yes" | "true") => full_manifests(&state, &actor, is_wanted).await,
        None | Some("no" | "false") => {
            let sight = state.acl.sight(&actor).await?;
            let manifests = state.registry.installed_manifests().await?;
            let components = manifests.into_iter().flat_map(|manifest| manifest.components);
            let usable = components.filter(|one| is_wanted(&one.name) && sight.can_use(&one.name, one.private));
            let mut names: Vec<String> = usable.map(|one| one.name).collect();
            names.sort_unstable();
            Ok(Json(names).into_response())
        }
        Some(_) => Err(ServerError::Invalid("manifest is yes or no.".to_owned())),
    }
}

/// The `component.json` of every wanted component that the caller may use, by name.
pub(super) async fn full_manifests(
    state: &AppState,
    actor: &UserActor,
    is_wanted: impl Fn(&str) -> bool + Send + 'static,
) -> Result<Response> {
    let sight = state.acl.sight(actor).await?;
    let has_wanted = |manifest: &Manifest| manifest.components.iter().any(|one| is_wanted(&one.name));
    let modules = state.registry.installed_modules(has_wanted).await?;
    // Many megabytes, with the icons of a thousand components.
    let body = tokio::task::spawn_blocking(move || {
        let mut found: Vec<(&str, &Value)> = Vec::new();
        for module in &modules {
            for one in module.manifest.components.iter().filter(|one| is_wanted(&one.name)) {
                if let Some((name, (_, manifest))) = module.tree.components.get_key_value(&one.name)
                    && sight.can_use(&one.name, one.private)
                {
                    found.push((name, manifest));
                }
            }
        }
        found.sort_by_key(|(name, _)| *name);
        serde_json::to_vec(&found.into_iter().map(|(_, manifest)| manifest).collect::<Vec<_>>())
    });
    Ok(([(header::CONTENT_TYPE, "application/json")], body.await??).into_response())
}

/// Reads a selector that names something inside a vendor, for somebody who may have it.
///
/// # Errors
/// [`ServerError::Forbidden`] whether or not it is there, to all but administrators and the vendor's publishers.
fn readable(actor: &UserActor, text: &str) -> Result<Selector> {
    let selector = selector(text)?;
    actor.check_developer(selector.vendor())?;
    Ok(selector)
}

fn selector(text: &str) -> Result<Selector> {
    let parsed = Selector::parse(text).ok().filter(|selector| !selector.is_vendor());
    parsed.ok_or_else(|| ServerError::NotFound("Nothing is installed under this name.".to_owned()))
}

fn nothing(selector: &Selector) -> ServerError {
    ServerError::NotFound(format!("Nothing is installed under {selector}."))
}

/// The files that a selector means: those of all modules inside it, else its part of the modules around it.
async fn selected(state: &AppState, selector: &Selector) -> Result<Files> {
    let modules = near(state, selector).await?;
    // Files of a service that several of its modules bring are the first one's.
    Ok(modules.iter().rev().flat_map(|module| module.selected(selector)).collect())
}

/// The modules inside and around a selector, by name.
async fn near(state: &AppState, selector: &Selector) -> Result<Vec<InstalledModule>> {
    let is_near =
        |manifest: &Manifest| selector.selects(manifest.name.as_str()) || manifest.name.owns(selector.as_str());
    state.registry.installed_modules(is_near).await
}

/// A module's archive as it came, or else the files that the selector means, packed.
#[utoipa::path(
    get, path = "/components/{selector}", tag = "components",
    summary = "Download a service, module or component",
    description = "For administrators and the vendor's publishers. An installed module's own archive comes byte for byte; \
                   anything else is packed with the same paths.",
    params(("selector" = String, Path, description = "`vendor.service[.module[.Component]]`")),
    responses((status = 200, description = "A zip.", content_type = "application/zip", body = Vec<u8>),
              Unauthorized, Forbidden, NotFound)
)]
async fn download_components(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(text): ApiPath<String>,
) -> Result<Response> {
    let selector = readable(&actor, &text)?;
    let manifests = state.registry.installed_manifests().await?;
    if let Some(manifest) = manifests.into_iter().find(|manifest| manifest.name.as_str() == selector.as_str()) {
        let found = state.registry.find_archive(&manifest.name, None, None).await?;
        let (size, bytes) = state.registry.open_archive(&found).await?;
        return Ok(zip(&selector, size, &found.sha256, bytes));
    }
    let files = selected(&state, &selector).await?;
    packed(&state, &selector, files).await
}

/// One file of what a selector means.
#[utoipa::path(
    get, path = "/components/{selector}/{file}", tag = "components",
    summary = "Download one file",
    description = "A zip that holds the file alone, at its path.",
    params(("selector" = String, Path, description = "`vendor.service[.module[.Component]]`"),
           ("file" = String, Path, description = "Name of a file in that folder.")),
    responses((status = 200, description = "A zip.", content_type = "application/zip", body = Vec<u8>),
              Unauthorized, Forbidden, NotFound)
)]
async fn download_component_file(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath((text, file)): ApiPath<(String, String)>,
) -> Result<Response> {
    let selector = readable(&actor, &text)?;
    // Compared with the files that are there, never joined to a folder (N2).
    let modules = near(&state, &selector).await?;
    let found = modules.iter().find_map(|module| module.file(&selector, &file));
    packed(&state, &selector, found.into_iter().collect()).await
}

async fn packed(state: &AppState, selector: &Selector, files: Files) -> Result<Response> {
    if files.is_empty() {
        return Err(nothing(selector));
    }
    let packed = state.registry.pack(files).await?;
    let sha256 = packed.sha256.clone();
    let (size, bytes) = packed.into_stream()?;
    Ok(zip(selector, size, &sha256, bytes))
}

fn zip(selector: &Selector, size: u64, sha256: &str, bytes: BoxStream<'static, std::io::Result<Bytes>>) -> Response {
    // A selector holds letters, digits, dots, _ and - alone, so nothing in it can end the header or the quotes (N3).
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{selector}.zip\"")),
        (header::ETAG, format!("\"{sha256}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    (headers, Body::from_stream(bytes)).into_response()
}

/// Removes modules, or a part of one.
#[utoipa::path(
    delete, path = "/components/{selector}", tag = "components",
    summary = "Remove a service, module or component",
    description = "For administrators and the vendor's publishers. Modules that the selector names or holds go as a whole, \
                   all or none; of a module around it, what it names is taken out. Flows that use them go on, and fail where a \
                   component is missing; the audit trail names them.",
    params(("selector" = String, Path, description = "`vendor.service[.module[.Component]]`")),
    responses((status = 200, description = "It is gone.", body = Object), Unauthorized, Forbidden, NotFound, Conflict)
)]
async fn delete_components(
    State(state): State<AppState>,
    publisher: Publisher,
    ApiPath(text): ApiPath<String>,
) -> Result<Json<Value>> {
    state.registry.remove_selected(&publisher, &selector(&text)?).await?;
    Ok(Json(Value::Object(serde_json::Map::new())))
}
