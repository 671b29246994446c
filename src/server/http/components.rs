//! `POST /components` and its ticket, as the public protocol has them: the way in of the dialog and of every client.

use axum::{
    Json,
    body::Body,
    extract::{Path, Query, State},
    http::{HeaderMap, header},
};
use serde::Deserialize;
use serde_json::{Value, json};

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

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Parameters {
    #[serde(default)]
    allow_downgrade: bool,
}

/// Takes a raw zip and answers with the ticket of the job that installs it.
pub(super) async fn publish(
    State(state): State<AppState>,
    publisher: Publisher,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>> {
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
    let job = state.registry.upload(&publisher, received, file, parameters.allow_downgrade).await?;
    Ok(Json(json!({ "ticket": job.id })))
}

/// The sender's name for the file, percent-encoded in a header, as something that can be shown.
fn file_name(encoded: &str) -> Option<String> {
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    displayable(&decoded)
}

/// The last part of a path, without what cannot be shown, at most 200 characters.
pub(super) fn displayable(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next()?;
    let name: String = last.chars().filter(|character| !character.is_control()).take(200).collect();
    (!name.trim().is_empty()).then(|| name.trim().to_owned())
}

/// How a job stands, in the words of the public protocol: `finished` is set on failure, too, so `err` comes first.
pub(super) async fn ticket(
    State(state): State<AppState>,
    _: UserActor,
    Path(ticket): Path<String>,
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
