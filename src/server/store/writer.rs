//! The one connection that writes, on a thread of its own: what is asked of it while it commits is committed together,
//! with one wait for the disk. Whoever has asked is told once it is there.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use crate::server::error::{Result, ServerError};

/// Most that is committed at once: who came first is not to wait for all who come after.
const TOGETHER: usize = 64;
/// How long what nobody waits for may rest until something comes that can take it along.
const REST: Duration = Duration::from_millis(20);

/// What became of a piece of work before its commit.
struct Done {
    /// It left nothing behind otherwise.
    is_sound: bool,
    /// Tells whoever has asked, once it is known whether the commit is on the disk.
    tell: Box<dyn FnOnce(Result<()>) + Send>,
}

type Work = Box<dyn FnOnce(&Transaction<'_>) -> Done + Send>;

enum Job {
    Work(Work),
    /// As `Work`, but nobody waits for it.
    Unhurried(Work),
    /// The last one: tidies up.
    Close(oneshot::Sender<()>),
}

/// The way to the thread; it ends when nobody has one any more.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Gives the connection to a thread.
    pub fn start(connection: Connection) -> std::io::Result<Self> {
        Self::with_rest(connection, REST)
    }

    fn with_rest(connection: Connection, rest: Duration) -> std::io::Result<Self> {
        let (jobs, asked) = mpsc::channel();
        std::thread::Builder::new().name("writer".to_owned()).spawn(move || run(connection, &asked, rest))?;
        Ok(Self { jobs })
    }

    /// Runs `work`; what it has written is on the disk when this has ended well, and undone when it has not.
    pub async fn write<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.ask(work, Job::Work).await
    }

    /// As [`Writer::write`] for what nobody waits for: it is on its way already, and what is asked for afterwards is written
    /// afterwards; but it may rest for a moment, to share a commit with that.
    pub fn begin<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.ask(work, Job::Unhurried)
    }

    fn ask<T, F>(&self, work: F, job: fn(Work) -> Job) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = move |tx: &Transaction<'_>| {
            let result = run_one(tx, work);
            let is_sound = result.is_ok();
            // Whoever has asked may have gone.
            Done { is_sound, tell: Box::new(move |committed| drop(answer.send(committed.and(result)))) }
        };
        let asked = self.send(job(Box::new(work)));
        async move {
            asked?;
            answered.await.map_err(|_| lost())?
        }
    }

    /// As [`Writer::write`], but gives what `work` gives as soon as it has run, and beside it what tells whether that is on
    /// the disk. Whatever is written later comes there later, or not at all.
    pub async fn write_ahead<T, F>(&self, work: F) -> Result<(T, Committed)>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (tell, committed) = oneshot::channel();
        let work = move |tx: &Transaction<'_>| {
            let result = run_one(tx, work);
            let is_sound = result.is_ok();
            drop(answer.send(result));
            Done { is_sound, tell: Box::new(move |committed| drop(tell.send(committed))) }
        };
        self.send(Job::Work(Box::new(work)))?;
        Ok((answered.await.map_err(|_| lost())??, Committed(committed)))
    }

    fn send(&self, job: Job) -> Result<()> {
        self.jobs.send(job).map_err(|_| ServerError::internal("the database is closed"))
    }

    /// Lets SQLite tidy up and brings the write-ahead log into the database; nothing is written any more.
    pub async fn close(&self) {
        let (closed, is_closed) = oneshot::channel();
        if self.jobs.send(Job::Close(closed)).is_ok() {
            // The thread drops it in any case.
            let _ = is_closed.await;
        }
    }
}

/// Tells whether something is on the disk.
pub struct Committed(oneshot::Receiver<Result<()>>);

impl Committed {
    /// # Errors
    /// Why it is not.
    pub async fn wait(self) -> Result<()> {
        self.0.await.map_err(|_| lost())?
    }
}

fn lost() -> ServerError {
    ServerError::internal("the database could not be written")
}

fn run_one<T>(tx: &Transaction<'_>, work: impl FnOnce(&Transaction<'_>) -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| work(tx)))
        .unwrap_or_else(|_| Err(ServerError::internal("what was being written has panicked")))
}

fn run(mut connection: Connection, asked: &mpsc::Receiver<Job>, rest: Duration) {
    while let Ok(first) = asked.recv() {
        let mut works = Vec::new();
        let mut closing = None;
        let mut can_rest = true;
        let until = Instant::now() + rest;
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Unhurried(work) => works.push(work),
                Job::Work(work) => {
                    works.push(work);
                    can_rest = false;
                }
                Job::Close(closed) => {
                    closing = Some(closed);
                    break;
                }
            }
            next = match works.len() {
                TOGETHER => None,
                _ if can_rest => asked.recv_timeout(until.saturating_duration_since(Instant::now())).ok(),
                _ => asked.try_recv().ok(),
            };
        }
        if !works.is_empty() {
            together(&mut connection, works);
        }
        if let Some(closed) = closing {
            tidy(&connection);
            drop(connection);
            // Whoever has asked may have gone.
            let _ = closed.send(());
            return;
        }
    }
}

/// Runs pieces of work in one transaction; one that fails undoes what it has written itself.
fn together(connection: &mut Connection, works: Vec<Work>) {
    let is_alone = works.len() == 1;
    let mut done = Vec::with_capacity(works.len());
    let committed = (|| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        for work in works {
            if !is_alone {
                transaction.prepare_cached("SAVEPOINT work")?.execute([])?;
            }
            let one = work(&transaction);
            let is_sound = one.is_sound;
            done.push(one);
            match (is_alone, is_sound) {
                (true, true) => {}
                // Dropped, it is rolled back.
                (true, false) => return Ok(()),
                (false, true) => drop(transaction.prepare_cached("RELEASE work")?.execute([])?),
                (false, false) => transaction.execute_batch("ROLLBACK TO work; RELEASE work")?,
            }
        }
        transaction.commit()
    })();
    if let Err(cause) = &committed {
        tracing::error!(%cause, "what was written could not be committed");
    }
    for one in done {
        // The result of work that has failed is its own failure.
        let committed = committed.as_ref().copied().map_err(ServerError::internal);
        (one.tell)(if one.is_sound { committed } else { Ok(()) });
    }
}

fn tidy(connection: &Connection) {
    let tidied = connection.execute_batch("PRAGMA optimize").and_then(|()| {
        let is_busy = |row: &rusqlite::Row<'_>| row.get::<_, bool>(0);
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], is_busy)
    });
    if !matches!(tidied, Ok(false)) {
        tracing::debug!("the database was not tidied up before closing");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    fn writer(path: &std::path::Path) -> Writer {
        resting(path, REST)
    }

    fn resting(path: &std::path::Path, rest: Duration) -> Writer {
        let connection = Connection::open(path).expect("opens");
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE one (n INTEGER)").expect("a table");
        Writer::with_rest(connection, rest).expect("a thread")
    }

    fn insert(tx: &Transaction<'_>, n: i64) -> Result<i64> {
        tx.execute("INSERT INTO one VALUES (?1)", [n])?;
        Ok(n)
    }

    fn kept(path: &std::path::Path) -> Vec<i64> {
        let connection = Connection::open(path).expect("opens");
        let mut select = connection.prepare("SELECT n FROM one ORDER BY n").expect("prepares");
        select.query_map([], |row| row.get(0)).expect("reads").map(|n| n.expect("a number")).collect()
    }

    #[tokio::test]
    async fn of_what_is_written_together_each_fails_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.db");
        let writer = writer(&path);
        let (begun, go_on) = (std::sync::Arc::new(Barrier::new(2)), std::sync::Arc::new(Barrier::new(2)));
        let first = tokio::spawn({
            let (writer, begun, go_on) = (writer.clone(), begun.clone(), go_on.clone());
            async move {
                let wait = move |tx: &Transaction<'_>| {
                    begun.wait();
                    go_on.wait();
                    insert(tx, 0)
                };
                writer.write(wait).await
            }
        });
        tokio::task::spawn_blocking(move || begun.wait()).await.expect("it has begun");
        let mut asked = Vec::new();
        for n in 1..=6 {
            let work = move |tx: &Transaction<'_>| {
                insert(tx, n)?;
                match n {
                    2 => Err(ServerError::Conflict("not this one".to_owned())),
                    4 => panic!("as asked"),
                    _ => Ok(n),
                }
            };
            // Asked for in this order, while the first one keeps the thread busy.
            let mut write = Box::pin({
                let writer = writer.clone();
                async move { writer.write(work).await }
            });
            assert!(futures::poll!(&mut write).is_pending());
            asked.push(write);
        }
        go_on.wait();
        assert_eq!(first.await.expect("ends").expect("is written"), 0);
        let results = futures::future::join_all(asked).await;
        assert!(matches!(results[1], Err(ServerError::Conflict(_))), "{:?}", results[1]);
        assert!(matches!(results[3], Err(ServerError::Internal { .. })), "{:?}", results[3]);
        assert_eq!(results.iter().filter_map(|result| result.as_ref().ok()).collect::<Vec<_>>(), [&1, &3, &5, &6]);
        assert_eq!(kept(&path), [0, 1, 3, 5, 6]);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_goes_along_with_what_somebody_waits_for() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.db");
        let writer = resting(&path, Duration::from_secs(600));
        let resting = writer.begin(|tx| insert(tx, 1));
        let elsewhere = path.clone();
        let seen = writer.write(move |tx| insert(tx, 2).map(|_| kept(&elsewhere))).await.expect("is written");
        assert!(seen.is_empty(), "the first one was committed before the second was asked for: {seen:?}");
        assert_eq!(resting.await.expect("is written"), 1);
        assert_eq!(kept(&path), [1, 2]);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_written_when_nothing_else_comes_and_before_the_end() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.db");
        let writer = writer(&path);
        assert_eq!(writer.begin(|tx| insert(tx, 1)).await.expect("is written"), 1);
        let last = writer.begin(|tx| insert(tx, 2));
        writer.close().await;
        assert_eq!(last.await.expect("is written"), 2);
        assert_eq!(kept(&path), [1, 2]);
    }

    #[tokio::test]
    async fn a_write_that_nobody_waits_for_any_more_is_made_all_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("one.db");
        let writer = writer(&path);
        let mut write = Box::pin(writer.write(|tx| insert(tx, 1)));
        assert!(futures::poll!(&mut write).is_pending());
        drop(write);
        writer.write(|tx| insert(tx, 2)).await.expect("is written");
        assert_eq!(kept(&path), [1, 2]);
        writer.close().await;
        assert!(writer.write(|tx| insert(tx, 3)).await.is_err());
        assert_eq!(kept(&path), [1, 2]);
    }
}
