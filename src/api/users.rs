//! The section "Users": find, add, change, disable, delete, give another password.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{
    ApiError,
    server::{admin, fail, state, sudo},
};
use crate::{
    domain::person::{KNOWN_SCOPES, Person},
    server::{
        access::{Changes, NewPerson},
        error::ServerError,
    },
};

/// Those whose address, name, scope or vendor holds the text.
#[server(prefix = "/backoffice/api", endpoint = "list_users", input = GetUrl)]
pub async fn list_users(#[server(default)] q: String) -> Result<Vec<Person>, ApiError> {
    let wanted = q.trim().to_lowercase();
    let mut people = state().people.list(&admin()?).await.map_err(fail)?;
    people.retain(|person| {
        let texts = [&person.email, &person.username].into_iter().chain(&person.scopes).chain(&person.vendors);
        wanted.is_empty() || texts.into_iter().any(|text| text.to_lowercase().contains(&wanted))
    });
    Ok(people)
}

/// One person, and whether that is whoever asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UserDetail {
    pub person: Person,
    pub is_self: bool,
}

#[server(prefix = "/backoffice/api", endpoint = "get_user", input = GetUrl)]
pub async fn get_user(id: String) -> Result<UserDetail, ApiError> {
    let admin = admin()?;
    let person = state().people.get(&admin, &id).await.map_err(fail)?;
    Ok(UserDetail { is_self: admin.person().id == person.id, person })
}

#[server(prefix = "/backoffice/api", endpoint = "add_user")]
pub async fn add_user(
    email: String,
    password: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] other_scopes: String,
    #[server(default)] vendors: String,
) -> Result<(), ApiError> {
    let new = NewPerson {
        email,
        password,
        scopes: all_scopes(scopes, &other_scopes),
        vendors: words(&vendors),
        ..NewPerson::default()
    };
    state().people.add(&sudo()?, new).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/users");
    Ok(())
}

/// Keeps what the form says. A box that is not ticked is not sent.
#[server(prefix = "/backoffice/api", endpoint = "change_user")]
pub async fn change_user(
    id: String,
    email: String,
    #[server(default)] scopes: Vec<String>,
    #[server(default)] other_scopes: String,
    #[server(default)] vendors: String,
    #[server(default)] is_active: bool,
) -> Result<(), ApiError> {
    let actor = sudo()?;
    if actor.person().id == id && !is_active {
        return Err(fail(ServerError::Conflict(
            "You cannot disable yourself. Ask another administrator to do it.".to_owned(),
        )));
    }
    let changes = Changes {
        email: Some(email),
        scopes: Some(all_scopes(scopes, &other_scopes)),
        vendors: Some(words(&vendors)),
        is_active: Some(is_active),
        ..Changes::default()
    };
    state().people.change(&actor, &id, changes).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/users");
    Ok(())
}

#[server(prefix = "/backoffice/api", endpoint = "reset_user_password")]
pub async fn reset_user_password(id: String, password: String) -> Result<(), ApiError> {
    state().people.reset_password(&sudo()?, &id, password).await.map_err(fail)?;
    leptos_axum::redirect(&format!("/backoffice/users/{id}?done=password"));
    Ok(())
}

#[server(prefix = "/backoffice/api", endpoint = "delete_user")]
pub async fn delete_user(id: String) -> Result<(), ApiError> {
    state().people.delete(&sudo()?, &id).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/users");
    Ok(())
}

/// What is separated by commas or spaces.
fn words(text: &str) -> Vec<String> {
    text.split([',', ' ']).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn all_scopes(ticked: Vec<String>, others: &str) -> Vec<String> {
    let mut scopes: Vec<String> = ticked.into_iter().filter(|scope| KNOWN_SCOPES.contains(&scope.as_str())).collect();
    scopes.extend(words(others));
    scopes
}
