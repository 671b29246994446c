//! The SQLite registry. Every SQL line of the product is in this folder, one file a group of tables; all of it is
//! portable to PostgreSQL (upserts, `RETURNING`, CTEs), because larger installations will run the same statements there.

pub mod accounts;
pub mod acl;
pub mod audit;
pub mod catalogue;
pub mod configuration;
pub mod continuations;
pub mod data_stores;
pub mod deliveries;
pub mod events;
pub mod files;
pub mod flow_log;
pub mod flow_overview;
pub mod flow_uses;
pub mod flows;
pub mod icons;
pub mod jobs;
mod migrations;
pub mod modules;
pub mod plugins;
pub mod queue;
pub mod quotas;
pub mod service_configuration;
pub mod sessions;
pub mod states;
pub mod unprocessed;
pub mod users;
mod writer;

use std::{path::Path, sync::Arc, time::Duration};

use deadpool_sqlite::{Config, Hook, HookError, Pool, Runtime};
use parking_lot::Mutex;
use rusqlite::{Connection, Transaction};

use super::error::{Result, ServerError};
pub use writer::Committed;
use writer::Writer;

/// Connections to the registry: one that writes, several that only read.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Pool,
    looker: Arc<Mutex<Connection>>,
}

/// Why the registry could not be opened, in a line for the terminal.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(
        "the database is from a newer version of Stockroom ({found} > {known}): start that version, or point --data at another folder"
    )]
    Newer { found: usize, known: usize },
    #[error("cannot open the database: {0}")]
    Broken(String),
}

impl Store {
    /// Opens (and where needed creates or migrates) the registry at `path`.
    ///
    /// # Errors
    /// [`OpenError::Newer`] when a newer version has migrated it; [`OpenError::Broken`] for everything else.
    pub async fn open(path: &Path) -> std::result::Result<Self, OpenError> {
        let broken = |cause: &dyn std::fmt::Display| OpenError::Broken(cause.to_string());
        let place = path.to_owned();
        let (writer, looker) = tokio::task::spawn_blocking(move || {
            let mut writer = connect(&place, false).map_err(|cause| broken(&cause))?;
            migrations::apply(&mut writer)?;
            let looker = connect(&place, true).map_err(|cause| broken(&cause))?;
            Ok::<_, OpenError>((Writer::start(writer).map_err(|cause| broken(&cause))?, looker))
        })
        .await
        .map_err(|cause| broken(&cause))??;
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let readers = readers(path, cores.max(2)).map_err(|cause| broken(&cause))?;
        Ok(Self { writer, readers, looker: Arc::new(Mutex::new(looker)) })
    }

    /// Runs `work` on a connection that cannot write.
    pub async fn read<T, F>(&self, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
    {
        let connection = self.readers.get().await?;
        connection.interact(move |connection| work(connection)).await?
    }

    /// Runs `work` here and now, on a connection that cannot write: for a few rows by their keys, which are read sooner
    /// than another thread would have begun.
    pub fn look<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        work(&self.looker.lock())
    }

    /// Runs `work` on the only connection that writes; any error undoes all that it has written. When this ends well, what
    /// it has written is on the disk. What several ask for at the same time is committed together.
    ///
    /// `name` says what is being written, for the log when it takes long.
    pub async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        let asked = std::time::Instant::now();
        let result = self.writer.write(work).await;
        if asked.elapsed() > Duration::from_secs(1) {
            tracing::warn!(name, elapsed = ?asked.elapsed(), "slow write");
        }
        result
    }

    /// As [`Store::write`], for what nobody waits for: it is on its way already, and before all that is written later, with
    /// which it may share a commit.
    pub fn begin_write<T, F>(&self, work: F) -> impl Future<Output = Result<T>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.begin(work)
    }

    /// As [`Store::write`], for whoever can go on before what is written is on the disk, and asks later whether it is.
    pub async fn write_ahead<T, F>(&self, work: F) -> Result<(T, Committed)>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T> + Send + 'static,
    {
        self.writer.write_ahead(work).await
    }

    /// Lets SQLite tidy up before the process ends, and brings the write-ahead log into the database: a copy of that
    /// one file is whole.
    pub async fn close(&self) {
        self.readers.close();
        self.writer.close().await;
    }
}

/// What is committed is on the disk, also when the power fails: that is what a message that was accepted, and an
/// installation that was reported, stand on.
fn set_up(connection: &Connection, read_only: bool) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2000; PRAGMA journal_size_limit = 33554432",
    )?;
    connection.pragma_update(None, "query_only", read_only)
}

fn connect(path: &Path, read_only: bool) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    set_up(&connection, read_only)?;
    Ok(connection)
}

fn readers(path: &Path, size: usize) -> std::result::Result<Pool, Box<dyn std::error::Error>> {
    let set_up = Hook::async_fn(move |connection, _| {
        Box::pin(async move {
            connection
                .interact(|connection| set_up(connection, true))
                .await
                .map_err(|cause| HookError::message(cause.to_string()))?
                .map_err(HookError::Backend)
        })
    });
    Ok(Config::new(path).builder(Runtime::Tokio1)?.max_size(size).post_create(set_up).build()?)
}

/// Whether a change failed because another row has what must be unique.
fn is_taken(cause: &rusqlite::Error) -> bool {
    cause.sqlite_error().is_some_and(|error| error.extended_code == rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE)
}

/// Makes a JSON column out of `value`.
fn to_json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(ServerError::from)
}

/// Reads a JSON column.
fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(ServerError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_committed_is_on_the_disk() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("stockroom.db")).await.expect("a store");
        let asked =
            store.write("ask", |tx| Ok(tx.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?));
        assert_eq!(asked.await.expect("asks"), 2, "FULL");
    }

    #[tokio::test]
    async fn after_closing_the_database_is_one_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stockroom.db");
        let store = Store::open(&path).await.expect("a store");
        assert_eq!(store.read(users::count).await.expect("reads"), 0);
        store.close().await;
        let log = std::fs::metadata(path.with_extension("db-wal")).map_or(0, |log| log.len());
        assert_eq!(log, 0, "the write-ahead log is empty");
        assert!(std::fs::metadata(&path).expect("the database").len() > 50_000, "the tables are in the database");
    }
}
