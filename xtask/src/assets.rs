//! A folder that is brought to a wanted state, touching only what differs.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use walkdir::WalkDir;

/// The files of a folder: relative path and content.
pub type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Reads all files below `folder`; a folder that is not there has none.
pub fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for path in paths(folder)? {
        let content = fs::read(folder.join(&path)).with_context(|| format!("cannot read {}", path.display()))?;
        files.insert(path, content);
    }
    Ok(files)
}

/// The relative paths of all files below `folder`, in order, without hidden ones such as an editor's.
pub fn paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    if !folder.exists() {
        return Ok(paths);
    }
    let visible = |name: &std::ffi::OsStr| !name.as_encoded_bytes().starts_with(b".");
    let walk = WalkDir::new(folder).sort_by_file_name();
    for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || visible(entry.file_name())) {
        let entry = entry?;
        if entry.file_type().is_file() {
            paths.push(entry.path().strip_prefix(folder)?.to_path_buf());
        }
    }
    Ok(paths)
}

/// Brings a file to hold `content`. It is written whole or not at all, so that an interrupted build leaves no half
/// file; and not when it holds that already, so that its time tells cargo when it last changed.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    if holds(path, content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, content).with_context(|| format!("cannot write {}", path.display()))?;
    fs::rename(&part, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Whether the file is there with this content.
pub fn holds(path: &Path, content: &[u8]) -> bool {
    fs::read(path).is_ok_and(|there| there == content)
}

/// Deletes every file below `folder` that is not `wanted`, and the folders that this empties.
pub fn delete_others(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in WalkDir::new(folder).min_depth(1).contents_first(true) {
        let entry = entry?;
        if entry.file_type().is_dir() {
            if fs::read_dir(entry.path())?.next().is_none() {
                fs::remove_dir(entry.path())?;
            }
        } else if !wanted(entry.path().strip_prefix(folder)?) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
