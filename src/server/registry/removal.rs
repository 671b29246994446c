//! Takes modules out of use, and brings them back.

use super::{Registry, losses::with_flows};
use crate::{
    domain::{
        flow_use::{self, FlowUse},
        job::Event,
        name::ModuleName,
    },
    server::{
        access::{Publisher, SudoActor},
        catalogue::entry_of,
        error::{Result, ServerError},
        store::{
            self,
            audit::{By, Deed},
            modules::Install,
        },
        time::now_ms,
    },
};

/// The flows whose use of a module keeps it from being removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    All,
    /// Those that run; others are left with a component missing.
    Running,
    /// Whatever uses it goes on and fails: the public protocol's own removal.
    None,
}

impl Registry {
    /// Removes a module, whatever uses it. Its archive is kept for [`UNDO_WINDOW`](super::UNDO_WINDOW).
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when it is not installed, [`ServerError::Conflict`] while it is being installed.
    /// [`ServerError::Forbidden`] to publishers of other vendors.
    pub async fn remove(&self, publisher: &Publisher, name: &ModuleName) -> Result<()> {
        self.remove_sparing(publisher, vec![name.clone()], Spared::None).await
    }

    /// As [`Registry::remove`], unless one of these flows uses it.
    ///
    /// # Errors
    /// As there, and [`ServerError::InUse`] with all flows that use it.
    pub async fn remove_unused(&self, publisher: &Publisher, name: &ModuleName, spared: Spared) -> Result<()> {
        self.remove_sparing(publisher, vec![name.clone()], spared).await
    }

    /// Removes these modules, all of them or none, whatever uses them.
    ///
    /// # Errors
    /// As for [`Registry::remove`].
    pub async fn remove_all(&self, publisher: &Publisher, names: Vec<ModuleName>) -> Result<()> {
        self.remove_sparing(publisher, names, Spared::None).await
    }

    /// # Errors
    /// What would keep a module from being removed, whatever uses it: asked before anything is done for the removal.
    pub async fn check_removable(&self, name: &ModuleName) -> Result<()> {
        let name = name.clone();
        self.inner.store.read(move |connection| removable(connection, &name).map(drop)).await
    }

    async fn remove_sparing(&self, publisher: &Publisher, names: Vec<ModuleName>, spared: Spared) -> Result<()> {
        for name in &names {
            publisher.check(name.vendor())?;
        }
        let (this, by) = (self.clone(), publisher.by());
        self.to_the_end(async move {
            let (removing, events) = (names.clone(), this.inner.events.clone());
            let (newest, held) = this
                .inner
                .store
                .write("remove modules", move |tx| {
                    let (mut newest, mut held) = (0, Vec::with_capacity(removing.len()));
                    for module in &removing {
                        newest = remove(tx, module, &by, spared)?;
                        held.push(events.hold(newest));
                    }
                    Ok((newest, held))
                })
                .await?;
            for name in &names {
                this.inner.catalogue.show_installed(name).await?;
                tracing::info!(module = %name, "module removed");
            }
            this.inner.events.announce(newest);
            drop(held);
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
            let (name, events) = (module.clone(), this.inner.events.clone());
            let (install, id, held) = this
                .inner
                .store
                .write("undo removal", move |tx| {
                    let (install, id) = undo(tx, &module)?;
                    let deed = Deed::new("module.undo-remove", module.as_str()).module(module.as_str());
                    store::audit::append(tx, &by, &deed.after(install.shown()), now_ms())?;
                    Ok((install, id, events.hold(id)))
                })
                .await?;
            this.inner.catalogue.show_installed(&name).await?;
            this.inner.events.announce(id);
            drop(held);
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
fn remove(tx: &rusqlite::Transaction<'_>, module: &ModuleName, by: &By, spared: Spared) -> Result<i64> {
    let before = removable(tx, module)?;
    let flows = store::flow_uses::using(tx, module)?;
    let is_spared = |flow: &FlowUse| spared == Spared::All || (spared == Spared::Running && flow.is_running());
    if flows.iter().any(is_spared) {
        return Err(ServerError::InUse { what: format!("{module} is used by {}.", flow_use::in_words(&flows)), flows });
    }
    let now = now_ms();
    store::modules::remove(tx, module, now)?;
    let deed = Deed::new("module.remove", module.as_str()).module(module.as_str());
    store::audit::append(tx, by, &deed.before(with_flows(before.shown(), &flows)), now)?;
    store::events::append(tx, &Event::Module { name: module.clone(), installed: None, update: None }, now)
}

/// What is installed of a module that nothing keeps from being removed but the flows that use it.
fn removable(connection: &rusqlite::Connection, module: &ModuleName) -> Result<Install> {
    refuse_while_running(connection, module)?;
    let installed = store::modules::installed(connection, module)?;
    installed.ok_or_else(|| ServerError::NotFound(format!("{module} is not installed.")))
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
    store::modules::install(tx, &archive, &entry_of(&archive.manifest), &source, now_ms())?;
    let install = store::modules::installed(tx, module)?.ok_or_else(too_late)?;
    let event = Event::Module { name: module.clone(), installed: Some(install.version.clone()), update: None };
    Ok((install, store::events::append(tx, &event, now_ms())?))
}

fn refuse_while_running(connection: &rusqlite::Connection, module: &ModuleName) -> Result<()> {
    match store::jobs::latest_of(connection, module)? {
        Some(job) if job.is_running() => {
            Err(ServerError::Conflict(format!("{module} is being installed. Wait for that, or cancel it.")))
        }
        _ => Ok(()),
    }
}
