//! The table of ACL rules: one rule added, changed or deleted at a time, and no edit ever lost to another.

use super::SudoActor;
use crate::{
    domain::{
        acl::{self, AclType, Rule, StoredRule},
        name::ModuleName,
    },
    server::{
        error::{Result, ServerError},
        store::{self, Store, audit::Deed},
        time::now_ms,
    },
};

/// The ACL service.
#[derive(Clone)]
pub struct Acl {
    store: Store,
}

impl Acl {
    /// Opens the table; on the very first start it gets the default rules.
    pub async fn open(store: Store) -> Result<Self> {
        store
            .write("default ACL rules", |tx| {
                store::acl::on_first_start(tx, || {
                    for acl_type in [AclType::Components, AclType::Routes] {
                        for rule in acl::default_rules(acl_type) {
                            store::acl::add(tx, acl_type, &rule)?;
                        }
                    }
                    Ok(())
                })
            })
            .await?;
        Ok(Self { store })
    }

    pub async fn list(&self, acl_type: AclType) -> Result<Vec<StoredRule>> {
        self.store.read(move |connection| store::acl::list(connection, acl_type)).await
    }

    /// Adds a rule; `false` when it was there already, which changes nothing.
    pub async fn add(&self, actor: &SudoActor, acl_type: AclType, rule: Rule) -> Result<bool> {
        let rule = checked(rule, acl_type)?;
        let by = actor.by();
        self.store
            .write("add ACL rule", move |tx| {
                let added = store::acl::add(tx, acl_type, &rule)?;
                if added {
                    let deed = Deed::new("acl.add", subject(acl_type, &rule)).after(serde_json::to_value(&rule)?);
                    store::audit::append(tx, &by, &deed, now_ms())?;
                }
                Ok(added)
            })
            .await
    }

    /// Adds the rule that opens a module to users; `false` when it was there already.
    pub async fn open_to_users(&self, actor: &SudoActor, module: &ModuleName) -> Result<bool> {
        let mut added = false;
        for rule in acl::opening_rules(module) {
            added |= self.add(actor, AclType::Components, rule).await?;
        }
        Ok(added)
    }

    /// Replaces the rule `id`, which the caller saw at `revision`.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when somebody has changed or deleted it since, or another rule says the same.
    pub async fn replace(
        &self,
        actor: &SudoActor,
        acl_type: AclType,
        id: i64,
        revision: i64,
        rule: Rule,
    ) -> Result<()> {
        let rule = checked(rule, acl_type)?;
        let by = actor.by();
        self.store
            .write("replace ACL rule", move |tx| {
                if store::acl::has_twin(tx, acl_type, &rule, id)? {
                    return Err(ServerError::Conflict("Another rule says the same already.".to_owned()));
                }
                let before = store::acl::get(tx, id)?;
                if !store::acl::replace(tx, acl_type, id, revision, &rule)? {
                    return Err(stale(tx, id)?);
                }
                let mut deed = Deed::new("acl.change", subject(acl_type, &rule)).after(serde_json::to_value(&rule)?);
                deed.before = before.map(|before| serde_json::to_value(before.rule)).transpose()?;
                store::audit::append(tx, &by, &deed, now_ms())
            })
            .await
    }

    /// Deletes the rule `id`, which the caller saw at `revision`. One that is gone already is no error.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when somebody has changed it since.
    pub async fn delete(&self, actor: &SudoActor, id: i64, revision: i64) -> Result<()> {
        let by = actor.by();
        self.store
            .write("delete ACL rule", move |tx| {
                let Some(before) = store::acl::get(tx, id)? else { return Ok(()) };
                if !store::acl::delete(tx, id, revision)? {
                    return Err(stale(tx, id)?);
                }
                let deed = Deed::new("acl.delete", &before.rule.resource).before(serde_json::to_value(&before.rule)?);
                store::audit::append(tx, &by, &deed, now_ms())
            })
            .await
    }

    /// Replaces the whole table, which the caller saw as `seen` (see [`table_tag`]), by a preset's rules.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for an unknown preset, [`ServerError::Conflict`] when the table has changed since.
    pub async fn apply_preset(&self, actor: &SudoActor, acl_type: AclType, preset: &str, seen: String) -> Result<()> {
        let preset = acl::presets(acl_type)
            .into_iter()
            .find(|known| known.id == preset)
            .ok_or_else(|| ServerError::NotFound("There is no such preset.".to_owned()))?;
        self.replace_table(actor, acl_type, preset.rules, Some(seen)).await.map(drop)
    }

    /// Replaces the whole table; gives the new one. With `seen` (see [`table_tag`]) only if it is still that one.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when the table has changed since, [`ServerError::Invalid`] for a rule that will not do.
    pub async fn replace_table(
        &self,
        actor: &SudoActor,
        acl_type: AclType,
        rules: Vec<Rule>,
        seen: Option<String>,
    ) -> Result<Vec<StoredRule>> {
        let rules = rules.into_iter().map(|rule| checked(rule, acl_type)).collect::<Result<Vec<_>>>()?;
        let by = actor.by();
        self.store
            .write("replace ACL", move |tx| {
                let before = store::acl::list(tx, acl_type)?;
                if seen.is_some_and(|seen| seen != table_tag(&before)) {
                    return Err(ServerError::Conflict(
                        "The table has changed in the meantime. Look at it again, then decide.".to_owned(),
                    ));
                }
                // Rules that stay keep their ids, so that an edit of one of them is not lost.
                for gone in
                    before.iter().filter(|known| !rules.iter().any(|rule| rule.identity() == known.rule.identity()))
                {
                    store::acl::delete(tx, gone.id, gone.revision)?;
                }
                for rule in &rules {
                    store::acl::add(tx, acl_type, rule)?;
                }
                let after = store::acl::list(tx, acl_type)?;
                if after != before {
                    let shown = |rules: &[StoredRule]| serde_json::to_value(StoredRule::rules(rules));
                    let deed =
                        Deed::new("acl.replace", acl_type.as_str()).before(shown(&before)?).after(shown(&after)?);
                    store::audit::append(tx, &by, &deed, now_ms())?;
                }
                Ok(after)
            })
            .await
    }
}

fn subject(acl_type: AclType, rule: &Rule) -> String {
    format!("{} · {} · {}", acl_type.as_str(), rule.role, rule.resource)
}

/// A text that changes with every change of the table.
pub fn table_tag(rules: &[StoredRule]) -> String {
    rules.iter().map(|rule| format!("{}.{}", rule.id, rule.revision)).collect::<Vec<_>>().join("-")
}

fn checked(rule: Rule, acl_type: AclType) -> Result<Rule> {
    let rule = rule.normalise(acl_type);
    match rule.validate(acl_type) {
        Ok(()) => Ok(rule),
        Err(errors) => {
            Err(ServerError::Invalid(errors.iter().map(|error| error.message.as_str()).collect::<Vec<_>>().join(" ")))
        }
    }
}

fn stale(connection: &rusqlite::Connection, id: i64) -> Result<ServerError> {
    Ok(ServerError::Conflict(match store::acl::get(connection, id)? {
        Some(_) => "Somebody else has changed this rule in the meantime. Look at it again, then decide.".to_owned(),
        None => "Somebody else has deleted this rule in the meantime.".to_owned(),
    }))
}
