//! Files that flows save and load, and their owners send: kept whole or not at all, and never left behind.

mod chunks;
mod keep;
mod keeper;
mod upload;

use std::{collections::HashMap, ops::Range, path::PathBuf, sync::Arc, time::Instant};

use bytes::Bytes;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::{Value, json};

pub use chunks::{Chunk, Sent};
pub use keep::Target;
pub use upload::Upload;

use super::{
    access::UserActor,
    blobs::Blobs,
    error::{Result, ServerError},
    settings::{FILE_MAX_BYTES, Settings},
    store::{self, Store, audit::Deed, files::StoredFile},
    time::{iso, now_ms},
};

/// What the protocol says of pieces in which a file is kept: the number of bytes that flows read at once.
const CHUNK: u64 = 256 * 1024;

/// The files service.
#[derive(Clone)]
pub struct Files {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    settings: Settings,
    blobs: Blobs,
    temporary: PathBuf,
    /// Contents that are kept although no file has them.
    in_hand: Mutex<HashMap<String, Hold>>,
    uploads: chunks::Uploads,
}

#[derive(Clone, Copy)]
enum Hold {
    /// It comes; its file is about to be known.
    Coming,
    Until(Instant),
}

impl Files {
    /// The service on its folder, which nobody else uses.
    pub fn open(store: Store, settings: Settings, blobs: Blobs, temporary: PathBuf) -> Self {
        let (in_hand, uploads) = (Mutex::default(), chunks::Uploads::default());
        Self { inner: Arc::new(Inner { store, settings, blobs, temporary, in_hand, uploads }) }
    }

    /// Begins to take bytes. Dropping the upload forgets them.
    pub fn begin(&self) -> Result<Upload> {
        Upload::begin(&self.inner.temporary, self.inner.settings.number(FILE_MAX_BYTES))
    }

    /// A file of this user's.
    ///
    /// # Errors
    /// [`ServerError::NotFound`], also for somebody else's.
    pub async fn of_user(&self, user_id: &str, id: &str) -> Result<StoredFile> {
        let (user_id, id) = (user_id.to_owned(), id.to_owned());
        let found = self.inner.store.read({
            let id = id.clone();
            move |connection| store::files::get(connection, &id)
        });
        found.await?.filter(|file| file.user_id == user_id).ok_or_else(|| nothing(&id))
    }

    /// A file that the actor may see.
    ///
    /// # Errors
    /// As [`Files::of_user`].
    pub async fn get(&self, actor: &UserActor, id: &str) -> Result<StoredFile> {
        let (actor, id) = (actor.clone(), id.to_owned());
        self.inner.store.read(move |connection| visible(connection, &actor, &id)).await
    }

    /// The actor's own files, or everybody's; the last uploaded first.
    ///
    /// # Errors
    /// [`ServerError::Forbidden`] for everybody's, unless to administrators.
    pub async fn list(&self, actor: &UserActor, is_everybodys: bool) -> Result<Vec<StoredFile>> {
        if is_everybodys && !actor.is_admin() {
            return Err(ServerError::Forbidden("This is for administrators.".to_owned()));
        }
        let user = (!is_everybodys).then(|| actor.person().id.clone());
        self.inner.store.read(move |connection| store::files::list(connection, user.as_deref())).await
    }

    /// Some of a content's bytes, as far as there are any.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when the content is gone.
    pub async fn read(&self, content: &str, length: u64, range: Range<u64>) -> Result<Bytes> {
        let end = range.end.min(length);
        if range.start >= end {
            return Ok(Bytes::new());
        }
        self.inner.blobs.get_range(content, range.start..end).await
    }

    /// All bytes, and their number.
    ///
    /// # Errors
    /// As [`Files::read`].
    pub async fn stream(&self, file: &StoredFile) -> Result<(u64, BoxStream<'static, std::io::Result<Bytes>>)> {
        self.inner.blobs.get(&file.content).await.map_err(|cause| match cause {
            ServerError::NotFound(_) => nothing(&file.id),
            other => other,
        })
    }

    /// Deletes files that the actor may see, all of them or none.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for one that is not there.
    pub async fn delete(&self, actor: &UserActor, ids: Vec<String>) -> Result<()> {
        let actor = actor.clone();
        let gone = self.inner.store.write("delete files", move |tx| {
            let mut gone = Vec::new();
            for id in &ids {
                let file = visible(tx, &actor, id)?;
                store::files::delete(tx, id)?;
                let deed = Deed::new("file.delete", id).before(json!({ "name": file.name, "length": file.length }));
                store::audit::append(tx, &actor.by(), &deed, now_ms())?;
                gone.push(file.content);
            }
            Ok(gone)
        });
        self.forget(gone.await?).await;
        Ok(())
    }

    /// Deletes a file of this user's.
    ///
    /// # Errors
    /// As [`Files::of_user`].
    pub async fn delete_of_user(&self, user_id: &str, id: &str) -> Result<()> {
        let (user_id, id) = (user_id.to_owned(), id.to_owned());
        let gone = self.inner.store.write("delete a file", move |tx| {
            let file =
                store::files::get(tx, &id)?.filter(|file| file.user_id == user_id).ok_or_else(|| nothing(&id))?;
            store::files::delete(tx, &id)?;
            Ok(vec![file.content])
        });
        self.forget(gone.await?).await;
        Ok(())
    }

    /// Deletes contents that no file has any more; what cannot be deleted now is swept up later.
    async fn forget(&self, contents: Vec<String>) {
        for content in contents {
            if let Err(cause) = self.inner.blobs.delete(&content).await {
                tracing::warn!(%cause, "the content of a deleted file is still there");
            }
        }
    }
}

fn visible(connection: &rusqlite::Connection, actor: &UserActor, id: &str) -> Result<StoredFile> {
    let file = store::files::get(connection, id)?;
    file.filter(|file| actor.is_admin() || file.user_id == actor.person().id).ok_or_else(|| nothing(id))
}

fn nothing(id: &str) -> ServerError {
    let shown: String = id.chars().take(64).collect();
    ServerError::NotFound(format!("File with {shown} not found."))
}

/// A file as the public protocol shows it.
pub fn file_view(file: &StoredFile) -> Value {
    let mut view = json!({
        "fileId": file.id,
        "filename": file.name,
        "length": file.length,
        "chunkSize": CHUNK,
        "md5": file.md5,
        "uploadDate": iso(file.uploaded_at),
        "metadata": { "fileId": file.id, "userId": file.user_id },
    });
    if let Some(content_type) = &file.content_type {
        view["contentType"] = Value::from(content_type.clone());
    }
    if let Some(flow_id) = &file.flow_id {
        view["metadata"]["originFlowId"] = Value::from(flow_id.clone());
    }
    view
}
