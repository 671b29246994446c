//! Data stores as their owners and administrators use them.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::{Engine, Visible, flows::whose};
use crate::server::{
    access::{UserActor, random},
    catalogue::hex,
    error::{Result, ServerError},
    store::{
        self,
        audit::Deed,
        data_stores::{DataStore, Order, Record},
    },
};

/// Longest name of a store, in characters.
const NAME_MAX: usize = 200;
/// Records that one request may delete.
const MANY: usize = 10_000;
/// What clients of the protocol look for where a name or key is taken.
const DUPLICATE: &str = "duplicate key error";

impl Engine {
    /// Stores, by their names.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] for everybody's, unless to administrators.
    pub async fn data_stores(&self, actor: &UserActor, which: Visible) -> Result<Vec<DataStore>> {
        let user = whose(actor, which)?;
        self.inner.store.read(move |connection| store::data_stores::list(connection, user.as_deref())).await
    }

    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn data_store(&self, actor: &UserActor, id: &str) -> Result<DataStore> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner.store.read(move |connection| visible(connection, &actor, &id)).await
    }

    /// Makes a store of the actor's; gives its id. Whoever brings flows from elsewhere may choose the id that they name.
    ///
    /// # Errors
    /// [`ServerError::Invalid`] for a name or id that will not do, [`ServerError::Conflict`] when it is taken.
    pub async fn create_data_store(&self, actor: &UserActor, name: &str, id: Option<String>) -> Result<String> {
        let user_id = actor.person().id.clone();
        if user_id.is_empty() {
            return Err(ServerError::Forbidden("A store belongs to a user: sign in first.".to_owned()));
        }
        let now = self.now();
        let id = match id {
            Some(id) if id.len() == 24 && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) => id,
            Some(_) => return Err(ServerError::Invalid("A store's id is 24 hex digits in lower case.".to_owned())),
            None => {
                let seconds = u32::try_from(now / 1000).unwrap_or(u32::MAX).to_be_bytes();
                hex(&[seconds.as_slice(), &random::<8>()?].concat())
            }
        };
        let made = DataStore { id: id.clone(), user_id, name: checked(name)?, created_at: now };
        let by = actor.by();
        self.inner
            .store
            .write("make a data store", move |tx| {
                if !store::data_stores::insert(tx, &made)? {
                    let what = if store::data_stores::get(tx, &made.id)?.is_some() { "id" } else { "name" };
                    return Err(taken(&format!("there is a store with this {what} already")));
                }
                let deed = Deed::new("store.create", &made.id).after(json!({ "name": made.name }));
                store::audit::append(tx, &by, &deed, now)
            })
            .await?;
        Ok(id)
    }

    /// Gives a store another name; gives the one it had.
    ///
    /// # Errors
    /// As [`Engine::create_data_store`] and [`Engine::data_store`].
    pub async fn rename_data_store(&self, actor: &UserActor, id: &str, name: &str) -> Result<String> {
        let (actor, id, name, now) = (actor.clone(), id.to_owned(), checked(name)?, self.now());
        self.inner
            .store
            .write("rename a data store", move |tx| {
                let before = visible(tx, &actor, &id)?;
                if !store::data_stores::rename(tx, &before, &name)? {
                    return Err(taken("there is a store with this name already"));
                }
                let deed = Deed::new("store.rename", &id)
                    .before(json!({ "name": before.name }))
                    .after(json!({ "name": name }));
                store::audit::append(tx, &actor.by(), &deed, now)?;
                Ok(before.name)
            })
            .await
    }

    /// Forgets a store with all its records. Nobody is told of these.
    ///
    /// # Errors
    /// As [`Engine::data_store`].
    pub async fn delete_data_store(&self, actor: &UserActor, id: &str) -> Result<()> {
        let (actor, id, now) = (actor.clone(), id.to_owned(), self.now());
        self.inner
            .store
            .write("delete a data store", move |tx| {
                let before = visible(tx, &actor, &id)?;
                let records = store::data_stores::count(tx, &id)?;
                store::data_stores::delete(tx, &id)?;
                let deed = Deed::new("store.delete", &id).before(json!({ "name": before.name, "records": records }));
                store::audit::append(tx, &actor.by(), &deed, now)
            })
            .await
    }

    /// # Errors
    /// As [`Engine::data_store`].
    pub async fn count_records(&self, actor: &UserActor, store_id: &str) -> Result<u64> {
        let (actor, id) = (actor.clone(), store_id.to_owned());
        self.inner
            .store
            .read(move |connection| {
                visible(connection, &actor, &id)?;
                store::data_stores::count(connection, &id)
            })
            .await
    }

    /// The store, and at most `limit` of its records.
    ///
    /// # Errors
    /// As [`Engine::data_store`].
    pub async fn records(
        &self,
        actor: &UserActor,
        store_id: &str,
        order: Order,
        offset: u64,
        limit: u64,
    ) -> Result<(DataStore, Vec<Record>)> {
        let (actor, id) = (actor.clone(), store_id.to_owned());
        self.inner
            .store
            .read(move |connection| {
                let found = visible(connection, &actor, &id)?;
                let mut records = Vec::new();
                if limit > 0 {
                    store::data_stores::visit(connection, &id, order, offset, |record| {
                        records.push(record);
                        Ok((records.len() as u64) < limit)
                    })?;
                }
                Ok((found, records))
            })
            .await
    }

    /// Keeps a value under its key.
    ///
    /// # Errors
    /// As [`Engine::data_store`]; [`ServerError::Invalid`] for a key that will not do.
    pub async fn put_record(&self, actor: &UserActor, store_id: &str, key: &str, value: Value) -> Result<Record> {
        let (actor, id, key) = (actor.clone(), store_id.to_owned(), key.to_owned());
        self.change_records("put a record", move |ledger| {
            visible(ledger.tx, &actor, &id)?;
            let (record, _) = ledger.put(&id, &key, value)?;
            // Values may be secrets, so they are not written down.
            store::audit::append(ledger.tx, &actor.by(), &Deed::new("record.put", format!("{id}/{key}")), ledger.now)?;
            Ok(record)
        })
        .await
    }

    /// Gives a record another key, another value, or both.
    ///
    /// # Errors
    /// As [`Engine::put_record`]; [`ServerError::NotFound`] when there is no such record, [`ServerError::Conflict`] when
    /// another one has the new key.
    pub async fn change_record(
        &self,
        actor: &UserActor,
        store_id: &str,
        key: &str,
        new_key: Option<String>,
        value: Option<Value>,
    ) -> Result<Record> {
        let (actor, id, key) = (actor.clone(), store_id.to_owned(), key.to_owned());
        self.change_records("change a record", move |ledger| {
            visible(ledger.tx, &actor, &id)?;
            let Some(before) = store::data_stores::record(ledger.tx, &id, &key)? else {
                return Err(ServerError::NotFound("There is no such record.".to_owned()));
            };
            let value = value.unwrap_or_else(|| before.value.clone());
            let new_key = new_key.unwrap_or_else(|| key.clone());
            if new_key != key {
                if store::data_stores::record(ledger.tx, &id, &new_key)?.is_some() {
                    return Err(taken("there is a record with this key already"));
                }
                ledger.remove(&id, &key)?;
            }
            let (record, _) = ledger.put(&id, &new_key, value)?;
            let deed = Deed::new("record.change", format!("{id}/{key}")).after(json!({ "key": new_key }));
            store::audit::append(ledger.tx, &actor.by(), &deed, ledger.now)?;
            Ok(record)
        })
        .await
    }

    /// Takes records away, by store and key; gives how many there were. One that is gone already is no error.
    ///
    /// # Errors
    /// As [`Engine::data_store`]; then none is taken away.
    pub async fn delete_records(&self, actor: &UserActor, records: Vec<(String, String)>) -> Result<u64> {
        if records.len() > MANY {
            return Err(ServerError::Invalid(format!("At most {MANY} records at once.")));
        }
        let actor = actor.clone();
        self.change_records("delete records", move |ledger| {
            let mut deleted = 0;
            for (id, key) in records {
                visible(ledger.tx, &actor, &id)?;
                if ledger.remove(&id, &key)?.is_some() {
                    deleted += 1;
                    let deed = Deed::new("record.delete", format!("{id}/{key}"));
                    store::audit::append(ledger.tx, &actor.by(), &deed, ledger.now)?;
                }
            }
            Ok(deleted)
        })
        .await
    }
}

fn visible(connection: &Connection, actor: &UserActor, id: &str) -> Result<DataStore> {
    let found = store::data_stores::get(connection, id)?;
    found
        .filter(|found| actor.is_admin() || found.user_id == actor.person().id)
        .ok_or_else(|| ServerError::NotFound("There is no such store.".to_owned()))
}

fn checked(name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(ServerError::Invalid(format!(
            "A store's name is a text of 1 to {NAME_MAX} characters, in one line."
        )));
    }
    Ok(name.to_owned())
}

fn taken(why: &str) -> ServerError {
    ServerError::Conflict(format!("{DUPLICATE}: {why}."))
}
