//! Bytes by a name that is given once: archives by their SHA-256, contents of files by a UUID. Any store that the
//! `object_store` crate speaks to will do.

use std::{path::Path, sync::Arc};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    GetResultPayload, ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem, path::Path as Key,
};
use tokio::io::AsyncReadExt;
use tokio_util::io::ReaderStream;

use super::error::{Result, ServerError};

/// Bytes that are read at once.
const PIECE: usize = 256 * 1024;

/// The blob store.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
}

fn key(sha256: &str) -> Key {
    Key::from(format!("{}/{sha256}", sha256.get(..2).unwrap_or_default()))
}

impl Blobs {
    /// A store in a folder, which must be there and be used by nobody else. A blob that [`Blobs::put`] has accepted is
    /// on disk; what an earlier process has left half written is deleted.
    pub fn local(folder: &Path) -> Result<Self> {
        for entry in walkdir::WalkDir::new(folder).min_depth(2).max_depth(2).into_iter().filter_map(Result::ok) {
            // So `object_store` names a file until it is whole, and hides it from lists.
            if entry.file_name().to_string_lossy().contains('#') {
                std::fs::remove_file(entry.path())?;
            }
        }
        Ok(Self { store: Arc::new(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true)) })
    }

    /// Keeps the file's bytes under `sha256`, which the caller has computed over them. A blob is seen whole or not at
    /// all; one that is there already is left alone.
    pub async fn put(&self, sha256: &str, file: &Path) -> Result<()> {
        if self.contains(sha256).await? {
            return Ok(());
        }
        let mut file = tokio::fs::File::open(file).await?;
        let mut upload = WriteMultipart::new(self.store.put_multipart(&key(sha256)).await?);
        let mut buffer = vec![0; PIECE];
        loop {
            let read = file.read(&mut buffer).await?;
            if read == 0 {
                break;
            }
            upload.write(&buffer[..read]);
        }
        upload.finish().await?;
        Ok(())
    }

    pub async fn contains(&self, sha256: &str) -> Result<bool> {
        match self.store.head(&key(sha256)).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    /// What the store has of a blob, with its size.
    async fn find(&self, sha256: &str) -> Result<object_store::GetResult> {
        self.store.get(&key(sha256)).await.map_err(|cause| match cause {
            object_store::Error::NotFound { .. } => {
                ServerError::NotFound("This archive is not kept any more.".to_owned())
            }
            cause => cause.into(),
        })
    }

    /// The bytes as a stream, and their number.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is no such blob.
    pub async fn get(&self, sha256: &str) -> Result<(u64, BoxStream<'static, std::io::Result<bytes::Bytes>>)> {
        let found = self.find(sha256).await?;
        Ok((found.meta.size, stream(found.payload)))
    }

    /// The bytes from `range.start` up to, without, `range.end`.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is no such blob.
    pub async fn get_range(&self, name: &str, range: std::ops::Range<u64>) -> Result<bytes::Bytes> {
        match self.store.get_range(&key(name), range).await {
            Err(object_store::Error::NotFound { .. }) => {
                Err(ServerError::NotFound("This content is not kept any more.".to_owned()))
            }
            read => Ok(read?),
        }
    }

    /// The bytes as a file that is only to be read: the blob itself where that is a file, else a new unnamed one below
    /// `folder`.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is no such blob.
    pub async fn to_file(&self, sha256: &str, folder: &Path) -> Result<std::fs::File> {
        let mut bytes = match self.find(sha256).await?.payload {
            GetResultPayload::File(file, _) => return Ok(file),
            elsewhere @ GetResultPayload::Stream(_) => stream(elsewhere),
        };
        let mut file = tokio::fs::File::from_std(tempfile::tempfile_in(folder)?);
        while let Some(chunk) = bytes.next().await {
            tokio::io::AsyncWriteExt::write_all(&mut file, &chunk?).await?;
        }
        tokio::io::AsyncSeekExt::rewind(&mut file).await?;
        Ok(file.into_std().await)
    }

    pub async fn delete(&self, sha256: &str) -> Result<()> {
        match self.store.delete(&key(sha256)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(cause.into()),
        }
    }

    /// The SHA-256 of every blob.
    pub async fn list(&self) -> Result<Vec<String>> {
        Ok(self
            .store
            .list(None)
            .map_ok(|meta| meta.location.filename().unwrap_or_default().to_owned())
            .try_collect()
            .await?)
    }
}

fn stream(payload: GetResultPayload) -> BoxStream<'static, std::io::Result<bytes::Bytes>> {
    match payload {
        // In larger pieces than its own stream has: each is read on another thread.
        GetResultPayload::File(file, _) => ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE).boxed(),
        GetResultPayload::Stream(bytes) => bytes.map_err(std::io::Error::other).boxed(),
    }
}
