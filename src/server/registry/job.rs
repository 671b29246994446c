//! How a job is started, kept alive, shown and ended.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::FutureExt;

use super::{LEASE, Registry};
use crate::{
    domain::job::{Job, JobFailure, JobState, Outcome},
    server::{
        error::{Result, ServerError},
        store::{self, jobs::Request},
        time::now_ms,
    },
};

/// A job is tried again after this many ends of the process in its midst, and then given up.
const ATTEMPTS_MAX: u32 = 3;

/// Why a job goes no further.
pub(super) enum Stop {
    Cancelled,
    Failed(JobFailure),
}

impl From<ServerError> for Stop {
    fn from(error: ServerError) -> Self {
        let code = match &error {
            ServerError::InvalidArchive(_) => JobFailure::INVALID_ARCHIVE,
            ServerError::Conflict(_) => "conflict",
            ServerError::TooLarge { .. } => "too-large",
            _ => "internal",
        };
        let message = error.public().message;
        let findings = if let ServerError::InvalidArchive(findings) = error { findings } else { Vec::new() };
        Self::Failed(JobFailure { code: code.to_owned(), message, findings })
    }
}

impl Registry {
    /// Keeps a new job and lets it run.
    pub(super) async fn start(&self, job: Job, request: Request) -> Result<Job> {
        let this = self.clone();
        self.to_the_end(async move {
            let job = this.register(job, &request).await?;
            this.spawn(job.clone(), request);
            Ok(job)
        })
        .await
    }

    pub(super) async fn register(&self, job: Job, request: &Request) -> Result<Job> {
        let (kept, request) = (job.clone(), request.clone());
        // It can be cancelled as soon as anybody can know of it.
        self.inner.cancelled.lock().insert(job.id.clone(), Arc::default());
        let registered =
            self.inner.store.write("start job", move |tx| store::jobs::insert(tx, &kept, &request, lease())).await;
        match registered {
            Ok(id) => {
                self.inner.events.announce(id);
                Ok(job)
            }
            Err(cause) => {
                self.inner.cancelled.lock().remove(&job.id);
                Err(cause)
            }
        }
    }

    pub(super) fn spawn(&self, job: Job, request: Request) {
        let flag = Arc::clone(self.inner.cancelled.lock().entry(job.id.clone()).or_default());
        let this = self.clone();
        self.inner.tasks.spawn(async move {
            let id = job.id.clone();
            let (mut job, sha256) = (job, request.sha256.clone());
            let worked = AssertUnwindSafe(this.work(&mut job, &request, &flag)).catch_unwind();
            let result = tokio::select! {
                result = worked => result.unwrap_or_else(|_| Err(ServerError::internal("a job panicked").into())),
                // Never ends.
                () = this.keep_alive(&id) => Err(Stop::Cancelled),
            };
            this.inner.cancelled.lock().remove(&id);
            if let Err(stop) = result
                && let Err(cause) = this.end_unchanged(job, stop, &sha256).await
            {
                tracing::error!(job = id, %cause, "the end of a job could not be kept");
            }
        });
    }

    /// Renews a job's lease until it is dropped.
    async fn keep_alive(&self, id: &str) {
        loop {
            tokio::time::sleep(LEASE / 3).await;
            let id = id.to_owned();
            let renewed = self.inner.store.write("renew lease", move |tx| store::jobs::renew(tx, &id, lease())).await;
            if let Err(cause) = renewed {
                tracing::warn!(%cause, "a lease could not be renewed");
            }
        }
    }

    /// Keeps a change of a job and tells of it.
    pub(super) async fn keep(&self, job: &Job) -> Result<()> {
        let job = job.clone();
        let id =
            self.inner.store.write("update job", move |tx| store::jobs::update(tx, &job, lease(), now_ms())).await?;
        self.inner.events.announce(id);
        Ok(())
    }

    /// Tells how far a job is. Nobody waits for the disk: what the job writes later comes there later.
    pub(super) fn show(&self, job: &Job) {
        let (kept, events) = (job.clone(), self.inner.events.clone());
        let written = self.inner.store.begin_write(move |tx| store::jobs::update(tx, &kept, lease(), now_ms()));
        self.inner.tasks.spawn(async move {
            match written.await {
                Ok(id) => events.announce(id),
                // What the job must keep fails, too, and ends it.
                Err(cause) => tracing::warn!(%cause, "a job's step could not be kept"),
            }
        });
    }

    /// Ends a job that has changed nothing, and takes away what it had brought.
    async fn end_unchanged(&self, mut job: Job, stop: Stop, sha256: &str) -> Result<()> {
        match stop {
            Stop::Cancelled => job.state = JobState::Cancelled,
            Stop::Failed(failure) => {
                tracing::info!(job = job.id, code = failure.code, message = failure.message, "installation failed");
                job.state = JobState::Failed;
                job.failure = Some(failure);
            }
        }
        job.finished_at = Some(now_ms());
        job.percent = None;
        // Litter first: who sees the job ended finds the folder clean.
        let (archive, id, since) = (sha256.to_owned(), job.id.clone(), job.started_at);
        self.inner
            .store
            .write("forget archive", move |tx| store::modules::forget_archive_of_job(tx, &archive, &id, since))
            .await?;
        self.discard(sha256, &job.id).await?;
        self.keep(&job).await
    }

    /// Ends a job that could not even begin.
    pub(super) async fn fail(&self, job: Job, cause: &ServerError) -> Result<()> {
        let message = cause.public().message;
        self.inner.cancelled.lock().remove(&job.id);
        self.end_unchanged(job, Stop::Failed(JobFailure::new("internal", message)), "").await
    }

    /// Ends a job whose archive is installed already.
    pub(super) async fn end_as_unchanged(&self, job: &mut Job) -> Result<()> {
        job.state = JobState::Succeeded;
        job.outcome = Some(Outcome::Unchanged);
        job.finished_at = Some(now_ms());
        self.keep(job).await
    }

    /// Takes up the jobs that an earlier process has left in their midst.
    pub async fn resume(&self) -> Result<()> {
        // This process holds the data folder, so every lease in it belongs to one that is gone.
        let taken =
            self.inner.store.write("take over jobs", |tx| store::jobs::take_over(tx, i64::MAX, lease())).await?;
        for (job, request, attempt) in taken {
            if attempt > ATTEMPTS_MAX {
                let message = "The server ended several times in its midst.";
                let sha256 = request.sha256.clone();
                self.end_unchanged(job, Stop::Failed(JobFailure::new("interrupted", message)), &sha256).await?;
            } else {
                tracing::info!(job = job.id, attempt, "an installation goes on after a restart");
                self.spawn(job, request);
            }
        }
        Ok(())
    }
}

/// When a lease taken now ends, in milliseconds since the Unix epoch.
fn lease() -> i64 {
    now_ms().saturating_add(i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn check_cancelled(flag: &AtomicBool) -> Result<(), Stop> {
    if flag.load(Ordering::Relaxed) { Err(Stop::Cancelled) } else { Ok(()) }
}
