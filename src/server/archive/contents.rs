//! Streams every file of an archive once, and reads what is needed of each on the way.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::domain::finding::Finding;
use crate::domain::module::AuthKind;

use super::drafts::{BundleDraft, ComponentDraft, DisplayDraft};
use super::icon::Icons;
use super::json::Document;
use super::limits::Limits;
use super::names;
use super::report::{CheckError, Report, is_from_system, shown};
use super::script;
use super::structure::Entry;

/// What the files of an archive say, by their paths in the zip.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) bundles: Vec<BundleDraft>,
    pub(super) services: Vec<DisplayDraft>,
    pub(super) modules: Vec<DisplayDraft>,
    pub(super) components: Vec<ComponentDraft>,
    /// Folder of each `auth.js` → its sign-in kind, when that is known.
    pub(super) auths: BTreeMap<String, Option<AuthKind>>,
    /// Components past the limit, of which nothing else is kept.
    surplus: usize,
    /// Scripts that read `context.config`, and the keys that they read.
    pub(super) reads_config: Vec<(String, BTreeSet<String>)>,
    pub(super) icons: Icons,
}

/// Unpacks every file of `entries` into nothing, or into `kept`, checking its size and checksum.
///
/// # Errors
/// Only those of the disk; what is wrong with a file goes to `report`.
pub(super) fn read<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entries: &[Entry],
    limits: &Limits,
    mut kept: Option<&mut BTreeMap<usize, Vec<u8>>>,
    report: &mut Report,
) -> std::io::Result<Contents> {
    let mut contents = Contents::default();
    for entry in entries.iter().filter(|entry| !entry.directory) {
        let role = Role::of(&entry.path);
        // One byte more than is read tells a file of just that size from a longer one.
        let looked_at = role.bytes_read(limits).map_or(0, |max| max.saturating_add(1));
        let wanted = if kept.is_some() { usize::MAX } else { looked_at };
        let mut bytes = Vec::new();
        let sink = |chunk: &[u8]| {
            bytes.extend_from_slice(&chunk[..chunk.len().min(wanted - bytes.len())]);
            true
        };
        match stream(zip, entry, sink)? {
            Streamed::Whole => {
                contents.note(&entry.path, role, &bytes[..bytes.len().min(looked_at)], limits, report);
                if let Some(kept) = &mut kept {
                    kept.insert(entry.index, bytes);
                }
            }
            Streamed::Stopped => {}
            Streamed::Damaged => report.problem(damaged(&entry.path)),
        }
    }
    if contents.surplus > 0 {
        let message = format!(
            "This archive holds {} components; at most {} are allowed. Split the module.",
            contents.components.len() + contents.surplus,
            limits.components
        );
        report.problem(Finding::archive("too-many-components", message));
    }
    Ok(contents)
}

/// Reads the first `max` bytes of `entry` as text.
///
/// # Errors
/// Only those of the disk.
pub(super) fn text<R: Read + Seek>(zip: &mut ZipArchive<R>, entry: &Entry, max: usize) -> std::io::Result<String> {
    let mut kept = Vec::new();
    stream(zip, entry, |chunk| {
        kept.extend_from_slice(&chunk[..chunk.len().min(max - kept.len())]);
        kept.len() < max
    })?;
    Ok(String::from_utf8_lossy(&kept).into_owned())
}

/// Opens an archive whose structure has been checked.
///
/// # Errors
/// A finding when the zip library disagrees with that check, or an error of the disk.
pub(super) fn open<R: Read + Seek>(archive: R) -> Result<ZipArchive<R>, CheckError> {
    let config = zip::read::Config { archive_offset: zip::read::ArchiveOffset::Known(0) };
    ZipArchive::with_config(config, archive).map_err(|error| match error {
        ZipError::Io(error) if is_from_system(&error) => CheckError::Io(error),
        _ => {
            let message = "This zip is damaged. Pack the module again.";
            Finding::archive("unreliable-directory", message).into()
        }
    })
}

fn damaged(path: &str) -> Finding {
    let message = "This file does not unpack to the size and checksum that the zip states: it is \
                   damaged. Pack the module again.";
    Finding::at("damaged-entry", &shown(path.as_bytes()), message)
}

/// How the unpacking of one file went.
pub(super) enum Streamed {
    Whole,
    /// The sink did not want more.
    Stopped,
    Damaged,
}

/// Unpacks one file piece by piece into `sink`, which says whether to go on. Never gives `sink`
/// more bytes than the entry declared.
///
/// # Errors
/// Only those of the disk.
pub(super) fn stream<R: Read + Seek>(
    zip: &mut ZipArchive<R>,
    entry: &Entry,
    mut sink: impl FnMut(&[u8]) -> bool,
) -> std::io::Result<Streamed> {
    let mut file = match zip.by_index(entry.index) {
        Ok(file) => file,
        Err(ZipError::Io(error)) if is_from_system(&error) => return Err(error),
        Err(_) => return Ok(Streamed::Damaged),
    };
    // The library must mean the same entry as the checked structure does.
    if file.name_raw() != entry.path.as_bytes() || file.crc32() != entry.crc {
        return Ok(Streamed::Damaged);
    }
    let mut buffer = vec![0; 64 * 1024];
    let mut left = entry.size;
    loop {
        match file.read(&mut buffer) {
            Ok(0) if left == 0 => return Ok(Streamed::Whole),
            Ok(0) => return Ok(Streamed::Damaged),
            Ok(count) => match left.checked_sub(count as u64) {
                None => return Ok(Streamed::Damaged),
                Some(rest) => {
                    left = rest;
                    if !sink(&buffer[..count]) {
                        return Ok(Streamed::Stopped);
                    }
                }
            },
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) if is_from_system(&error) => return Err(error),
            Err(_) => return Ok(Streamed::Damaged),
        }
    }
}

/// Most `bundle.json` that are read: a module's own, its service's, and enough others to say that there are others.
const BUNDLES_MAX: usize = 10;

/// What a file is read for, by its name.
#[derive(Clone, Copy)]
enum Role {
    Manifest(Kind),
    Auth,
    Script,
    Plain,
}

#[derive(Clone, Copy)]
enum Kind {
    Bundle,
    Service,
    Module,
    Component,
}

impl Role {
    fn of(path: &str) -> Self {
        // Installed packages and build products bring manifests of their own that mean nothing here.
        let is_foreign = path.split('/').any(|segment| matches!(segment, "node_modules" | "artifacts"));
        if is_foreign || names::is_litter(path) {
            return Self::Plain;
        }
        match path.rsplit('/').next().unwrap_or_default() {
            "bundle.json" => Self::Manifest(Kind::Bundle),
            "service.json" => Self::Manifest(Kind::Service),
            "module.json" => Self::Manifest(Kind::Module),
            "component.json" => Self::Manifest(Kind::Component),
            "auth.js" => Self::Auth,
            file if file.ends_with(".js") => Self::Script,
            _ => Self::Plain,
        }
    }

    /// The bytes that are looked at; `None` when none are.
    fn bytes_read(self, limits: &Limits) -> Option<usize> {
        match self {
            Self::Manifest(_) => Some(limits.manifest_bytes),
            Self::Auth | Self::Script => Some(limits.script_bytes),
            Self::Plain => None,
        }
    }
}

impl Contents {
    /// Reads `bytes`, the beginning of the file at `path`.
    fn note(&mut self, path: &str, role: Role, bytes: &[u8], limits: &Limits, report: &mut Report) {
        let Some(max) = role.bytes_read(limits) else { return };
        let is_cut = bytes.len() > max;
        let text = String::from_utf8_lossy(&bytes[..bytes.len().min(max)]);
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        match role {
            Role::Manifest(_) if is_cut => {
                let message = format!("This manifest has more than {max} bytes. Make it smaller.");
                report.problem(Finding::at("manifest-too-large", path, message));
            }
            Role::Manifest(kind) => {
                if let Some(document) = Document::parse(path, bytes, report) {
                    self.note_manifest(kind, &document, limits, report);
                }
            }
            // A script too long to be searched is a build product: it says nothing readable.
            Role::Auth | Role::Script if is_cut => {}
            Role::Auth => {
                self.auths.insert(folder, script::auth_kind(&text));
                self.note_script(path, &text);
            }
            Role::Script => self.note_script(path, &text),
            Role::Plain => {}
        }
    }

    fn note_script(&mut self, path: &str, source: &str) {
        if script::reads_config(source) {
            self.reads_config.push((path.to_owned(), script::config_keys(source)));
        }
    }

    fn note_manifest(&mut self, kind: Kind, document: &Document, limits: &Limits, report: &mut Report) {
        let icons = &mut self.icons;
        match kind {
            Kind::Component if self.components.len() >= limits.components => self.surplus += 1,
            Kind::Component => {
                self.components.extend(ComponentDraft::read(document, icons, limits, report));
            }
            // More could not belong to one module. Keeping them all could fill the memory.
            _ if self.bundles.len() >= BUNDLES_MAX || self.services.len() + self.modules.len() >= limits.components => {
                let message = "This archive holds too many modules. Pack each as a zip of its own.";
                report.problem(Finding::at("several-modules", document.path(), message));
            }
            Kind::Bundle => self.bundles.push(BundleDraft::read(document, report)),
            Kind::Service => self.services.push(DisplayDraft::read(document, icons, limits, report)),
            Kind::Module => self.modules.push(DisplayDraft::read(document, icons, limits, report)),
        }
    }
}
