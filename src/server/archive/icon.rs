//! Decodes the icons that manifests carry as `data:` addresses, each kept once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::domain::finding::Finding;
use crate::domain::module::Manifest;

use super::limits::Limits;
use super::report::Report;

/// An icon as the manifest's author made it. An SVG may hold scripts: serve it sandboxed (X3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Icon {
    /// Of `bytes`, in lower-case hex.
    pub sha256: String,
    /// `image/png`, `image/svg+xml`, `image/jpeg`, `image/gif` or `image/webp`: nothing else.
    pub media_type: String,
    pub bytes: Vec<u8>,
}

/// Padding and leftover bits are not worth refusing an icon for.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// All icons of an archive by hash: components often repeat their module's.
#[derive(Default)]
pub(super) struct Icons {
    by_hash: BTreeMap<String, Icon>,
    /// Bytes kept so far.
    total: usize,
    /// The address that was kept last, and its hash: what comes next is often the same again.
    latest: Option<(String, String)>,
}

impl Icons {
    /// Decodes and keeps the icon in `address`, the field `icon` of the manifest at `path`; gives its hash. An unusable
    /// icon is only a warning.
    pub(super) fn add(&mut self, address: &str, limits: &Limits, path: &str, report: &mut Report) -> Option<String> {
        let address = address.trim();
        if address.is_empty() {
            return None;
        }
        if let Some((_, sha256)) = self.latest.as_ref().filter(|(latest, _)| latest == address) {
            return Some(sha256.clone());
        }
        match decode(address, limits.icon_bytes).and_then(|icon| self.keep(icon, limits)) {
            Ok(sha256) => {
                self.latest = Some((address.to_owned(), sha256.clone()));
                Some(sha256)
            }
            Err(why) => {
                let message = format!("The icon is left out: {why}.");
                report.warn(Finding::in_json("icon", path, "/icon", message));
                None
            }
        }
    }

    fn keep(&mut self, (media_type, bytes): (&str, Vec<u8>), limits: &Limits) -> Result<String, String> {
        let sha256 = hex(&Sha256::digest(&bytes));
        if !self.by_hash.contains_key(&sha256) {
            if self.total + bytes.len() > limits.icons_bytes {
                return Err(format!("all icons together have more than {} bytes", limits.icons_bytes));
            }
            self.total += bytes.len();
            let icon = Icon { sha256: sha256.clone(), media_type: media_type.to_owned(), bytes };
            self.by_hash.insert(sha256.clone(), icon);
        }
        Ok(sha256)
    }

    /// The icons that `manifest` refers to.
    pub(super) fn used_by(mut self, manifest: &Manifest) -> Vec<Icon> {
        let components = manifest.components.iter().filter_map(|component| component.icon.as_ref());
        components.chain(&manifest.icon).filter_map(|sha256| self.by_hash.remove(sha256)).collect()
    }
}

fn decode(address: &str, max_bytes: usize) -> Result<(&'static str, Vec<u8>), String> {
    let rest = address
        .get(..5)
        .filter(|scheme| scheme.eq_ignore_ascii_case("data:"))
        .and_then(|_| address.get(5..))
        .ok_or("it is not a data: address, and icons from elsewhere are not loaded")?;
    let (head, data) = rest.split_once(',').ok_or("its data: address holds no data")?;
    let mut parameters = head.split(';').map(|parameter| parameter.trim().to_ascii_lowercase());
    let media_type = match parameters.next().unwrap_or_default().as_str() {
        "image/png" => "image/png",
        "image/svg+xml" => "image/svg+xml",
        "image/jpeg" | "image/jpg" => "image/jpeg",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        _ => return Err("only PNG, SVG, JPEG, GIF and WebP are shown".to_owned()),
    };
    // Percent-encoding takes at most three times the room, Base64 less.
    if data.len() / 3 > max_bytes {
        return Err(format!("it has more than {max_bytes} bytes"));
    }
    // As it stands where nothing is encoded, which icons of half a megabyte notice.
    let mut plain: Cow<'_, [u8]> = percent_decode_str(data).into();
    let bytes = if parameters.any(|parameter| parameter == "base64") {
        if plain.iter().any(u8::is_ascii_whitespace) {
            plain.to_mut().retain(|byte| !byte.is_ascii_whitespace());
        }
        BASE64.decode(plain).map_err(|error| format!("it is not valid Base64 ({error})"))?
    } else {
        plain.into_owned()
    };
    match bytes.len() {
        0 => Err("it is empty".to_owned()),
        length if length > max_bytes => Err(format!("it has more than {max_bytes} bytes")),
        _ => Ok((media_type, bytes)),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
