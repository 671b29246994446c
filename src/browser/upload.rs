//! Sends a file with its progress. `fetch` cannot tell how much has been sent, so this is an `XMLHttpRequest`.

/// How an upload goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes sent, and bytes in all.
    Sent(u64, u64),
    /// The server has all of it; the ticket of the job that installs it.
    Accepted(String),
    /// In words, for the person who sent it.
    Refused(String),
}

#[cfg(feature = "hydrate")]
pub use browser::{Upload, is_zip, send};

#[cfg(feature = "hydrate")]
mod browser {
    use std::rc::Rc;

    use leptos::prelude::{GetUntracked, RwSignal, Set};
    use serde::Deserialize;
    use wasm_bindgen::{JsCast, prelude::Closure};
    use web_sys::{File, ProgressEvent, XmlHttpRequest};

    use super::Progress;

    #[derive(Default, Deserialize)]
    struct Answer {
        ticket: Option<String>,
        message: Option<String>,
        #[serde(default, rename = "needsProof")]
        needs_proof: bool,
    }

    /// An upload that can be broken off.
    pub struct Upload(XmlHttpRequest);

    impl Upload {
        pub fn abort(&self) {
            // Nothing to do where it has ended.
            let _ = self.0.abort();
        }
    }

    /// Whether a file begins like a zip.
    pub async fn is_zip(file: &File) -> bool {
        let Ok(head) = file.slice_with_i32_and_i32(0, 4) else { return false };
        let Ok(buffer) = wasm_bindgen_futures::JsFuture::from(head.array_buffer()).await else { return false };
        let head = js_sys::Uint8Array::new(&buffer).to_vec();
        head == b"PK\x03\x04" || head == b"PK\x05\x06"
    }

    /// Sends `file` the way every client does.
    pub fn send(file: &File, allow_downgrade: bool, progress: RwSignal<Option<Progress>>) -> Option<Upload> {
        let request = XmlHttpRequest::new().ok()?;
        let address = if allow_downgrade { "/components?allowDowngrade=true" } else { "/components" };
        request.open("POST", address).ok()?;
        request.set_request_header("content-type", "application/octet-stream").ok()?;
        let name = String::from(js_sys::encode_uri_component(&file.name()));
        request.set_request_header("x-file-name", &name).ok()?;

        let size = file.size() as u64;
        progress.set(Some(Progress::Sent(0, size)));
        let sent = Closure::<dyn Fn(ProgressEvent)>::new(move |event: ProgressEvent| {
            // An answer may overtake the last of these.
            if matches!(progress.get_untracked(), Some(Progress::Sent(..))) {
                progress.set(Some(Progress::Sent(event.loaded() as u64, size)));
            }
        });
        if let Ok(upload) = request.upload() {
            upload.set_onprogress(Some(sent.as_ref().unchecked_ref()));
        }
        let ended = {
            let (request, file) = (Rc::new(request.clone()), file.clone());
            Closure::<dyn Fn()>::new(move || {
                let text = request.response_text().ok().flatten().unwrap_or_default();
                let answer: Answer = serde_json::from_str(&text).unwrap_or_default();
                if answer.needs_proof {
                    let file = file.clone();
                    leptos::task::spawn_local(async move {
                        let again = crate::browser::proof::ask().await.then(|| send(&file, allow_downgrade, progress));
                        if again.flatten().is_none() {
                            progress.set(Some(Progress::Refused(answer.message.unwrap_or_default())));
                        }
                    });
                    return;
                }
                progress.set(Some(match (answer.ticket, answer.message) {
                    (Some(ticket), _) => Progress::Accepted(ticket),
                    (None, Some(message)) => Progress::Refused(message),
                    (None, None) => Progress::Refused(
                        "The server cannot be reached, or broke off. Nothing was changed. Check the connection, then try \
                         again."
                            .to_owned(),
                    ),
                }));
            })
        };
        request.set_onload(Some(ended.as_ref().unchecked_ref()));
        request.set_onerror(Some(ended.as_ref().unchecked_ref()));
        // They live until the request has ended, which the browser alone knows.
        sent.forget();
        ended.forget();
        request.send_with_opt_blob(Some(file)).ok()?;
        Some(Upload(request))
    }
}
