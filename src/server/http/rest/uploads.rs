//! Files that their owners send: whole, or in chunks.

use std::time::Duration;

use axum::{
    Json,
    extract::{FromRequest, Multipart, Request, State},
    http::HeaderMap,
};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    problem::{Conflict, Invalid, NotJson, TooLarge, Unauthorized},
    publish::{displayable, file_name},
};
use crate::server::{
    access::UserActor,
    error::{Result, ServerError},
    files::{Chunk, Sent, Target, Upload, file_view},
    state::AppState,
};

/// A sender that is silent for this long has gone.
const IDLE: Duration = Duration::from_secs(60);

/// A form with the file, or with a chunk of it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read by the document alone")]
struct Form {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Send a file, whole or in chunks: each request has one of them, the first one first, and names the same upload.
#[utoipa::path(post, path = "/files", tag = "files", operation_id = "sendFile",
    params(("uploader-file-id" = Option<String>, Header, description = "What the upload is called; a UUID becomes the file's id"),
           ("uploader-file-name" = Option<String>, Header, description = "The file's name, percent-encoded"),
           ("uploader-chunk-size" = Option<u64>, Header, description = "Bytes of every chunk but the last"),
           ("uploader-chunk-number" = Option<u32>, Header, description = "From 0 on"),
           ("uploader-chunks-total" = Option<u32>, Header, description = "1, when it is missing")),
    request_body(content = Form, content_type = "multipart/form-data"),
    responses((status = 200, description = "The file; `{received, total}` while chunks are missing", body = Object),
              Invalid, Unauthorized, Conflict, TooLarge, NotJson))]
pub(super) async fn send(
    State(state): State<AppState>,
    actor: UserActor,
    headers: HeaderMap,
    request: Request,
) -> Result<Json<Value>> {
    if actor.person().id.is_empty() {
        return Err(ServerError::Forbidden("A file belongs to a user: sign in first.".to_owned()));
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let (upload_id, name) = (text("uploader-file-id").unwrap_or_default(), text("uploader-file-name"));
    let total = number(&headers, "uploader-chunks-total", 1)?;
    let chunk = Chunk {
        upload: upload_id.to_owned(),
        number: number(&headers, "uploader-chunk-number", 0)?,
        total,
        size: number(&headers, "uploader-chunk-size", 0)?,
    };
    if total != 1 && (upload_id.is_empty() || upload_id.len() > 200) {
        return Err(ServerError::Invalid("Name the upload in uploader-file-id, in 1 to 200 characters.".to_owned()));
    }
    let Received { upload, name: own_name, content_type } = receive(&state, request).await?;
    let target = Target {
        user_id: actor.person().id.clone(),
        flow_id: None,
        id: uuid::Uuid::try_parse(upload_id).ok().map(|id| id.to_string()),
        name: name.and_then(file_name).or(own_name),
        content_type,
        is_replacement: false,
        by: Some(actor.by()),
    };
    if chunk.total == 1 {
        return Ok(Json(file_view(&state.files.finish(upload, target).await?)));
    }
    Ok(Json(match state.files.add_chunk(chunk, upload, target).await? {
        Sent::Whole(file) => file_view(&file),
        Sent::Partial { received, total } => json!({ "received": received, "total": total }),
    }))
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str, default: T) -> Result<T> {
    let Some(value) = headers.get(name) else { return Ok(default) };
    let number = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    number.ok_or_else(|| ServerError::Invalid(format!("The header {name} is a whole number, not below 0.")))
}

/// A form's file.
struct Received {
    upload: Upload,
    name: Option<String>,
    content_type: Option<String>,
}

/// Takes the first file of the form.
async fn receive(state: &AppState, request: Request) -> Result<Received> {
    let broken = |_| ServerError::Incomplete("The upload broke off. Send the file again.".to_owned());
    let silent =
        |_| ServerError::Incomplete(format!("Nothing came for {} seconds. Send the file again.", IDLE.as_secs()));
    let mut form = Multipart::from_request(request, state)
        .await
        .map_err(|_| ServerError::UnsupportedMediaType("Send a form: multipart/form-data with a file.".to_owned()))?;
    while let Some(mut field) = tokio::time::timeout(IDLE, form.next_field()).await.map_err(silent)?.map_err(broken)? {
        if field.file_name().is_none() && field.name() != Some("file") {
            continue;
        }
        let name = field.file_name().and_then(displayable);
        let content_type = field.content_type().filter(|kind| kind.len() <= 200).map(str::to_owned);
        let mut upload = state.files.begin()?;
        while let Some(bytes) = tokio::time::timeout(IDLE, field.chunk()).await.map_err(silent)?.map_err(broken)? {
            upload.write(&bytes)?;
        }
        return Ok(Received { upload, name, content_type });
    }
    Err(ServerError::Invalid("The form has no file.".to_owned()))
}
