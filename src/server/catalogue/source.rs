//! One place that modules come from: how it is named, read, watched and fetched from.

use std::{
    collections::{HashMap, HashSet},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use notify::Watcher;
use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc::Sender};

use super::{directory, listing, remote::Remote, starter};
use crate::{
    domain::{
        finding::Finding,
        module::Manifest,
        search::{Card, Entry},
    },
    server::{
        archive::{self, CheckError, Icon, Limits, Rejected},
        store::catalogue::Offer,
    },
};

/// A place that modules come from.
pub enum Source {
    /// The modules inside this program.
    Starter,
    /// A folder with archives, unpacked trees or both, anywhere below it.
    Directory(PathBuf),
    /// An `index.json` on another host.
    Remote(Remote),
}

/// Why a source could not be read or fetched from, in plain words with what to do.
#[derive(Debug)]
pub struct SourceError(pub String);

/// An archive in a temporary file, at its start.
pub struct Fetched {
    pub file: tempfile::NamedTempFile,
    pub sha256: String,
    pub size: u64,
}

/// An entry that is new or has changed.
pub struct Found {
    pub place: String,
    pub fingerprint: String,
    pub content: Content,
    pub icons: Vec<Icon>,
}

/// What lies at a place.
pub enum Content {
    Module {
        manifest: Box<Manifest>,
        sha256: String,
        size: u64,
    },
    /// Something that is meant to be a module, with the name that its place suggests.
    Broken {
        name: String,
        findings: Vec<Finding>,
    },
}

/// How a reading went.
pub(super) struct Reading {
    pub etag: Option<String>,
    /// Every place that the source has; `None` when it said that nothing has changed.
    pub places: Option<HashSet<String>>,
}

impl Found {
    pub(super) fn into_offer(self, source: &str) -> Offer {
        let base = Offer {
            source: source.to_owned(),
            place: self.place,
            fingerprint: self.fingerprint,
            name: String::new(),
            version: String::new(),
            sha256: String::new(),
            size: 0,
            manifest: None,
            card: Entry::default(),
            findings: Vec::new(),
        };
        match self.content {
            Content::Module { manifest, sha256, size } => Offer {
                name: manifest.name.to_string(),
                version: manifest.version.clone(),
                sha256,
                size,
                card: listing::entry_of(&manifest),
                manifest: Some(*manifest),
                ..base
            },
            Content::Broken { name, findings } => {
                let reason = findings.first().map_or_else(|| "It cannot be read.".to_owned(), ToString::to_string);
                let label = name.rsplit('.').next().unwrap_or_default().to_owned();
                let card = Card { name: name.clone(), label, broken: Some(reason), ..Card::default() };
                Offer { name, card: Entry { card, component_names: String::new() }, findings, ..base }
            }
        }
    }
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

    /// The icon with this SHA-256, from beside a remote index.
    pub(super) fn fetch_icon(&self, sha256: &str) -> Option<Icon> {
        match self {
            Self::Remote(remote) => remote.icon(sha256),
            Self::Starter | Self::Directory(_) => None,
        }
    }

    /// Watches the source for changes, where it can be watched.
    pub(super) fn watch(&self) -> Watch {
        let changed = std::sync::Arc::new(Notify::new());
        let Self::Directory(root) = self else { return Watch { changed, _watcher: None } };
        let notify = std::sync::Arc::clone(&changed);
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|event| !event.kind.is_access()) {
                notify.notify_one();
            }
        })
        .and_then(|mut watcher| {
            watcher.watch(root, notify::RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        match watcher {
            Ok(watcher) => Watch { changed, _watcher: Some(watcher) },
            Err(cause) => {
                tracing::warn!(source = self.id(), %cause, "changes are noticed every few minutes only");
                Watch { changed, _watcher: None }
            }
        }
    }
}

/// A source that is being watched.
pub(super) struct Watch {
    changed: std::sync::Arc<Notify>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl Watch {
    /// Waits for a change, and then for a second of calm: files are rarely changed alone.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
        while tokio::time::timeout(Duration::from_secs(1), self.changed.notified()).await.is_ok() {}
    }
}

/// Checks the archive in `file` as every way in does, and says what to list.
pub(super) fn examine<R: Read + Seek>(
    archive: R,
    limits: &Limits,
    suggested_name: &str,
    sha256: String,
    size: u64,
) -> (Content, Vec<Icon>) {
    match archive::check(archive, limits) {
        Ok(checked) => (Content::Module { manifest: Box::new(checked.manifest), sha256, size }, checked.icons),
        Err(CheckError::Rejected(Rejected { findings })) => {
            (Content::Broken { name: suggested_name.to_owned(), findings }, Vec::new())
        }
        Err(CheckError::Io(cause)) => {
            let finding = Finding::archive("unreadable", format!("The archive cannot be read ({cause})."));
            (Content::Broken { name: suggested_name.to_owned(), findings: vec![finding] }, Vec::new())
        }
    }
}

/// A temporary file that hashes what is written to it.
pub(super) struct HashingFile {
    file: tempfile::NamedTempFile,
    hasher: Sha256,
    size: u64,
}

impl HashingFile {
    pub(super) fn new_in(folder: &Path) -> Result<Self, SourceError> {
        let file = tempfile::NamedTempFile::new_in(folder)
            .map_err(|cause| SourceError(format!("The data folder cannot be written ({cause}).")))?;
        Ok(Self { file, hasher: Sha256::new(), size: 0 })
    }

    /// Bytes written so far.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn finish(mut self) -> Result<Fetched, SourceError> {
        self.file.rewind().map_err(io_error)?;
        Ok(Fetched { file: self.file, sha256: hex(&self.hasher.finalize()), size: self.size })
    }
}

impl Write for HashingFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// An I/O failure in words for an administrator.
pub(super) fn io_error(cause: std::io::Error) -> SourceError {
    SourceError(format!("The archive could not be read ({cause})."))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
