//! Deletes what no file has any more: contents of deleted users' files, of an earlier process's unfinished work, and those
//! that were replaced.

use std::{collections::HashSet, time::Duration, time::Instant};

use super::{Files, Hold};
use crate::server::{error::Result, store};

const INTERVAL: Duration = Duration::from_secs(3600);

impl Files {
    /// Sweeps now and every hour, until the process ends.
    pub fn spawn_keeper(&self) {
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                this.give_up_uploads();
                if let Err(cause) = this.sweep().await {
                    tracing::error!(%cause, "the files could not be swept");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        });
    }

    /// Deletes every content that neither a file nor anybody at work has.
    pub async fn sweep(&self) -> Result<()> {
        // In this order: what is in nobody's hand any more by the second step is a file's by the third.
        let there = self.inner.blobs.list().await?;
        let held: HashSet<String> = {
            let mut in_hand = self.inner.in_hand.lock();
            in_hand.retain(|_, hold| {
                matches!(hold, Hold::Coming) || matches!(hold, Hold::Until(end) if *end > Instant::now())
            });
            in_hand.keys().cloned().collect()
        };
        let known: HashSet<String> = self.inner.store.read(store::files::contents).await?.into_iter().collect();
        for content in there.iter().filter(|content| !known.contains(*content) && !held.contains(*content)) {
            self.inner.blobs.delete(content).await?;
        }
        Ok(())
    }
}
