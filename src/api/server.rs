//! What every server function begins and ends with.

use axum::http::{HeaderValue, StatusCode, header, request::Parts};
use cookie::{Cookie, SameSite, time::Duration};
use leptos::prelude::{expect_context, use_context};
use leptos_axum::ResponseOptions;

use super::ApiError;
use crate::{
    domain::name::ModuleName,
    server::{
        access::{AdminActor, NewSession, SESSION_COOKIE, SudoActor, UserActor},
        error::ServerError,
        http::Identity,
        state::AppState,
    },
};

/// The services of the server that runs this function.
pub(crate) fn state() -> AppState {
    expect_context()
}

/// What the request says of its sender. There is no request while the pages are rendered only to list their routes.
pub(crate) fn identity() -> Result<Identity, ApiError> {
    use_context::<Parts>()
        .and_then(|parts| parts.extensions.get::<Identity>().cloned())
        .ok_or_else(|| fail(ServerError::Unauthorized("Sign in first.".to_owned())))
}

/// Whoever is signed in.
pub(crate) fn user() -> Result<UserActor, ApiError> {
    identity()?.user().map_err(fail)
}

/// An administrator, who may look at everything.
pub(crate) fn admin() -> Result<AdminActor, ApiError> {
    identity()?.user().and_then(UserActor::admin).map_err(fail)
}

/// An administrator who has given the password lately, and may change things.
pub(crate) fn sudo() -> Result<SudoActor, ApiError> {
    identity()?.user().and_then(UserActor::admin).and_then(AdminActor::sudo).map_err(fail)
}

/// A header of the request.
pub(crate) fn request_header(name: header::HeaderName) -> String {
    let parts = use_context::<Parts>();
    let value = parts.as_ref().and_then(|parts| parts.headers.get(name)?.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// Gives the browser its session.
pub(crate) fn set_session(session: &NewSession) {
    let age = Duration::seconds(i64::try_from(session.max_age).unwrap_or(i64::MAX));
    set_cookie(SESSION_COOKIE, &session.secret, "/", age);
}

/// Takes the session from the browser.
pub(crate) fn clear_session() {
    set_cookie(SESSION_COOKIE, "", "/", Duration::ZERO);
}

/// Something for the next page to show, once.
const ONCE_COOKIE: &str = "stockroom_once";
const ONCE_PATH: &str = "/backoffice/account";

pub(crate) fn set_once(value: &str) {
    set_cookie(ONCE_COOKIE, value, ONCE_PATH, Duration::minutes(1));
}

/// What the page before has left to be shown; it is gone afterwards.
pub(crate) fn take_once() -> Option<String> {
    let cookies = request_header(header::COOKIE);
    let found = Cookie::split_parse(cookies)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == ONCE_COOKIE && !cookie.value().is_empty())?;
    // What another site of this domain may have put there is no token, and the page's text area does not escape it.
    if !found.value().chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return None;
    }
    set_cookie(ONCE_COOKIE, "", ONCE_PATH, Duration::ZERO);
    Some(found.value().to_owned())
}

fn set_cookie(name: &str, value: &str, path: &str, age: Duration) {
    let cookie = Cookie::build((name, value))
        .path(path)
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(state().surroundings.is_secure)
        .max_age(age)
        .build();
    if let (Some(options), Ok(value)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&cookie.to_string())) {
        options.append_header(header::SET_COOKIE, value);
    }
}

/// Reads a module's name out of a form or an address.
pub(crate) fn module_name(text: &str) -> Result<ModuleName, ApiError> {
    ModuleName::parse(text).map_err(|_| fail(ServerError::NotFound("There is no such module.".to_owned())))
}

/// A path of our own pages, or else the list: what a form or an address names is not followed to anywhere else.
pub(crate) fn own_path(next: &str) -> String {
    let path = next.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase().replace("%2e", ".");
    let is_ours = path.starts_with("/backoffice/") && !path.split('/').any(|segment| segment == "..");
    // Browsers take a backslash for a slash, and leave tabs and line breaks out.
    let is_plain = !next.contains('\\') && !next.contains(char::is_control) && !next.contains("//");
    if is_ours && is_plain { next.to_owned() } else { "/backoffice/modules".to_owned() }
}

/// Makes a failure public, and gives the answer its status.
pub(crate) fn fail(error: ServerError) -> ApiError {
    let public = error.public();
    set_status(&public);
    public
}

/// Gives the answer a failure's status.
///
/// A browser that sent a form by itself is led back to its page, which says what was wrong: that takes the status of a
/// redirect. Pages set the status of their own answers.
pub(super) fn set_status(failure: &ApiError) {
    let wants_page = request_header(header::ACCEPT).contains("text/html");
    if let (Some(options), Ok(status), false) =
        (use_context::<ResponseOptions>(), StatusCode::from_u16(failure.status), wants_page)
    {
        options.set_status(status);
    }
}
