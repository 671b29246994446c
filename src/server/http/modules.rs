//! A module's archive as a download.

use axum::{
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{
    domain::name::ModuleName,
    server::{
        access::AdminActor,
        error::{Result, ServerError},
        state::AppState,
    },
};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    version: Option<String>,
    /// Of the archive, in lower-case hex.
    sha256: Option<String>,
}

/// Streams the archive byte for byte: the installed one, else the catalogue's newest, unless another is asked for.
pub(super) async fn download(
    State(state): State<AppState>,
    _: AdminActor,
    Path(name): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<Response> {
    let name = ModuleName::parse(&name).map_err(|_| ServerError::NotFound("There is no such module.".to_owned()))?;
    let found = state.registry.find_archive(&name, parameters.version.as_deref(), parameters.sha256.as_deref()).await?;
    // Name and version were checked when the archive was, so nothing in them can end the header or the quotes (N3).
    let disposition = format!("attachment; filename=\"{name}-{}.zip\"", found.version);
    let tag = format!("\"{}\"", found.sha256);
    let common = [
        (header::ETAG, tag.clone()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    let (size, bytes) = state.registry.open_archive(&found).await?;
    Ok((common, [(header::CONTENT_LENGTH, size.to_string())], Body::from_stream(bytes)).into_response())
}
