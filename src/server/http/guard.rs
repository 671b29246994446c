//! Whom the back office lets in, and what every answer carries.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use leptos::{nonce::use_nonce, prelude::expect_context};
use leptos_axum::ResponseOptions;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::identity::Identity;
use crate::server::error::{Result, ServerError};

/// Who led here: `none`, `same-origin`, `same-site` or `cross-site`.
const SITE: &str = "sec-fetch-site";
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");

/// Below `/backoffice`: what anybody may see, because it is the way in.
const FOR_ANYBODY: [&str; 6] =
    ["/assets/", "/sign-in", "/set-up", "/api/sign_in", "/api/finish_set_up", "/api/sign_out"];
/// Below `/backoffice`: what concerns whoever is signed in alone.
const FOR_USERS: [&str; 8] = [
    "/account",
    "/reference",
    "/prove",
    "/api/prove",
    "/api/change_password",
    "/api/end_session",
    "/api/create_token",
    "/api/revoke_token",
];

/// Lets nobody but administrators into the back office, and leads everybody else to where they can go.
///
/// Services ask for an actor all the same: this is for pages, which look at everything.
pub(super) async fn admit(request: Request, next: Next) -> Result<Response> {
    let Some(place) = request.uri().path().strip_prefix("/backoffice") else { return Ok(next.run(request).await) };
    let is_at = |places: &[&str]| {
        places.iter().any(|known| {
            place
                .strip_prefix(known)
                .is_some_and(|rest| rest.is_empty() || known.ends_with('/') || rest.starts_with('/'))
        })
    };
    if is_at(&FOR_ANYBODY) {
        return Ok(next.run(request).await);
    }
    let identity =
        request.extensions().get::<Identity>().ok_or_else(|| ServerError::internal("a request without identity"))?;
    let admitted = match identity.user() {
        Ok(_) if is_at(&FOR_USERS) => Ok(()),
        Ok(user) => user.admin().map(drop),
        Err(error) => Err(error),
    };
    let Err(error) = admitted else { return Ok(next.run(request).await) };
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !accept.contains("text/html") {
        return Err(error);
    }
    Ok(match error {
        ServerError::Unauthorized(_) => {
            let path = request.uri().path_and_query().map_or("/backoffice/modules", |path| path.as_str());
            let next = if request.method() == Method::GET { path } else { "/backoffice/modules" };
            Redirect::to(&format!("/backoffice/sign-in?next={}", utf8_percent_encode(next, NON_ALPHANUMERIC)))
                .into_response()
        }
        // Their own page says what is theirs.
        _ => Redirect::to("/backoffice/account?refused=admin").into_response(),
    })
}

/// Adds the headers that no answer goes without.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let may_have_opener = may_have_opener(request.headers());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    if may_have_opener {
        headers.insert(OPENER_POLICY, HeaderValue::from_static("same-origin"));
    }
    headers.append(header::VARY, HeaderValue::from_static(SITE));
    response
}

/// Whether a page of somebody else may hold a handle of the window that this answer is for. With the policy that takes the
/// handle away the browser changes to another process before it paints, which whoever comes by address, bookmark or our
/// own link is spared.
fn may_have_opener(headers: &HeaderMap) -> bool {
    headers.get(SITE).is_none_or(|site| site != "none" && site != "same-origin")
}

/// The content security policy of a rendered page: our own files, the `styles`, and scripts with this answer's nonce.
pub(super) fn set_page_policy(styles: &str) {
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src {styles}; \
         img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    );
    if let Ok(value) = HeaderValue::from_str(&policy) {
        expect_context::<ResponseOptions>().insert_header(header::CONTENT_SECURITY_POLICY, value);
    }
}
