//! The starter modules that this program carries.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{Cursor, Write},
};

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;

use super::found::{Found, HashingFile, Reading, SourceError, examine, hex, io_error};
use crate::server::archive::{self, Limits};

#[derive(RustEmbed)]
#[folder = "modules/stockroom/"]
struct Files;

const VENDOR: &str = "stockroom";

/// The files of each bundle, by its folder.
fn bundles() -> BTreeMap<String, Vec<String>> {
    let mut bundles: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in Files::iter() {
        if let Some((service, _)) = path.split_once('/') {
            bundles.entry(format!("{VENDOR}/{service}")).or_default().push(path.into_owned());
        }
    }
    bundles
}

fn fingerprint(files: &[String]) -> String {
    let mut hasher = Sha256::new();
    for path in files {
        if let Some(file) = Files::get(path) {
            hasher.update(path.as_bytes());
            hasher.update(file.metadata.sha256_hash());
        }
    }
    hex(&hasher.finalize())
}

fn pack(files: &[String]) -> Result<Vec<u8>, SourceError> {
    let contents =
        files.iter().filter_map(|path| Some((format!("{VENDOR}/{path}"), Files::get(path)?.data.into_owned())));
    let mut out = Cursor::new(Vec::new());
    archive::pack(contents, &mut out).map_err(io_error)?;
    Ok(out.into_inner())
}

/// Reads those that another version of this program did not have.
pub(super) fn read(
    known: &HashMap<String, String>,
    limits: &Limits,
    found: &Sender<Found>,
) -> Result<Reading, SourceError> {
    let bundles = bundles();
    for (place, files) in &bundles {
        let fingerprint = fingerprint(files);
        if known.get(place) == Some(&fingerprint) {
            continue;
        }
        let bytes = pack(files)?;
        let (sha256, size) = (hex(&Sha256::digest(&bytes)), bytes.len() as u64);
        let (content, icons) = examine(Cursor::new(bytes), limits, &place.replace('/', "."), sha256, size);
        if found.blocking_send(Found { place: place.clone(), fingerprint, content, icons }).is_err() {
            break;
        }
    }
    Ok(Reading { etag: None, places: Some(bundles.into_keys().collect::<HashSet<_>>()) })
}

pub(super) fn write(place: &str, out: &mut HashingFile) -> Result<(), SourceError> {
    let bundles = bundles();
    let files = bundles
        .get(place)
        .ok_or_else(|| SourceError("This version of Stockroom does not carry the module any more.".to_owned()))?;
    out.write_all(&pack(files)?).map_err(io_error)
}
