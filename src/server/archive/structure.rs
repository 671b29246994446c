//! Decides whether a zip's structure is safe, before anything inside it is read.

use std::collections::HashMap;
use std::io::{Read, Seek};

use crate::domain::finding::Finding;

use super::directory::{self, Record};
use super::layout;
use super::limits::Limits;
use super::names;
use super::report::{CheckError, Report, shown};

/// A file or folder of an archive whose name and kind are safe.
pub(super) struct Entry {
    /// Position in the zip's list.
    pub(super) index: usize,
    /// As in the zip, without a closing slash.
    pub(super) path: String,
    pub(super) directory: bool,
    /// Declared bytes once unpacked: within the limits, and refused later if untrue.
    pub(super) size: u64,
    pub(super) crc: u32,
}

/// Reads the list of entries and checks everything about it that needs no unpacking.
///
/// # Errors
/// Everything that is wrong with the structure, or an error of the disk.
pub(super) fn read<R: Read + Seek>(
    archive: &mut R,
    limits: &Limits,
    report: &mut Report,
) -> Result<Vec<Entry>, CheckError> {
    let directory = directory::read(archive, limits)?;
    let mut entries = Vec::new();
    let mut paths = Paths::default();
    let mut total: u64 = 0;
    for record in &directory.records {
        match check_record(record, limits).and_then(|entry| paths.add(&entry).map(|()| entry)) {
            Ok(entry) => {
                total = total.saturating_add(entry.size);
                entries.push(entry);
            }
            Err(finding) => report.problem(finding),
        }
    }
    if total > limits.unpacked_bytes {
        let message =
            format!("Unpacked, this archive would take {total} bytes; at most {} are allowed.", limits.unpacked_bytes);
        report.problem(Finding::archive("unpacked-too-large", message));
    }
    layout::check(archive, &directory, report)?;
    report.stop_if_wrong()?;
    Ok(entries)
}

const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Encrypted, patched data, strong encryption, masked headers (APPNOTE 4.4.4).
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const PATCHED: u16 = 1 << 5;
const DOS_DIRECTORY: u32 = 0x10;

fn check_record(record: &Record, limits: &Limits) -> Result<Entry, Finding> {
    let shown_path = shown(&record.raw_name);
    let problem = |code: &str, message: &str| Finding::at(code, &shown_path, message);
    let (path, directory) = names::read(&record.raw_name, limits).map_err(|flaw| problem(flaw.code, &flaw.message))?;
    if record.flags & ENCRYPTED != 0 {
        return Err(problem("encrypted", "This file is encrypted. Pack it without a password."));
    }
    if record.flags & PATCHED != 0 || !matches!(record.method, STORED | DEFLATED) {
        return Err(problem(
            "compression-method",
            "This file is compressed in a way that not every reader knows. Pack it with the \
             ordinary method (deflate).",
        ));
    }
    if record.disk != 0 {
        return Err(problem("split-archive", "This file lies in another part of a split archive."));
    }
    check_kind(record, directory).map_err(|(code, message)| problem(code, message))?;
    check_sizes(record, directory, limits).map_err(|(code, message)| problem(code, &message))?;
    Ok(Entry { index: record.index, path, directory, size: record.size.into(), crc: record.crc })
}

/// Only plain files and folders pass, whichever system wrote the archive (S1, S2).
fn check_kind(record: &Record, directory: bool) -> Result<(), (&'static str, &'static str)> {
    const SETUID_OR_SETGID: u32 = 0o6000;
    let mode = record.attributes >> 16;
    let contradicts = match mode & 0o170_000 {
        0 => false,
        0o100_000 => directory,
        0o040_000 => !directory,
        0o120_000 => {
            return Err(("symlink", "This is a link. Replace it with the file it points to."));
        }
        _ => {
            return Err(("special-file", "This is a device, pipe or socket. Modules hold only files and folders."));
        }
    };
    if contradicts || (record.attributes & DOS_DIRECTORY != 0 && !directory) {
        return Err(("file-and-folder", "The zip calls this both a file and a folder. Pack the module again."));
    }
    if mode & SETUID_OR_SETGID != 0 {
        return Err(("setuid", "This file asks to run with another user's rights. Remove its setuid and setgid bits."));
    }
    Ok(())
}

fn check_sizes(record: &Record, directory: bool, limits: &Limits) -> Result<(), (&'static str, String)> {
    let (packed, size) = (u64::from(record.packed), u64::from(record.size));
    if record.packed == u32::MAX || record.size == u32::MAX || record.header == u32::MAX {
        return Err(("zip64", "This file's size is given in the ZIP64 form. Pack it as an ordinary zip.".to_owned()));
    }
    if directory && (size != 0 || record.crc != 0) {
        return Err(("folder-with-data", "This folder holds data of its own. Pack the module again.".to_owned()));
    }
    if record.method == STORED && packed != size {
        return Err((
            "headers-disagree",
            "This file is stored as it is, but its two sizes differ. Pack the module again.".to_owned(),
        ));
    }
    if size > limits.entry_bytes {
        let message =
            format!("Unpacked, this file would take {size} bytes; at most {} are allowed.", limits.entry_bytes);
        return Err(("entry-too-large", message));
    }
    // Division, because the product could be larger than any number.
    if size > limits.ratio_from_bytes && size / limits.ratio.max(1) >= packed.max(1) {
        let message = format!(
            "This file grows more than {} times when unpacked, as attacks on servers do. Leave it out.",
            limits.ratio
        );
        return Err(("compression-ratio", message));
    }
    Ok(())
}

/// Every path so far, so that no two meet on any file system.
#[derive(Default)]
struct Paths {
    /// Folded path → as written, and whether a folder.
    seen: HashMap<String, (String, bool)>,
    /// Folders that have an entry of their own.
    listed: std::collections::HashSet<String>,
}

impl Paths {
    fn add(&mut self, entry: &Entry) -> Result<(), Finding> {
        let parents = entry.path.match_indices('/').map(|(at, _)| &entry.path[..at]);
        for parent in parents {
            self.meet(parent, true, entry)?;
        }
        let is_new = self.meet(&entry.path, entry.directory, entry)?;
        let listed_before = entry.directory && !self.listed.insert(entry.path.clone());
        if listed_before || (!entry.directory && !is_new) {
            let message = "This path is in the zip twice. Pack the module again.";
            return Err(Finding::at("duplicate-path", &shown(entry.path.as_bytes()), message));
        }
        Ok(())
    }

    /// Notes `path`; true when it is new.
    fn meet(&mut self, path: &str, directory: bool, entry: &Entry) -> Result<bool, Finding> {
        let key = names::folded(path);
        let Some((before, was_directory)) = self.seen.get(&key) else {
            self.seen.insert(key, (path.to_owned(), directory));
            return Ok(true);
        };
        let at = shown(entry.path.as_bytes());
        let other = shown(before.as_bytes());
        if *was_directory != directory {
            let message = format!("`{other}` is both a file and a folder. Rename one of them.");
            return Err(Finding::at("file-and-folder", &at, message));
        }
        if before != path {
            let message = format!(
                "This path and `{other}` differ only in letter case or in how letters are \
                 composed: many systems take them for the same. Rename one of them."
            );
            return Err(Finding::at("name-collision", &at, message));
        }
        Ok(false)
    }
}
