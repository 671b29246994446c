//! Which component of a flow signs in with which account.

use serde_json::{Map, Value, json};

use super::Engine;
use crate::server::{
    access::UserActor,
    error::{Result, ServerError},
    settings::accounts::own,
    store::{self, accounts::Account, audit::Deed},
};

impl Engine {
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

    /// `context.auth`: the connector's configuration, with what the account adds; empty where there is none.
    pub(super) fn auth(&self, account: &Account, config: &Map<String, Value>) -> Result<Map<String, Value>> {
        let mut auth = config.clone();
        auth.extend(self.inner.accounts.open(account)?);
        auth.insert("tokenId".to_owned(), Value::from(account.id.clone()));
        auth.insert("service".to_owned(), Value::from(account.service.clone()));
        auth.insert("userId".to_owned(), Value::from(account.user_id.clone()));
        auth.insert("profileInfo".to_owned(), Value::Object(account.profile.clone()));
        Ok(auth)
    }
}
