//! What people's flows sign in with elsewhere. Tokens are kept encrypted, and given to components alone.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::connectors::ServiceId;
use crate::server::{
    access::{SecretKey, UserActor},
    error::{Result, ServerError},
    store::{
        self, Store,
        accounts::{Account, AccountUse},
        audit::Deed,
    },
    time::now_ms,
};

/// Longest name, in characters.
const NAME_MAX: usize = 200;
/// Most bytes of a token, and of a profile, as JSON.
const JSON_MAX: usize = 64 * 1024;
/// Most accounts of one person.
const ACCOUNTS_MAX: usize = 1000;

/// What an account is made of.
#[derive(Clone, Debug, Default)]
pub struct NewAccount {
    /// `vendor:service` or `vendor:service:module`.
    pub service: String,
    /// What the other service calls it; the service's own name where it is empty.
    pub name: String,
    /// What its owner calls it.
    pub display_name: Option<String>,
    /// What its connector needs to sign in, such as `apiKey`, or `username` and `password`.
    pub token: Map<String, Value>,
    /// What the other service says of its holder.
    pub profile: Map<String, Value>,
}

/// The accounts service. Each person has their own; nobody sees another's.
#[derive(Clone)]
pub struct Accounts {
    store: Store,
    key: SecretKey,
}

impl Accounts {
    pub fn new(store: Store, key: SecretKey) -> Self {
        Self { store, key }
    }

    /// One's own accounts, the oldest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn list(&self, actor: &UserActor) -> Result<Vec<Account>> {
        let user_id = actor.person().id.clone();
        self.store.read(move |connection| store::accounts::list(connection, &user_id)).await
    }

    /// # Errors
    /// [`ServerError::Invalid`] for what will not do.
    pub async fn create(&self, actor: &UserActor, new: NewAccount) -> Result<Account> {
        let service = ServiceId::parse(&new.service)?;
        let name = if new.name.is_empty() { new.service.clone() } else { new.name };
        for text in [Some(&name), new.display_name.as_ref()].into_iter().flatten() {
            check_name(text)?;
        }
        if new.token.is_empty() {
            let text =
                "An account needs its token: the fields with which its connector signs in, such as {\"apiKey\": …}.";
            return Err(ServerError::Invalid(text.to_owned()));
        }
        let (token, profile) = (serde_json::to_string(&new.token)?, serde_json::to_string(&new.profile)?);
        if token.len() > JSON_MAX || profile.len() > JSON_MAX {
            return Err(ServerError::TooLarge { limit: JSON_MAX as u64 });
        }
        let id = Uuid::new_v4().to_string();
        let account = Account {
            token: self.key.seal(&place(&id), &token)?,
            id,
            user_id: actor.person().id.clone(),
            service: service.as_str().to_owned(),
            name,
            display_name: new.display_name,
            profile: new.profile,
            created_at: now_ms(),
        };
        let (made, by) = (account.clone(), actor.by());
        let fields: Vec<String> = new.token.keys().cloned().collect();
        self.store
            .write("add an account", move |tx| {
                if store::accounts::list(tx, &account.user_id)?.len() >= ACCOUNTS_MAX {
                    return Err(ServerError::Invalid(format!("A person has at most {ACCOUNTS_MAX} accounts.")));
                }
                store::accounts::insert(tx, &account)?;
                let after = json!({ "service": account.service, "name": account.name, "token": fields });
                store::audit::append(tx, &by, &Deed::new("account.create", &account.id).after(after), now_ms())
            })
            .await?;
        Ok(made)
    }

    /// Sets or, with `None`, forgets what the owner calls an account.
    ///
    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn rename(&self, actor: &UserActor, id: &str, display_name: Option<String>) -> Result<()> {
        display_name.as_deref().map_or(Ok(()), check_name)?;
        let (actor, id) = (actor.clone(), id.to_owned());
        self.store
            .write("rename an account", move |tx| {
                let account = own(store::accounts::get(tx, &id)?, &actor)?;
                store::accounts::rename(tx, &id, display_name.as_deref())?;
                let deed = Deed::new("account.rename", &id)
                    .before(json!({ "displayName": account.display_name }))
                    .after(json!({ "displayName": display_name }));
                store::audit::append(tx, &actor.by(), &deed, now_ms())
            })
            .await
    }

    /// Forgets an account.
    ///
    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's; [`ServerError::Conflict`] while running flows use it.
    pub async fn delete(&self, actor: &UserActor, id: &str) -> Result<()> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.store
            .write("delete an account", move |tx| {
                let account = own(store::accounts::get(tx, &id)?, &actor)?;
                let uses = store::accounts::uses(tx, &id)?;
                let running = uses.iter().filter(|flow| flow.stage != crate::domain::flow::Stage::Stopped);
                let running: Vec<String> = running.map(|flow| format!("{:?}", flow.name)).collect();
                if !running.is_empty() {
                    return Err(ServerError::Conflict(format!(
                        "Running flows use this account. Stop them first, or give them another: {}.",
                        running.join(", ")
                    )));
                }
                store::accounts::delete(tx, &id)?;
                let before = json!({ "service": account.service, "name": account.name, "flows": uses.len() });
                store::audit::append(tx, &actor.by(), &Deed::new("account.delete", &id).before(before), now_ms())
            })
            .await
    }

    /// The flows that use an account, running ones first.
    ///
    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn uses(&self, actor: &UserActor, id: &str) -> Result<Vec<AccountUse>> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.store
            .read(move |connection| {
                own(store::accounts::get(connection, &id)?, &actor)?;
                store::accounts::uses(connection, &id)
            })
            .await
    }

    /// What a component signs in with, in clear, for the component itself: nobody is asking.
    pub(in crate::server) fn open(&self, account: &Account) -> Result<Map<String, Value>> {
        Ok(serde_json::from_str(&self.key.unseal(&place(&account.id), &account.token)?)?)
    }
}

/// The account, if it is the actor's.
pub(in crate::server) fn own(account: Option<Account>, actor: &UserActor) -> Result<Account> {
    account
        .filter(|account| account.user_id == actor.person().id)
        .ok_or_else(|| ServerError::NotFound("There is no such account.".to_owned()))
}

/// Where a token is kept: it opens nowhere else.
fn place(id: &str) -> String {
    format!("account {id}")
}

fn check_name(name: &str) -> Result<()> {
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ServerError::Invalid(format!("A name has 1 to {NAME_MAX} characters, in one line.")));
    }
    Ok(())
}
