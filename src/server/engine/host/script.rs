//! The Node side of the host: one file that this program carries, and a few for processes that wait to load, written out for
//! Node to read.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use rust_embed::RustEmbed;

use super::HostError;

const NAME: &str = "host.cjs";
/// The folder of what processes that wait load.
const REHEARSAL: &str = "rehearsal";
/// How many files: with as many, the load of a module takes half the time. With more it would not get much quicker.
const REHEARSED: usize = 50;

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

    /// The folder of what processes that wait load, without symbolic links in its path: components that do nothing.
    ///
    /// # Errors
    /// Before [`Script::write`].
    pub(super) fn rehearsal(&self) -> Result<PathBuf, HostError> {
        fs::canonicalize(self.folder.join(REHEARSAL)).map_err(|cause| self.unwritten(&cause))
    }

    /// The names of the components in [`Script::rehearsal`].
    pub(super) fn rehearsed() -> impl Iterator<Item = String> {
        (0..REHEARSED).map(|number| format!("Nothing{number}"))
    }

    /// Writes the script and what is to be rehearsed unless they are there, and gives the script's path.
    ///
    /// # Errors
    /// [`HostError::NoScript`] where this program was built without, [`HostError::Folder`] where it cannot be written.
    pub(super) fn write(&self) -> Result<PathBuf, HostError> {
        let content = Bundle::get(NAME).ok_or(HostError::NoScript)?.data;
        let path = self.folder.join(NAME);
        let is_the_script = || {
            if self.is_known.load(Ordering::Relaxed) {
                return fs::metadata(&path).is_ok_and(|there| usize::try_from(there.len()) == Ok(content.len()));
            }
            fs::read(&path).is_ok_and(|there| there == *content)
        };
        let is_there = self.folder.join(REHEARSAL).is_dir() && is_the_script();
        if !is_there {
            self.write_all(&path, &content).map_err(|cause| self.unwritten(&cause))?;
        }
        self.is_known.store(true, Ordering::Relaxed);
        Ok(path)
    }

    fn write_all(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let rehearsal = self.folder.join(REHEARSAL);
        fs::create_dir_all(&rehearsal)?;
        for name in Self::rehearsed() {
            fs::write(rehearsal.join(format!("{name}.js")), "module.exports = {};\n")?;
        }
        fs::write(path, content)
    }

    fn unwritten(&self, cause: &io::Error) -> HostError {
        HostError::Folder { folder: self.folder.clone(), cause: cause.to_string() }
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
        assert!(script.rehearsal().is_err(), "nothing is there yet");
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
        for _ in 0..2 {
            let rehearsal = script.rehearsal().expect("is there");
            assert!(Script::rehearsed().all(|name| rehearsal.join(format!("{name}.js")).is_file()));
            fs::remove_dir_all(rehearsal).expect("is deleted");
            script.write().expect("is written");
        }
        // What an earlier program has left may have the same length.
        fs::write(&path, vec![b' '; content.data.len()]).expect("writes");
        Script::new(folder.path().join("host")).write().expect("is written");
        assert!(is_the_script());
    }
}
