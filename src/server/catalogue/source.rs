//! One place that modules come from: how it is named, read, watched and fetched from.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use notify::Watcher;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc::Sender};

use super::{
    directory,
    found::{Fetched, Found, HashingFile, Reading, SourceError},
    remote::Remote,
    starter,
};
use crate::server::archive::{Icon, Limits};

/// Folders of one source that are watched, the shallowest first. Each costs memory here and in the system, which has a limit
/// of its own for all programs.
const WATCHED_MAX: usize = 16_384;

/// A place that modules come from.
pub enum Source {
    /// The modules inside this program.
    Starter,
    /// A folder with archives, unpacked trees or both, anywhere below it.
    Directory(PathBuf),
    /// An `index.json` on another host.
    Remote(Remote),
}

impl Source {
    /// Reads a value of `--catalogue`: `starter`, a folder, or the address of an `index.json`.
    ///
    /// # Errors
    /// A line that says what is wrong with it.
    pub fn parse(text: &str, allow_private: bool) -> Result<Self, String> {
        if text == "starter" {
            Ok(Self::Starter)
        } else if text.contains("://") {
            Remote::new(text, allow_private).map(Self::Remote)
        } else {
            let path = std::fs::canonicalize(text)
                .map_err(|cause| format!("the catalogue folder {text} cannot be opened ({cause}): check the path"))?;
            if path.is_dir() {
                Ok(Self::Directory(path))
            } else {
                Err(format!("the catalogue {text} is a file: give the folder it lies in, or an https address"))
            }
        }
    }

    /// Whether its modules are part of this program.
    pub(super) fn is_embedded(&self) -> bool {
        matches!(self, Self::Starter)
    }

    /// The stable name of the source, also shown to people.
    pub fn id(&self) -> String {
        match self {
            Self::Starter => "starter".to_owned(),
            Self::Directory(path) => path.display().to_string(),
            Self::Remote(remote) => remote.address().to_owned(),
        }
    }

    /// Looks for entries whose fingerprint is not in `known` and sends each. Blocking.
    pub(super) fn read(
        &self,
        known: &HashMap<String, String>,
        limits: &Limits,
        etag: Option<&str>,
        found: &Sender<Found>,
    ) -> Result<Reading, SourceError> {
        match self {
            Self::Starter => starter::read(known, limits, found),
            Self::Directory(root) => directory::read(root, known, limits, found),
            Self::Remote(remote) => remote.read(known, etag, found),
        }
    }

    /// Copies the archive at `place` into a temporary file below `temporary`, or makes it from the tree there. Blocking.
    pub(super) fn fetch(
        &self,
        place: &str,
        limits: &Limits,
        temporary: &Path,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Fetched, SourceError> {
        let mut writer = HashingFile::new_in(temporary)?;
        match self {
            Self::Starter => starter::write(place, &mut writer)?,
            Self::Directory(root) => directory::write(root, place, limits, &mut writer)?,
            Self::Remote(remote) => remote.write(place, limits, &mut writer, progress)?,
        }
        writer.finish()
    }

    /// The icon whose SHA-256 begins with `id`, from beside a remote index.
    pub(super) fn fetch_icon(&self, id: &str) -> Option<Icon> {
        match self {
            Self::Remote(remote) => remote.icon(id),
            Self::Starter | Self::Directory(_) => None,
        }
    }

    /// Prepares to watch the source for changes, where it can be watched.
    pub(super) fn watch(&self) -> Watch {
        let changed = Arc::new(Notify::new());
        let Self::Directory(root) = self else { return Watch { changed, folders: None } };
        let notify = Arc::clone(&changed);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                notify.notify_one();
            }
        });
        match watcher {
            Ok(watcher) => {
                let folders = Folders { root: root.clone(), watcher, watched: BTreeSet::new(), is_told: false };
                Watch { changed, folders: Some(Arc::new(Mutex::new(folders))) }
            }
            Err(cause) => {
                tracing::warn!(source = self.id(), %cause, "changes are noticed every few minutes only");
                Watch { changed, folders: None }
            }
        }
    }
}

/// A source that is being watched.
pub(super) struct Watch {
    changed: Arc<Notify>,
    folders: Option<Arc<Mutex<Folders>>>,
}

/// The folders of a source that are being watched.
struct Folders {
    root: PathBuf,
    watcher: notify::RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    /// Whether it was said that not all can be watched.
    is_told: bool,
}

impl Folders {
    /// Watches the folders that there are now, and no others. Blocking.
    fn follow(&mut self) {
        let folders: BTreeSet<PathBuf> = directory::folders(&self.root, WATCHED_MAX).into_iter().collect();
        for gone in self.watched.difference(&folders) {
            // Most often the system has forgotten it with the folder.
            let _ = self.watcher.unwatch(gone);
        }
        let mut problem = (folders.len() >= WATCHED_MAX).then(|| format!("it has more than {WATCHED_MAX} folders"));
        // Those that are watched already, too: under an old name may lie a new folder.
        for folder in &folders {
            if let Err(cause) = self.watcher.watch(folder, notify::RecursiveMode::NonRecursive) {
                // One that has just vanished is told of by the folder above it.
                if !matches!(cause.kind, notify::ErrorKind::PathNotFound) {
                    problem = Some(cause.to_string());
                }
                if matches!(cause.kind, notify::ErrorKind::MaxFilesWatch) {
                    break;
                }
            }
        }
        self.watched = folders;
        if let Some(problem) = problem.filter(|_| !self.is_told) {
            self.is_told = true;
            let source = self.root.display();
            tracing::warn!(%source, problem, "not every folder is watched: some changes are noticed every few minutes only");
        }
    }
}

impl Watch {
    /// Watches the folders that there are now. To be called before each reading: what changes afterwards is told.
    pub(super) async fn follow(&self) {
        if let Some(folders) = &self.folders {
            let folders = Arc::clone(folders);
            // It only fails with the runtime.
            let _ = tokio::task::spawn_blocking(move || folders.lock().follow()).await;
        }
    }

    /// Waits for a change, and then for a second of calm: files are rarely changed alone.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
        while tokio::time::timeout(Duration::from_secs(1), self.changed.notified()).await.is_ok() {}
    }
}
