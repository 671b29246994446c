//! Wakes whoever waits for events. The events themselves are read from the store, so none is lost or doubled.

use tokio::sync::watch;

/// The id of the newest event, for those who wait for the next.
#[derive(Clone, Debug)]
pub struct Events {
    newest: watch::Sender<i64>,
}

impl Events {
    pub fn new(newest: i64) -> Self {
        Self { newest: watch::Sender::new(newest) }
    }

    /// Says that the event with this id is committed.
    pub fn announce(&self, id: i64) {
        self.newest.send_if_modified(|newest| {
            let later = id > *newest;
            *newest = id.max(*newest);
            later
        });
    }

    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    pub fn watch(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }
}
