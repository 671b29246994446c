//! The Node side of the host: one file that this program carries, written out for Node to read.

use std::{fs, path::Path, path::PathBuf};

use rust_embed::RustEmbed;

use super::HostError;

const NAME: &str = "host.cjs";

#[derive(RustEmbed)]
#[folder = "target/host/"]
#[allow_missing = true]
struct Bundle;

/// Writes the script into `folder`, and gives its path.
///
/// # Errors
/// [`HostError::NoScript`] where this program was built without, [`HostError::Folder`] where it cannot be written.
pub(super) fn write(folder: &Path) -> Result<PathBuf, HostError> {
    let content = Bundle::get(NAME).ok_or(HostError::NoScript)?.data;
    let path = folder.join(NAME);
    if fs::read(&path).is_ok_and(|there| there == *content) {
        return Ok(path);
    }
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, &content));
    match written {
        Ok(()) => Ok(path),
        Err(cause) => Err(HostError::Folder { folder: folder.to_path_buf(), cause: cause.to_string() }),
    }
}
