//! The data folder: where each kind of thing lies in it, and that only one server uses it.

use std::{
    fs::{self, DirBuilder, File, TryLockError},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long another server is waited for that uses the folder: one that was killed while it started a process lets go of it
/// only when that process has got under way.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// The data folder, held for as long as this value lives.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Opens the folder, and creates what is missing in it, for this user alone. What an earlier process left half done
    /// in the temporary folder is deleted.
    ///
    /// # Errors
    /// A line that says what to do.
    pub fn open(root: &Path) -> Result<Self, String> {
        let unusable = |cause: std::io::Error| {
            format!(
                "the data folder {} cannot be written ({cause}): make it writable, or point --data at another",
                root.display()
            )
        };
        create_private(root).map_err(unusable)?;
        let lock =
            File::options().create(true).truncate(false).write(true).open(root.join("lock")).map_err(unusable)?;
        match try_lock(&lock) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "the data folder {} is in use by another Stockroom: stop that one, or point --data at another folder",
                    root.display()
                ));
            }
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        // Absolute: what runs modules works in folders of its own.
        let root = std::path::absolute(root).map_err(unusable)?;
        let folder = Self { root, _lock: lock };
        match fs::remove_dir_all(folder.temporary()) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => return Err(unusable(cause)),
            _ => {}
        }
        for path in [folder.temporary(), folder.blobs(), folder.files(), folder.modules(), folder.ready()] {
            create_private(&path).map_err(unusable)?;
        }
        Ok(folder)
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("stockroom.db")
    }

    /// The secret key, unless the configuration names another file.
    pub fn key(&self) -> PathBuf {
        self.root.join("secret.key")
    }

    /// Archives as they came.
    pub fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    /// What flows save and load.
    pub fn files(&self) -> PathBuf {
        self.root.join("files")
    }

    /// Unpacked archives, a folder each, named by the archive's SHA-256.
    pub fn modules(&self) -> PathBuf {
        self.root.join("modules")
    }

    /// Modules that are ready to run, a folder each, named as in [`DataFolder::modules`].
    pub fn ready(&self) -> PathBuf {
        self.root.join("ready")
    }

    /// Work that is not finished; emptied at every start.
    pub fn temporary(&self) -> PathBuf {
        self.root.join("tmp")
    }
}

fn try_lock(lock: &File) -> Result<(), TryLockError> {
    let asked = Instant::now();
    loop {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) if asked.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

fn create_private(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_folder_is_found_from_anywhere() {
        let here = tempfile::tempdir_in(".").expect("a folder");
        let name = here.path().file_name().expect("a name");
        let data = DataFolder::open(Path::new(name)).expect("opens");
        assert!(data.temporary().is_absolute());
    }

    #[test]
    fn a_folder_that_is_just_being_let_go_of_is_waited_for() {
        let root = tempfile::tempdir().expect("a folder");
        let before = DataFolder::open(root.path()).expect("opens");
        let path = root.path().to_path_buf();
        let waits = std::thread::spawn(move || DataFolder::open(&path).map(drop));
        drop(before);
        assert_eq!(waits.join().expect("ends"), Ok(()));
    }
}
