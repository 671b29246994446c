//! What is installed, and everything that changes it: install, upload, cancel, remove, undo.

mod download;
mod edit;
mod installed;
mod installer;
mod job;
mod keeper;
mod losses;
mod receive;
mod removal;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

pub use edit::Files;
pub use installed::{App, InstalledModule, Tree, plugin_folders};
pub use installer::Checkpoint;
pub use receive::Received;
pub use removal::Spared;

use super::{
    access::{Publisher, SudoActor},
    archive::Limits,
    blobs::Blobs,
    catalogue::{Catalogue, compare_versions},
    data::DataFolder,
    error::{Result, ServerError},
    events::Events,
    runtime::Runtime,
    settings::{ARCHIVE_MAX_BYTES, Settings},
    store::{
        self, Store,
        jobs::{Request, Source},
        modules::Install,
    },
    time::now_ms,
};
use crate::domain::{
    job::{Job, JobKind, JobState, Step},
    name::ModuleName,
};

/// How long a removal can be undone.
pub const UNDO_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);
/// Installations that work at the same time; others wait for their turn.
const PARALLEL: usize = 4;
/// A job that was not heard of for this long belongs to a process that is gone.
const LEASE: Duration = Duration::from_secs(60);

/// The registry service.
#[derive(Clone)]
pub struct Registry {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    blobs: Blobs,
    catalogue: Catalogue,
    events: Events,
    data: DataFolder,
    limits: Limits,
    settings: Settings,
    permits: Semaphore,
    /// Set for a job that was asked to stop.
    cancelled: parking_lot::Mutex<HashMap<String, Arc<AtomicBool>>>,
    checkpoint: Checkpoint,
    /// Held while a blob is looked for or kept, and from the question whether one is needed to its deletion.
    blob_gate: tokio::sync::Mutex<()>,
    tasks: tokio_util::task::TaskTracker,
    trees: installed::Trees,
    runtime: Runtime,
}

/// What the registry is built on.
pub struct Parts {
    pub store: Store,
    pub blobs: Blobs,
    pub catalogue: Catalogue,
    pub events: Events,
    pub data: DataFolder,
    pub limits: Limits,
    pub settings: Settings,
    pub runtime: Runtime,
}

impl Registry {
    pub fn new(parts: Parts) -> Self {
        Self::with_checkpoint(parts, Checkpoint::default())
    }

    /// A registry that tells `checkpoint` of every point that its jobs reach: for tests that end the process there.
    pub fn with_checkpoint(parts: Parts, checkpoint: Checkpoint) -> Self {
        let Parts { store, blobs, catalogue, events, data, limits, settings, runtime } = parts;
        let inner = Inner {
            store,
            blobs,
            catalogue,
            events,
            data,
            limits,
            settings,
            permits: Semaphore::new(PARALLEL),
            cancelled: parking_lot::Mutex::default(),
            checkpoint,
            blob_gate: tokio::sync::Mutex::default(),
            tasks: tokio_util::task::TaskTracker::new(),
            trees: installed::Trees::default(),
            runtime,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The limits that every archive is held to now: a stored size wins over the one of the start.
    pub fn limits(&self) -> Limits {
        let stored = self.inner.settings.stored(ARCHIVE_MAX_BYTES).and_then(|value| value.as_u64());
        let limits = self.inner.limits.clone();
        Limits { archive_bytes: stored.unwrap_or(limits.archive_bytes), ..limits }
    }

    pub fn temporary(&self) -> PathBuf {
        self.inner.data.temporary()
    }

    /// To be called when somebody is there who may install something soon: makes that quicker.
    pub async fn stand_by(&self) {
        self.inner.runtime.stand_by().await;
    }

    /// Waits for the jobs that are under way.
    pub async fn finish(&self) {
        self.inner.tasks.close();
        self.inner.tasks.wait().await;
    }

    /// Does `work` to its end, even when whoever asked for it goes away in its midst: what was begun in the store is
    /// never left to nobody.
    async fn to_the_end<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.inner.tasks.spawn(work).await?
    }

    /// Starts to install a module of the catalogue: the given version, or the newest.
    ///
    /// A second call while the same version is being installed gives the job that runs.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when the catalogue has no such module or version, [`ServerError::Conflict`] when it is
    /// broken or another version of it is being installed.
    pub async fn install(&self, actor: &SudoActor, name: &ModuleName, version: Option<&str>) -> Result<Job> {
        let offers = self.inner.catalogue.offers(name).await?;
        let Some((offer, manifest)) = losses::wanted(&offers, version) else {
            return Err(match (offers.first(), version) {
                (Some(offer), None) => ServerError::Conflict(format!(
                    "{name} is broken in the catalogue and cannot be installed: {}",
                    offer.card.card.broken.as_deref().unwrap_or_default()
                )),
                (_, Some(version)) => {
                    ServerError::NotFound(format!("The catalogue has no version {version} of {name}."))
                }
                (None, None) => ServerError::NotFound(format!("The catalogue has no module {name}.")),
            });
        };
        let is_same =
            |running: &Job| running.kind == JobKind::Install && running.version.as_ref() == Some(&offer.version);
        if let Some(running) = self.running_job(name).await? {
            if is_same(&running) {
                return Ok(running);
            }
            return Err(ServerError::Conflict(format!(
                "Another installation of {name} is running. Wait for it, or cancel it."
            )));
        }
        let request = Request {
            sha256: offer.sha256.clone(),
            // Who asks for a version by its number has seen it.
            allow_downgrade: version.is_some(),
            by: actor.by(),
            vendors: None,
            base: None,
            source: Source::Catalogue { source: offer.source.clone(), place: offer.place.clone() },
        };
        let mut job = new_job(JobKind::Install);
        job.module = Some(name.clone());
        job.label = Some(manifest.label.clone());
        job.version = Some(offer.version.clone());
        match self.start(job, request).await {
            // Somebody else was quicker between the look and the start.
            Err(ServerError::Conflict(reason)) => {
                self.running_job(name).await?.filter(is_same).ok_or(ServerError::Conflict(reason))
            }
            started => started,
        }
    }

    /// Starts to install an archive that was received. `file` is the name that the sender gave it, for display.
    ///
    /// # Errors
    /// [`ServerError::Internal`] alone: what is wrong with the archive is found by the job.
    pub async fn upload(
        &self,
        publisher: &Publisher,
        received: Received,
        file: Option<String>,
        allow_downgrade: bool,
    ) -> Result<Job> {
        self.take_in(publisher, received, file, allow_downgrade, None).await
    }

    /// As [`Registry::upload`]. With `base`, only an installed archive of this SHA-256 is replaced.
    async fn take_in(
        &self,
        publisher: &Publisher,
        received: Received,
        file: Option<String>,
        allow_downgrade: bool,
        base: Option<String>,
    ) -> Result<Job> {
        let request = Request {
            sha256: received.sha256.clone(),
            allow_downgrade,
            by: publisher.by(),
            vendors: publisher.vendors().map(<[String]>::to_vec),
            base,
            source: Source::Upload,
        };
        let mut job = new_job(JobKind::Upload);
        job.file = file;
        job.step = Step::Check;
        let this = self.clone();
        self.to_the_end(async move {
            let (registered, kept) =
                this.keep_blob_while(&received.sha256, received.file.path(), this.register(job, &request)).await;
            let job = match (registered, kept) {
                (Ok(job), Ok(())) => job,
                (Ok(job), Err(cause)) => {
                    this.fail(job, &cause).await?;
                    return Err(cause);
                }
                (Err(cause), _) => {
                    if let Err(cause) = this.discard(&received.sha256, "").await {
                        tracing::warn!(%cause, "an archive that no installation needs stays until the next sweep");
                    }
                    return Err(cause);
                }
            };
            this.spawn(job.clone(), request);
            Ok(job)
        })
        .await
    }

    /// Asks a job to stop. One that has ended is left as it is.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is no such job.
    pub async fn cancel(&self, _: &SudoActor, id: &str) -> Result<Job> {
        let job = self.job(id).await?;
        if let Some(flag) = self.inner.cancelled.lock().get(id) {
            flag.store(true, Ordering::Relaxed);
        }
        Ok(job)
    }

    pub async fn job(&self, id: &str) -> Result<Job> {
        let id = id.to_owned();
        self.inner
            .store
            .read(move |connection| store::jobs::get(connection, &id))
            .await?
            .ok_or_else(|| ServerError::NotFound("There is no such installation.".to_owned()))
    }

    /// Where an installed archive is ready to run; `None` while it is not built.
    pub fn ready_folder(&self, sha256: &str) -> Option<PathBuf> {
        self.inner.runtime.folder(sha256)
    }

    /// What npm said in a job, the last part of it; empty where it was not asked.
    pub async fn output_of(&self, id: &str) -> Result<String> {
        let id = id.to_owned();
        self.inner.store.read(move |connection| store::jobs::output(connection, &id)).await
    }

    /// The job that runs for a module, else the newest that ended.
    pub async fn latest_job(&self, name: &ModuleName) -> Result<Option<Job>> {
        self.inner.store.look(|connection| store::jobs::latest_of(connection, name))
    }

    async fn running_job(&self, name: &ModuleName) -> Result<Option<Job>> {
        Ok(self.latest_job(name).await?.filter(|job| job.state == JobState::Running))
    }

    /// Every job that runs.
    pub fn running_jobs(&self) -> Result<Vec<Job>> {
        self.inner.store.look(store::jobs::running)
    }

    pub async fn installed(&self, name: &ModuleName) -> Result<Option<Install>> {
        self.inner.store.look(|connection| store::modules::installed(connection, name))
    }

    /// Whether an installed component is private; `None` when no installed module has it.
    pub async fn component(&self, name: &str) -> Result<Option<bool>> {
        let name = name.to_owned();
        self.inner.store.read(move |connection| store::modules::component(connection, &name)).await
    }

    /// Every kept archive of a module, newest first.
    pub async fn archives(&self, name: &ModuleName) -> Result<Vec<store::modules::Archive>> {
        let name = name.clone();
        self.inner.store.read(move |connection| store::modules::archives_of(connection, &name)).await
    }
}

fn new_job(kind: JobKind) -> Job {
    Job {
        id: uuid::Uuid::new_v4().to_string(),
        kind,
        module: None,
        label: None,
        version: None,
        file: None,
        state: JobState::Running,
        step: Step::Fetch,
        percent: None,
        started_at: now_ms(),
        finished_at: None,
        outcome: None,
        failure: None,
    }
}

/// Whether `version` is older than what is installed.
fn is_downgrade(version: &str, installed: &str) -> bool {
    compare_versions(version, installed).is_lt()
}
