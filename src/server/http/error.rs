//! Failures as the public protocol shows them: `{statusCode, error, message}`, and never more than a text made for it.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use super::rest::AffectedFlow;
use crate::server::error::ServerError;

impl IntoResponse for ServerError {
    fn into_response(self) -> Response {
        let public = self.public();
        let status = StatusCode::from_u16(public.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = json!({
            "statusCode": status.as_u16(),
            "error": status.canonical_reason().unwrap_or("Error"),
            "message": public.message,
        });
        let wait = if let Self::TooManyAttempts { seconds } = self { Some(seconds) } else { None };
        match self {
            Self::InvalidArchive(findings) => body["data"] = json!(findings),
            Self::InUse { flows, .. } => {
                body["flows"] = flows.into_iter().map(AffectedFlow::from).map(|flow| json!(flow)).collect();
            }
            Self::TooLarge { limit } => body["limit"] = json!(limit),
            Self::NeedsProof => body["needsProof"] = json!(true),
            Self::TooManyAttempts { seconds } => body["retryAfter"] = json!(seconds),
            _ => {}
        }
        let mut response = (status, Json(body)).into_response();
        if let Some(seconds) = wait {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) async fn not_found() -> ServerError {
    ServerError::NotFound("Not Found".to_owned())
}
