//! Modules behind an `index.json` on another host.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::{Read, Write},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use sha2::{Digest, Sha256};
use tokio::sync::mpsc::Sender;
use ureq::Agent;

use super::{
    found::{Content, Found, HashingFile, Reading, SourceError, hex, io_error, is_sha256},
    index::{Document, FORMAT, Listed},
};
use crate::{
    domain::finding::Finding,
    server::{
        archive::{Icon, Limits},
        catalogue::index::ListedIcon,
        markup, outbound,
    },
};

/// Largest accepted index: room for ten thousand modules and more.
const INDEX_MAX: u64 = 64 * 1024 * 1024;
const ICON_MAX: u64 = 1024 * 1024;
const ICON_TYPES: [&str; 5] = ["image/png", "image/svg+xml", "image/jpeg", "image/gif", "image/webp"];
const TIMEOUT: Duration = Duration::from_secs(30);
/// A browser waits for icons, six at a time.
const ICON_TIMEOUT: Duration = Duration::from_secs(5);
/// An archive may take longer than an answer.
const ARCHIVE_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// An index on another host.
pub struct Remote {
    address: String,
    agent: Agent,
    /// `None` until the index has been read.
    icons: parking_lot::Mutex<Option<BTreeMap<String, ListedIcon>>>,
    /// An icon could not be fetched and was forgotten, until the index is read anew.
    has_forgotten: AtomicBool,
}

impl Remote {
    /// # Errors
    /// A line that says why the address cannot be used.
    pub fn new(address: &str, allow_private: bool) -> Result<Self, String> {
        let is_index = address.ends_with(".json");
        let secure = address.starts_with("https://");
        if !is_index || !(secure || (allow_private && address.starts_with("http://"))) {
            return Err(format!("the catalogue {address} must be the https address of an index.json"));
        }
        // No redirect is followed: it could lead to an address that the resolver has not seen.
        let config = Agent::config_builder()
            .https_only(!allow_private)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(TIMEOUT))
            .timeout_per_read(Some(TIMEOUT))
            .user_agent(outbound::USER_AGENT)
            .build();
        Ok(Self {
            address: address.to_owned(),
            agent: outbound::agent(config, allow_private),
            icons: parking_lot::Mutex::default(),
            has_forgotten: AtomicBool::new(false),
        })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks for the index, and reads it if it has changed.
    pub(super) fn read(
        &self,
        known: &HashMap<String, String>,
        etag: Option<&str>,
        found: &Sender<Found>,
    ) -> Result<Reading, SourceError> {
        let mut request = self.agent.get(&self.address).config().timeout_global(Some(ARCHIVE_TIMEOUT)).build();
        // After a start the addresses of icons are not known, so the index is read once whether it changed or not.
        if let Some(etag) = etag.filter(|_| self.icons.lock().is_some() && !self.has_forgotten.load(Ordering::Relaxed))
        {
            request = request.header("if-none-match", etag);
        }
        let mut answer = request.call().map_err(network)?;
        if answer.status() == 304 {
            return Ok(Reading { etag: etag.map(str::to_owned), places: None });
        }
        if answer.status() != 200 {
            return Err(SourceError(format!("The catalogue answered with status {}.", answer.status())));
        }
        let etag = answer.headers().get("etag").and_then(|value| value.to_str().ok()).map(str::to_owned);
        let document: Document = serde_json::from_reader(answer.body_mut().with_config().limit(INDEX_MAX).reader())
            .map_err(|cause| SourceError(format!("The catalogue's index cannot be read ({cause}).")))?;
        if document.format > FORMAT {
            return Err(SourceError("The catalogue's index is of a newer format: update Stockroom.".to_owned()));
        }
        *self.icons.lock() = Some(document.icons);
        self.has_forgotten.store(false, Ordering::Relaxed);
        let mut places = HashSet::new();
        for listed in document.modules {
            places.insert(listed.archive.clone());
            if known.get(&listed.archive) != Some(&listed.sha256) && found.blocking_send(to_found(listed)).is_err() {
                break;
            }
        }
        Ok(Reading { etag, places: Some(places) })
    }

    /// Downloads an archive.
    pub(super) fn write(
        &self,
        place: &str,
        limits: &Limits,
        out: &mut HashingFile,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), SourceError> {
        let mut answer = self
            .agent
            .get(self.resolve(place)?)
            .config()
            .timeout_global(Some(ARCHIVE_TIMEOUT))
            .build()
            .call()
            .map_err(network)?;
        if answer.status() != 200 {
            return Err(SourceError(format!(
                "The catalogue answered with status {} for the archive.",
                answer.status()
            )));
        }
        let mut body = answer.body_mut().with_config().limit(limits.archive_bytes + 1).reader();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = body.read(&mut buffer).map_err(io_error)?;
            if read == 0 {
                return Ok(());
            }
            out.write_all(&buffer[..read]).map_err(io_error)?;
            if out.size() > limits.archive_bytes {
                // The caller sees by its size that it is not whole.
                return Ok(());
            }
            if !progress(out.size()) {
                return Err(SourceError("Cancelled.".to_owned()));
            }
        }
    }

    /// Downloads the icon whose SHA-256 begins with `id`; `None` when the index names none, or when what comes is
    /// something else.
    pub(super) fn icon(&self, id: &str) -> Option<Icon> {
        let (sha256, listed) = self.listed(id)?;
        let icon = self.fetch_icon(&sha256, listed);
        if icon.is_none() {
            // The next who asks is not to wait for nothing again.
            self.has_forgotten.store(true, Ordering::Relaxed);
            self.icons.lock().as_mut()?.remove(&sha256);
        }
        icon
    }

    fn listed(&self, id: &str) -> Option<(String, ListedIcon)> {
        let icons = self.icons.lock();
        let (sha256, listed) = icons.as_ref()?.range(id.to_owned()..).next()?;
        sha256.starts_with(id).then(|| (sha256.clone(), listed.clone()))
    }

    fn fetch_icon(&self, sha256: &str, listed: ListedIcon) -> Option<Icon> {
        let address = self.resolve(&listed.href).ok()?;
        let mut answer = self.agent.get(address).config().timeout_global(Some(ICON_TIMEOUT)).build().call().ok()?;
        let mut bytes = Vec::new();
        answer.body_mut().with_config().limit(ICON_MAX).reader().read_to_end(&mut bytes).ok()?;
        (hex(&Sha256::digest(&bytes)) == sha256 && ICON_TYPES.contains(&listed.media_type.as_str())).then(|| Icon {
            sha256: sha256.to_owned(),
            media_type: listed.media_type,
            bytes,
        })
    }

    /// The address of something that lies beside the index. It cannot leave the index's folder.
    fn resolve(&self, place: &str) -> Result<String, SourceError> {
        let folder = self.address.rsplit_once('/').map(|(folder, _)| folder).filter(|_| is_beside(place));
        folder
            .map(|folder| format!("{folder}/{place}"))
            .ok_or_else(|| SourceError(format!("The catalogue's index names a place that is not beside it: {place}")))
    }
}

/// Whether a relative path can stand in an address as it is, and stays below the folder that it starts from.
pub(super) fn is_beside(place: &str) -> bool {
    !place.is_empty()
        && !place.starts_with('/')
        && place.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && place.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/+~@".contains(&b))
}

fn to_found(listed: Listed) -> Found {
    let Listed { archive, sha256, size, mut manifest } = listed;
    // Both become parts of paths and headers (attack ids S7, N3).
    let finding = if !is_sha256(&sha256) {
        Some(Finding::archive("invalid-sha256", "The catalogue's index gives no SHA-256 for it."))
    } else if semver::Version::parse(&manifest.version).is_err() {
        Some(Finding::archive(
            "invalid-version",
            "The version that the catalogue's index gives for it is no SemVer version.",
        ))
    } else {
        None
    };
    if let Some(finding) = finding {
        let content = Content::Broken { name: manifest.name.to_string(), findings: vec![finding] };
        return Found { place: archive, fingerprint: sha256, content, icons: Vec::new() };
    }
    manifest.documentation = manifest.documentation.as_deref().and_then(markup::safe_link);
    let fingerprint = sha256.clone();
    Found {
        place: archive,
        fingerprint,
        content: Content::Module { manifest: Box::new(manifest), sha256, size },
        icons: Vec::new(),
    }
}

fn network(cause: ureq::Error) -> SourceError {
    SourceError(format!("The catalogue cannot be reached ({cause}). What was known of it is still listed."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_lie_beside_their_index() {
        let remote = Remote::new("https://example.com/modules/index.json", false).expect("an address");
        assert_eq!(
            remote.resolve("archives/a-1.0.0.zip").map_err(|SourceError(text)| text),
            Ok("https://example.com/modules/archives/a-1.0.0.zip".to_owned())
        );
        for bad in ["../secret", "/etc/passwd", "https://evil/x", "a//b", "a?b", "%2e%2e/x", ""] {
            assert!(remote.resolve(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_https_is_taken_unless_private_addresses_are_allowed() {
        assert!(Remote::new("http://example.com/index.json", false).is_err());
        assert!(Remote::new("https://example.com/", false).is_err());
        assert!(Remote::new("http://127.0.0.1:9/index.json", true).is_ok());
    }
}
