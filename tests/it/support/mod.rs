//! What the integration tests share: modules made on the spot, a server on a free port, a plain HTTP client, and a look
//! into the data folder.

pub mod client;
pub mod folder;
pub mod module;
pub mod receiver;
pub mod server;

use std::time::{Duration, Instant};

use stockroom::{domain::job::Job, server::registry::Registry};

/// How long anything in a test may take before it counts as never.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(begun.elapsed() < DEADLINE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The job once it has ended.
pub async fn ended(registry: &Registry, id: &str) -> Job {
    eventually("the job ends", async || {
        let job = registry.job(id).await.expect("the job is kept");
        (!job.is_running()).then_some(job)
    })
    .await
}
