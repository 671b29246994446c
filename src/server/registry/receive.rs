//! Takes an archive off the wire: into a file that only this process may read, hashed on the way, never over the limit.

use std::{io::Write, path::Path, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream::BoxStream};
use sha2::{Digest, Sha256};

use crate::server::{
    catalogue::hex,
    error::{Result, ServerError},
};

/// A sender that is silent for this long has gone.
const IDLE: Duration = Duration::from_secs(60);

/// An archive that has come in whole. Dropping it deletes the file.
#[derive(Debug)]
pub struct Received {
    pub file: tempfile::NamedTempFile,
    pub sha256: String,
    pub size: u64,
}

impl Received {
    /// Reads `body` to its end. The limit is held to the bytes that come, whatever a `Content-Length` says (S8).
    ///
    /// # Errors
    /// [`ServerError::TooLarge`], [`ServerError::Incomplete`] when the sender breaks off, and
    /// [`ServerError::UnsupportedMediaType`] when what came is empty or no zip by its first bytes. Nothing is left behind.
    pub async fn read<S, E>(mut body: S, folder: &Path, limit: u64) -> Result<Self>
    where
        S: Stream<Item = std::result::Result<Bytes, E>> + Unpin,
        E: std::fmt::Display,
    {
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let mut hasher = Sha256::new();
        let mut size = 0_u64;
        let mut head = Vec::with_capacity(4);
        loop {
            let silent = || {
                ServerError::Incomplete(format!("Nothing came for {} seconds. Send the file again.", IDLE.as_secs()))
            };
            let Some(chunk) = tokio::time::timeout(IDLE, body.next()).await.map_err(|_| silent())? else { break };
            let chunk = chunk.map_err(|cause| {
                tracing::debug!(%cause, "an upload broke off");
                ServerError::Incomplete("The upload broke off. Send the file again.".to_owned())
            })?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(ServerError::TooLarge { limit });
            }
            if head.len() < 4 {
                head.extend(chunk.iter().take(4 - head.len()));
                if head.len() == 4 && !looks_like_zip(&head) {
                    return Err(not_a_zip());
                }
            }
            hasher.update(&chunk);
            // At most a few dozen kilobytes at a time, into the page cache.
            file.write_all(&chunk)?;
        }
        if head.len() < 4 {
            return Err(not_a_zip());
        }
        Ok(Self { file, sha256: hex(&hasher.finalize()), size })
    }

    /// The bytes from the start, and their number. The file goes when the stream has been read or dropped.
    pub fn into_stream(self) -> Result<(u64, BoxStream<'static, std::io::Result<Bytes>>)> {
        let file = tokio::fs::File::from_std(self.file.reopen()?);
        Ok((self.size, tokio_util::io::ReaderStream::with_capacity(file, 64 * 1024).boxed()))
    }
}

/// A zip begins with a local header, or with the end record when it is empty.
fn looks_like_zip(head: &[u8]) -> bool {
    matches!(head, b"PK\x03\x04" | b"PK\x05\x06")
}

fn not_a_zip() -> ServerError {
    ServerError::UnsupportedMediaType(
        "This is not a zip file. Send a module as the command-line client packs it.".to_owned(),
    )
}
