//! Time, as the engine sees it: the system's, or one that a test moves.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::server::time::now_ms;

/// Longest sleep before the time is looked at again: somebody may have set the system's clock.
const LOOK: Duration = Duration::from_secs(30);

/// Where the engine gets the time from.
pub trait Clock: Send + Sync {
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> i64;

    /// Ends when it is `at`.
    fn sleep_until(&self, at: i64) -> BoxFuture<'static, ()>;
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        now_ms()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            loop {
                let left = at.saturating_sub(now_ms());
                if left <= 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(left.unsigned_abs()).min(LOOK)).await;
            }
        })
    }
}

/// A clock that stands still until it is moved.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: watch::Sender<i64>,
}

impl ManualClock {
    /// A clock that says `now`, in milliseconds since the Unix epoch.
    pub fn new(now: i64) -> Self {
        Self { now: watch::Sender::new(now) }
    }

    /// Moves it on by so many milliseconds.
    pub fn advance(&self, ms: i64) {
        self.now.send_modify(|now| *now += ms);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> i64 {
        *self.now.borrow()
    }

    fn sleep_until(&self, at: i64) -> BoxFuture<'static, ()> {
        let mut now = self.now.subscribe();
        Box::pin(async move {
            if now.wait_for(|now| *now >= at).await.is_err() {
                // Whoever moved it has gone: it is never again any later.
                std::future::pending::<()>().await;
            }
        })
    }
}
