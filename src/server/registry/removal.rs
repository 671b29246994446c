//! Takes modules out of use, and brings them back.

use super::Registry;
use crate::{
    domain::{job::Event, name::ModuleName},
    server::{
        access::{Publisher, SudoActor},
        error::{Result, ServerError},
        store::{
            self,
            audit::{By, Deed},
            modules::Install,
        },
        time::now_ms,
    },
};

impl Registry {
    /// Removes a module. Its archive is kept for [`UNDO_WINDOW`](super::UNDO_WINDOW).
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when it is not installed, [`ServerError::Conflict`] while it is being installed.
    /// [`ServerError::Forbidden`] to publishers of other vendors.
    pub async fn remove(&self, publisher: &Publisher, name: &ModuleName) -> Result<()> {
        self.remove_all(publisher, vec![name.clone()]).await
    }

    /// Removes these modules, all of them or none.
    ///
    /// # Errors
    /// As for [`Registry::remove`].
    pub async fn remove_all(&self, publisher: &Publisher, names: Vec<ModuleName>) -> Result<()> {
        for name in &names {
            publisher.check(name.vendor())?;
        }
        let (this, by) = (self.clone(), publisher.by());
        self.to_the_end(async move {
            let removing = names.clone();
            let newest = this
                .inner
                .store
                .write("remove modules", move |tx| {
                    let mut newest = 0;
                    for module in &removing {
                        newest = remove(tx, module, &by)?;
                    }
                    Ok(newest)
                })
                .await?;
            for name in &names {
                this.inner.catalogue.set_installed(name, None).await?;
                tracing::info!(module = %name, "module removed");
            }
            this.inner.events.announce(newest);
            Ok(())
        })
        .await
    }

    /// Brings a removed module back as it was.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when it was or is being installed again in the meantime, [`ServerError::NotFound`] when it is too
    /// late.
    pub async fn undo_remove(&self, actor: &SudoActor, name: &ModuleName) -> Result<Install> {
        let (this, module, by) = (self.clone(), name.clone(), actor.by());
        self.to_the_end(async move {
            let name = module.clone();
            let (install, id) = this
                .inner
                .store
                .write("undo removal", move |tx| {
                    let (install, id) = undo(tx, &module)?;
                    let deed = Deed::new("module.undo-remove", module.as_str()).module(module.as_str());
                    store::audit::append(tx, &by, &deed.after(install.shown()), now_ms())?;
                    Ok((install, id))
                })
                .await?;
            this.inner.catalogue.set_installed(&name, Some(&install.version)).await?;
            this.inner.events.announce(id);
            tracing::info!(module = %name, "removal undone");
            Ok(install)
        })
        .await
    }

    /// Whether a removal of this module can be undone.
    pub async fn can_undo(&self, name: &ModuleName) -> Result<bool> {
        let name = name.clone();
        self.inner.store.read(move |connection| Ok(store::modules::removed(connection, &name)?.is_some())).await
    }
}

/// Takes a module out of use; gives the id of the event that tells of it.
fn remove(tx: &rusqlite::Transaction<'_>, module: &ModuleName, by: &By) -> Result<i64> {
    refuse_while_running(tx, module)?;
    let before = store::modules::installed(tx, module)?;
    let now = now_ms();
    let (Some(before), true) = (before, store::modules::remove(tx, module, now)?) else {
        return Err(ServerError::NotFound(format!("{module} is not installed.")));
    };
    let deed = Deed::new("module.remove", module.as_str()).module(module.as_str());
    store::audit::append(tx, by, &deed.before(before.shown()), now)?;
    store::events::append(tx, &Event::Module { name: module.clone(), installed: None, update: None }, now)
}

/// Installs again what was removed; gives it, and the id of the event that tells of it.
fn undo(tx: &rusqlite::Transaction<'_>, module: &ModuleName) -> Result<(Install, i64)> {
    refuse_while_running(tx, module)?;
    if store::modules::installed(tx, module)?.is_some() {
        return Err(ServerError::Conflict(format!("{module} is installed again already.")));
    }
    let too_late = || {
        ServerError::NotFound(format!(
            "{module} was removed too long ago to be brought back. Install it from the catalogue."
        ))
    };
    let (sha256, source) = store::modules::removed(tx, module)?.ok_or_else(too_late)?;
    let archive = store::modules::archive(tx, &sha256)?.ok_or_else(too_late)?;
    if let Some((component, owner)) = store::modules::component_owner(tx, module, &archive.manifest)? {
        return Err(ServerError::Conflict(format!("{owner} has a component {component} as well.")));
    }
    store::modules::install(tx, &archive, &source, now_ms())?;
    let install = store::modules::installed(tx, module)?.ok_or_else(too_late)?;
    let event = Event::Module { name: module.clone(), installed: Some(install.version.clone()), update: None };
    Ok((install, store::events::append(tx, &event, now_ms())?))
}

fn refuse_while_running(tx: &rusqlite::Transaction<'_>, module: &ModuleName) -> Result<()> {
    match store::jobs::latest_of(tx, module)? {
        Some(job) if job.is_running() => {
            Err(ServerError::Conflict(format!("{module} is being installed. Wait for that, or cancel it.")))
        }
        _ => Ok(()),
    }
}
