//! Passwords: hashed with Argon2id, away from the threads that answer requests, and never many at once.

use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version, password_hash::phc::PasswordHash};
use tokio::sync::Semaphore;

use crate::server::error::{Result, ServerError};

/// Hashes that are computed at the same time: each takes 19 MiB and a core.
const PARALLEL: usize = 2;
static PERMITS: Semaphore = Semaphore::const_new(PARALLEL);

/// OWASP's second choice of parameters: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Something to compare with where there is no such person, so that an answer takes as long either way.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    argon2().hash_password(b"nobody has this password").map(|hash| hash.to_string()).unwrap_or_default()
});

/// The hash of a password, as a PHC string.
pub async fn hash(password: String) -> Result<String> {
    let _permit = PERMITS.acquire().await.map_err(ServerError::internal)?;
    tokio::task::spawn_blocking(move || {
        argon2().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(ServerError::internal)
    })
    .await?
}

/// Whether `password` is the one that was hashed. Without a hash the answer is no, and takes as long.
pub async fn verify(password: String, hash: Option<String>) -> Result<bool> {
    let _permit = PERMITS.acquire().await.map_err(ServerError::internal)?;
    Ok(tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| NOBODY.clone());
        let Ok(hash) = PasswordHash::new(&hash) else { return false };
        argon2().verify_password(password.as_bytes(), &hash).is_ok() && known
    })
    .await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_alone_is_verified() {
        let kept = hash("correct horse battery".to_owned()).await.expect("hashes");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("correct horse battery".to_owned(), Some(kept.clone())).await.expect("compares"));
        assert!(!verify("correct horse batterz".to_owned(), Some(kept)).await.expect("compares"));
        assert!(!verify("nobody has this password".to_owned(), None).await.expect("compares"));
    }
}
