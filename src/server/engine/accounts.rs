//! Which component of a flow signs in with which account.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Engine, components::Found};
use crate::{
    domain::flow::Flow,
    server::{
        access::UserActor,
        error::{Result, ServerError},
        settings::accounts::own,
        store::{self, accounts::Account, audit::Deed},
    },
};

/// A component that signs in somewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    pub component_id: String,
    /// `vendor:service` or `vendor:service:module`.
    pub service: String,
    /// The id of the account that it uses.
    pub account: Option<String>,
    /// Ids and names of those that it may use; `None` for whoever is not the flow's owner.
    pub choices: Option<Vec<(String, String)>>,
}

impl Engine {
    /// The components of a flow that sign in somewhere, in the order of their ids.
    ///
    /// # Errors
    /// What the store says.
    pub async fn sign_ins(&self, actor: &UserActor, flow: &Flow) -> Result<Vec<SignIn>> {
        let (flow_id, user_id) = (flow.id.clone(), actor.person().id.clone());
        let (own, used) = self
            .inner
            .store
            .read(move |connection| {
                let own = store::accounts::list(connection, &user_id)?;
                Ok((own, store::accounts::of_flow(connection, &flow_id)?))
            })
            .await?;
        let is_owner = flow.user_id == actor.person().id;
        let mut sign_ins = Vec::new();
        for (component_id, node) in &flow.descriptor {
            let Some(found) = self.find(node["type"].as_str().unwrap_or_default()).await? else { continue };
            let Some(service) = found.manifest["auth"]["service"].as_str() else { continue };
            let choices = own.iter().filter(|account| account.service == service);
            let choices = choices.map(|account| {
                let name = account.display_name.as_ref().unwrap_or(&account.name);
                (account.id.clone(), name.clone())
            });
            sign_ins.push(SignIn {
                component_id: component_id.clone(),
                service: service.to_owned(),
                account: used.get(component_id).cloned(),
                choices: is_owner.then(|| choices.collect()),
            });
        }
        Ok(sign_ins)
    }

    /// Lets a component of one's own flow sign in nowhere. One that does not is no error.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] as for [`Engine::attach_account`].
    pub async fn sign_out(&self, actor: &UserActor, flow_id: &str, component_id: &str) -> Result<()> {
        let id = flow_id.to_owned();
        let used = self.inner.store.read(move |connection| store::accounts::of_flow(connection, &id)).await?;
        match used.get(component_id) {
            Some(account_id) => self.detach_account(actor, component_id, account_id, Some(flow_id)).await,
            None => self.flow(actor, flow_id).await.map(drop),
        }
    }

    /// Lets a component sign in with an account, in every flow of the account's owner that has it, or in one.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for somebody else's account or a component that no flow of theirs has;
    /// [`ServerError::Invalid`] for an account of another service than the component's.
    pub async fn attach_account(
        &self,
        actor: &UserActor,
        component_id: &str,
        account_id: &str,
        flow_id: Option<&str>,
    ) -> Result<()> {
        let (account, places) = self.account_and_places(actor, component_id, account_id, flow_id).await?;
        for (_, component) in &places {
            let Some(found) = self.find(component).await? else { continue };
            let wanted = found.manifest["auth"]["service"].as_str().unwrap_or_default();
            if wanted != account.service {
                return Err(ServerError::Invalid(if wanted.is_empty() {
                    format!("{component} signs in nowhere, so it takes no account.")
                } else {
                    format!("{component} signs in with an account of {wanted}; this one is of {}.", account.service)
                }));
            }
        }
        let (by, component_id, now) = (actor.by(), component_id.to_owned(), self.now());
        self.inner
            .store
            .write("attach an account", move |tx| {
                for (flow_id, _) in &places {
                    store::accounts::attach(tx, flow_id, &component_id, &account.id)?;
                    let after = json!({ "component": component_id, "account": account.id });
                    store::audit::append(tx, &by, &Deed::new("account.attach", flow_id).after(after), now)?;
                }
                Ok(())
            })
            .await
    }

    /// Lets a component sign in with an account no longer. One that does not is no error.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] as for [`Engine::attach_account`].
    pub async fn detach_account(
        &self,
        actor: &UserActor,
        component_id: &str,
        account_id: &str,
        flow_id: Option<&str>,
    ) -> Result<()> {
        let (account, places) = self.account_and_places(actor, component_id, account_id, flow_id).await?;
        let (by, component_id, now) = (actor.by(), component_id.to_owned(), self.now());
        self.inner
            .store
            .write("detach an account", move |tx| {
                for (flow_id, _) in &places {
                    if store::accounts::detach(tx, flow_id, &component_id, &account.id)? {
                        let before = json!({ "component": component_id, "account": account.id });
                        store::audit::append(tx, &by, &Deed::new("account.detach", flow_id).before(before), now)?;
                    }
                }
                Ok(())
            })
            .await
    }

    /// The actor's account, and flow and type of each component that is meant.
    async fn account_and_places(
        &self,
        actor: &UserActor,
        component_id: &str,
        account_id: &str,
        flow_id: Option<&str>,
    ) -> Result<(Account, Vec<(String, String)>)> {
        let (actor, account_id) = (actor.clone(), account_id.to_owned());
        let (component_id, wanted) = (component_id.to_owned(), flow_id.map(str::to_owned));
        self.inner
            .store
            .read(move |connection| {
                let account = own(store::accounts::get(connection, &account_id)?, &actor)?;
                let mut places = store::accounts::places(connection, &account.user_id, &component_id)?;
                places.retain(|(flow_id, _)| wanted.as_ref().is_none_or(|wanted| wanted == flow_id));
                if places.is_empty() {
                    return Err(ServerError::NotFound("No flow of yours has such a component.".to_owned()));
                }
                Ok((account, places))
            })
            .await
    }

    /// `context.auth` and `context.profileInfo`: the connector's configuration, with what the account adds; empty where there
    /// is none, and where it is of another service than the component's: the node, or its module, may have become another
    /// since the account was chosen.
    pub(super) fn auth(
        &self,
        account: Option<Account>,
        found: &Found,
        config: &Map<String, Value>,
    ) -> Result<(Map<String, Value>, Map<String, Value>)> {
        let fits = |account: &Account| found.manifest["auth"]["service"] == account.service.as_str();
        let Some(account) = account.filter(fits) else { return Ok(Default::default()) };
        let mut auth = config.clone();
        auth.extend(self.inner.accounts.open(&account)?);
        auth.insert("tokenId".to_owned(), Value::from(account.id));
        auth.insert("service".to_owned(), Value::from(account.service));
        auth.insert("userId".to_owned(), Value::from(account.user_id));
        auth.insert("profileInfo".to_owned(), Value::Object(account.profile.clone()));
        Ok((auth, account.profile))
    }
}
