//! Wakes whoever waits for events. The events themselves are read from the store, so none is lost or doubled.

use std::{collections::BTreeSet, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::watch;

/// The id of the newest event that may be told, for those who wait for the next.
#[derive(Clone, Debug)]
pub struct Events {
    newest: watch::Sender<i64>,
    told: Arc<Mutex<Told>>,
}

#[derive(Debug)]
struct Told {
    announced: i64,
    held: BTreeSet<i64>,
}

impl Events {
    pub fn new(newest: i64) -> Self {
        let told = Told { announced: newest, held: BTreeSet::new() };
        Self { newest: watch::Sender::new(newest), told: Arc::new(Mutex::new(told)) }
    }

    /// Says that the event with this id is committed.
    pub fn announce(&self, id: i64) {
        self.change(|told| told.announced = told.announced.max(id));
    }

    /// Keeps this event, which is being written, and all after it from being told, whoever announces one of those: what it
    /// tells of is not yet to be seen everywhere.
    pub fn hold(&self, id: i64) -> Held {
        self.change(|told| told.held.extend([id]));
        Held { events: self.clone(), id }
    }

    fn change(&self, change: impl FnOnce(&mut Told)) {
        let mut told = self.told.lock();
        change(&mut told);
        let free = told.held.first().map_or(i64::MAX, |held| held - 1);
        self.newest.send_if_modified(|newest| {
            // What has been told stays told.
            let later = told.announced.min(free).max(*newest);
            std::mem::replace(newest, later) != later
        });
    }

    /// No event after this one is to be told yet.
    pub fn newest(&self) -> i64 {
        *self.newest.borrow()
    }

    pub fn watch(&self) -> watch::Receiver<i64> {
        self.newest.subscribe()
    }
}

/// An event that is kept from being told until this is dropped.
#[derive(Debug)]
#[must_use]
pub struct Held {
    events: Events,
    id: i64,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.events.change(|told| told.held.retain(|held| *held != self.id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_is_not_told_with_what_comes_after_it() {
        let events = Events::new(4);
        let (first, second) = (events.hold(6), events.hold(8));
        events.announce(5);
        assert_eq!(events.newest(), 5);
        events.announce(9);
        assert_eq!(events.newest(), 5);
        drop(second);
        assert_eq!(events.newest(), 5);
        drop(first);
        assert_eq!(events.newest(), 9);
    }

    #[test]
    fn what_is_held_and_never_written_holds_up_nothing() {
        let events = Events::new(4);
        drop(events.hold(5));
        assert_eq!(events.newest(), 4);
        events.announce(5);
        assert_eq!(events.newest(), 5);
    }

    #[test]
    fn whoever_waits_is_woken_once_there_is_something_to_tell() {
        let events = Events::new(4);
        let mut waiting = events.watch();
        waiting.borrow_and_update();
        let held = events.hold(5);
        events.announce(5);
        assert!(!waiting.has_changed().expect("is open"));
        drop(held);
        assert!(waiting.has_changed().expect("is open"));
    }
}
