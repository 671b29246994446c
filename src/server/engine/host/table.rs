//! What runs in a process, and who answers its calls.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use serde_json::Value;
use tokio::{sync::oneshot, time::Instant};

use super::{Calls, Failure, shared::Told};

/// For how long what a method has left running may still ask for things, such as to give a lock back.
const LINGER: Duration = Duration::from_secs(30);
/// How many of these are kept at most.
const LINGERING: usize = 1000;
/// An invocation that has not ended.
pub(super) struct Running {
    pub calls: Arc<dyn Calls>,
    pub end: oneshot::Sender<Result<Value, Failure>>,
    /// Resolves when the last call is done that has to come before the next one.
    pub previous: Option<oneshot::Receiver<()>>,
    /// It stays when it has ended well: its calls are answered for as long as the process is there.
    pub is_resident: bool,
}

pub(super) struct Table {
    pub running: HashMap<u64, Running>,
    /// Ended well, and stays.
    residents: HashMap<u64, Arc<dyn Calls>>,
    /// Ended, but what they have left running may still call.
    lingering: VecDeque<(Instant, u64, Arc<dyn Calls>)>,
    /// Takes nothing new any more.
    pub is_closed: bool,
    pub last_used: Instant,
    pub told: Told,
}

impl Table {
    pub fn new() -> Self {
        Self {
            running: HashMap::new(),
            residents: HashMap::new(),
            lingering: VecDeque::new(),
            is_closed: false,
            last_used: Instant::now(),
            told: Told::default(),
        }
    }

    /// Keeps a plugin: its process has something to do from now on.
    pub fn settle(&mut self, id: u64, calls: Arc<dyn Calls>) {
        self.residents.insert(id, calls);
    }

    pub fn has_residents(&self) -> bool {
        !self.residents.is_empty()
    }

    pub fn linger(&mut self, id: u64, calls: Arc<dyn Calls>) {
        let now = Instant::now();
        self.lingering.push_back((now, id, calls));
        let is_over = |since: Instant| now.duration_since(since) > LINGER;
        while self.lingering.len() > LINGERING || self.lingering.front().is_some_and(|(since, ..)| is_over(*since)) {
            self.lingering.pop_front();
        }
    }

    /// Takes nothing new from now on, and gives what runs, and who answers what has been left running.
    pub fn close(&mut self) -> (HashMap<u64, Running>, Vec<Arc<dyn Calls>>) {
        self.is_closed = true;
        let lingering = self.lingering.drain(..).map(|(.., calls)| calls);
        (std::mem::take(&mut self.running), lingering.chain(self.residents.drain().map(|(_, calls)| calls)).collect())
    }

    /// Who answers the calls of an invocation, what a call has to wait for, and whom it has to tell that it is done.
    pub fn answering(&mut self, id: u64, name: &str) -> Option<Answering> {
        let Some(running) = self.running.get_mut(&id) else {
            let lingering =
                || self.lingering.iter().find(|(_, lingering, _)| *lingering == id).map(|(.., calls)| calls);
            let calls = self.residents.get(&id).or_else(lingering)?.clone();
            return Some(Answering { calls, previous: None, done: None });
        };
        let calls = running.calls.clone();
        if name != "send" && !name.starts_with("state.") {
            return Some(Answering { calls, previous: None, done: None });
        }
        let (done, next) = oneshot::channel();
        let previous = running.previous.replace(next);
        Some(Answering { calls, previous, done: Some(done) })
    }
}

/// How a call is answered. Messages and changes of the state that a component does not wait for keep their order.
pub(super) struct Answering {
    pub calls: Arc<dyn Calls>,
    pub previous: Option<oneshot::Receiver<()>>,
    pub done: Option<oneshot::Sender<()>>,
}
