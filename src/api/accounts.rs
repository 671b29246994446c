//! What a flow's components sign in with elsewhere: choose, add.

use leptos::server;
use serde_json::{Map, Value};

use super::{
    ApiError,
    flows::page_of,
    server::{admin, fail, state, user},
};
use crate::server::{access::UserActor, error::ServerError, settings::accounts::NewAccount};

/// Whoever is signed in, who must be an administrator here.
fn administrator() -> Result<UserActor, ApiError> {
    admin()?;
    user()
}

/// Lets a component of a flow sign in with an account, or with an empty id, with none.
#[server(prefix = "/backoffice/api", endpoint = "choose_account")]
pub async fn choose_account(flow: String, component: String, account: String) -> Result<(), ApiError> {
    let (who, engine) = (administrator()?, state().engine);
    if account.is_empty() {
        engine.sign_out(&who, &flow, &component).await.map_err(fail)?;
    } else {
        engine.attach_account(&who, &component, &account, Some(&flow)).await.map_err(fail)?;
    }
    leptos_axum::redirect(&page_of(&flow));
    Ok(())
}

/// Adds an account of one's own, and lets the components of a flow that sign in there and have none use it.
#[server(prefix = "/backoffice/api", endpoint = "add_account")]
pub async fn add_account(
    flow: String,
    service: String,
    display_name: String,
    names: Vec<String>,
    values: Vec<String>,
) -> Result<(), ApiError> {
    let (who, engine) = (administrator()?, state().engine);
    let pairs = names.iter().map(|name| name.trim()).zip(values);
    let mut token = Map::new();
    for (name, value) in pairs.filter(|(name, value)| !name.is_empty() || !value.is_empty()) {
        if name.is_empty() || token.insert(name.to_owned(), Value::from(value)).is_some() {
            let text = "Give each value the name of its field, and each field once.";
            return Err(fail(ServerError::Invalid(text.to_owned())));
        }
    }
    let display_name = Some(display_name.trim().to_owned()).filter(|name| !name.is_empty());
    let flow = engine.flow(&who, &flow).await.map_err(fail)?;
    let new = NewAccount { service, display_name, token, ..NewAccount::default() };
    let account = state().accounts.create(&who, new).await.map_err(fail)?;
    for sign_in in engine.sign_ins(&who, &flow).await.map_err(fail)? {
        if sign_in.service == account.service && sign_in.account.is_none() && sign_in.choices.is_some() {
            engine.attach_account(&who, &sign_in.component_id, &account.id, Some(&flow.id)).await.map_err(fail)?;
        }
    }
    leptos_axum::redirect(&page_of(&flow.id));
    Ok(())
}
