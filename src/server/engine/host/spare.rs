//! A process that was started in advance for a version that is soon to be tried. Node takes longer to start than a module to
//! be installed, and what it is started with names a folder, but not what is to lie in it.
//!
//! It has run nothing before but our own scripts, and runs nothing of any other module afterwards: it is ended with its trial.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;

use super::{
    Invocation, Method,
    connection::Connection,
    new_folder,
    owner::Owner,
    script::Script,
    workers::{Inner, NodeHost},
};
use crate::domain::name::ModuleName;

/// For how long one waits: whoever looks at a page, or has installed one module, often installs one soon.
const KEPT: Duration = Duration::from_secs(60);

impl NodeHost {
    /// Starts a process for a version in a folder below `folder`, or wakes the one that is waiting.
    pub(super) fn keep_spare(&self, folder: &Path) {
        // Here and now: another thread would take longer to begin than this takes.
        let Ok(folder) = std::fs::canonicalize(folder) else { return };
        let root = {
            let mut spare = self.inner.spare.lock();
            if let Some(root) = spare.as_ref().filter(|root| root.starts_with(&folder)) {
                self.inner.wake(root);
                return;
            }
            spare.insert(new_folder(&folder)).clone()
        };
        self.inner.clone().start_spare(root.clone());
        let host = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(KEPT).await;
            let Some(host) = host.upgrade() else { return };
            if host.spare.lock().take_if(|spare| *spare == root).is_some() {
                host.end_at_once(&root).await;
            }
        });
    }

    /// The folder that a process waits for. Trusted modules have processes that may do more, so none waits for them.
    pub(super) fn take_spare(&self, module: &ModuleName, folder: &Path) -> PathBuf {
        let spare = if self.inner.options.trusted.contains(module) { None } else { self.inner.spare.lock().take() };
        if let Some(root) = &spare {
            self.inner.wake(root);
        }
        spare.unwrap_or_else(|| new_folder(folder))
    }
}

impl Inner {
    /// Starts a process as that of the version in `root`, where [`Inner::connection`] finds it.
    fn start_spare(self: Arc<Self>, root: PathBuf) {
        let slot = self.slots.lock().entry(root.clone()).or_default().clone();
        // Nobody knows the folder yet, so nobody holds it.
        let Ok(mut there) = slot.try_lock_owned() else { return };
        tokio::spawn(async move {
            match self.start(Owner::default(), &root, false).await {
                Ok(connection) => {
                    *there = Some(connection.clone());
                    drop(there);
                    // Who has taken it already is not to wait for that.
                    if self.spare.lock().as_ref() == Some(&root) {
                        self.rehearse(&connection);
                    }
                }
                // Whoever takes it starts another, and is told why that cannot be done.
                Err(cause) => tracing::debug!(%cause, "no process could be started in advance"),
            }
        });
    }

    /// Has a process load components that do nothing: what Node loads files with is quick only once it has loaded some.
    fn rehearse(&self, connection: &Connection) {
        let (Ok(root), Ok(module)) = (self.script.rehearsal(), ModuleName::parse("stockroom.rehearsal")) else {
            return;
        };
        for name in Script::rehearsed() {
            connection.rehearse(&Invocation {
                module: module.clone(),
                root: root.clone(),
                folder: String::new(),
                component: format!("{module}.{name}"),
                method: Method::Load,
                context: Value::Null,
                shared: BTreeMap::new(),
            });
        }
    }

    /// Wakes the process of a version, if it has started.
    fn wake(&self, root: &Path) {
        let slot = self.slots.lock().get(root).cloned();
        if let Some(there) = slot.as_ref().and_then(|slot| slot.try_lock().ok())
            && let Some(connection) = there.as_ref()
        {
            connection.wake();
        }
    }

    /// Ends the process of a version without waiting for it.
    pub(super) async fn end_at_once(&self, root: &Path) {
        let slot = self.slots.lock().remove(root);
        if let Some(slot) = slot
            && let Some(connection) = slot.lock().await.take()
        {
            connection.kill("its trial is over".to_owned());
        }
    }
}
