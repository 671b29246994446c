//! The records of a data store: look, put, change, delete, download.

use std::fmt::Write as _;

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery, ApiValue},
    problem::{Conflict, Invalid, NotFound, OfJson, Unauthorized},
};
use crate::server::{
    access::UserActor,
    engine::record_view,
    error::{Result, ServerError},
    state::AppState,
    store::data_stores::{By, Order, Record},
    time::iso,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(records, delete_records))
        .routes(routes!(count))
        .routes(routes!(download))
        .routes(routes!(put_record, change_record))
}

/// Most records in one answer that asks for no number.
const LIMIT: u64 = 30;

/// A record of a store.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecordView {
    key: String,
    store_id: String,
    /// Of the store.
    user_id: String,
    /// Any JSON.
    value: Value,
    /// ISO 8601, as all times here.
    created_at: String,
    updated_at: String,
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Wanted {
    store_id: String,
    /// `key`, `createdAt` or `updatedAt`, with `:1` or `:-1`; the last changed first where it is missing.
    #[param(pattern = "^((key|createdAt|updatedAt)(:-?1)?)?$")]
    #[serde(default)]
    sort: Option<String>,
    /// 30, when it is missing.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    #[serde(default)]
    limit: Option<u64>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    #[serde(default)]
    offset: Option<u64>,
}

fn order(sort: Option<&str>) -> Result<Order> {
    let (field, direction) = sort.map_or(("updatedAt", "-1"), |sort| sort.split_once(':').unwrap_or((sort, "1")));
    let by = match field {
        "key" => By::Key,
        "createdAt" => By::Created,
        "updatedAt" => By::Updated,
        _ => return Err(ServerError::Invalid("Sort by key, createdAt or updatedAt.".to_owned())),
    };
    match direction {
        "1" => Ok(Order { by, is_descending: false }),
        "-1" => Ok(Order { by, is_descending: true }),
        _ => Err(ServerError::Invalid("A sort ends in :1 or :-1.".to_owned())),
    }
}

/// The records of a store.
#[utoipa::path(get, path = "/store", tag = "stores", operation_id = "listRecords", params(Wanted),
    responses((status = 200, description = "The records", body = Vec<RecordView>), Invalid, Unauthorized, NotFound))]
async fn records(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<RecordView>>> {
    let Wanted { store_id, sort, limit, offset } = wanted;
    let (order, offset, limit) = (order(sort.as_deref())?, offset.unwrap_or_default(), limit.unwrap_or(LIMIT));
    let (store, records) = state.engine.records(&actor, &store_id, order, offset, limit).await?;
    let view = |record: Record| RecordView {
        key: record.key,
        store_id: record.store_id,
        user_id: store.user_id.clone(),
        value: record.value,
        created_at: iso(record.created_at),
        updated_at: iso(record.updated_at),
    };
    Ok(Json(records.into_iter().map(view).collect()))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct Of {
    store_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct RecordCount {
    count: u64,
}

/// How many records a store has.
#[utoipa::path(get, path = "/store/count", tag = "stores", operation_id = "countRecords", params(Of),
    responses((status = 200, description = "Their number", body = RecordCount), Invalid, Unauthorized, NotFound))]
async fn count(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(of): ApiQuery<Of>,
) -> Result<Json<RecordCount>> {
    Ok(Json(RecordCount { count: state.engine.count_records(&actor, &of.store_id).await? }))
}

/// Put a value under its key. The body is the value: JSON, or a text.
#[utoipa::path(post, path = "/store/{id}/{key}", tag = "stores", operation_id = "putRecord",
    params(("id" = String, Path, description = "The store's id"), ("key" = String, Path, description = "The record's key")),
    request_body(content((Value = "application/json"), (String = "text/plain"))),
    responses((status = 200, description = "The record", body = Object), OfJson, Unauthorized, NotFound))]
async fn put_record(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath((id, key)): ApiPath<(String, String)>,
    ApiValue(value): ApiValue,
) -> Result<Json<Value>> {
    Ok(Json(record_view(&state.engine.put_record(&actor, &id, &key, value).await?)))
}

/// What to change of a record, one thing at least; what is missing stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
#[schema(min_properties = 1)]
struct RecordChange {
    #[schema(min_length = 1, max_length = 1024)]
    key: Option<String>,
    /// Any JSON, null as well.
    #[serde(deserialize_with = "given")]
    value: Option<Value>,
}

/// A null that is there is a value.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// Give a record another key, another value, or both.
#[utoipa::path(patch, path = "/store/{id}/{key}", tag = "stores", operation_id = "changeRecord",
    params(("id" = String, Path, description = "The store's id"), ("key" = String, Path, description = "The record's key")),
    request_body = RecordChange,
    responses((status = 200, description = "The record", body = Object), OfJson, Unauthorized, NotFound, Conflict))]
async fn change_record(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath((id, key)): ApiPath<(String, String)>,
    ApiJson(change): ApiJson<RecordChange>,
) -> Result<Json<Value>> {
    if change.key.is_none() && change.value.is_none() {
        return Err(ServerError::Invalid("Name a key, a value, or both.".to_owned()));
    }
    Ok(Json(record_view(&state.engine.change_record(&actor, &id, &key, change.key, change.value).await?)))
}

/// Which record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RecordKey {
    key: String,
    store_id: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Deleted {
    deleted_count: u64,
}

/// Delete records; those that are gone already are not counted.
#[utoipa::path(delete, path = "/store", tag = "stores", operation_id = "deleteRecords", request_body = Vec<RecordKey>,
    responses((status = 200, description = "How many there were", body = Deleted), OfJson, Unauthorized, NotFound))]
async fn delete_records(
    State(state): State<AppState>,
    actor: UserActor,
    ApiJson(records): ApiJson<Vec<RecordKey>>,
) -> Result<Json<Deleted>> {
    let records = records.into_iter().map(|record| (record.store_id, record.key)).collect();
    Ok(Json(Deleted { deleted_count: state.engine.delete_records(&actor, records).await? }))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Format {
    /// `json`, when it is missing, or `csv`.
    #[param(pattern = "^(json|csv)?$")]
    format: Option<String>,
}

/// All records of a store in one file.
#[utoipa::path(get, path = "/store/download/{id}", tag = "stores", operation_id = "downloadStore",
    params(("id" = String, Path, description = "The store's id"), Format),
    responses((status = 200, description = "The file"), Invalid, Unauthorized, NotFound))]
async fn download(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
    ApiQuery(format): ApiQuery<Format>,
) -> Result<Response> {
    let is_csv = match format.format.as_deref() {
        None | Some("json") => false,
        Some("csv") => true,
        Some(_) => return Err(ServerError::Invalid("The format is json or csv.".to_owned())),
    };
    let (_, records) = state.engine.records(&actor, &id, Order::default(), 0, u64::MAX).await?;
    let (body, kind, disposition) = if is_csv {
        (csv(&records), "text/csv; charset=utf-8", "attachment; filename=\"store.csv\"")
    } else {
        let shown: Vec<Value> = records.iter().map(record_view).collect();
        (serde_json::to_string(&json!(shown))?, "application/json", "attachment; filename=\"store.json\"")
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(disposition)),
    ];
    Ok((headers, body).into_response())
}

/// As RFC 4180 has it; values that are no texts are JSON.
fn csv(records: &[Record]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut csv = "key,value,createdAt,updatedAt\r\n".to_owned();
    for record in records {
        let value = record.value.as_str().map_or_else(|| record.value.to_string(), str::to_owned);
        let (key, value) = (quoted(&record.key), quoted(&value));
        let _ = write!(csv, "{key},{value},{},{}\r\n", iso(record.created_at), iso(record.updated_at));
    }
    csv
}
