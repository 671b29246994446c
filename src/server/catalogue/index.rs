//! The `index.json` that makes a folder of archives a catalogue for other machines: its shape, and how it is written.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    directory,
    found::{Content, Found, SourceError},
    remote,
};
use crate::{domain::module::Manifest, server::archive::Limits};

/// Version of this shape. A reader refuses a higher one.
pub(super) const FORMAT: u32 = 1;

/// The document. Addresses are relative to its own.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    pub format: u32,
    pub modules: Vec<Listed>,
    /// Icons that `modules` name, by SHA-256: media type and address.
    #[serde(default)]
    pub icons: BTreeMap<String, ListedIcon>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Listed {
    /// Address of the archive.
    pub archive: String,
    pub sha256: String,
    /// Bytes of the archive.
    pub size: u64,
    #[serde(flatten)]
    pub manifest: Manifest,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ListedIcon {
    #[serde(rename = "type")]
    pub media_type: String,
    pub href: String,
}

/// What [`write_index`] did.
#[derive(Debug)]
pub struct Written {
    pub modules: usize,
    /// A line for each module that was left out.
    pub left_out: Vec<String>,
}

/// Writes `index.json`, the archives that it names (`archives/`) and their icons (`icons/`) into `folder`, out of the
/// modules found anywhere below it.
///
/// # Errors
/// A line for the terminal when the folder cannot be read or written.
pub fn write_index(folder: &Path, limits: &Limits) -> Result<Written, String> {
    let text = |SourceError(problem)| problem;
    let folder =
        std::fs::canonicalize(folder).map_err(|cause| format!("{} cannot be opened ({cause})", folder.display()))?;
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<Found>(64);
    let reading = {
        let (folder, limits) = (folder.clone(), limits.clone());
        std::thread::spawn(move || directory::read(&folder, &HashMap::new(), &limits, &sender))
    };
    let mut written = Written { modules: 0, left_out: Vec::new() };
    let mut listed: BTreeMap<String, Listed> = BTreeMap::new();
    let mut icons = BTreeMap::new();
    let io = |cause: std::io::Error| format!("{} cannot be written ({cause})", folder.display());
    for sub in ["archives", "icons"] {
        std::fs::create_dir_all(folder.join(sub)).map_err(io)?;
    }
    while let Some(found) = receiver.blocking_recv() {
        let Content::Module { manifest, sha256, size } = found.content else {
            if let Content::Broken { name, findings } = found.content {
                let reason = findings.first().map_or_else(String::new, ToString::to_string);
                written.left_out.push(format!("{name} ({}): {reason}", found.place));
            }
            continue;
        };
        for icon in found.icons {
            let href = format!("icons/{}.{}", icon.sha256, extension(&icon.media_type));
            write_new(&folder.join(&href), &icon.bytes).map_err(io)?;
            icons.insert(icon.sha256, ListedIcon { media_type: icon.media_type, href });
        }
        // An archive that lies in the folder is named where it lies; one made of a tree goes to `archives/`.
        // One whose path cannot stand in an address as it is goes there, too.
        let archive = if found.place.ends_with(".zip") && remote::is_beside(&found.place) {
            found.place
        } else {
            let archive = format!("archives/{}-{}-{}.zip", manifest.name, manifest.version, &sha256[..12]);
            let mut out = super::found::HashingFile::new_in(&folder).map_err(text)?;
            directory::write(&folder, &found.place, limits, &mut out).map_err(text)?;
            let fetched = out.finish().map_err(text)?;
            publish(fetched.file, &folder.join(&archive)).map_err(io)?;
            archive
        };
        // The same bytes at two places are one module.
        listed.insert(
            format!("{} {} {sha256}", manifest.name, manifest.version),
            Listed { archive, sha256, size, manifest: *manifest },
        );
    }
    match reading.join() {
        Ok(result) => result.map(drop).map_err(text)?,
        Err(_) => return Err("the folder could not be read to its end".to_owned()),
    }
    written.modules = listed.len();
    let document = Document { format: FORMAT, modules: listed.into_values().collect(), icons };
    let json = serde_json::to_vec_pretty(&document).map_err(|cause| cause.to_string())?;
    let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(io)?;
    std::io::Write::write_all(&mut file, &json).map_err(io)?;
    publish(file, &folder.join("index.json")).map_err(io)?;
    Ok(written)
}

/// Gives a temporary file its name, and lets everybody read it: a web server is often somebody else.
fn publish(file: tempfile::NamedTempFile, path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    file.persist(path).map(drop).map_err(|cause| cause.error)
}

fn write_new(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if path.exists() { Ok(()) } else { std::fs::write(path, bytes) }
}

fn extension(media_type: &str) -> &'static str {
    match media_type {
        "image/svg+xml" => "svg",
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        _ => "bin",
    }
}
