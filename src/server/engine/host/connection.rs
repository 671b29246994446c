//! The server's end of a process: invocations go in, calls come out, and everything ends with the process.

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::StreamExt;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    net::unix::OwnedReadHalf,
    sync::{mpsc, oneshot, watch},
    time::Instant,
};
use tokio_util::{codec::FramedRead, sync::CancellationToken};

use super::{
    CallError, Calls, Failure, FailureKind, HostError, HostLimits, Invocation, Method,
    frames::{self, Incoming, Outgoing},
    output,
    owner::Owner,
    process::{self, Plan},
    table::{Answering, Running, Table},
    watch::{self as watching, Fate},
};

/// For how long a process may take to end once it has nothing to do.
const GOODBYE: Duration = Duration::from_secs(5);
/// The id of what nobody waits for.
const NOBODY: u64 = 0;

/// The process takes nothing new: another has to be started.
#[derive(Debug)]
pub(super) struct Gone(pub Invocation);

/// A process of one version of a module.
pub(super) struct Connection {
    pub module: Owner,
    /// Counts the processes of a host in the order of their starts.
    pub number: u64,
    /// It runs more than trial loads, so that other versions of its module are on their way out.
    pub is_in_charge: AtomicBool,
    table: Mutex<Table>,
    next: AtomicU64,
    sender: mpsc::UnboundedSender<Bytes>,
    fate: Arc<Fate>,
    frame_bytes: usize,
    ended: watch::Receiver<bool>,
}

impl Connection {
    /// Starts a process and waits until it takes invocations. `stop` ends it at once.
    pub async fn start(
        plan: &Plan<'_>,
        number: u64,
        limits: &HostLimits,
        stop: CancellationToken,
    ) -> Result<Arc<Self>, HostError> {
        let module = plan.module.clone();
        let broken = |cause: String| HostError::Process { module: module.to_string(), cause };
        let mut started = process::start(plan).await.map_err(|cause| broken(cause.to_string()))?;
        let (read, write) = started.socket.into_split();
        let (sender, outbox) = mpsc::unbounded_channel();
        let (tell_ended, ended) = watch::channel(false);
        let connection = Arc::new(Self {
            module: module.clone(),
            number,
            is_in_charge: AtomicBool::default(),
            table: Mutex::new(Table::new()),
            next: AtomicU64::new(NOBODY + 1),
            sender,
            fate: Arc::default(),
            frame_bytes: limits.frame_bytes,
            ended,
        });
        let flag = &connection.fate.out_of_memory;
        let printers: Vec<_> = [
            started.child.stdout.take().map(|out| tokio::spawn(output::log(out, module.clone(), "out", flag.clone()))),
            started.child.stderr.take().map(|err| tokio::spawn(output::log(err, module.clone(), "err", flag.clone()))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (tell_ready, ready) = oneshot::channel();
        tokio::spawn(frames::send(write, outbox, limits.frame_bytes));
        tokio::spawn(connection.clone().receive(read, tell_ready, limits.frame_bytes));
        let watched = connection.clone();
        let memory_mb = limits.memory_mb;
        tokio::spawn(async move {
            let status = watching::wait(&mut started.child, &watched.module, memory_mb, &watched.fate, &stop).await;
            // What it has said last may tell why it has ended.
            for printer in printers {
                drop(tokio::time::timeout(Duration::from_secs(1), printer).await);
            }
            watched.close(&watched.fate.told(&watched.module, memory_mb, status));
            drop(started.scratch);
            tell_ended.send_replace(true);
        });
        match tokio::time::timeout(limits.load, ready).await {
            Ok(Ok(())) => Ok(connection),
            Ok(Err(_)) => Err(broken("it ended at once; the server's log has what it said".to_owned())),
            Err(_) => {
                connection.fate.kill("it did not get ready in time".to_owned());
                Err(broken("it did not get ready in time".to_owned()))
            }
        }
    }

    /// Runs a method to its end, or to the end of the process.
    pub async fn invoke(
        &self,
        invocation: Invocation,
        calls: Arc<dyn Calls>,
        limit: Duration,
    ) -> Result<Result<Value, Failure>, Gone> {
        self.module.claim(&invocation.module);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let frame = Outgoing::Invoke { id, invocation: &invocation }.bytes();
        if frame.len() > self.frame_bytes {
            let message = format!("What {} is to be run with is too big: {} bytes.", invocation.component, frame.len());
            return Ok(Err(Failure::new(FailureKind::TooBig, message)));
        }
        let is_resident = invocation.method == Method::Plugin;
        let (end, ended) = oneshot::channel();
        {
            let mut table = self.table.lock();
            if table.is_closed {
                return Err(Gone(invocation));
            }
            table.running.insert(id, Running { calls, end, previous: None, is_resident });
            // Before anybody else is told that they have been told.
            let parts = invocation.shared.values().map(Arc::as_ref);
            for frame in table.told.tell(parts).into_iter().chain([frame]) {
                drop(self.sender.send(frame));
            }
        }
        let _guard = Given { connection: self, id };
        match tokio::time::timeout(limit, ended).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(_)) => Ok(Err(Failure::new(FailureKind::Crashed, format!("The process of {} ended.", self.module)))),
            Err(_) => {
                let what = format!("{} did not end within {} s", invocation.component, limit.as_secs_f32());
                self.kill(what.clone());
                Ok(Err(Failure::new(FailureKind::TimedOut, format!("{what}."))))
            }
        }
    }

    /// Tells the process that an invocation is to follow.
    pub fn wake(&self) {
        drop(self.sender.send(Outgoing::Wake.bytes()));
    }

    /// Runs what asks for nothing, and whose end nobody waits for.
    pub fn rehearse(&self, invocation: &Invocation) {
        drop(self.sender.send(Outgoing::Invoke { id: NOBODY, invocation }.bytes()));
    }

    /// Lets the process end once it has nothing to do, and take nothing new.
    pub fn retire(self: &Arc<Self>) {
        if std::mem::replace(&mut self.table.lock().is_closed, true) {
            return;
        }
        drop(self.sender.send(Outgoing::End.bytes()));
        let connection = self.clone();
        tokio::spawn(async move {
            // Only then does the time for its goodbye begin.
            while connection.is_busy() {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            if tokio::time::timeout(GOODBYE, connection.ended()).await.is_err() {
                connection.fate.kill("it had nothing to do, and did not end".to_owned());
            }
        });
    }

    /// Retires it when it has run nothing for so long.
    pub fn retire_if_idle(self: &Arc<Self>, idle: Duration) {
        let is_idle = {
            let table = self.table.lock();
            table.running.is_empty() && !table.has_residents() && table.last_used.elapsed() >= idle
        };
        if is_idle {
            self.retire();
        }
    }

    /// Ends the process at once.
    pub fn kill(&self, reason: String) {
        self.table.lock().is_closed = true;
        self.fate.kill(reason);
    }

    pub fn is_closed(&self) -> bool {
        self.table.lock().is_closed
    }

    /// Resolves once the process has ended.
    pub async fn ended(&self) {
        drop(self.ended.clone().wait_for(|ended| *ended).await);
    }

    fn is_busy(&self) -> bool {
        !self.table.lock().running.is_empty()
    }

    /// The process has ended: whatever ran in it has failed.
    fn close(&self, reason: &str) {
        let (running, lingering) = self.table.lock().close();
        running.values().map(|running| &running.calls).chain(&lingering).for_each(|calls| calls.gone());
        if !running.is_empty() {
            tracing::warn!(module = %self.module, invocations = running.len(), "{reason}");
        }
        for (_, invocation) in running {
            drop(invocation.end.send(Err(Failure::new(FailureKind::Crashed, reason.to_owned()))));
        }
    }

    async fn receive(self: Arc<Self>, read: OwnedReadHalf, ready: oneshot::Sender<()>, frame_bytes: usize) {
        let mut ready = Some(ready);
        let mut incoming = FramedRead::new(read, frames::codec(frame_bytes));
        while let Some(frame) = incoming.next().await {
            let parsed = match frame {
                Ok(bytes) => serde_json::from_slice(&bytes).map_err(|cause| cause.to_string()),
                Err(cause) if cause.kind() == ErrorKind::InvalidData => Err(cause.to_string()),
                // The other end is gone.
                Err(_) => break,
            };
            match parsed {
                Ok(Incoming::Ready) => {
                    if let Some(ready) = ready.take() {
                        // Whoever waited may have given up.
                        let _ = ready.send(());
                    }
                }
                Ok(Incoming::Call { id, call, name, args }) => self.clone().answer(id, call, name, args),
                Ok(Incoming::Done { id, value }) => self.end(id, Ok(value)),
                Ok(Incoming::Failed { id, failure }) => self.end(id, Err(failure)),
                Err(cause) => return self.kill(format!("it sent what is no frame ({cause})")),
            }
        }
        drop(ready);
        // A process that ends closes its socket; one that only closes its socket is of no more use.
        if tokio::time::timeout(GOODBYE, self.ended()).await.is_err() {
            self.kill("it has closed its connection".to_owned());
        }
    }

    fn end(&self, id: u64, outcome: Result<Value, Failure>) {
        let mut table = self.table.lock();
        table.last_used = Instant::now();
        if let Some(Running { calls, end, is_resident, .. }) = table.running.remove(&id) {
            if is_resident && outcome.is_ok() {
                table.settle(id, calls);
            } else {
                table.linger(id, calls);
            }
            // Whoever waited may have given up.
            let _ = end.send(outcome);
        }
    }

    fn answer(self: Arc<Self>, id: u64, call: u64, name: String, args: Value) {
        let answering = self.table.lock().answering(id, &name);
        tokio::spawn(async move {
            let answer = match answering {
                Some(Answering { calls, previous, done }) => {
                    if let Some(previous) = previous {
                        drop(previous.await);
                    }
                    let answer = calls.call(name, args).await;
                    // Dropped, it tells the same.
                    drop(done);
                    answer
                }
                None => Err(CallError { message: format!("{name}: this has ended already."), ..CallError::default() }),
            };
            let (value, error) = match answer {
                Ok(value) => (Some(value), None),
                Err(error) => (None, Some(error)),
            };
            drop(self.sender.send(Outgoing::Answer { call, value, error }.bytes()));
        });
    }
}

/// Forgets an invocation that nobody waits for any more.
struct Given<'a> {
    connection: &'a Connection,
    id: u64,
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        let given_up = {
            let mut table = self.connection.table.lock();
            table.last_used = Instant::now();
            table.running.remove(&self.id)
        };
        if let Some(running) = given_up {
            running.calls.gone();
        }
    }
}
