//! What goes over the socket, spelt as docs/ENGINE.md has it.

use bytes::Bytes;
use futures::SinkExt;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::{net::unix::OwnedWriteHalf, sync::mpsc};
use tokio_util::codec::{FramedWrite, LengthDelimitedCodec};

use super::{CallError, Failure, Invocation};

/// From the process.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Incoming {
    Ready,
    Call {
        id: u64,
        call: u64,
        name: String,
        #[serde(default)]
        args: Value,
    },
    Done {
        id: u64,
        #[serde(default)]
        value: Value,
    },
    Failed {
        id: u64,
        failure: Failure,
    },
}

/// To the process.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Outgoing<'a> {
    Invoke {
        id: u64,
        invocation: &'a Invocation,
    },
    Answer {
        call: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        value: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        error: Option<CallError>,
    },
    /// Something is to follow in a moment: a process that has slept takes a while to come to itself.
    Wake,
    End,
}

impl Outgoing<'_> {
    pub fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).unwrap_or_default().into()
    }
}

/// Four bytes of length, and that much JSON.
pub(super) fn codec(frame_bytes: usize) -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().length_field_length(4).big_endian().max_frame_length(frame_bytes).new_codec()
}

/// Writes what is queued until nothing can be written any more.
pub(super) async fn send(write: OwnedWriteHalf, mut outbox: mpsc::UnboundedReceiver<Bytes>, frame_bytes: usize) {
    let mut frames = FramedWrite::new(write, codec(frame_bytes));
    while let Some(first) = outbox.recv().await {
        // What has gathered meanwhile goes out together.
        for bytes in std::iter::once(first).chain(std::iter::from_fn(|| outbox.try_recv().ok())) {
            // When the process has ended, its watcher tells everybody.
            if frames.feed(bytes).await.is_err() {
                return;
            }
        }
        if SinkExt::<Bytes>::flush(&mut frames).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn frames_are_spelt_as_documented() {
        let spelt = |frame: Outgoing<'_>| serde_json::from_slice::<Value>(&frame.bytes()).expect("JSON");
        assert_eq!(spelt(Outgoing::End), json!({"kind": "end"}));
        assert_eq!(spelt(Outgoing::Wake), json!({"kind": "wake"}));
        let answer = Outgoing::Answer { call: 7, value: Some(Value::Null), error: None };
        assert_eq!(spelt(answer), json!({"kind": "answer", "call": 7, "value": null}));
        let error = CallError { message: "no".to_owned(), ..CallError::default() };
        let answer = Outgoing::Answer { call: 7, value: None, error: Some(error) };
        assert_eq!(spelt(answer), json!({"kind": "answer", "call": 7, "error": {"message": "no"}}));
        let done = serde_json::from_value::<Incoming>(json!({"kind": "done", "id": 1})).expect("a frame");
        assert!(matches!(done, Incoming::Done { id: 1, value: Value::Null }));
    }
}
