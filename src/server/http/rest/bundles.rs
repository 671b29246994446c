//! `GET /bundles`: the installed modules and their versions.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::problem::Unauthorized;
use crate::{
    domain::module::Manifest,
    server::{access::UserActor, error::Result, state::AppState},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_bundles))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Bundle {
    /// The module's name.
    bundle_id: String,
    /// The same again, for clients that look here.
    name: String,
    version: String,
    label: String,
    vendor: String,
    category: String,
    description: String,
    /// Number of components that the caller may use.
    components: usize,
}

impl From<Manifest> for Bundle {
    fn from(manifest: Manifest) -> Self {
        Self {
            bundle_id: manifest.name.to_string(),
            vendor: manifest.name.vendor().to_owned(),
            name: manifest.name.into(),
            version: manifest.version,
            label: manifest.label,
            category: manifest.category,
            description: manifest.description,
            components: manifest.components.len(),
        }
    }
}

/// Those that the rules show to the caller.
#[utoipa::path(
    get, path = "/bundles", tag = "apps",
    summary = "Installed modules and their versions",
    responses((status = 200, description = "Those that the caller may see, by name.", body = Vec<Bundle>), Unauthorized)
)]
async fn list_bundles(State(state): State<AppState>, actor: UserActor) -> Result<Json<Vec<Bundle>>> {
    let sight = state.acl.sight(&actor).await?;
    let manifests = state.registry.installed_manifests().await?;
    Ok(Json(manifests.into_iter().filter_map(|manifest| sight.narrow(manifest)).map(Bundle::from).collect()))
}
