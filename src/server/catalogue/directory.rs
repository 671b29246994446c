//! Modules in a folder: archives, and unpacked trees in the public format, anywhere below it.

use std::{
    collections::{HashMap, HashSet},
    ffi::OsStr,
    fs::{DirEntry, File},
    io::{BufReader, Cursor, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;
use walkdir::WalkDir;

use super::found::{Content, Found, HashingFile, Reading, SourceError, examine, hex, io_error};
use crate::{
    domain::{finding::Finding, name::ModuleName},
    server::archive::{self, BundleFile, Limits},
};

/// How deep below the folder a bundle may lie.
const DEPTH_MAX: usize = 10;
/// Bytes of an archive that are read at once.
const PIECE: usize = 64 * 1024;
const BUNDLE: &str = "bundle.json";

/// Looks through the folder; sends what is new or has changed.
pub(super) fn read(
    root: &Path,
    known: &HashMap<String, String>,
    limits: &Limits,
    found: &Sender<Found>,
) -> Result<Reading, SourceError> {
    if !root.is_dir() {
        return Err(SourceError("The folder is not there. What was known of it is still listed.".to_owned()));
    }
    let mut places = HashSet::new();
    let walk = WalkDir::new(root)
        .max_depth(DEPTH_MAX)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || may_hold_modules(entry.file_name()));
    for entry in walk.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy();
        let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
        let place = if name == BUNDLE { path.parent() } else { is_zip.then_some(path) };
        let Some(place) = place.and_then(|place| relative(root, place)) else { continue };
        let fingerprint = if is_zip { zip_fingerprint(path) } else { tree_fingerprint(root, &place) };
        let unchanged = known.get(&place) == Some(&fingerprint);
        places.insert(place.clone());
        if unchanged {
            continue;
        }
        let (content, icons) =
            if is_zip { examine_zip(path, &place, limits) } else { examine_tree(root, &place, limits) };
        if found.blocking_send(Found { place, fingerprint, content, icons }).is_err() {
            break;
        }
    }
    Ok(Reading { etag: None, places: Some(places) })
}

/// The folder and those below it in which something may change, the shallowest first, at most `max`.
pub(super) fn folders(root: &Path, max: usize) -> Vec<PathBuf> {
    let mut folders = vec![root.to_owned()];
    let mut at = 0;
    while at < folders.len() && folders.len() < max {
        let entries = std::fs::read_dir(&folders[at]).into_iter().flatten().flatten();
        let is_folder = |entry: &DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let below = entries.filter(|entry| is_folder(entry) && may_hold_modules(&entry.file_name()));
        folders.extend(below.map(|entry| entry.path()).take(max - folders.len()));
        at += 1;
    }
    folders
}

fn may_hold_modules(folder: &OsStr) -> bool {
    let name = folder.to_string_lossy();
    !(name.starts_with('.') || name == "node_modules" || name == "artifacts")
}

/// Copies the archive at `place`, or packs the tree there.
pub(super) fn write(root: &Path, place: &str, limits: &Limits, out: &mut HashingFile) -> Result<(), SourceError> {
    let path = root.join(place);
    let gone = || SourceError("Its files are not in the catalogue's folder any more.".to_owned());
    if path.is_file() {
        let file = File::open(&path).map_err(|_| gone())?.take(limits.archive_bytes + 1);
        std::io::copy(&mut BufReader::with_capacity(PIECE, file), out).map_err(io_error)?;
        return Ok(());
    }
    if !path.is_dir() {
        return Err(gone());
    }
    let bytes = pack_tree(root, place, limits).map_err(|finding| SourceError(finding.message))?;
    out.write_all(&bytes).map_err(io_error)
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    path.strip_prefix(root).ok()?.to_str().map(str::to_owned)
}

/// Size and time of change: enough to notice that a file was written again.
fn zip_fingerprint(path: &Path) -> String {
    std::fs::metadata(path)
        .map(|meta| format!("zip {} {}", meta.len(), changed_at(&meta)))
        .unwrap_or_else(|_| "unreadable".to_owned())
}

fn changed_at(meta: &std::fs::Metadata) -> u128 {
    meta.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
}

fn tree_fingerprint(root: &Path, place: &str) -> String {
    let Ok(files) = files_of(root, place) else {
        // The reason may be another one as soon as the manifest is written again.
        return format!("unreadable {}", zip_fingerprint(&root.join(place).join(BUNDLE)));
    };
    let mut hasher = Sha256::new();
    for file in files {
        let at = std::fs::metadata(&file.path).map_or(0, |meta| changed_at(&meta));
        hasher.update(format!("{}\n{}\n{at}\n", file.name, file.size));
    }
    format!("tree {}", hex(&hasher.finalize()))
}

/// The files that the official client would pack for the bundle at `place`.
///
/// The bundle's name says how deep it lies below the folder of the vendors, wherever that is below the source's root.
fn files_of(root: &Path, place: &str) -> Result<Vec<BundleFile>, Finding> {
    let folder = root.join(place);
    let misplaced = || Finding::at("misplaced", BUNDLE, "The bundle does not lie in a folder of its vendor.");
    let vendors = folder.ancestors().nth(depth(&folder)?).ok_or_else(misplaced)?;
    archive::bundle_files(vendors, folder.strip_prefix(vendors).map_err(|_| misplaced())?)
        .map_err(|cause| Finding::archive("unreadable", format!("A file cannot be read ({cause}).")))
}

fn depth(folder: &Path) -> Result<usize, Finding> {
    let unreadable = |cause: String| Finding::at("unreadable-manifest", BUNDLE, cause);
    let text =
        std::fs::read(folder.join(BUNDLE)).map_err(|cause| unreadable(format!("It cannot be read ({cause}).")))?;
    let json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|cause| unreadable(format!("It is no valid JSON: {cause}.")))?;
    let name = json.get("name").and_then(serde_json::Value::as_str).unwrap_or_default();
    ModuleName::parse(name)
        .map(|name| name.as_str().split('.').count())
        .map_err(|cause| Finding::in_json("invalid-name", BUNDLE, "/name", format!("{cause}.")))
}

fn pack_tree(root: &Path, place: &str, limits: &Limits) -> Result<Vec<u8>, Finding> {
    let files = files_of(root, place)?;
    let total: u64 = files.iter().map(|file| file.size).sum();
    if total > limits.unpacked_bytes {
        return Err(Finding::archive(
            "too-large",
            format!("Its files are {total} bytes, over the limit of {}.", limits.unpacked_bytes),
        ));
    }
    let mut contents = Vec::with_capacity(files.len());
    for BundleFile { name, path, .. } in files {
        let bytes = std::fs::read(&path)
            .map_err(|cause| Finding::at("unreadable", &name, format!("It cannot be read ({cause}).")))?;
        contents.push((name, bytes));
    }
    let mut out = Cursor::new(Vec::new());
    archive::pack(contents, &mut out)
        .map_err(|cause| Finding::archive("unpackable", format!("It cannot be packed ({cause}).")))?;
    Ok(out.into_inner())
}

fn examine_tree(root: &Path, place: &str, limits: &Limits) -> (Content, Vec<archive::Icon>) {
    let suggested = suggested_name(place);
    match pack_tree(root, place, limits) {
        Ok(bytes) => {
            let sha256 = hex(&Sha256::digest(&bytes));
            let size = bytes.len() as u64;
            examine(Cursor::new(bytes), limits, &suggested, sha256, size)
        }
        Err(finding) => (Content::Broken { name: suggested, findings: vec![finding] }, Vec::new()),
    }
}

fn examine_zip(path: &Path, place: &str, limits: &Limits) -> (Content, Vec<archive::Icon>) {
    let suggested = suggested_name(place);
    let open = || -> std::io::Result<(File, String, u64)> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let size = std::io::copy(&mut file, &mut HashWriter(&mut hasher))?;
        Ok((file, hex(&hasher.finalize()), size))
    };
    match open() {
        Ok((file, sha256, size)) => examine(file, limits, &suggested, sha256, size),
        Err(cause) => {
            let finding = Finding::archive("unreadable", format!("The file cannot be read ({cause})."));
            (Content::Broken { name: suggested, findings: vec![finding] }, Vec::new())
        }
    }
}

struct HashWriter<'a>(&'a mut Sha256);

impl Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A module's name made of the end of its path, for what cannot say its own name.
fn suggested_name(place: &str) -> String {
    let place = place.strip_suffix(".zip").unwrap_or(place);
    let mut parts: Vec<&str> = place.split('/').collect();
    parts.drain(..parts.len().saturating_sub(3));
    parts.join(".")
}
