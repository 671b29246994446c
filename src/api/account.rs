//! What concerns whoever is signed in: password, sessions, personal tokens.

use std::time::Duration;

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{
    ApiError,
    server::{fail, identity, set_once, state, take_once, user},
};
use crate::{
    domain::person::{Person, Session, Token},
    server::{access::Via, error::ServerError},
};

/// One's own page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub person: Person,
    pub sessions: Vec<Session>,
    pub tokens: Vec<Token>,
    /// The id of the session that asks.
    pub this_session: String,
    /// A token that was just made: it is not shown again.
    pub new_token: Option<String>,
}

#[server(prefix = "/backoffice/api", endpoint = "get_account", input = GetUrl)]
pub async fn get_account() -> Result<Account, ApiError> {
    let user = user()?;
    let (sessions, tokens) = state().door.own(&user).await.map_err(fail)?;
    let this_session = if let Via::Session { id, .. } = user.via() { id.clone() } else { String::new() };
    Ok(Account { person: user.person().clone(), sessions, tokens, this_session, new_token: take_once() })
}

#[server(prefix = "/backoffice/api", endpoint = "change_password")]
pub async fn change_password(old: String, new: String, again: String) -> Result<(), ApiError> {
    if new != again {
        return Err(fail(ServerError::Invalid("The two new passwords are not the same.".to_owned())));
    }
    state().door.change_password(&user()?, old, new, identity()?.address).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/account?done=password");
    Ok(())
}

/// Ends another session of one's own.
#[server(prefix = "/backoffice/api", endpoint = "end_session")]
pub async fn end_session(id: String) -> Result<(), ApiError> {
    state().door.end_session(&user()?, &id).await.map_err(fail)
}

/// Makes a token and leads to the page that shows it, once: it goes there in a cookie that the page takes away again.
#[server(prefix = "/backoffice/api", endpoint = "create_token")]
pub async fn create_token(name: String, #[server(default)] scopes: Vec<String>, days: u16) -> Result<(), ApiError> {
    let life = Duration::from_secs(u64::from(days) * 24 * 3600);
    let token = state().door.personal_token(&user()?, &name, scopes, life).await.map_err(fail)?;
    set_once(&token);
    leptos_axum::redirect("/backoffice/account?done=token#tokens");
    Ok(())
}

#[server(prefix = "/backoffice/api", endpoint = "revoke_token")]
pub async fn revoke_token(id: String) -> Result<(), ApiError> {
    state().door.revoke_token(&user()?, &id).await.map_err(fail)
}
