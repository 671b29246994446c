//! What reading a source gives, and what fetching from it gives: the words that all sources share.

use std::{
    collections::HashSet,
    io::{Read, Seek, Write},
    path::Path,
};

use sha2::{Digest, Sha256};

use super::listing;
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

/// Whether `text` is a SHA-256 as this program writes it. What comes from elsewhere must be one before it is joined to
/// a path.
pub fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
