//! Coming in and going out: sign in, first set-up, proof of the password, sign out.

use axum::http::header;
use leptos::server;

use super::{
    ApiError,
    server::{clear_session, fail, identity, own_path, request_header, set_session, state, user},
};
use crate::server::{access::Credentials, error::ServerError, http::session_cookie};

/// Begins a session and leads to `next`.
#[server(prefix = "/backoffice/api", endpoint = "sign_in")]
pub async fn sign_in(email: String, password: String, #[server(default)] next: String) -> Result<(), ApiError> {
    let who =
        Credentials { login: email, password, address: identity()?.address, agent: request_header(header::USER_AGENT) };
    let session = state().door.sign_in(who, previous().as_deref()).await.map_err(fail)?;
    set_session(&session);
    let home = if session.person.is_admin() { own_path(&next) } else { "/backoffice/account".to_owned() };
    leptos_axum::redirect(&home);
    Ok(())
}

/// Makes the first administrator, who is signed in at once.
#[server(prefix = "/backoffice/api", endpoint = "finish_set_up")]
pub async fn finish_set_up(token: String, email: String, password: String, again: String) -> Result<(), ApiError> {
    if password != again {
        return Err(fail(ServerError::Invalid("The two passwords are not the same.".to_owned())));
    }
    let state = state();
    let person = state.set_up.finish(&state.people, &token, email, password).await.map_err(fail)?;
    let agent = request_header(header::USER_AGENT);
    let session = state.door.begin(person, identity()?.address, &agent, previous().as_deref()).await.map_err(fail)?;
    set_session(&session);
    leptos_axum::redirect("/backoffice/modules");
    Ok(())
}

/// Takes the password once more, and leads to `next`.
#[server(prefix = "/backoffice/api", endpoint = "prove")]
pub async fn prove(password: String, #[server(default)] next: String) -> Result<(), ApiError> {
    state().door.prove(&user()?, password, identity()?.address).await.map_err(fail)?;
    leptos_axum::redirect(&own_path(&next));
    Ok(())
}

/// Ends the session. Without one nothing happens.
#[server(prefix = "/backoffice/api", endpoint = "sign_out")]
pub async fn sign_out() -> Result<(), ApiError> {
    if let Ok(user) = identity()?.user() {
        state().door.sign_out(&user).await.map_err(fail)?;
    }
    clear_session();
    leptos_axum::redirect("/backoffice/sign-in");
    Ok(())
}

/// The session that the browser had before.
fn previous() -> Option<String> {
    leptos::prelude::use_context::<axum::http::request::Parts>().and_then(|parts| session_cookie(&parts.headers))
}
