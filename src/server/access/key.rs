//! The installation's secret key: it signs tokens, and encrypts the connectors' secrets in the store.

use std::{
    fs::{self, File},
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::server::{
    catalogue::hex,
    error::{Result, ServerError},
};

/// Length of the secret, in bytes.
const LENGTH: usize = 32;
const NONCE: usize = 24;

/// A secret of 32 bytes, and the keys that are derived from it. Never shown, not even to a log.
#[derive(Clone)]
pub struct SecretKey {
    signing: [u8; 32],
    sealing: [u8; 32],
    webhooks: [u8; 32],
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

impl SecretKey {
    /// Reads the key from its file; makes both where there is none.
    ///
    /// # Errors
    /// A line for the terminal that says what to do, for example when others may read the file.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        match fs::read_to_string(path) {
            Ok(text) => {
                let mode = fs::metadata(path).map_err(|cause| format!("{name}: {cause}"))?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(format!(
                        "the key file {name} can be read by others (mode {:o}): run chmod 600 {name}",
                        mode & 0o777
                    ));
                }
                Self::parse(&text).ok_or_else(|| {
                    format!("the key file {name} holds no key of {LENGTH} bytes in base64: restore it from a backup")
                })
            }
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                let secret = random::<LENGTH>().map_err(|cause| cause.to_string())?;
                let written = (|| {
                    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
                    writeln!(file, "{}", STANDARD.encode(secret))?;
                    file.sync_all()
                })();
                written.map_err(|cause: std::io::Error| format!("the key file {name} cannot be written ({cause})"))?;
                Ok(Self::derive(&secret))
            }
            Err(cause) => Err(format!("the key file {name} cannot be read ({cause})")),
        }
    }

    /// Reads a key of 32 bytes in base64.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = STANDARD.decode(text.trim()).ok()?;
        let secret: [u8; LENGTH] = bytes.try_into().ok()?;
        Some(Self::derive(&secret))
    }

    fn derive(secret: &[u8; LENGTH]) -> Self {
        Self {
            signing: mac(secret, b"stockroom: tokens"),
            sealing: mac(secret, b"stockroom: secrets at rest"),
            webhooks: mac(secret, b"stockroom: webhooks"),
        }
    }

    /// The HMAC-SHA256 of `message` under the signing key.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        mac(&self.signing, message)
    }

    /// Whether `signature` is that of `message`, in a time that tells nothing.
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        keyed(&self.signing).chain_update(message).verify_slice(signature).is_ok()
    }

    /// What receivers of the system webhook check signatures with. It opens nothing else.
    pub fn webhook_secret(&self) -> WebhookSecret {
        WebhookSecret(hex(&self.webhooks))
    }

    /// Encrypts `plain`; `place` says where it is kept, and it opens nowhere else.
    pub fn seal(&self, place: &str, plain: &str) -> Result<String> {
        let nonce = random::<NONCE>()?;
        let payload = Payload { msg: plain.as_bytes(), aad: place.as_bytes() };
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| ServerError::internal("a secret could not be encrypted"))?;
        Ok(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Decrypts what [`SecretKey::seal`] made for the same place.
    ///
    /// # Errors
    /// [`ServerError::Internal`] when it was made with another key, for another place, or was changed since.
    pub fn unseal(&self, place: &str, sealed: &str) -> Result<String> {
        let fault = || {
            ServerError::internal(format!(
                "the value kept for {place} does not open: is this the key file that it was made with?"
            ))
        };
        let bytes = STANDARD.decode(sealed).map_err(|_| fault())?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE).ok_or_else(fault)?;
        let nonce: [u8; NONCE] = nonce.try_into().map_err(|_| fault())?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let plain = self.cipher().decrypt(&XNonce::from(nonce), payload).map_err(|_| fault())?;
        String::from_utf8(plain).map_err(|_| fault())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(self.sealing))
    }
}

/// A secret that is shared with receivers of the system webhook: 64 hexadecimal digits, which are the key as they stand.
#[derive(Clone)]
pub struct WebhookSecret(String);

impl std::fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

impl WebhookSecret {
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The HMAC-SHA256 of `<seconds>.<body>`, in hexadecimal digits.
    pub fn sign(&self, seconds: i64, body: &str) -> String {
        let mut block = [0; 64];
        block.iter_mut().zip(self.0.bytes()).for_each(|(to, from)| *to = from);
        let mac = <Hmac<Sha256> as hmac::KeyInit>::new(&block.into())
            .chain_update(seconds.to_string())
            .chain_update(".")
            .chain_update(body)
            .finalize();
        hex(&mac.into_bytes())
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key shorter than a block is filled up with zeros (RFC 2104).
    let mut block = [0; 64];
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as hmac::KeyInit>::new(&block.into())
}

fn mac(key: &[u8; 32], message: &[u8]) -> [u8; 32] {
    keyed(key).chain_update(message).finalize().into_bytes().into()
}

/// Bytes that nobody can guess.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(ServerError::internal)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let first = SecretKey::open(&path).expect("is made");
        assert_eq!(fs::metadata(&path).expect("is there").permissions().mode() & 0o777, 0o600);
        assert_eq!(SecretKey::open(&path).expect("opens").sign(b"x"), first.sign(b"x"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("changes");
        assert!(SecretKey::open(&path).is_err_and(|line| line.contains("chmod 600")));
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let key = SecretKey::derive(&[7; 32]);
        let sealed = key.seal("acme:pay/clientSecret", "s3cret").expect("seals");
        assert!(!sealed.contains("s3cret"));
        assert_eq!(key.unseal("acme:pay/clientSecret", &sealed).expect("opens"), "s3cret");
        assert!(key.unseal("acme:pay/clientId", &sealed).is_err());
        assert!(SecretKey::derive(&[8; 32]).unseal("acme:pay/clientSecret", &sealed).is_err());
        assert_ne!(key.seal("a", "s3cret").expect("seals"), key.seal("a", "s3cret").expect("seals"));
    }

    #[test]
    fn a_signature_is_of_its_message_alone() {
        let key = SecretKey::derive(&[7; 32]);
        let signature = key.sign(b"message");
        assert!(key.is_signed(b"message", &signature));
        assert!(!key.is_signed(b"messagf", &signature));
        assert!(!key.is_signed(b"message", &signature[..31]));
    }
}
