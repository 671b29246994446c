//! Files that come in several requests: each brings a chunk, the first one first, the others in any order.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use tempfile::NamedTempFile;

use super::{Files, Target, Upload};
use crate::server::{
    error::{Result, ServerError},
    settings::FILE_MAX_BYTES,
    store::files::StoredFile,
};

/// An upload of which nothing was heard for so long has been given up.
const PATIENCE: Duration = Duration::from_secs(3600);
/// Uploads that one user may have under way.
const PARALLEL: usize = 20;
/// Most chunks of one file.
const CHUNKS_MAX: u32 = 100_000;

/// Which part of which upload.
#[derive(Clone, Debug)]
pub struct Chunk {
    /// What the client calls the upload.
    pub upload: String,
    /// From 0 on.
    pub number: u32,
    pub total: u32,
    /// Bytes of every chunk but the last.
    pub size: u64,
}

/// What has become of a chunk.
#[derive(Debug)]
pub enum Sent {
    /// The file is whole.
    Whole(Box<StoredFile>),
    /// So many of its chunks are there.
    Partial { received: u32, total: u32 },
}

type Key = (String, String);

/// By user and by what the client calls it.
#[derive(Default)]
pub(super) struct Uploads {
    pending: Mutex<HashMap<Key, Arc<tokio::sync::Mutex<Pending>>>>,
}

struct Pending {
    /// `None` once it is whole.
    file: Option<NamedTempFile>,
    total: u32,
    size: u64,
    have: BTreeSet<u32>,
    heard: Instant,
}

impl Files {
    /// Adds a chunk; with the last one that was missing, makes a file of them as [`Files::finish`] does.
    ///
    /// # Errors
    /// As [`Files::finish`]; [`ServerError::Invalid`] for a chunk that does not fit, [`ServerError::Conflict`] for one of an
    /// upload that is not under way: then it has to begin again.
    pub async fn add_chunk(&self, chunk: Chunk, upload: Upload, target: Target) -> Result<Sent> {
        check(&chunk, &upload, self.inner.settings.number(FILE_MAX_BYTES))?;
        let this = self.clone();
        // Whoever asks may go away in the middle of it.
        tokio::spawn(async move { this.add(chunk, upload, target).await }).await?
    }

    async fn add(&self, chunk: Chunk, upload: Upload, target: Target) -> Result<Sent> {
        let key = (target.user_id.clone(), chunk.upload.clone());
        let mut pending = self.pending(&key, &chunk)?.lock_owned().await;
        if (pending.total, pending.size) != (chunk.total, chunk.size) {
            return Err(ServerError::Invalid(
                "All chunks of a file name the same size and number of chunks.".to_owned(),
            ));
        }
        let (received, whole) = tokio::task::spawn_blocking(move || {
            let mut upload = upload;
            let Some(file) = pending.file.as_mut() else { return Err(unknown()) };
            upload.copy_to(file.as_file_mut(), u64::from(chunk.number) * chunk.size)?;
            pending.have.insert(chunk.number);
            pending.heard = Instant::now();
            let is_whole = pending.have.len() == chunk.total as usize;
            let whole = if is_whole { pending.file.take().map(Upload::of) } else { None };
            Ok((pending.have.len(), whole))
        })
        .await??;
        let Some(whole) = whole else {
            return Ok(Sent::Partial { received: u32::try_from(received).unwrap_or(chunk.total), total: chunk.total });
        };
        self.inner.uploads.pending.lock().remove(&key);
        Ok(Sent::Whole(Box::new(self.finish(whole?, target).await?)))
    }

    fn pending(&self, key: &Key, chunk: &Chunk) -> Result<Arc<tokio::sync::Mutex<Pending>>> {
        let mut all = self.inner.uploads.pending.lock();
        if let Some(pending) = all.get(key) {
            return Ok(Arc::clone(pending));
        }
        // So that nobody goes on with an upload of which this process has lost the beginning.
        if chunk.number > 0 {
            return Err(unknown());
        }
        if all.keys().filter(|(user, _)| *user == key.0).count() >= PARALLEL {
            return Err(ServerError::Conflict(format!(
                "At most {PARALLEL} uploads at once. Finish one of them first."
            )));
        }
        let pending = Pending {
            file: Some(NamedTempFile::new_in(&self.inner.temporary)?),
            total: chunk.total,
            size: chunk.size,
            have: BTreeSet::new(),
            heard: Instant::now(),
        };
        let pending = Arc::new(tokio::sync::Mutex::new(pending));
        all.insert(key.clone(), Arc::clone(&pending));
        Ok(pending)
    }

    /// Forgets uploads that nobody goes on with.
    pub(super) fn give_up_uploads(&self) {
        self.inner.uploads.pending.lock().retain(|_, pending| {
            // One that is locked is being worked on.
            pending.try_lock().map_or(true, |pending| pending.heard.elapsed() < PATIENCE)
        });
    }
}

fn check(chunk: &Chunk, upload: &Upload, limit: u64) -> Result<()> {
    let Chunk { number, total, size, .. } = *chunk;
    if total == 0 || total > CHUNKS_MAX || number >= total {
        return Err(ServerError::Invalid(format!(
            "Chunks are numbered from 0 on, and there are 1 to {CHUNKS_MAX} of them."
        )));
    }
    let is_last = number + 1 == total;
    if size == 0 || upload.length() > size || (!is_last && upload.length() != size) {
        return Err(ServerError::Invalid("Every chunk but the last has the size that the header names.".to_owned()));
    }
    match u64::from(number).checked_mul(size).and_then(|start| start.checked_add(upload.length())) {
        Some(end) if end <= limit => Ok(()),
        _ => Err(ServerError::TooLarge { limit }),
    }
}

fn unknown() -> ServerError {
    ServerError::Conflict("This upload is not under way. Send the file again, from chunk 0 on.".to_owned())
}
