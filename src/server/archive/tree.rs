//! Lists the files of a bundle in a folder tree, as the official client would pack them.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::names::is_litter;

/// A file of a bundle on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleFile {
    /// Path in the archive: `vendor/service/…`, with slashes.
    pub name: String,
    /// Path on the disk.
    pub path: PathBuf,
    /// Bytes.
    pub size: u64,
}

/// Lists the files of the bundle in `bundle_folder`, sorted by name. The folder is `vendor/service` or
/// `vendor/service/module` below `root`, given from there or with `root` in front.
///
/// A module's archive carries its service's files too, except the folders of sibling modules (those
/// with a `module.json`). Left out as by the official client's `pack`: `node_modules`, `artifacts`,
/// `package-lock.json`, `test-flow*.json`; and also `.git` and what operating systems leave
/// behind. Links are skipped, never followed.
///
/// # Errors
/// When `bundle_folder` is no such path or leads through a link, a name is not UTF-8, or the disk
/// fails.
pub fn bundle_files(root: &Path, bundle_folder: &Path) -> io::Result<Vec<BundleFile>> {
    let segments = segments(bundle_folder.strip_prefix(root).unwrap_or(bundle_folder))?;
    let mut folder = root.to_path_buf();
    for segment in &segments {
        folder.push(segment);
        if !fs::symlink_metadata(&folder)?.is_dir() {
            let message = format!("{} is not a folder", bundle_folder.display());
            return Err(io::Error::new(io::ErrorKind::NotADirectory, message));
        }
    }
    let service = root.join(segments[0]).join(segments[1]);
    let mut files = Vec::new();
    let mut pending = vec![(service, segments[..2].join("/"))];
    while let Some((folder, prefix)) = pending.pop() {
        let is_service = prefix.bytes().filter(|&byte| byte == b'/').count() == 1;
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                let message = format!("{prefix} holds a file whose name is not UTF-8");
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            };
            if is_left_out(&name) {
                continue;
            }
            let inner = format!("{prefix}/{name}");
            // Of the entry itself: a link is neither a folder nor a file here.
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                let is_own = segments.get(2).is_none_or(|module| *module == name);
                let is_sibling = is_service && !is_own && entry.path().join("module.json").exists();
                if !is_sibling {
                    pending.push((entry.path(), inner));
                }
            } else if metadata.is_file() {
                files.push(BundleFile { name: inner, path: entry.path(), size: metadata.len() });
            }
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

/// The two or three names that `bundle_folder` consists of.
fn segments(bundle_folder: &Path) -> io::Result<Vec<&str>> {
    let plain: Option<Vec<&str>> = bundle_folder
        .components()
        .map(|component| match component {
            Component::Normal(name) => name.to_str(),
            _ => None,
        })
        .collect();
    plain.filter(|segments| (2..=3).contains(&segments.len())).ok_or_else(|| {
        let message = format!("{} is not vendor/service[/module]", bundle_folder.display());
        io::Error::new(io::ErrorKind::InvalidInput, message)
    })
}

fn is_left_out(name: &str) -> bool {
    matches!(name, "node_modules" | "artifacts" | "package-lock.json" | ".git")
        || (name.starts_with("test-flow") && name.ends_with(".json"))
        || is_litter(name)
}
