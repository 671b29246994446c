//! Files that flows save and load: look, fetch, delete.

use axum::{
    Json,
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiPath, ApiQuery, projected},
    problem::{Invalid, NotFound, Unauthorized},
    uploads,
};
use crate::server::{
    access::UserActor,
    error::{Result, ServerError},
    files::file_view,
    state::AppState,
    store::files::StoredFile,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        // The bytes that come are held to a limit of their own.
        .merge(
            OpenApiRouter::new().routes(routes!(list, uploads::send, delete_many)).layer(DefaultBodyLimit::disable()),
        )
        .routes(routes!(count))
        .routes(routes!(metadata))
        .routes(routes!(fetch, delete))
}

/// Most files in one answer that asks for no number.
const LIMIT: u64 = 100;

/// Which files.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `field:value`, or `field:~value` for a part of it, without regard to letter case; the fields are filename,
    /// contentType, md5, fileId, originFlowId and, for administrators, userId. All of them have to fit.
    #[param(inline, value_type = Vec<String>)]
    filter: Vec<String>,
    /// `filename`, `length` or `uploadDate`, with `:1` or `:-1`; the last sent first where it is missing.
    #[param(pattern = "^((filename|length|uploadDate)(:-?1)?)?$")]
    sort: Option<String>,
    /// Fields to show, or with a minus each, to leave out; separated by commas.
    projection: Option<String>,
    /// 100, when it is missing.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    limit: Option<u64>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    offset: Option<u64>,
}

impl Wanted {
    /// What the filters and the order leave of all that the actor may see.
    async fn files(&self, state: &AppState, actor: &UserActor) -> Result<Vec<StoredFile>> {
        let asks_for_users = self.filter.iter().any(|filter| filter.starts_with("userId:"));
        let mut files = state.files.list(actor, asks_for_users && actor.is_admin()).await?;
        for filter in self.filter.iter().filter(|filter| !filter.is_empty()) {
            let Some((field, value)) = filter.split_once(':') else {
                let text = "A filter is written field:value, such as filename:~report.";
                return Err(ServerError::Invalid(text.to_owned()));
            };
            let of: fn(&StoredFile) -> Option<&str> = match field {
                "filename" => |file| Some(&file.name),
                "contentType" => |file| file.content_type.as_deref(),
                "md5" => |file| Some(&file.md5),
                "fileId" => |file| Some(&file.id),
                "originFlowId" => |file| file.flow_id.as_deref(),
                "userId" => |file| Some(&file.user_id),
                _ => {
                    let fields = "Filter by one of filename, contentType, md5, fileId, originFlowId and userId.";
                    return Err(ServerError::Invalid(fields.to_owned()));
                }
            };
            match value.strip_prefix('~').map(str::to_lowercase) {
                Some(part) => files.retain(|file| of(file).is_some_and(|text| text.to_lowercase().contains(&part))),
                None => files.retain(|file| of(file) == Some(value)),
            }
        }
        let Some(sort) = &self.sort else { return Ok(files) };
        let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
        match field {
            "filename" => files.sort_by_cached_key(|file| file.name.to_lowercase()),
            "length" => files.sort_by_key(|file| file.length),
            "uploadDate" => files.sort_by_key(|file| file.uploaded_at),
            _ => return Err(ServerError::Invalid("Sort by filename, length or uploadDate.".to_owned())),
        }
        match direction {
            "1" => {}
            "-1" => files.reverse(),
            _ => return Err(ServerError::Invalid("A sort ends in :1 or :-1.".to_owned())),
        }
        Ok(files)
    }
}

/// One's own files, or with the filter userId and as an administrator, somebody's.
#[utoipa::path(get, path = "/files", tag = "files", operation_id = "listFiles", params(Wanted),
    responses((status = 200, description = "The files", body = Vec<Object>), Invalid, Unauthorized))]
async fn list(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<Value>>> {
    let files = wanted.files(&state, &actor).await?;
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let (offset, limit) = (size(wanted.offset.unwrap_or_default()), size(wanted.limit.unwrap_or(LIMIT)));
    let page = files.iter().skip(offset).take(limit);
    Ok(Json(page.map(|file| projected(file_view(file), wanted.projection.as_deref())).collect()))
}

#[derive(Debug, Serialize, ToSchema)]
struct FileCount {
    count: usize,
}

/// How many files the same question finds.
#[utoipa::path(get, path = "/files/count", tag = "files", operation_id = "countFiles", params(Wanted),
    responses((status = 200, description = "Their number", body = FileCount), Invalid, Unauthorized))]
async fn count(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<FileCount>> {
    Ok(Json(FileCount { count: wanted.files(&state, &actor).await?.len() }))
}

/// What is known of a file.
#[utoipa::path(get, path = "/files/metadata/{id}", tag = "files", operation_id = "getFileMetadata",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, description = "The file", body = Object), Unauthorized, NotFound))]
async fn metadata(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Value>> {
    Ok(Json(file_view(&state.files.get(&actor, &id).await?)))
}

/// A file's bytes.
#[utoipa::path(get, path = "/files/{id}", tag = "files", operation_id = "getFile",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, description = "Its bytes", content_type = "application/octet-stream"), Unauthorized, NotFound))]
async fn fetch(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Response> {
    let file = state.files.get(&actor, &id).await?;
    let (length, bytes) = state.files.stream(&file).await?;
    // A browser must only ever save it, whatever it says of itself.
    let disposition = format!("attachment; filename*=UTF-8''{}", utf8_percent_encode(&file.name, NON_ALPHANUMERIC));
    let kind = file.content_type.as_deref().and_then(|kind| HeaderValue::from_str(kind).ok());
    let headers = [
        (header::CONTENT_TYPE, kind.unwrap_or(HeaderValue::from_static("application/octet-stream"))),
        (header::CONTENT_LENGTH, HeaderValue::from(length)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_str(&disposition).map_err(ServerError::internal)?),
    ];
    Ok((headers, Body::from_stream(bytes)).into_response())
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FileId {
    file_id: String,
}

/// Delete a file.
#[utoipa::path(delete, path = "/files/{id}", tag = "files", operation_id = "deleteFile",
    params(("id" = String, Path, description = "The file's id")),
    responses((status = 200, description = "Its id", body = FileId), Unauthorized, NotFound))]
async fn delete(State(state): State<AppState>, actor: UserActor, ApiPath(id): ApiPath<String>) -> Result<Json<FileId>> {
    state.files.delete(&actor, vec![id.clone()]).await?;
    Ok(Json(FileId { file_id: id }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Doomed {
    /// As for the list; at least one.
    #[param(inline, value_type = Vec<String>)]
    filter: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeletedFiles {
    deleted_count: usize,
}

/// Delete all files that a filter finds.
#[utoipa::path(delete, path = "/files", tag = "files", operation_id = "deleteFiles", params(Doomed),
    responses((status = 200, description = "How many there were", body = DeletedFiles), Invalid, Unauthorized))]
async fn delete_many(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(doomed): ApiQuery<Doomed>,
) -> Result<Json<DeletedFiles>> {
    if doomed.filter.iter().all(String::is_empty) {
        return Err(ServerError::Invalid("Say which files in filter, such as filename:~report.".to_owned()));
    }
    let wanted = Wanted { filter: doomed.filter, ..Wanted::default() };
    let ids: Vec<String> = wanted.files(&state, &actor).await?.into_iter().map(|file| file.id).collect();
    let deleted_count = ids.len();
    state.files.delete(&actor, ids).await?;
    Ok(Json(DeletedFiles { deleted_count }))
}
