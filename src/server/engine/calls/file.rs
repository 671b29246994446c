//! Files of the flow's owner.

use std::collections::HashMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Answer, ComponentCalls, internal, read, unknown};
use crate::server::{
    engine::{host::CallError, statics::is_nowhere},
    error::ServerError,
    files::{Target, Upload, file_view},
    store::files::StoredFile,
};

/// Uploads that one invocation may have under way.
const PARALLEL: usize = 50;
/// Most bytes in one answer.
const PIECE_MAX: u64 = 4 << 20;

/// What one invocation is at work on. What it leaves open goes with it.
#[derive(Default)]
pub(super) struct Open {
    uploads: Mutex<HashMap<String, (Upload, Target)>>,
    /// Files as they were when it began to read them: one that is replaced meanwhile is read to its end as it was.
    seen: Mutex<HashMap<String, StoredFile>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    #[serde(default)]
    replace: bool,
}

#[derive(Deserialize)]
struct Written {
    upload: String,
    bytes: String,
}

#[derive(Deserialize)]
struct Named {
    upload: String,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Piece {
    id: String,
    from: u64,
    to: u64,
}

impl ComponentCalls {
    pub(super) async fn file(&self, verb: &str, name: &str, args: Value) -> Answer {
        match verb {
            "open" => self.open_file(read(name, args)?).await,
            "write" => self.write_file(&read(name, args)?),
            "close" => self.close_file(&read(name, args)?).await,
            "abort" => {
                let Named { upload } = read(name, args)?;
                self.files.uploads.lock().remove(&upload);
                Ok(Value::Null)
            }
            "info" => {
                let Id { id } = read(name, args)?;
                let file = self.own_file(&id).await?;
                self.files.seen.lock().insert(id, file.clone());
                Ok(file_view(&file))
            }
            "read" => self.read_file(read(name, args)?).await,
            "remove" => {
                let Id { id } = read(name, args)?;
                let owner = &self.origin.loaded.flow.user_id;
                self.engine.inner.files.delete_of_user(owner, &id).await.map_err(told)?;
                Ok(json!({ "fileId": id }))
            }
            _ => Err(unknown(name)),
        }
    }

    async fn own_file(&self, id: &str) -> Result<StoredFile, CallError> {
        self.engine.inner.files.of_user(&self.origin.loaded.flow.user_id, id).await.map_err(told)
    }

    async fn open_file(&self, opened: Opened) -> Answer {
        let Opened { name, id, content_type, replace } = opened;
        if replace {
            // Said now, before all of it is sent.
            self.own_file(id.as_deref().unwrap_or_default()).await?;
        }
        let target = Target {
            user_id: self.origin.loaded.flow.user_id.clone(),
            flow_id: (!is_nowhere(&self.origin.loaded.flow)).then(|| self.origin.flow_id().to_owned()),
            id,
            name,
            content_type,
            is_replacement: replace,
            by: None,
        };
        let upload = self.engine.inner.files.begin().map_err(told)?;
        let mut uploads = self.files.uploads.lock();
        if uploads.len() >= PARALLEL {
            return Err(CallError::new(format!("At most {PARALLEL} files can be written at the same time.")));
        }
        let key = Uuid::new_v4().to_string();
        uploads.insert(key.clone(), (upload, target));
        Ok(Value::from(key))
    }

    fn write_file(&self, written: &Written) -> Answer {
        let bytes = STANDARD.decode(&written.bytes).map_err(|_| CallError::new("The bytes are no Base64."))?;
        let mut uploads = self.files.uploads.lock();
        let (upload, _) = uploads.get_mut(&written.upload).ok_or_else(not_open)?;
        if let Err(cause) = upload.write(&bytes) {
            uploads.remove(&written.upload);
            return Err(told(cause));
        }
        Ok(Value::Null)
    }

    async fn close_file(&self, named: &Named) -> Answer {
        let (upload, target) = self.files.uploads.lock().remove(&named.upload).ok_or_else(not_open)?;
        let file = self.engine.inner.files.finish(upload, target).await.map_err(told)?;
        Ok(file_view(&file))
    }

    async fn read_file(&self, piece: Piece) -> Answer {
        let Piece { id, from, to } = piece;
        let now = self.own_file(&id).await?;
        let seen = self.files.seen.lock().get(&id).cloned();
        let file = seen.unwrap_or(now);
        let range = from..to.min(from.saturating_add(PIECE_MAX));
        let bytes = self.engine.inner.files.read(&file.content, file.length, range).await.map_err(told)?;
        Ok(Value::from(STANDARD.encode(bytes)))
    }
}

fn not_open() -> CallError {
    CallError::new("This upload is not open.")
}

fn told(cause: ServerError) -> CallError {
    match cause {
        ServerError::TooLarge { limit } => {
            CallError::new(format!("The file is too big: at most {limit} bytes are allowed."))
        }
        other => internal(other),
    }
}
