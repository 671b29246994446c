//! Module archives: reads, checks, packs and unpacks the zips that modules come in.
//!
//! An archive is hostile until [`check`] has accepted it. The check works from the outside in, and
//! each layer trusts only what the one before it has proved:
//!
//! 1. `structure` reads the zip's list of entries and compares it with the entries themselves;
//!    links, devices, unsafe paths and anything that two readers could see differently end it;
//! 2. `contents` unpacks every file once, into nothing, counting bytes and checking checksums;
//! 3. `identity` finds the one module that the files belong to;
//! 4. `manifest` puts together what the manifests and scripts say.
//!
//! The functions block: call them where blocking is allowed. The attack ids in the comments (S1 to
//! S8, N4, T9, X2, X3) are those of the incident list in `docs/SECURITY.md`.

mod contents;
mod directory;
mod drafts;
mod icon;
mod identity;
mod json;
mod layout;
mod limits;
mod manifest;
mod names;
mod pack;
mod part;
mod report;
mod script;
mod sniff;
mod structure;
mod text;
mod tree;
mod unpack;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashSet};
use std::io::{Read, Seek};
use std::sync::Arc;

use crate::domain::finding::Finding;
use crate::domain::module::Manifest;

pub use icon::Icon;
pub use limits::Limits;
pub use pack::{pack, pack_files};
pub use part::Part;
pub use report::{CheckError, Rejected};
pub use tree::{BundleFile, bundle_files};
pub use unpack::{UnpackError, unpack};

use report::Report;

/// An accepted archive: what is in it, and how to unpack it.
#[derive(Clone, Debug)]
pub struct Checked {
    pub manifest: Manifest,
    /// Every icon that the manifest names by its hash, each once.
    pub icons: Vec<Icon>,
    /// The module's files, by path.
    pub files: Vec<PlannedFile>,
    /// Component's name → path of its `component.json` among `files`. A component's folder is
    /// usually its name with slashes, but not always.
    pub component_files: BTreeMap<String, String>,
    /// What the author should know, though it refuses nothing.
    pub warnings: Vec<Finding>,
    /// Sum of the sizes of `files`.
    pub unpacked_bytes: u64,
    /// Folder around the vendor's in the zip, as `folder/`, or empty.
    wrapper: String,
    /// What was unpacked already, by position in the zip's list.
    kept: Arc<BTreeMap<usize, Vec<u8>>>,
}

/// A regular file to be unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Relative path that begins with the vendor's folder: `vendor/service/…`. Safe to join to a
    /// folder: no links, no `..`, no other system's separators.
    pub path: String,
    /// Position in the zip's list of entries.
    pub index: usize,
    /// Bytes once unpacked.
    pub size: u64,
    /// CRC-32 of those bytes.
    pub crc: u32,
}

/// Reads a whole archive and decides whether it may be installed.
///
/// Its structure is checked first, and nothing else is read when that fails. Then every file is
/// unpacked once under hard limits, and the manifests are read. All findings of a stage are
/// reported together. Nothing is written.
///
/// # Errors
/// [`CheckError::Rejected`] with every finding; [`CheckError::Io`] when the disk fails.
pub fn check<R: Read + Seek>(archive: R, limits: &Limits) -> Result<Checked, CheckError> {
    check_keeping(archive, limits, 0)
}

/// As [`check`]. When all files together have at most `kept_bytes`, they stay in memory, and [`unpack()`] need not unpack
/// them once more.
///
/// # Errors
/// As for [`check`].
pub fn check_keeping<R: Read + Seek>(mut archive: R, limits: &Limits, kept_bytes: u64) -> Result<Checked, CheckError> {
    let mut report = Report::new(limits);
    let entries = structure::read(&mut archive, limits, &mut report)?;
    let mut zip = contents::open(&mut archive)?;
    let mut kept = (entries.iter().map(|entry| entry.size).sum::<u64>() <= kept_bytes).then(BTreeMap::new);
    let contents = contents::read(&mut zip, &entries, limits, kept.as_mut(), &mut report)?;
    let identity = match identity::find(&contents) {
        Ok(identity) => identity,
        Err(finding) => {
            report.problem(finding);
            return Err(report.into_rejected().into());
        }
    };
    let belonging = identity::belonging(&identity, &entries, &mut report);
    for (_, entry) in belonging.iter().filter(|(path, _)| names::is_secret(path)) {
        let message = "This looks like a password or private key. Everybody who can download the \
                       module can read it: remove it, and replace it where it is used.";
        report.warn(Finding::at("secret", &entry.path, message));
    }
    let files: HashSet<&str> = belonging.iter().map(|(_, entry)| entry.path.as_str()).collect();
    let mut manifest = manifest::build(&identity, &contents, &files, &mut report);
    report.stop_if_wrong()?;
    let readme = format!("{}/readme.md", identity.name.folder());
    if let Some((_, entry)) = belonging.iter().find(|(path, _)| path.eq_ignore_ascii_case(&readme)) {
        manifest.readme = Some(contents::text(&mut zip, entry, limits.readme_bytes)?);
    }
    let inner = |path: &str| path.strip_prefix(&identity.wrapper).unwrap_or(path).to_owned();
    let component_files = contents.components.iter().map(|c| (c.name.clone(), inner(&c.path))).collect();
    let mut files: Vec<PlannedFile> = belonging
        .into_iter()
        .map(|(path, entry)| PlannedFile { path, index: entry.index, size: entry.size, crc: entry.crc })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Checked {
        icons: contents.icons.used_by(&manifest),
        manifest,
        unpacked_bytes: files.iter().map(|file| file.size).sum(),
        files,
        component_files,
        warnings: report.into_warnings(),
        wrapper: identity.wrapper,
        kept: Arc::new(kept.unwrap_or_default()),
    })
}
