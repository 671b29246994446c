//! The one way of every archive into the registry: fetch, check, unpack, register, activate.

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use super::{
    Registry,
    installed::plugin_folders,
    is_downgrade,
    job::{Stop, check_cancelled},
    losses::with_flows,
};
use crate::{
    domain::{
        job::{Event, Job, JobFailure, JobState, Outcome, Step},
        module::Manifest,
    },
    server::{
        archive::{self, CheckError, Checked, Icon},
        catalogue::{self, entry_of},
        error::ServerError,
        runtime::{Unpacked, Unready},
        store::{
            self,
            audit::Deed,
            jobs::{Request, Source},
            modules::{Archive, Install},
        },
        time::now_ms,
    },
};

/// Bytes of an archive's files that stay in memory between the check and the unpacking.
const KEPT_BYTES: u64 = 16 << 20;

/// An archive that is to be installed.
struct Fetched {
    file: File,
    /// What has come from a catalogue, and is no blob yet.
    fresh: Option<catalogue::Fetched>,
}

/// Told of every point that a job reaches; tests end the process there.
#[derive(Clone)]
pub struct Checkpoint(Arc<dyn Fn(&'static str) + Send + Sync>);

impl Checkpoint {
    pub fn new(reached: impl Fn(&'static str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(reached))
    }

    /// Every point, in the order in which a job reaches them.
    pub const POINTS: [&'static str; 8] =
        ["started", "fetched", "checked", "unpacking", "unpacked", "built", "registered", "activated"];

    fn reached(&self, point: &'static str) {
        (self.0)(point);
    }
}

impl Default for Checkpoint {
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl Registry {
    pub(super) async fn work(&self, job: &mut Job, request: &Request, flag: &Arc<AtomicBool>) -> Result<(), Stop> {
        let at = &self.inner.checkpoint;
        let _permit = self.inner.permits.acquire().await.map_err(ServerError::internal)?;
        check_cancelled(flag)?;
        self.inner.runtime.stand_by().await;
        at.reached("started");

        let Fetched { file, fresh } = self.fetch(job, request, flag).await?;
        at.reached("fetched");

        // What has just come goes to the disk while it is worked on. Both come to their end in any case: what a job has
        // brought is taken away after it.
        let keeping = fresh.map(|fresh| {
            let this = self.clone();
            self.inner.tasks.spawn(async move { this.keep_blob(&fresh.sha256, fresh.file.path()).await })
        });
        let made = self.make(job, request, file, flag).await;
        if let Some(keeping) = keeping {
            keeping.await.map_err(ServerError::from)??;
        }
        let Some((archive, icons, installed)) = made? else { return Ok(self.end_as_unchanged(job).await?) };

        self.enter(job, Step::Register, flag)?;
        let registered = self.register_archive(&archive, icons);
        at.reached("registered");

        // From here on there is no way back: the switch is one transaction.
        self.enter(job, Step::Activate, flag)?;
        self.activate(job, request, archive, installed, registered).await?;
        self.inner.runtime.stand_by_soon();
        Ok(())
    }

    /// Checks an archive, lays its files out, and makes them ready to run; `None` when just this archive is installed.
    async fn make(
        &self,
        job: &mut Job,
        request: &Request,
        file: File,
        flag: &Arc<AtomicBool>,
    ) -> Result<Option<(Archive, Vec<Icon>, Option<Install>)>, Stop> {
        let at = &self.inner.checkpoint;
        let sha256 = &request.sha256;
        self.enter(job, Step::Check, flag)?;
        let (checked, file) = self.check(file).await?;
        let installed = self.admit(job, request, &checked.manifest).await?;
        at.reached("checked");
        if installed.as_ref().is_some_and(|install| install.sha256 == *sha256) {
            return Ok(None);
        }

        self.enter(job, Step::Unpack, flag)?;
        let size = file.metadata().map_err(ServerError::from)?.len();
        let folder = self.unpack(job, file, &checked, sha256, flag).await?;
        at.reached("unpacked");

        self.enter(job, Step::Build, flag)?;
        self.build(job, &checked, sha256, &folder, flag).await?;
        at.reached("built");
        let Checked { manifest, icons, .. } = checked;
        Ok(Some((Archive { sha256: sha256.clone(), size, manifest }, icons, installed)))
    }

    /// Shows that a step begins, unless somebody wants the job to stop.
    fn enter(&self, job: &mut Job, step: Step, flag: &AtomicBool) -> Result<(), Stop> {
        check_cancelled(flag)?;
        if job.step != step || job.percent.is_some() {
            job.step = step;
            job.percent = None;
            self.show(job);
        }
        Ok(())
    }

    /// Opens the archive: the blob, or what its catalogue has, which is still to become a blob.
    async fn fetch(&self, job: &mut Job, request: &Request, flag: &Arc<AtomicBool>) -> Result<Fetched, Stop> {
        let sha256 = &request.sha256;
        if let Source::Catalogue { source, place } = &request.source
            && !self.has_blob(sha256).await?
        {
            self.enter(job, Step::Fetch, flag)?;
            let fetching = {
                let catalogue = self.inner.catalogue.clone();
                let (source, place, sha256) = (source.clone(), place.clone(), sha256.clone());
                let flag = Arc::clone(flag);
                tokio::task::spawn_blocking(move || {
                    catalogue.fetch(&source, &place, &sha256, &mut |_| !flag.load(Ordering::Relaxed))
                })
            };
            // A silent catalogue says nothing for a while; whoever wants to stop does not wait for it.
            let mut fetching = std::pin::pin!(fetching);
            let fetched = loop {
                tokio::select! {
                    fetched = &mut fetching => break fetched.map_err(ServerError::from)?,
                    () = tokio::time::sleep(Duration::from_millis(100)) => check_cancelled(flag)?,
                }
            };
            check_cancelled(flag)?;
            let fresh = fetched?;
            let file = fresh.file.reopen().map_err(ServerError::from)?;
            return Ok(Fetched { file, fresh: Some(fresh) });
        }
        let file = self.inner.blobs.to_file(sha256, &self.inner.data.temporary()).await?;
        Ok(Fetched { file, fresh: None })
    }

    async fn check(&self, file: File) -> Result<(Checked, File), Stop> {
        let limits = self.limits();
        let checking = tokio::task::spawn_blocking(move || {
            archive::check_keeping(&file, &limits, KEPT_BYTES).map(|checked| (checked, file))
        });
        checking.await.map_err(ServerError::from)?.map_err(|error| match error {
            CheckError::Rejected(rejected) => ServerError::InvalidArchive(rejected.findings).into(),
            CheckError::Io(cause) => ServerError::from(cause).into(),
        })
    }

    /// Decides whether the archive may be installed over what is there, and gives what is there.
    async fn admit(&self, job: &mut Job, request: &Request, manifest: &Manifest) -> Result<Option<Install>, Stop> {
        if let Some(expected) = job.module.as_ref().filter(|expected| **expected != manifest.name) {
            let message = format!("The archive holds {}, not {expected}.", manifest.name);
            return Err(Stop::Failed(JobFailure::new("other-module", message)));
        }
        let vendor = manifest.name.vendor();
        if request.vendors.as_ref().is_some_and(|vendors| !vendors.iter().any(|own| own == vendor)) {
            let message = format!("You are not a developer of {vendor}.");
            return Err(Stop::Failed(JobFailure::new("forbidden", message)));
        }
        let claimed = job.clone();
        job.module = Some(manifest.name.clone());
        job.label = Some(manifest.label.clone());
        job.version = Some(manifest.version.clone());
        if *job != claimed
            && let Err(cause) = self.keep(job).await
        {
            // The module stays unclaimed by this job.
            job.module = None;
            return Err(cause.into());
        }

        let find =
            |connection: &rusqlite::Connection| store::modules::component_owner(connection, &manifest.name, manifest);
        if let Some((component, owner)) = self.inner.store.look(find)? {
            let message = owned_by_another(&component, &owner);
            return Err(Stop::Failed(JobFailure::new("component-conflict", message)));
        }

        let installed = self.installed(&manifest.name).await?;
        if request.base.is_some() && request.base.as_ref() != installed.as_ref().map(|install| &install.sha256) {
            let message = format!("{} was changed in the meantime. Look at it again, then try again.", manifest.name);
            return Err(Stop::Failed(JobFailure::new("conflict", message)));
        }
        if let Some(install) = installed.as_ref().filter(|install| is_downgrade(&manifest.version, &install.version))
            && !request.allow_downgrade
        {
            let message = format!(
                "Version {} is older than {}, which is installed. To replace it all the same, say so: in the dialog, or \
                 with ?allowDowngrade=true.",
                manifest.version, install.version
            );
            return Err(Stop::Failed(JobFailure::new(JobFailure::DOWNGRADE, message)));
        }
        Ok(installed)
    }

    /// Lays the files out for the engine, in a folder named by the archive's SHA-256.
    async fn unpack(
        &self,
        job: &Job,
        file: File,
        checked: &Checked,
        sha256: &str,
        flag: &Arc<AtomicBool>,
    ) -> Result<PathBuf, Stop> {
        let target = self.inner.data.modules().join(sha256);
        let unfinished = self.inner.data.temporary().join(format!("unpack-{}", job.id));
        let (checked, flag) = (checked.clone(), Arc::clone(flag));
        let at = self.inner.checkpoint.clone();
        let unpacking = tokio::task::spawn_blocking(move || -> Result<PathBuf, Stop> {
            let failed = |cause: &dyn std::fmt::Display| Stop::from(ServerError::internal(cause));
            let mut begun = false;
            let result = archive::unpack(&file, &checked, &unfinished, |_| {
                if !std::mem::replace(&mut begun, true) {
                    at.reached("unpacking");
                }
                !flag.load(Ordering::Relaxed)
            });
            if let Err(cause) = result {
                check_cancelled(&flag)?;
                return Err(failed(&cause));
            }
            if target.exists() {
                // Left by a removal that can still be undone, or by an attempt before a restart: the same bytes.
                std::fs::remove_dir_all(&unfinished).map_err(|cause| failed(&cause))?;
            } else {
                std::fs::rename(&unfinished, &target).map_err(|cause| failed(&cause))?;
            }
            Ok(target)
        });
        unpacking.await.map_err(ServerError::from)?
    }

    /// Makes the files ready to run, and keeps what npm said.
    async fn build(
        &self,
        job: &Job,
        checked: &Checked,
        sha256: &str,
        folder: &Path,
        flag: &Arc<AtomicBool>,
    ) -> Result<(), Stop> {
        let Manifest { name, version, .. } = &checked.manifest;
        let folders = checked.component_files.iter().map(|(component, file)| {
            let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
            (component.clone(), folder.to_owned())
        });
        let unpacked = Unpacked {
            module: name.clone(),
            version: version.clone(),
            sha256: sha256.to_owned(),
            components: folders.collect(),
            plugins: plugin_folders(folder, name),
        };
        let mut output = String::new();
        let built = self.inner.runtime.prepare(&unpacked, &|| flag.load(Ordering::Relaxed), &mut output).await;
        if !output.is_empty() {
            let id = job.id.clone();
            let keep = move |tx: &rusqlite::Transaction<'_>| store::jobs::keep_output(tx, &id, &output);
            self.inner.store.write("keep build output", keep).await?;
        }
        built.map_err(|cause| match cause {
            Unready::Cancelled => Stop::Cancelled,
            Unready::Dependencies(reason) => Stop::Failed(JobFailure::new("dependencies", reason)),
            Unready::Load(findings) => {
                let message = "Code of it cannot be loaded.".to_owned();
                Stop::Failed(JobFailure { code: "load".to_owned(), message, findings })
            }
            Unready::Internal(cause) => ServerError::from(cause).into(),
        })
    }

    /// Keeps what was read off an archive: on its way to the disk before whatever is written later.
    fn register_archive(
        &self,
        archive: &Archive,
        icons: Vec<Icon>,
    ) -> impl Future<Output = Result<(), ServerError>> + use<> {
        let archive = archive.clone();
        self.inner.store.begin_write(move |tx| {
            store::icons::put(tx, &icons)?;
            store::modules::put_archive(tx, &archive, now_ms())
        })
    }

    /// Makes the archive, which is being `registered`, the installed version, ends the job and tells of both, all at once or
    /// not at all.
    async fn activate(
        &self,
        job: &mut Job,
        request: &Request,
        archive: Archive,
        previous: Option<Install>,
        registered: impl Future<Output = Result<(), ServerError>>,
    ) -> Result<(), Stop> {
        let source = match &request.source {
            Source::Catalogue { source, .. } => source.clone(),
            Source::Upload => "upload".to_owned(),
        };
        let by = request.by.clone();
        let before = previous.as_ref().map(Install::shown);
        job.state = JobState::Succeeded;
        job.outcome =
            Some(previous.map_or(Outcome::Installed, |install| Outcome::Replaced { previous: install.version }));
        job.finished_at = Some(now_ms());
        let name = archive.manifest.name.clone();
        let version = archive.manifest.version.clone();
        let update = self.inner.catalogue.update_for(&name, &version)?;
        let event = Event::Module { name: name.clone(), installed: Some(version.clone()), update };
        let (ended, its_name, entry) = (job.clone(), name.clone(), entry_of(&archive.manifest));
        let events = self.inner.events.clone();
        let activated = self.inner.store.write("activate module", move |tx| {
            let now = now_ms();
            // Asked again: another module may have brought the component in the meantime.
            if let Some((component, owner)) = store::modules::component_owner(tx, &its_name, &archive.manifest)? {
                return Err(ServerError::Conflict(owned_by_another(&component, &owner)));
            }
            let losing = store::flow_uses::losing(tx, &archive.manifest)?;
            store::modules::install(tx, &archive, &entry, &source, now)?;
            let action = if before.is_some() { "module.replace" } else { "module.install" };
            let mut deed = Deed::new(action, its_name.as_str()).module(its_name.as_str());
            deed.before = before.map(|before| with_flows(before, &losing));
            deed.after = store::modules::installed(tx, &its_name)?.as_ref().map(Install::shown);
            store::audit::append(tx, &by, &deed, now)?;
            let held = events.hold(store::events::append(tx, &event, now)?);
            Ok((store::jobs::update(tx, &ended, now, now)?, held))
        });
        // What is installed refers to what is registered, so there is not one without the other.
        let (registered, activated) = tokio::join!(registered, activated);
        match registered.and(activated) {
            Ok((id, held)) => {
                self.inner.checkpoint.reached("activated");
                // The module is installed, whatever becomes of the list: the job has not failed.
                if let Err(cause) = self.inner.catalogue.show_installed(&name).await {
                    tracing::error!(%cause, "the list could not be made anew");
                }
                self.inner.events.announce(id);
                drop(held);
                tracing::info!(module = %name, version, "module installed");
                Ok(())
            }
            Err(cause) => {
                job.state = JobState::Running;
                job.outcome = None;
                Err(cause.into())
            }
        }
    }
}

fn owned_by_another(component: &str, owner: &str) -> String {
    format!(
        "Its component {component} belongs to the installed module {owner}. Remove {owner} first, or rename the component."
    )
}
