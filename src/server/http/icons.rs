//! Icons by their SHA-256: immutable, and harmless even when they are opened as pages of their own (attack id X3).

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    domain::icons::{ID_LENGTH, SHEET_MAX, ids_of},
    server::{
        access::UserActor,
        catalogue::is_sha256,
        error::{Result, ServerError},
        icons::{self, sheet},
        state::AppState,
    },
};

const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// An icon as its manifest carries it.
pub(super) async fn serve(State(state): State<AppState>, _: UserActor, Path(sha256): Path<String>) -> Result<Response> {
    let icon = if is_sha256(&sha256) { icons::plain(&state, &sha256).await? } else { None };
    let (media_type, bytes) = icon.ok_or_else(unknown)?;
    Ok(answer(&media_type, FOR_EVER, bytes))
}

/// One icon as lists show it; as it came where nothing small can be made of it.
pub(super) async fn small(State(state): State<AppState>, _: UserActor, Path(sha256): Path<String>) -> Result<Response> {
    if !is_sha256(&sha256) {
        return Err(unknown());
    }
    let small = icons::small(&state, &[&sha256]).await?.pop().flatten().filter(|icon| !icon.bytes.is_empty());
    let (media_type, bytes) = match small {
        Some(icon) => (icon.media_type, icon.bytes),
        None => icons::plain(&state, &sha256).await?.ok_or_else(unknown)?,
    };
    Ok(answer(&media_type, FOR_EVER, bytes))
}

/// Several icons in one image; a list shows its views.
pub(super) async fn several(State(state): State<AppState>, _: UserActor, Path(ids): Path<String>) -> Result<Response> {
    let ids = ids_of(&ids).ok_or_else(|| {
        ServerError::Invalid(format!(
            "A sheet has 1 to {SHEET_MAX} icons: give the first {ID_LENGTH} hex digits of the SHA-256 of each, one after \
             another."
        ))
    })?;
    let small = icons::small(&state, &ids).await?;
    // What is not there yet may come.
    let cache = if small.iter().all(Option::is_some) { FOR_EVER } else { "no-store" };
    let places: Vec<_> = ids.into_iter().zip(small).collect();
    Ok(answer("image/svg+xml", cache, sheet::compose(&places).into_bytes()))
}

fn unknown() -> ServerError {
    ServerError::NotFound("There is no such icon.".to_owned())
}

fn answer(media_type: &str, cache: &'static str, bytes: Vec<u8>) -> Response {
    (
        [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, cache),
            (header::CONTENT_SECURITY_POLICY, "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"),
        ],
        bytes,
    )
        .into_response()
}
