//! An answer that comes bit by bit, for as long as somebody reads it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};

use super::calls::Answer;
use crate::server::engine::host::CallError;

/// Parts that may wait to be read.
const WAITING: usize = 16;

/// How an answer begins.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub status: u16,
    #[serde(default)]
    pub headers: Map<String, Value>,
}

#[derive(Deserialize)]
pub(super) struct Part {
    bytes: String,
}

/// The plugin's end of it.
pub(super) struct Stream {
    head: Mutex<Option<oneshot::Sender<Head>>>,
    parts: Mutex<Option<mpsc::Sender<Bytes>>>,
}

/// Both ends: the plugin's, and how the answer begins and goes on.
pub(super) fn open() -> (Stream, oneshot::Receiver<Head>, mpsc::Receiver<Bytes>) {
    let (head, begins) = oneshot::channel();
    let (parts, goes_on) = mpsc::channel(WAITING);
    (Stream { head: Mutex::new(Some(head)), parts: Mutex::new(Some(parts)) }, begins, goes_on)
}

impl Stream {
    pub fn begin(&self, head: Head) -> Answer {
        let told = self.head.lock().take().map(|begins| begins.send(head));
        if matches!(told, Some(Ok(()))) { Ok(Value::Null) } else { Err(nobody()) }
    }

    /// An empty part only asks whether somebody still reads.
    pub async fn part(&self, part: Part) -> Answer {
        let bytes = STANDARD.decode(part.bytes).map_err(|_| CallError::new("A part of an answer is Base64."))?;
        let parts = self.parts.lock().clone().filter(|parts| !parts.is_closed()).ok_or_else(nobody)?;
        if !bytes.is_empty() {
            parts.send(bytes.into()).await.map_err(|_| nobody())?;
        }
        Ok(Value::Null)
    }

    /// Nothing comes any more.
    pub fn close(&self) {
        self.parts.lock().take();
    }
}

fn nobody() -> CallError {
    CallError::new("Nobody reads the answer any more.")
}
