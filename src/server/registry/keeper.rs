//! Keeps the data folder free of what nobody needs: archives that were replaced or removed long ago, and litter.

use std::time::Duration;

use super::{Registry, UNDO_WINDOW};
use crate::server::{error::Result, store, time::now_ms};

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
            loop {
                if let Err(cause) = this.sweep().await {
                    tracing::error!(%cause, "the data folder could not be swept");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        });
    }

    /// Forgets what is past its time, and deletes every blob and folder that no archive and no running job needs.
    pub async fn sweep(&self) -> Result<()> {
        self.inner
            .store
            .write("sweep", |tx| {
                store::modules::expire_removals(tx, before(UNDO_WINDOW))?;
                store::modules::forget_unused_archives(tx, VERSIONS_KEPT)?;
                store::jobs::prune(tx, before(HISTORY))?;
                store::events::prune(tx, before(HISTORY))
            })
            .await?;
        for sha256 in self.inner.blobs.list().await? {
            self.delete_unless_known(&sha256, "").await?;
        }
        let mut folders = tokio::fs::read_dir(self.inner.data.modules()).await?;
        while let Some(folder) = folders.next_entry().await? {
            self.delete_unless_known(&folder.file_name().to_string_lossy(), "").await?;
        }
        Ok(())
    }

    /// Deletes what the job `id` had brought, unless somebody else needs it.
    pub(super) async fn discard(&self, sha256: &str, id: &str) -> Result<()> {
        self.delete_unless_known(sha256, id).await
    }

    /// Deletes the blob and the unpacked folder of an archive that is neither registered nor at work in a job other
    /// than `job`.
    async fn delete_unless_known(&self, sha256: &str, job: &str) -> Result<()> {
        if sha256.is_empty() {
            return Ok(());
        }
        let (wanted, job) = (sha256.to_owned(), job.to_owned());
        if self.inner.store.read(move |connection| store::modules::is_known(connection, &wanted, &job)).await? {
            return Ok(());
        }
        self.inner.blobs.delete(sha256).await?;
        match tokio::fs::remove_dir_all(self.inner.data.modules().join(sha256)).await {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => Err(cause.into()),
            _ => Ok(()),
        }
    }
}

fn before(age: Duration) -> i64 {
    now_ms().saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
