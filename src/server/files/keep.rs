//! An upload becomes a file, or the new content of one.

use std::time::{Duration, Instant};

use serde_json::json;
use uuid::Uuid;

use super::{Files, Hold, Upload, nothing};
use crate::server::{
    error::{Result, ServerError},
    store::{
        self,
        audit::{By, Deed},
        files::StoredFile,
    },
    time::now_ms,
};

/// How long the content that a file had is kept after it was replaced: whoever reads it goes on.
const REPLACED: Duration = Duration::from_secs(3600);
/// Longest name, in characters.
const NAME_MAX: usize = 500;

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
