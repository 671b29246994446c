//! `POST /components` and its ticket, as the public protocol has them: the way in of the dialog and of every client.

use axum::{
    Json,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, header},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiPath, ApiQuery},
    problem::{Forbidden, Invalid, NotFound, NotJson, TooLarge, Unauthorized},
};
use crate::{
    domain::{
        finding::Finding,
        job::{Job, JobState, Outcome},
    },
    server::{
        access::{Publisher, UserActor},
        error::{Result, ServerError},
        registry::Received,
        state::AppState,
        time::iso,
    },
};

/// Media types under which a raw zip may come.
const ZIP_TYPES: [&str; 3] = ["application/octet-stream", "application/zip", "application/x-zip-compressed"];

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        // The handler holds the bytes that come to a limit of its own.
        .merge(OpenApiRouter::new().routes(routes!(publish)).layer(DefaultBodyLimit::disable()))
        .routes(routes!(get_ticket))
}

#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
#[derive(Default)]
struct Parameters {
    /// An older version may replace the installed one.
    allow_downgrade: bool,
    /// For a part of a module: what the part's folder holds besides the archive's files is taken away.
    replace_all: bool,
}

/// What an installation is asked after by.
#[derive(Serialize, ToSchema)]
pub(super) struct Ticket {
    /// UUID v4.
    pub ticket: String,
}

/// Takes a raw zip and answers with the ticket of the job that installs it.
#[utoipa::path(
    post, path = "/components", tag = "components",
    summary = "Publish a module, or a part of an installed one",
    description = "The body is the zip itself. An archive without `bundle.json`, or one of a single module's folder, is \
                   laid over the files of the installed module that it belongs to.",
    params(Parameters),
    request_body(content_type = "application/octet-stream", description = "The zip's bytes."),
    responses((status = 200, description = "It was received; ask for its ticket.", body = Ticket),
              Invalid, Unauthorized, Forbidden, TooLarge, NotJson)
)]
async fn publish(
    State(state): State<AppState>,
    publisher: Publisher,
    ApiQuery(parameters): ApiQuery<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Ticket>> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if !ZIP_TYPES.contains(&essence.as_str()) {
        return Err(ServerError::UnsupportedMediaType("Send the zip's bytes as application/octet-stream.".to_owned()));
    }
    let limit = state.registry.limits().archive_bytes;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > limit) {
        return Err(ServerError::TooLarge { limit });
    }
    let received = Received::read(body.into_data_stream(), &state.registry.temporary(), limit).await?;
    let file = headers.get("x-file-name").and_then(|name| file_name(name.to_str().ok()?));
    let Parameters { allow_downgrade, replace_all } = parameters;
    let job = state.registry.publish(&publisher, received, file, allow_downgrade, replace_all).await?;
    Ok(Json(Ticket { ticket: job.id }))
}

/// The sender's name for the file, percent-encoded in a header, as something that can be shown.
pub(super) fn file_name(encoded: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    displayable(&decoded)
}

/// The last part of a path, without what cannot be shown, at most 200 characters.
pub(in crate::server::http) fn displayable(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let name: String = last.chars().filter(|character| !character.is_control()).take(200).collect();
    (!name.trim().is_empty()).then(|| name.trim().to_owned())
}

/// How a job stands, in the words of the public protocol: `finished` is set on failure, too, so `err` comes first.
#[utoipa::path(
    get, path = "/components/uploader/{ticket}", tag = "components",
    summary = "How a publication stands",
    description = "`started` while it runs; then `finished`, with `installed` on success, or with `err` (a text) and `data` \
                   (a list of `{keyword, dataPath, message}`) on failure. `finished` is set on failure, too.",
    params(("ticket" = String, Path, description = "From the answer to the publication.")),
    responses((status = 200, description = "It runs or has ended.", body = Object), Unauthorized, NotFound)
)]
async fn get_ticket(
    State(state): State<AppState>,
    _: UserActor,
    ApiPath(ticket): ApiPath<String>,
) -> Result<Json<Value>> {
    let job = state.registry.job(&ticket).await?;
    Ok(Json(ticket_body(&job)))
}

fn ticket_body(job: &Job) -> Value {
    let finished = job.finished_at.map(iso);
    match job.state {
        JobState::Running => json!({ "started": iso(job.started_at), "step": job.step }),
        JobState::Succeeded => {
            let unchanged = job.outcome == Some(Outcome::Unchanged);
            json!({
                "started": iso(job.started_at),
                "finished": finished,
                "installed": job.module.as_ref().map(|name| json!({
                    "name": name, "version": job.version, "unchanged": unchanged,
                })),
            })
        }
        JobState::Cancelled => {
            json!({ "started": iso(job.started_at), "finished": finished, "err": "The installation was cancelled.", "data": [] })
        }
        JobState::Failed => {
            let failure = job.failure.clone();
            let data: Vec<Value> = failure
                .iter()
                .flat_map(|failure| &failure.findings)
                .map(|finding| {
                    json!({
                        "keyword": finding.code,
                        "dataPath": data_path(finding),
                        "message": finding.message,
                    })
                })
                .collect();
            json!({
                "started": iso(job.started_at),
                "finished": finished,
                "err": failure.map_or_else(|| "The installation failed.".to_owned(), |failure| failure.message),
                "data": data,
            })
        }
    }
}

/// Path in the zip and JSON pointer in one text, the only one that the official client prints.
fn data_path(finding: &Finding) -> String {
    let parts = [finding.path.as_deref(), finding.pointer.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

#[cfg(test)]
mod tests {
    use super::displayable;

    #[test]
    fn file_names_are_shown_without_folders_and_control_characters() {
        assert_eq!(displayable("C:\\fakepath\\a.zip").as_deref(), Some("a.zip"));
        assert_eq!(displayable("../x\r\nSet-Cookie: y").as_deref(), Some("xSet-Cookie: y"));
        assert_eq!(displayable("  "), None);
    }
}
