//! Installations that run and that ran. Every change of a job and the event that tells of it are one transaction.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use serde::{Deserialize, Serialize};

use super::{audit::By, events, from_json, is_taken, to_json};
use crate::{
    domain::{
        job::{Event, Job},
        name::ModuleName,
    },
    server::error::{Result, ServerError},
};

/// What a job was asked to install: enough to run it again after a restart.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    pub sha256: String,
    pub allow_downgrade: bool,
    /// Who asked, for the audit trail.
    #[serde(default)]
    pub by: By,
    /// The vendors that whoever asked may publish as; `None` for all.
    #[serde(default)]
    pub vendors: Option<Vec<String>>,
    /// SHA-256 of the installed archive that this one was made from; only that one may be replaced.
    #[serde(default)]
    pub base: Option<String>,
    #[serde(flatten)]
    pub source: Source,
}

/// Where the archive is.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum Source {
    /// An entry of a catalogue source.
    Catalogue { source: String, place: String },
    /// The blob store.
    Upload,
}

/// Starts a job.
///
/// # Errors
/// [`ServerError::Conflict`] when another job runs for the same module.
pub fn insert(tx: &Transaction<'_>, job: &Job, request: &Request, lease_until: i64) -> Result<i64> {
    claim_error(
        tx.prepare_cached(
            "INSERT INTO jobs (id, module, sha256, is_running, attempt, lease_until, request, job, started_at)
             VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            job.id,
            job.module.as_ref().map(ModuleName::as_str),
            request.sha256,
            job.is_running(),
            lease_until,
            to_json(request)?,
            to_json(job)?,
            job.started_at,
        ]),
    )?;
    events::append(tx, &Event::Job { job: job.clone() }, job.started_at)
}

/// Keeps a job's new state and gives the id of the event that tells of it.
///
/// # Errors
/// [`ServerError::Conflict`] when the job has just learned its module, and another job runs for that one.
pub fn update(tx: &Transaction<'_>, job: &Job, lease_until: i64, now: i64) -> Result<i64> {
    claim_error(
        tx.prepare_cached("UPDATE jobs SET module = ?2, is_running = ?3, lease_until = ?4, job = ?5 WHERE id = ?1")?
            .execute(params![
                job.id,
                job.module.as_ref().map(ModuleName::as_str),
                job.is_running(),
                lease_until,
                to_json(job)?,
            ]),
    )?;
    events::append(tx, &Event::Job { job: job.clone() }, now)
}

fn claim_error(result: rusqlite::Result<usize>) -> Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(cause) if is_taken(&cause) => Err(ServerError::Conflict(
            "Another installation of this module is running. Wait for it, or cancel it.".to_owned(),
        )),
        Err(cause) => Err(cause.into()),
    }
}

/// The job with this id.
pub fn get(connection: &Connection, id: &str) -> Result<Option<Job>> {
    connection
        .prepare_cached("SELECT job FROM jobs WHERE id = ?1")?
        .query_row([id], |row| row.get::<_, String>(0))
        .optional()?
        .map(|job| from_json(&job))
        .transpose()
}

/// The job that runs for a module, else the newest that ended: an upload learns its module only after it began, so the
/// one that runs is not always the newest.
pub fn latest_of(connection: &Connection, module: &ModuleName) -> Result<Option<Job>> {
    connection
        .prepare_cached("SELECT job FROM jobs WHERE module = ?1 ORDER BY is_running DESC, started_at DESC, id LIMIT 1")?
        .query_row([module.as_str()], |row| row.get::<_, String>(0))
        .optional()?
        .map(|job| from_json(&job))
        .transpose()
}

/// Every job that runs, or that a process that ended had begun.
pub fn running(connection: &Connection) -> Result<Vec<Job>> {
    let rows = connection
        .prepare_cached("SELECT job FROM jobs WHERE is_running ORDER BY started_at, id")?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.iter().map(|job| from_json(job)).collect()
}

/// Says that the process that runs a job is still there.
pub fn renew(tx: &Transaction<'_>, id: &str, lease_until: i64) -> Result<()> {
    tx.prepare_cached("UPDATE jobs SET lease_until = ?2 WHERE id = ?1 AND is_running")?
        .execute(params![id, lease_until])?;
    Ok(())
}

/// Takes over the jobs whose lease has run out: one attempt more each.
pub fn take_over(tx: &Transaction<'_>, now: i64, lease_until: i64) -> Result<Vec<(Job, Request, u32)>> {
    let rows = tx
        .prepare_cached(
            "UPDATE jobs SET attempt = attempt + 1, lease_until = ?2 WHERE is_running AND lease_until <= ?1
             RETURNING job, request, attempt",
        )?
        .query_map([now, lease_until], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    rows.into_iter().map(|(job, request, attempt)| Ok((from_json(&job)?, from_json(&request)?, attempt))).collect()
}

/// Keeps what the programs said that a job has run.
pub fn keep_output(tx: &Transaction<'_>, id: &str, output: &str) -> Result<()> {
    tx.prepare_cached("UPDATE jobs SET output = ?2 WHERE id = ?1")?.execute(params![id, output])?;
    Ok(())
}

pub fn output(connection: &Connection, id: &str) -> Result<String> {
    let output = connection
        .prepare_cached("SELECT output FROM jobs WHERE id = ?1")?
        .query_row([id], |row| row.get::<_, Option<String>>(0))
        .optional()?;
    Ok(output.flatten().unwrap_or_default())
}

/// Forgets jobs that ended and began before `before` (milliseconds since the epoch).
pub fn prune(tx: &Transaction<'_>, before: i64) -> Result<()> {
    tx.execute("DELETE FROM jobs WHERE NOT is_running AND started_at < ?1", [before])?;
    Ok(())
}
