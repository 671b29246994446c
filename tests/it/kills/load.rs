//! Sends messages into a flow for as long as there are any left, whatever becomes of the server.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::{Semaphore, watch},
    task::JoinSet,
};

use crate::support::client;

/// Senders at the same time.
const SENDERS: usize = 4;
/// Before a server that does not answer is asked again.
const PAUSE: Duration = Duration::from_millis(20);
/// How long an answer may take: of those that wait for the flow, too.
const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of a message in the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Plain,
    /// Its sender waits until the flow has done with it.
    Awaited,
    /// Goes on by a timer.
    Timer,
    /// Fails whenever it is delivered.
    Bad,
}

impl Kind {
    /// Of the `number`th message.
    fn of(number: usize) -> Self {
        match number % 10 {
            3 => Self::Awaited,
            5 | 8 => Self::Timer,
            7 => Self::Bad,
            _ => Self::Plain,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Plain | Self::Awaited => "plain",
            Self::Timer => "timer",
            Self::Bad => "bad",
        }
    }
}

#[derive(Default)]
struct Sent {
    accepted: Mutex<BTreeMap<String, Kind>>,
    /// No answer came, so nobody knows.
    unanswered: Mutex<BTreeSet<String>>,
    last: AtomicUsize,
}

pub struct Load {
    sent: Arc<Sent>,
    allowance: Arc<Semaphore>,
    server: watch::Sender<SocketAddr>,
    senders: JoinSet<()>,
}

/// What became of all messages.
pub struct Outcome {
    pub accepted: BTreeMap<String, Kind>,
    pub unanswered: BTreeSet<String>,
}

impl Load {
    /// Sends into the component `source` of a flow, as many as [`Load::allow`] says.
    pub fn new(server: SocketAddr, flow: &str) -> Self {
        let (sent, allowance) = (Arc::<Sent>::default(), Arc::new(Semaphore::new(0)));
        let server = watch::Sender::new(server);
        let mut senders = JoinSet::new();
        for _ in 0..SENDERS {
            let path = format!("/flows/{flow}/components/source");
            senders.spawn(send_all(Arc::clone(&sent), Arc::clone(&allowance), server.subscribe(), path));
        }
        Self { sent, allowance, server, senders }
    }

    /// From now on the server is at this address.
    pub fn moved(&self, server: SocketAddr) {
        self.server.send_replace(server);
    }

    /// So many more are to be accepted.
    pub fn allow(&self, messages: usize) {
        self.allowance.add_permits(messages);
    }

    pub fn accepted(&self) -> usize {
        self.sent.accepted.lock().expect("a lock").len()
    }

    /// Once everything that was allowed is accepted: which that is.
    pub async fn finish(mut self) -> Outcome {
        self.allowance.close();
        while let Some(ended) = self.senders.join_next().await {
            ended.expect("a sender does not panic");
        }
        let accepted = std::mem::take(&mut *self.sent.accepted.lock().expect("a lock"));
        let unanswered = std::mem::take(&mut *self.sent.unanswered.lock().expect("a lock"));
        Outcome { accepted, unanswered }
    }
}

async fn send_all(sent: Arc<Sent>, allowance: Arc<Semaphore>, server: watch::Receiver<SocketAddr>, path: String) {
    while let Ok(permit) = allowance.acquire().await {
        permit.forget();
        loop {
            let address = *server.borrow();
            if send_one(&sent, address, &path).await {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Whether it was accepted; one that was not is never sent again under the same id.
async fn send_one(sent: &Sent, server: SocketAddr, path: &str) -> bool {
    let number = sent.last.fetch_add(1, Ordering::Relaxed);
    let (id, kind) = (format!("message-{number}"), Kind::of(number));
    let body = json!({ "id": id, "kind": kind.name() }).to_string();
    let wait = if kind == Kind::Awaited { "" } else { "?enqueueOnly=true" };
    let length = body.len().to_string();
    let headers = [client::JSON, ("Content-Length", &length)];
    let request = client::head(server, "POST", &format!("{path}{wait}"), &headers) + &body;
    let status = tokio::time::timeout(PATIENCE, status_of(server, &request)).await.ok().flatten();
    let is_accepted = status.is_some_and(|status| (200..300).contains(&status));
    if is_accepted {
        sent.accepted.lock().expect("a lock").insert(id, kind);
    } else {
        sent.unanswered.lock().expect("a lock").insert(id);
    }
    is_accepted
}

/// The status of the answer; none where the server ends in its midst.
async fn status_of(server: SocketAddr, request: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    let head = String::from_utf8_lossy(&answer);
    head.contains("\r\n\r\n").then(|| head.split(' ').nth(1)?.parse().ok()).flatten()
}
