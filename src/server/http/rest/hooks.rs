//! Calls from outside into components of running flows. Their addresses are secrets of their own: nobody signs in here.

use std::str::FromStr;

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiPath, BODY_MAX},
    problem::{Conflict, NotFound},
};
use crate::server::{
    engine::{Webhook, WebhookAnswer},
    error::{Result, ServerError},
    state::AppState,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get, post, put, delete))
}

/// A stranger's code must not put a page of its own beside the back office.
pub(super) const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");

macro_rules! hook {
    ($method:ident, $id:literal) => {
        /// Call a component, and get what it answers; 202 where nobody answers, or with `enqueueOnly=true`.
        #[utoipa::path($method, path = "/flows/{flow}/components/{component}", tag = "flows", operation_id = $id,
                                    params(("flow" = String, Path, description = "The flow's id"),
                                           ("component" = String, Path, description = "The component's id in the flow"),
                                           ("enqueueOnly" = Option<bool>, Query, description = "Do not wait for an answer")),
                                    responses((status = 200, description = "What the component answers"),
                                              (status = 202, description = "Accepted"), NotFound, Conflict), security(()))]
        async fn $method(state: State<AppState>, path: ApiPath<(String, String)>, request: Request) -> Result<Response> {
            call(state, path, request).await
        }
    };
}

hook!(get, "getWebhook");
hook!(post, "postWebhook");
hook!(put, "putWebhook");
hook!(delete, "deleteWebhook");

async fn call(
    State(state): State<AppState>,
    ApiPath((flow, component)): ApiPath<(String, String)>,
    request: Request,
) -> Result<Response> {
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let body =
        axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| ServerError::TooLarge { limit: BODY_MAX as u64 })?;
    let query = fields(uri.query().unwrap_or_default());
    let enqueue_only = query.get("enqueueOnly").and_then(Value::as_str) == Some("true");
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Webhook {
        method: method.as_str().to_owned(),
        data: data(text(header::CONTENT_TYPE), &body),
        hostname: text(header::HOST).split(':').next().unwrap_or_default().to_owned(),
        headers: headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
            .collect(),
        query,
    };
    Ok(match state.engine.webhook(&flow, &component, call, enqueue_only).await? {
        WebhookAnswer::Accepted => StatusCode::ACCEPTED.into_response(),
        WebhookAnswer::Failed { message, error, component_id } => {
            let body = json!({ "message": message, "error": error, "componentId": component_id });
            (StatusCode::BAD_REQUEST, Json(body)).into_response()
        }
        WebhookAnswer::Answered { status, headers, body } => answer(status, headers, body)?,
    })
}

/// A query, or a form that was sent: the last value of each name.
fn fields(text: &str) -> Map<String, Value> {
    let decode =
        |part: &str| percent_encoding::percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), Value::String(decode(value))))
        .collect()
}

/// The body as a component reads it: JSON and forms as what they say, everything else as text.
fn data(content_type: &str, body: &[u8]) -> Value {
    let text = || Value::String(String::from_utf8_lossy(body).into_owned());
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        _ if body.is_empty() => json!({}),
        "application/x-www-form-urlencoded" => Value::Object(fields(&String::from_utf8_lossy(body))),
        json if json == "application/json" || json.ends_with("+json") => {
            serde_json::from_slice(body).unwrap_or_else(|_| text())
        }
        _ => text(),
    }
}

/// What a component answers, as it says; of its headers those that cannot be sent are left out.
fn answer(status: u16, headers: Map<String, Value>, body: Value) -> Result<Response> {
    let status = StatusCode::from_u16(status).map_err(ServerError::internal)?;
    let mut response = match body {
        Value::String(text) => (status, text).into_response(),
        body => (status, Json(body)).into_response(),
    };
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    add_headers(&mut response, headers);
    Ok(response)
}

/// Adds a stranger's headers, but for those that are the server's own business.
pub(super) fn add_headers(response: &mut Response, headers: Map<String, Value>) {
    for (name, value) in headers {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (Ok(name), Ok(value)) = (HeaderName::from_str(&name), HeaderValue::from_str(&text)) else { continue };
        if !matches!(
            name,
            header::SET_COOKIE | header::CONTENT_SECURITY_POLICY | header::CONTENT_LENGTH | header::TRANSFER_ENCODING
        ) {
            response.headers_mut().insert(name, value);
        }
    }
}
