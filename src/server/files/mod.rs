//! Files that flows save and load, and their owners send: kept whole or not at all, and never left behind.

mod chunks;
mod keeper;
mod upload;

use std::{
    collections::HashMap,
    ops::Range,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::stream::BoxStream;
use parking_lot::Mutex;
use serde_json::{Value, json};
use uuid::Uuid;

pub use chunks::{Chunk, Sent};
pub use upload::Upload;

use super::{
    access::UserActor,
    blobs::Blobs,
    error::{Result, ServerError},
    settings::{FILE_MAX_BYTES, Settings},
    store::{
        self, Store,
        audit::{By, Deed},
        files::StoredFile,
    },
    time::{iso, now_ms},
};

/// How long the content that a file had is kept after it was replaced: whoever reads it goes on.
const REPLACED: Duration = Duration::from_secs(3600);
/// Longest name, in characters.
const NAME_MAX: usize = 500;
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

/// What becomes of an upload.
#[derive(Clone, Debug)]
pub struct Target {
    pub user_id: String,
    /// The flow that saves it.
    pub flow_id: Option<String>,
    /// A UUID; a new one where there is none.
    pub id: Option<String>,
    /// `None` leaves it as it is.
    pub name: Option<String>,
    pub content_type: Option<String>,
    /// There has to be a file with this id already.
    pub is_replacement: bool,
    /// For the audit trail, which holds what people do.
    pub by: Option<By>,
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

    /// Makes a file of what has come, or another content of one. The old one is readable until this has ended, and for a
    /// while after it to whoever was reading it.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when the file that was to be replaced is not the user's, [`ServerError::Conflict`] when
    /// somebody else has the id, [`ServerError::Invalid`] for an id or name that will not do.
    pub async fn finish(&self, upload: Upload, target: Target) -> Result<StoredFile> {
        let this = self.clone();
        // Whoever asks may go away in the middle of it.
        tokio::spawn(async move { this.keep(upload, target).await }).await?
    }

    async fn keep(&self, upload: Upload, target: Target) -> Result<StoredFile> {
        let content = Uuid::new_v4().to_string();
        self.inner.in_hand.lock().insert(content.clone(), Hold::Coming);
        let kept = self.keep_as(&content, upload, target).await;
        self.inner.in_hand.lock().remove(&content);
        if kept.is_err() {
            self.inner.blobs.delete(&content).await?;
        }
        kept
    }

    async fn keep_as(&self, content: &str, upload: Upload, target: Target) -> Result<StoredFile> {
        let id = target.id.map_or_else(|| Ok(Uuid::new_v4().to_string()), |id| checked_id(&id))?;
        let name = target.name.map(|name| checked_name(&name)).transpose()?;
        let (path, length, md5) = upload.end();
        self.inner.blobs.put(content, &path).await?;
        let (content, this) = (content.to_owned(), self.clone());
        let Target { user_id, flow_id, content_type, is_replacement, by, .. } = target;
        self.inner
            .store
            .write("keep a file", move |tx| {
                let before = match store::files::get(tx, &id)? {
                    Some(before) if before.user_id == user_id => Some(before),
                    None if !is_replacement => None,
                    Some(_) if !is_replacement => {
                        return Err(ServerError::Conflict("This id belongs to another file.".to_owned()));
                    }
                    _ => return Err(nothing(&id)),
                };
                let was = |of: fn(&StoredFile) -> Option<String>| before.as_ref().and_then(of);
                let file = StoredFile {
                    name: name.or_else(|| was(|file| Some(file.name.clone()))).unwrap_or_else(|| "file".to_owned()),
                    flow_id: was(|file| file.flow_id.clone()).or(flow_id),
                    content_type: content_type.or_else(|| was(|file| file.content_type.clone())),
                    id,
                    user_id,
                    length,
                    md5,
                    uploaded_at: now_ms(),
                    content,
                };
                store::files::put(tx, &file)?;
                if let Some(by) = by {
                    let shown =
                        |file: &StoredFile| json!({ "name": file.name, "length": file.length, "md5": file.md5 });
                    let mut deed = Deed::new("file.upload", &file.id).after(shown(&file));
                    deed.before = before.as_ref().map(shown);
                    store::audit::append(tx, &by, &deed, file.uploaded_at)?;
                }
                if let Some(before) = before {
                    this.inner.in_hand.lock().insert(before.content, Hold::Until(Instant::now() + REPLACED));
                }
                Ok(file)
            })
            .await
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

fn checked_id(id: &str) -> Result<String> {
    let uuid = Uuid::try_parse(id).map_err(|_| ServerError::Invalid("A file's id is a UUID.".to_owned()))?;
    Ok(uuid.to_string())
}

fn checked_name(name: &str) -> Result<String> {
    let name: String = name.chars().filter(|character| !character.is_control()).collect();
    match name.trim() {
        "" => Err(ServerError::Invalid("A file needs a name.".to_owned())),
        name if name.chars().count() > NAME_MAX => {
            Err(ServerError::Invalid(format!("A file's name has at most {NAME_MAX} characters.")))
        }
        name => Ok(name.to_owned()),
    }
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
