//! The users: add, change, disable, delete, passwords.

use serde_json::{Map, Value, json};

use super::{AdminActor, SudoActor, UserActor, password, random};
use crate::{
    domain::person::{Person, USER, email_fault, password_fault, scope_fault},
    server::{
        catalogue::hex,
        error::{Result, ServerError},
        store::{
            self, Store,
            audit::{By, Deed},
        },
        time::now_ms,
    },
};

/// Somebody to add.
#[derive(Clone, Debug, Default)]
pub struct NewPerson {
    pub email: String,
    /// The e-mail address where it is empty.
    pub username: String,
    pub password: String,
    /// `user` where it is empty.
    pub scopes: Vec<String>,
    pub vendors: Vec<String>,
    pub metadata: Map<String, Value>,
}

/// What to change of a person; `None` leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pub email: Option<String>,
    pub username: Option<String>,
    pub is_active: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub vendors: Option<Vec<String>>,
    pub metadata: Option<Map<String, Value>>,
}

/// The users service.
#[derive(Clone)]
pub struct People {
    store: Store,
}

impl People {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    pub async fn is_empty(&self) -> Result<bool> {
        Ok(self.store.read(store::users::count).await? == 0)
    }

    pub async fn list(&self, _: &AdminActor) -> Result<Vec<Person>> {
        self.store.read(store::users::list).await
    }

    /// # Errors
    /// [`ServerError::NotFound`].
    pub async fn get(&self, _: &AdminActor, id: &str) -> Result<Person> {
        let id = id.to_owned();
        self.store.read(move |connection| store::users::get(connection, &id)).await?.ok_or_else(nobody)
    }

    /// Whoever signs in with this e-mail address or name.
    ///
    /// # Errors
    /// [`ServerError::NotFound`].
    pub async fn by_login(&self, _: &AdminActor, login: &str) -> Result<Person> {
        let login = login.trim().to_owned();
        let found = self.store.read(move |connection| store::users::by_login(connection, &login)).await?;
        found.map(|(person, _)| person).ok_or_else(nobody)
    }

    /// Adds somebody.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for an address, password or scope that will not do, [`ServerError::Conflict`] when the
    /// address is taken.
    pub async fn add(&self, actor: &SudoActor, new: NewPerson) -> Result<Person> {
        self.add_as(actor.by(), new, false).await
    }

    /// Adds the first user; nothing happens when there is one already.
    ///
    /// # Errors
    /// As [`People::add`]; [`ServerError::Conflict`] when there are users.
    pub(super) async fn add_first(&self, actor: &UserActor, new: NewPerson) -> Result<Person> {
        self.add_as(actor.by(), new, true).await
    }

    /// Adds somebody without being an administrator, where the configuration lets `by` do so: an ordinary user who
    /// publishes nothing, whatever was asked for.
    ///
    /// # Errors
    /// As [`People::add`].
    pub async fn register(&self, by: By, mut new: NewPerson) -> Result<Person> {
        new.scopes = vec![USER.to_owned()];
        new.vendors = Vec::new();
        self.add_as(by, new, false).await
    }

    async fn add_as(&self, by: By, new: NewPerson, only_first: bool) -> Result<Person> {
        let email = new.email.trim().to_lowercase();
        if let Some(fault) = email_fault(&email) {
            return Err(ServerError::Invalid(fault.to_owned()));
        }
        if let Some(fault) = password_fault(&new.password, &email) {
            return Err(ServerError::Invalid(fault));
        }
        let now = now_ms();
        let username = if new.username.trim().is_empty() { email.clone() } else { username(&new.username)? };
        let scopes = if new.scopes.is_empty() { vec![USER.to_owned()] } else { words(new.scopes)? };
        let person = Person {
            id: new_id(now)?,
            email,
            username,
            is_active: true,
            scopes,
            vendors: vendors(new.vendors)?,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
        };
        let hash = password::hash(new.password).await?;
        let added = person.clone();
        self.store
            .write("add user", move |tx| {
                if only_first && store::users::count(tx)? > 0 {
                    return Err(ServerError::Conflict("There is an administrator already. Sign in.".to_owned()));
                }
                store::users::insert(tx, &added, &hash)?;
                let deed = Deed::new("user.add", &added.email).after(shown(&added));
                store::audit::append(tx, &by, &deed, now)
            })
            .await?;
        Ok(person)
    }

    /// Changes somebody. Who is disabled is signed out everywhere at once.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when nobody would be left to administer, or the address is taken.
    pub async fn change(&self, actor: &SudoActor, id: &str, changes: Changes) -> Result<Person> {
        let email = changes.email.map(|email| email.trim().to_lowercase());
        if let Some(fault) = email.as_deref().and_then(email_fault) {
            return Err(ServerError::Invalid(fault.to_owned()));
        }
        let new_name = changes.username.map(|name| username(&name)).transpose()?;
        let scopes = changes.scopes.map(words).transpose()?;
        let vendors = changes.vendors.map(vendors).transpose()?;
        let (id, by) = (id.to_owned(), actor.by());
        self.store
            .write("change user", move |tx| {
                let before = store::users::get(tx, &id)?.ok_or_else(nobody)?;
                let mut after = before.clone();
                after.email = email.unwrap_or(after.email);
                // The name that was made of the address follows it.
                let follows = before.username == before.email;
                after.username = new_name.unwrap_or(if follows { after.email.clone() } else { after.username });
                after.is_active = changes.is_active.unwrap_or(after.is_active);
                after.scopes = scopes.unwrap_or(after.scopes);
                after.vendors = vendors.unwrap_or(after.vendors);
                after.metadata = changes.metadata.unwrap_or(after.metadata);
                if after == before {
                    return Ok(after);
                }
                after.updated_at = now_ms();
                store::users::update(tx, &after)?;
                somebody_administers(tx)?;
                if !after.is_active {
                    store::sessions::end_sessions(tx, &id, "")?;
                    store::sessions::revoke_tokens(tx, &id, true, after.updated_at)?;
                }
                let deed = Deed::new("user.change", &before.email).before(shown(&before)).after(shown(&after));
                store::audit::append(tx, &by, &deed, after.updated_at)?;
                Ok(after)
            })
            .await
    }

    /// Deletes somebody with their sessions and tokens.
    ///
    /// # Errors
    /// [`ServerError::NotFound`]; [`ServerError::Conflict`] when nobody would be left to administer.
    pub async fn delete(&self, actor: &SudoActor, id: &str) -> Result<()> {
        let (id, by) = (id.to_owned(), actor.by());
        self.store
            .write("delete user", move |tx| {
                let person = store::users::get(tx, &id)?.ok_or_else(nobody)?;
                store::users::delete(tx, &id)?;
                somebody_administers(tx)?;
                let deed = Deed::new("user.delete", &person.email).before(shown(&person));
                store::audit::append(tx, &by, &deed, now_ms())
            })
            .await
    }

    /// Gives somebody another password, and signs them out everywhere.
    ///
    /// # Errors
    /// [`ServerError::NotFound`], [`ServerError::Invalid`] for a password that will not do.
    pub async fn reset_password(&self, actor: &SudoActor, id: &str, new: String) -> Result<()> {
        let person = self.get(actor, id).await?;
        if let Some(fault) = password_fault(&new, &person.email) {
            return Err(ServerError::Invalid(fault));
        }
        let hash = password::hash(new).await?;
        let by = actor.by();
        self.store
            .write("reset password", move |tx| {
                let now = now_ms();
                store::users::set_password(tx, &person.id, &hash, now)?;
                store::sessions::end_sessions(tx, &person.id, "")?;
                store::sessions::revoke_tokens(tx, &person.id, true, now)?;
                store::audit::append(tx, &by, &Deed::new("user.reset-password", &person.email), now)
            })
            .await
    }
}

/// What the audit trail keeps of a person.
fn shown(person: &Person) -> Value {
    json!({
        "email": person.email,
        "username": person.username,
        "isActive": person.is_active,
        "scope": person.scopes,
        "vendor": person.vendors,
    })
}

fn nobody() -> ServerError {
    ServerError::NotFound("There is no such user.".to_owned())
}

fn somebody_administers(tx: &rusqlite::Transaction<'_>) -> Result<()> {
    if store::users::list(tx)?.iter().any(Person::is_admin) {
        return Ok(());
    }
    Err(ServerError::Conflict(
        "Nobody would be left to administer. Make somebody else an administrator first.".to_owned(),
    ))
}

fn username(text: &str) -> Result<String> {
    let name = text.trim();
    if name.is_empty() || name.len() > 254 || name.chars().any(char::is_control) {
        return Err(ServerError::Invalid("Write a name of at most 254 characters.".to_owned()));
    }
    Ok(name.to_owned())
}

fn words(scopes: Vec<String>) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for scope in scopes.iter().map(|scope| scope.trim()).filter(|scope| !scope.is_empty()) {
        if let Some(fault) = scope_fault(scope) {
            return Err(ServerError::Invalid(fault));
        }
        if !kept.iter().any(|known| known == scope) {
            kept.push(scope.to_owned());
        }
    }
    Ok(kept)
}

fn vendors(vendors: Vec<String>) -> Result<Vec<String>> {
    let mut kept: Vec<String> = Vec::new();
    for vendor in vendors.iter().map(|vendor| vendor.trim()).filter(|vendor| !vendor.is_empty()) {
        if vendor.len() > 64 || !vendor.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Err(ServerError::Invalid(format!(
                "{vendor:?} is no vendor: it is the first part of a module's name."
            )));
        }
        if !kept.iter().any(|known| known == vendor) {
            kept.push(vendor.to_owned());
        }
    }
    Ok(kept)
}

/// 24 hex digits: four bytes of time and eight that nobody can guess, as clients of the protocol know ids.
fn new_id(now: i64) -> Result<String> {
    let seconds = u32::try_from(now / 1000).unwrap_or(u32::MAX).to_be_bytes();
    Ok(hex(&[seconds.as_slice(), &random::<8>()?].concat()))
}
