//! Keeps the data folder free of what nobody needs: archives that were replaced or removed long ago, and litter.

use std::{collections::HashSet, path::Path, time::Duration};

use super::{Registry, UNDO_WINDOW, plugin_folders};
use crate::{
    domain::module::Manifest,
    server::{catalogue::is_sha256, error::Result, runtime::Unpacked, store, time::now_ms},
};

/// How many archives of an installed module are kept, the installed one included.
const VERSIONS_KEPT: u32 = 3;
/// How long events and ended jobs are kept.
const HISTORY: Duration = Duration::from_secs(30 * 24 * 3600);
const INTERVAL: Duration = Duration::from_secs(3600);

impl Registry {
    /// Sweeps now and every hour, until the process ends.
    pub fn spawn_keeper(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(cause) = this.build_installed().await {
                tracing::error!(%cause, "modules that are installed could not be built");
            }
            loop {
                if let Err(cause) = this.sweep().await {
                    tracing::error!(%cause, "the data folder could not be swept");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        });
    }

    /// Builds what was installed while there was no Node, or before modules were built at all.
    pub async fn build_installed(&self) -> Result<()> {
        if !self.inner.runtime.runs().await {
            return Ok(());
        }
        for sha256 in self.inner.store.read(store::modules::installed_sha256s).await? {
            if self.inner.runtime.folder(&sha256).is_some() {
                continue;
            }
            let archive = self.inner.store.read(move |connection| store::modules::archive(connection, &sha256)).await?;
            // Removed in the meantime.
            let Some(archive) = archive else { continue };
            let unpacked = self.unpacked(&archive.sha256, &archive.manifest).await?;
            let mut output = String::new();
            if let Err(cause) = self.inner.runtime.prepare(&unpacked, &|| false, &mut output).await {
                tracing::warn!(module = %unpacked.module, ?cause, output, "the module could not be built, so it cannot run");
            }
        }
        Ok(())
    }

    /// What the engine needs to know of the files of an archive that was installed earlier.
    async fn unpacked(&self, sha256: &str, manifest: &Manifest) -> Result<Unpacked> {
        let (this, sha256, manifest) = (self.clone(), sha256.to_owned(), manifest.clone());
        tokio::task::spawn_blocking(move || {
            let tree = this.tree(&sha256, &manifest)?;
            let components = tree.components.iter().map(|(name, (folder, _))| (name.clone(), folder.clone())).collect();
            let plugins = plugin_folders(&this.unpacked_folder(&sha256), &manifest.name);
            Ok(Unpacked { module: manifest.name, version: manifest.version, sha256, components, plugins })
        })
        .await?
    }

    /// Forgets what is past its time, and deletes every blob and folder that no archive and no running job needs.
    pub async fn sweep(&self) -> Result<()> {
        self.inner
            .store
            .write("sweep", |tx| {
                store::modules::expire_removals(tx, before(UNDO_WINDOW))?;
                store::plugins::forget_removed(tx)?;
                store::modules::forget_unused_archives(tx, VERSIONS_KEPT)?;
                store::jobs::prune(tx, before(HISTORY))?;
                store::events::prune(tx, before(HISTORY))
            })
            .await?;
        // Most of what is there, by one question; whatever is not among them may have come since.
        let known: HashSet<String> = self.inner.store.read(store::modules::archive_sha256s).await?;
        for sha256 in self.inner.blobs.list().await?.iter().filter(|sha256| !known.contains(*sha256)) {
            self.delete_unless_known(sha256, "").await?;
        }
        let mut folders = tokio::fs::read_dir(self.inner.data.modules()).await?;
        while let Some(folder) = folders.next_entry().await? {
            let sha256 = folder.file_name().to_string_lossy().into_owned();
            if !known.contains(&sha256) {
                self.delete_unless_known(&sha256, "").await?;
            }
        }
        Ok(())
    }

    /// Whether the blob is there. A job that has asked, and is kept in the store, finds it there until it ends.
    pub(super) async fn has_blob(&self, sha256: &str) -> Result<bool> {
        let _alone = self.inner.blob_gate.lock().await;
        self.inner.blobs.contains(sha256).await
    }

    /// Keeps a blob for a job that is kept in the store.
    pub(super) async fn keep_blob(&self, sha256: &str, file: &Path) -> Result<()> {
        let _alone = self.inner.blob_gate.lock().await;
        self.inner.blobs.put(sha256, file).await
    }

    /// Keeps a blob while the job that owns it is being `registered`: no sweep finds the one without the other.
    pub(super) async fn keep_blob_while<T>(
        &self,
        sha256: &str,
        file: &Path,
        registered: impl Future<Output = T>,
    ) -> (T, Result<()>) {
        let _alone = self.inner.blob_gate.lock().await;
        tokio::join!(registered, self.inner.blobs.put(sha256, file))
    }

    /// Deletes what the job `id` had brought, unless somebody else needs it.
    pub(super) async fn discard(&self, sha256: &str, id: &str) -> Result<()> {
        self.delete_unless_known(sha256, id).await
    }

    /// Deletes the blob and the unpacked folder of an archive that is neither registered nor at work in a job other
    /// than `job`.
    async fn delete_unless_known(&self, sha256: &str, job: &str) -> Result<()> {
        // Only what this program has made is deleted: the text may come from a catalogue on another host.
        if !is_sha256(sha256) {
            return Ok(());
        }
        let _alone = self.inner.blob_gate.lock().await;
        let (wanted, job) = (sha256.to_owned(), job.to_owned());
        if self.inner.store.read(move |connection| store::modules::is_known(connection, &wanted, &job)).await? {
            return Ok(());
        }
        self.inner.blobs.delete(sha256).await?;
        self.inner.runtime.forget(sha256).await?;
        match tokio::fs::remove_dir_all(self.inner.data.modules().join(sha256)).await {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
            _ => Ok(()),
        }
    }
}

fn before(age: Duration) -> i64 {
    now_ms().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
