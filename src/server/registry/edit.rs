//! Changes parts of installed modules. Each change makes a whole new archive, which takes the way of every archive.

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
    path::PathBuf,
};

use sha2::{Digest, Sha256};

use super::{InstalledModule, Received, Registry, installed::is_at_or_below};
use crate::{
    domain::{
        job::{Job, JobFailure, JobState},
        module::Manifest,
        name::{ModuleName, Selector},
    },
    server::{
        access::Publisher,
        archive::{self, Part, UnpackError},
        catalogue::hex,
        error::{Result, ServerError},
    },
};

/// Files of an archive to be: path in it, place on the disk.
pub type Files = BTreeMap<String, PathBuf>;

impl InstalledModule {
    /// The files that a selector means: all, or those in its folder and in the folders of the components that it names.
    pub fn selected(&self, selector: &Selector) -> Files {
        let mut folders = vec![selector.folder()];
        if selector.selects(self.manifest.name.as_str()) {
            folders.push(String::new());
        }
        folders
            .extend(self.tree.components.iter().filter(|(name, _)| selector.selects(name)).map(|(_, at)| at.0.clone()));
        let is_meant = |file: &str| folders.iter().any(|folder| folder.is_empty() || is_at_or_below(file, folder));
        self.tree.files.iter().filter(|file| is_meant(file)).map(|file| (file.clone(), self.tree.place(file))).collect()
    }

    /// The file of this name in the folder that a selector means.
    pub fn file(&self, selector: &Selector, name: &str) -> Option<(String, PathBuf)> {
        // A component's folder need not be called as the component is.
        let own = self.tree.components.get(selector.as_str()).map(|(folder, _)| folder.clone());
        let wanted = format!("{}/{name}", own.unwrap_or_else(|| selector.folder()));
        self.tree.files.binary_search(&wanted).ok()?;
        let place = self.tree.place(&wanted);
        Some((wanted, place))
    }

    /// Everything but `without`.
    fn rest(&self, without: &Files) -> Files {
        let kept = self.tree.files.iter().filter(|file| !without.contains_key(*file));
        kept.map(|file| (file.clone(), self.tree.place(file))).collect()
    }

    /// Components whose manifest is among `files`.
    fn components_in(&self, files: &Files) -> usize {
        let folders = self.tree.components.values().map(|(folder, _)| folder);
        folders.filter(|folder| files.contains_key(&format!("{folder}/component.json"))).count()
    }
}

impl Registry {
    /// Packs files into an archive, the same bytes for the same files.
    pub async fn pack(&self, files: Files) -> Result<Received> {
        let folder = self.temporary();
        tokio::task::spawn_blocking(move || {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            archive::pack_files(files, file.as_file_mut())?;
            file.as_file_mut().rewind()?;
            let (mut hasher, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
            loop {
                let read = file.as_file_mut().read(&mut buffer)?;
                if read == 0 {
                    break;
                }
                hasher.update(&buffer[..read]);
                size += read as u64;
            }
            Ok(Received { file, sha256: hex(&hasher.finalize()), size })
        })
        .await?
    }

    /// As [`Registry::upload`], but an archive that holds a part of an installed module is laid over that module's files
    /// first; with `replace_all` the files of the part's folder that it does not hold are taken away.
    ///
    /// # Errors
    /// As for [`Registry::upload`], and [`ServerError::TooLarge`] when the module would grow over the limit.
    pub async fn publish(
        &self,
        publisher: &Publisher,
        received: Received,
        file: Option<String>,
        allow_downgrade: bool,
        replace_all: bool,
    ) -> Result<Job> {
        match self.merged(publisher, &received, replace_all).await? {
            Some((merged, base)) => self.take_in(publisher, merged, file, allow_downgrade, Some(base)).await,
            None => self.upload(publisher, received, file, allow_downgrade).await,
        }
    }

    /// The whole module that a part makes of an installed one, and the SHA-256 of that one; `None` when it is no part of
    /// any that this publisher may change.
    async fn merged(
        &self,
        publisher: &Publisher,
        received: &Received,
        replace_all: bool,
    ) -> Result<Option<(Received, String)>> {
        let (limits, archive) = (self.limits(), received.file.reopen()?);
        let read = tokio::task::spawn_blocking(move || Ok::<_, ServerError>((Part::read(&archive, &limits)?, archive)));
        let (Some(part), archive) = read.await?? else { return Ok(None) };
        let is_around = |manifest: &Manifest| manifest.name.owns(part.name.as_str());
        let around = self.installed_modules(is_around).await?;
        let Some(module) = around.into_iter().max_by_key(|module| module.manifest.name.as_str().len()) else {
            return Ok(None);
        };
        if publisher.check(module.manifest.name.vendor()).is_err() || module.sha256 == received.sha256 {
            return Ok(None);
        }
        let own_folder = |file: &str| is_at_or_below(file, &part.folder);
        if let Some(version) = &part.version {
            // With a bundle.json of its own it may as well be the whole of a module that has become smaller: then it has
            // another version, or the sender says that all is to be replaced.
            let reaches_further = module.tree.components.values().any(|(folder, _)| !own_folder(folder));
            if replace_all || *version != module.manifest.version || !reaches_further {
                return Ok(None);
            }
        }
        let bundle = format!("{}/bundle.json", module.manifest.name.folder());
        let mut files = module.rest(&Files::new());
        if replace_all {
            files.retain(|file, _| !own_folder(file) || *file == bundle);
        }
        let folder = tempfile::tempdir_in(self.temporary())?;
        let unpacked = folder.path().join("part");
        for file in &part.files {
            files.insert(file.path.clone(), unpacked.join(&file.path));
        }
        tokio::task::spawn_blocking(move || part.unpack(&archive, &unpacked)).await?.map_err(|error| match error {
            UnpackError::Io(cause) => ServerError::from(cause),
            changed => ServerError::internal(changed),
        })?;
        let merged = self.pack(files).await?;
        drop(folder);
        let limit = self.limits().archive_bytes;
        if merged.size > limit {
            return Err(ServerError::TooLarge { limit });
        }
        Ok(Some((merged, module.sha256)))
    }

    /// Removes what a selector means: modules, all or none of them, or a part of one.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when nothing installed is meant, [`ServerError::Conflict`] while it is being installed,
    /// [`ServerError::Forbidden`] to publishers of other vendors.
    pub async fn remove_selected(&self, publisher: &Publisher, selector: &Selector) -> Result<()> {
        publisher.check(selector.vendor())?;
        let nothing = || ServerError::NotFound(format!("Nothing is installed under {selector}."));
        if selector.is_vendor() {
            return Err(nothing());
        }
        let wanted =
            |manifest: &Manifest| selector.selects(manifest.name.as_str()) || manifest.name.owns(selector.as_str());
        let modules = self.installed_modules(wanted).await?;
        let whole: Vec<ModuleName> = modules
            .iter()
            .map(|module| module.manifest.name.clone())
            .filter(|name| selector.selects(name.as_str()))
            .collect();
        if !whole.is_empty() {
            return self.remove_all(publisher, whole).await;
        }
        let found = modules.into_iter().map(|module| (module.selected(selector), module));
        let (gone, module) =
            found.into_iter().find(|(files, module)| module.components_in(files) > 0).ok_or_else(nothing)?;
        let rest = module.rest(&gone);
        if module.components_in(&rest) == 0 {
            return self.remove_all(publisher, vec![module.manifest.name]).await;
        }
        if self.running_job(&module.manifest.name).await?.is_some() {
            let name = &module.manifest.name;
            return Err(ServerError::Conflict(format!("{name} is being installed. Wait for that, or cancel it.")));
        }
        let reduced = self.pack(rest).await?;
        let job = self.take_in(publisher, reduced, None, false, Some(module.sha256)).await?;
        succeeded(self.wait(&job.id).await?)
    }

    /// The job once it has ended.
    async fn wait(&self, id: &str) -> Result<Job> {
        let mut newest = self.inner.events.watch();
        loop {
            // Seen before the job is read, so that its end in between wakes us again.
            newest.borrow_and_update();
            let job = self.job(id).await?;
            if !job.is_running() {
                return Ok(job);
            }
            newest.changed().await.map_err(ServerError::internal)?;
        }
    }
}

/// # Errors
/// Why the job has changed nothing.
fn succeeded(job: Job) -> Result<()> {
    let Some(failure) = job.failure else {
        return match job.state {
            JobState::Succeeded => Ok(()),
            _ => Err(ServerError::Conflict("This was cancelled. Nothing was changed.".to_owned())),
        };
    };
    Err(match failure.code.as_str() {
        JobFailure::INVALID_ARCHIVE => ServerError::InvalidArchive(failure.findings),
        "forbidden" => ServerError::Forbidden(failure.message),
        "internal" => ServerError::internal(failure.message),
        _ => ServerError::Conflict(failure.message),
    })
}
