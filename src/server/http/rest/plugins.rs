//! The routes of installed modules' plugins. Whoever asks is somebody if they show a token; a browser's session is not given
//! to strangers' code.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde_json::{Map, Value, json};

use super::{
    hooks::{SANDBOX, add_headers},
    json::BODY_MAX,
};
use crate::server::{
    access::Via,
    engine::{PluginBody, PluginRequest},
    error::{Result, ServerError},
    http::identity::Identity,
    state::AppState,
};

/// Asks the plugin that the path is of.
pub(super) async fn call(State(state): State<AppState>, identity: Identity, request: Request) -> Result<Response> {
    let (Parts { method, uri, headers, .. }, body) = request.into_parts();
    let body =
        axum::body::to_bytes(body, BODY_MAX).await.map_err(|_| ServerError::TooLarge { limit: BODY_MAX as u64 })?;
    let user = identity.user().ok().filter(|actor| !matches!(actor.via(), Via::Session { .. }));
    // A token of ours could be used elsewhere; what other services sign their calls with is for the plugin to check.
    let is_kept = |name: &header::HeaderName| {
        *name != header::COOKIE && (*name != header::AUTHORIZATION || identity.user().is_err())
    };
    let headers: Map<String, Value> = headers
        .iter()
        .filter(|(name, _)| is_kept(name))
        .filter_map(|(name, value)| Some((name.to_string(), json!(value.to_str().ok()?))))
        .collect();
    let host = headers.get("host").and_then(Value::as_str).unwrap_or_default();
    let asked = PluginRequest {
        method: method.as_str().to_owned(),
        path: uri.path().strip_prefix("/plugins").unwrap_or_default().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        hostname: host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned(),
        address: identity.address,
        headers,
        body,
        user: user.map(|actor| (actor.person().id.clone(), actor.person().email.clone())),
    };
    let answer = state.engine.plugin_request(asked).await?;
    let status = StatusCode::from_u16(answer.status).map_err(ServerError::internal)?;
    let body = match answer.body {
        PluginBody::Whole(bytes) => Body::from(bytes),
        PluginBody::Stream(parts, stopping) => {
            let parts = futures::stream::unfold(parts, async |mut parts| Some((parts.recv().await?, parts)));
            let ended = stopping.cancelled_owned();
            Body::from_stream(parts.map(Ok::<_, Infallible>).take_until(ended))
        }
    };
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    add_headers(&mut response, answer.headers);
    Ok(response)
}
