//! The upload form of browsers without wasm: the same way in, in a form's clothes.

use axum::{
    extract::{Multipart, State},
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use futures::StreamExt;

use super::rest::displayable;
use crate::server::{
    access::Publisher,
    error::{Result, ServerError},
    registry::Received,
    state::AppState,
};

/// Takes the form's file and leads to the page that shows its installation; a refusal leads there, too, as a text.
pub(super) async fn form(
    State(state): State<AppState>,
    publisher: Result<Publisher>,
    multipart: Multipart,
) -> Response {
    let received = match publisher {
        Ok(publisher) => receive(&state, &publisher, multipart).await,
        Err(error) => Err(error),
    };
    match received {
        Ok(id) => Redirect::to(&format!("/backoffice/jobs/{id}")).into_response(),
        Err(error) => {
            let public = error.public();
            let why = if public.needs_proof { "proof".to_owned() } else { public.status.to_string() };
            // 303: the page is fetched with GET, and says what this means.
            (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/backoffice/upload?refused={why}"))]).into_response()
        }
    }
}

async fn receive(state: &AppState, publisher: &Publisher, mut multipart: Multipart) -> Result<String> {
    let broken = |_| ServerError::Incomplete("The upload broke off. Send the file again.".to_owned());
    let mut allow_downgrade = false;
    while let Some(field) = multipart.next_field().await.map_err(broken)? {
        match field.name() {
            // The form has it before the file.
            Some("allowDowngrade") => {
                let mut field = field;
                let mut value: Vec<u8> = Vec::new();
                while let Some(chunk) = field.chunk().await.map_err(broken)? {
                    // No more than tells it from anything else: the route has no limit of its own (S8).
                    value.extend(chunk.iter().take(8));
                    value.truncate(8);
                }
                allow_downgrade = value == b"true";
            }
            Some("file") => {
                let file = field.file_name().and_then(displayable);
                let limit = state.registry.limits().archive_bytes;
                let received = Received::read(field.boxed(), &state.registry.temporary(), limit).await?;
                return Ok(state.registry.publish(publisher, received, file, allow_downgrade, false).await?.id);
            }
            _ => {}
        }
    }
    Err(ServerError::Invalid("Choose a zip file first.".to_owned()))
}
