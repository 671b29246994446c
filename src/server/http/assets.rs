//! The site's own files out of the binary: compressed at build time, and immutable under a path that names the build.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::server::{catalogue::hex, error::ServerError, state::AppState};

#[derive(RustEmbed)]
#[folder = "target/site/"]
#[allow_missing = true]
struct Site;

/// The embedded site.
#[derive(Debug)]
pub struct Assets {
    version: String,
    styles: String,
    /// The only styles that a page may have, as a source of a content security policy.
    pub(super) styles_source: String,
}

impl Default for Assets {
    fn default() -> Self {
        let mut hasher = Sha256::new();
        for path in Site::iter() {
            if let Some(file) = Site::get(&path) {
                hasher.update(path.as_bytes());
                hasher.update(file.metadata.sha256_hash());
            }
        }
        let styles = Site::get("pkg/stockroom.css").map(|file| String::from_utf8_lossy(&file.data).into_owned());
        let styles = styles.unwrap_or_default();
        let styles_source = format!("'sha256-{}'", STANDARD.encode(Sha256::digest(&styles)));
        Self { version: hex(&hasher.finalize())[..16].to_owned(), styles, styles_source }
    }
}

impl Assets {
    /// The folder of the site: another one whenever the site was built anew.
    pub fn root(&self) -> String {
        format!("/backoffice/assets/{}", self.version)
    }

    /// The style sheet of all pages. It stands in each of them: a request of its own would hold up the first paint.
    pub fn styles(&self) -> &str {
        &self.styles
    }

    /// The address of a file of the site.
    pub fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.root())
    }
}

/// Hands out a file in the best encoding that was made of it and that the client takes.
pub(super) async fn serve(
    State(state): State<AppState>,
    Path((version, path)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(plain) = Site::get(&path).filter(|_| !path.ends_with(".br") && !path.ends_with(".gz")) else {
        return ServerError::NotFound("There is no such file.".to_owned()).into_response();
    };
    let etag = format!("\"{}\"", hex(&plain.metadata.sha256_hash()[..16]));
    let media_type = HeaderValue::from_str(plain.metadata.mimetype())
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    // Under another build's path the file may be a newer one than the page asks for.
    let cache = if version == state.assets.version { "public, max-age=31536000, immutable" } else { "no-cache" };
    let common = [
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    let etag = HeaderValue::from_str(&etag).unwrap_or(HeaderValue::from_static("\"\""));
    if headers.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, common, [(header::ETAG, etag)]).into_response();
    }
    let takes = |coding: &str| {
        let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
        accepted.split(',').any(|one| {
            let mut parts = one.trim().split(';');
            parts.next() == Some(coding) && parts.all(|parameter| parameter.trim() != "q=0")
        })
    };
    for (coding, suffix) in [("br", ".br"), ("gzip", ".gz")] {
        if takes(coding)
            && let Some(file) = Site::get(&format!("{path}{suffix}"))
        {
            let headers = [
                (header::CONTENT_ENCODING, HeaderValue::from_static(coding)),
                (header::CONTENT_TYPE, media_type),
                (header::ETAG, etag),
            ];
            return (common, headers, file.data).into_response();
        }
    }
    (common, [(header::CONTENT_TYPE, media_type), (header::ETAG, etag)], plain.data).into_response()
}
