//! Throws away what nobody asks for any more.

use futures::future::BoxFuture;

use super::Engine;
use crate::server::{error::Result, store};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// How long lines of flows' logs are kept.
const LOG: i64 = 30 * DAY;
/// How long a webhook's later call finds the scope that it goes on with.
const CONTINUATIONS: i64 = 100 * DAY;

impl Engine {
    pub(super) fn keep_tidy_task(&self) -> BoxFuture<'static, ()> {
        let this = self.clone();
        Box::pin(async move {
            while !this.inner.stopping.is_cancelled() {
                if let Err(cause) = this.tidy().await {
                    tracing::warn!(%cause, "old lines could not be thrown away");
                }
                tokio::select! {
                    () = this.inner.clock.sleep_until(this.now().saturating_add(HOUR)) => {}
                    () = this.inner.stopping.cancelled() => {}
                }
            }
        })
    }

    async fn tidy(&self) -> Result<()> {
        let now = self.now();
        self.inner
            .store
            .write("tidy up after flows", move |tx| {
                store::flow_log::prune(tx, now - LOG)?;
                store::quotas::prune(tx, now)?;
                store::continuations::prune(tx, now - CONTINUATIONS)
            })
            .await
    }
}
