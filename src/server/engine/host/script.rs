//! The Node side of the host: one file that this program carries, written out for Node to read.

use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
};

use rust_embed::RustEmbed;

use super::HostError;

const NAME: &str = "host.cjs";

#[derive(RustEmbed)]
#[folder = "target/host/"]
#[allow_missing = true]
struct Bundle;

/// The script in a folder, from where Node reads it.
pub(super) struct Script {
    folder: PathBuf,
    /// This process has seen that the file is the script. It is megabytes, too many to compare at every start.
    is_known: AtomicBool,
}

impl Script {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, is_known: AtomicBool::new(false) }
    }

    /// Writes the script unless it is there, and gives its path.
    ///
    /// # Errors
    /// [`HostError::NoScript`] where this program was built without, [`HostError::Folder`] where it cannot be written.
    pub(super) fn write(&self) -> Result<PathBuf, HostError> {
        let content = Bundle::get(NAME).ok_or(HostError::NoScript)?.data;
        let path = self.folder.join(NAME);
        let is_there = if self.is_known.load(Ordering::Relaxed) {
            fs::metadata(&path).is_ok_and(|there| usize::try_from(there.len()) == Ok(content.len()))
        } else {
            fs::read(&path).is_ok_and(|there| there == *content)
        };
        if !is_there {
            fs::create_dir_all(&self.folder)
                .and_then(|()| fs::write(&path, &content))
                .map_err(|cause| HostError::Folder { folder: self.folder.clone(), cause: cause.to_string() })?;
        }
        self.is_known.store(true, Ordering::Relaxed);
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_the_script_is_written_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let (script, path) = (Script::new(folder.path().join("host")), folder.path().join("host").join(NAME));
        let Some(content) = Bundle::get(NAME) else {
            assert!(matches!(script.write(), Err(HostError::NoScript)), "it was built without");
            return;
        };
        let is_the_script = || fs::read(&path).is_ok_and(|there| there == *content.data);
        assert_eq!(script.write().expect("is written"), path);
        assert!(is_the_script());
        for other in ["", "of another length"] {
            fs::write(&path, other).expect("writes");
            script.write().expect("is written");
            assert!(is_the_script(), "{other:?}");
        }
        fs::remove_dir_all(folder.path().join("host")).expect("is deleted");
        script.write().expect("is written");
        assert!(is_the_script());
        // What an earlier program has left may have the same length.
        fs::write(&path, vec![b' '; content.data.len()]).expect("writes");
        Script::new(folder.path().join("host")).write().expect("is written");
        assert!(is_the_script());
    }
}
