//! "Add module from your filesystem": a drop target over the whole page, and a dialog that sends one zip and follows its
//! installation. Without wasm the button leads to a page with a plain form.

use leptos::{either::EitherOf3, html, prelude::*};

use crate::{
    browser::{live::live, upload::Progress as Sending},
    components::when::bytes,
    domain::job::{Job, JobFailure, JobState, Outcome},
    islands::job::{Failed, Progress},
};

/// A file that somebody chose, or why it cannot be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Chosen {
    name: String,
    size: u64,
    problem: Option<String>,
}

#[island]
pub fn UploadDialog(limit: u64) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let closed = RwSignal::new(0_u32);
    view! {
        <div class="add">
            <div>
                <b>"Have a module of your own?"</b>
                <p class="soft">{format!("Drop a zip anywhere on this page, or choose one. Up to {}.", bytes(limit))}</p>
            </div>
            <a class="btn" role="button" href="/backoffice/upload" data-opens="upload">"Add module from your filesystem"</a>
        </div>
        <dialog id="upload" aria-labelledby="upload-title" node_ref=dialog on:close=move |_| closed.update(|times| *times += 1)>
            <div class="dialog-body"><UploadBox dialog closed limit/></div>
        </dialog>
    }
}

#[component]
fn UploadBox(dialog: NodeRef<html::Dialog>, closed: RwSignal<u32>, limit: u64) -> impl IntoView {
    let live = live();
    let chosen = RwSignal::new(None::<Chosen>);
    let sending = RwSignal::new(None::<Sending>);
    let over = RwSignal::new(false);
    let job = Memo::new(move |_| match sending.get() {
        Some(Sending::Accepted(ticket)) => live.jobs.with(|jobs| jobs.get(&ticket).cloned()),
        _ => None,
    });
    let sender = Sender::new(chosen, sending, limit);
    let is_sending = move || matches!(sending.get(), Some(Sending::Sent(..)));
    let is_over = move || matches!(sending.get(), Some(Sending::Accepted(_)));
    let can_send = move || {
        chosen.with(|chosen| chosen.as_ref().is_some_and(|chosen| chosen.problem.is_none()))
            && !is_sending()
            && !is_over()
    };

    // A zip dropped anywhere on the page opens the dialog with it.
    #[cfg(feature = "hydrate")]
    {
        let dragged = window_event_listener(leptos::ev::dragover, move |event| {
            event.prevent_default();
            over.set(true);
        });
        let left = window_event_listener(leptos::ev::dragleave, move |event| {
            // Only when the pointer leaves the window.
            if event.related_target().is_none() {
                over.set(false);
            }
        });
        let dropped = window_event_listener(leptos::ev::drop, move |event| {
            event.prevent_default();
            over.set(false);
            if let Some(files) = event.data_transfer().and_then(|data| data.files()) {
                if let Some(dialog) = dialog.get_untracked().filter(|dialog| !dialog.open()) {
                    // It is in the document, so it can be shown.
                    let _ = dialog.show_modal();
                }
                sender.choose(&files);
            }
        });
        on_cleanup(move || {
            dragged.remove();
            left.remove();
            dropped.remove();
        });
    }
    // A dialog that is left forgets what has ended; what runs goes on, and the list shows it.
    Effect::new(move |_| {
        if closed.get() > 0 {
            sender.abort();
            chosen.set(None);
            sending.set(None);
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = dialog;

    let browsed = move |_event: leptos::ev::Event| {
        #[cfg(feature = "hydrate")]
        if let Some(files) = event_target::<leptos::web_sys::HtmlInputElement>(&_event).files() {
            sender.choose(&files);
        }
    };
    let file = move || {
        chosen.get().map(|chosen| {
            let state = move || match sending.get() {
                Some(Sending::Sent(sent, all)) => {
                    let percent = sent.saturating_mul(100).checked_div(all).unwrap_or(100);
                    Some(view! {
                        <progress max="100" value=percent.to_string() aria-label="Upload"></progress>
                        <span class="soft small">{format!("Uploading, {percent} %")}</span>
                    })
                }
                _ => None,
            };
            view! {
                <div class="file">
                    <b>{chosen.name}</b>
                    <span class="soft">{bytes(chosen.size)}</span>
                    {state}
                </div>
                {chosen.problem.map(|problem| view! { <p class="bad-text" role="alert">{problem}</p> })}
            }
        })
    };
    let refused = move || match sending.get() {
        Some(Sending::Refused(reason)) => Some(view! { <p class="bad-text" role="alert">{reason}</p> }),
        _ => None,
    };
    view! {
        <h2 id="upload-title">"Add module from your filesystem"</h2>
        <p class="soft">"A zip of one module, as the command-line client packs it."</p>
        <label class="drop" class:over=over>
            <input class="unseen" type="file" accept=".zip,application/zip" on:change=browsed disabled=is_sending/>
            <b>"Drop a zip here"</b>
            <span class="soft">"or " <u>"browse your files"</u></span>
        </label>
        {file}
        {refused}
        {move || job.get().map(|job| view! { <Following job sender/> })}
        <div class="acts">
            <button class="btn" data-closes="">
                {move || if is_sending() { "Cancel" } else { "Close" }}
            </button>
            <button class="btn go" disabled=move || !can_send() on:click=move |_| sender.send(false)>"Upload"</button>
        </div>
    }
}

/// The installation of what was sent.
#[component]
fn Following(job: Job, sender: Sender) -> impl IntoView {
    let label = job.subject();
    match job.state {
        JobState::Running => EitherOf3::A(view! { <Progress job/> }),
        JobState::Succeeded => {
            let text = match job.outcome {
                Some(Outcome::Unchanged) => " is installed already with this very content. Nothing was changed.",
                _ => " is installed.",
            };
            let link = job.module.map(|name| view! { <a href=format!("/backoffice/modules/{name}")>"Open it"</a> });
            EitherOf3::B(view! {
                <div class="notice good">
                    <span aria-hidden="true">"✓"</span>
                    <p><b>{label} " " {job.version}</b> {text} " " {link}</p>
                </div>
            })
        }
        JobState::Failed | JobState::Cancelled => {
            let is_downgrade = job.failure.as_ref().is_some_and(|failure| failure.code == JobFailure::DOWNGRADE);
            EitherOf3::C(view! {
                <Failed job log=true/>
                {is_downgrade
                    .then(|| view! { <button class="btn bad" on:click=move |_| sender.send(true)>"Replace the newer version"</button> })}
            })
        }
    }
}

/// Holds the chosen file and sends it.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "on the server nobody chooses a file"))]
struct Sender {
    chosen: RwSignal<Option<Chosen>>,
    sending: RwSignal<Option<Sending>>,
    limit: u64,
    #[cfg(feature = "hydrate")]
    file: StoredValue<Option<leptos::web_sys::File>, LocalStorage>,
    #[cfg(feature = "hydrate")]
    upload: StoredValue<Option<crate::browser::upload::Upload>, LocalStorage>,
}

impl Sender {
    fn new(chosen: RwSignal<Option<Chosen>>, sending: RwSignal<Option<Sending>>, limit: u64) -> Self {
        Self {
            chosen,
            sending,
            limit,
            #[cfg(feature = "hydrate")]
            file: StoredValue::new_local(None),
            #[cfg(feature = "hydrate")]
            upload: StoredValue::new_local(None),
        }
    }

    /// Takes the one file out of a drop or a choice, and looks at it before anything is sent.
    #[cfg(feature = "hydrate")]
    fn choose(self, files: &leptos::web_sys::FileList) {
        if matches!(self.sending.get_untracked(), Some(Sending::Sent(..))) {
            return;
        }
        let Some(file) = files.get(0) else { return };
        let size = file.size() as u64;
        let mut chosen = Chosen { name: file.name(), size, problem: None };
        if files.length() > 1 {
            chosen.problem = Some("Only one module at a time: choose one zip.".to_owned());
        } else if size > self.limit {
            chosen.problem = Some(format!(
                "This file is {}, over the limit of {}. Nothing was sent.",
                bytes(size),
                bytes(self.limit)
            ));
        }
        self.sending.set(None);
        let is_fine = chosen.problem.is_none();
        self.file.set_value(is_fine.then(|| file.clone()));
        self.chosen.set(Some(chosen));
        if is_fine {
            leptos::task::spawn_local(async move {
                if !crate::browser::upload::is_zip(&file).await {
                    self.file.set_value(None);
                    self.chosen.update(|chosen| {
                        if let Some(chosen) = chosen {
                            chosen.problem = Some("This is not a zip file. Nothing was sent.".to_owned());
                        }
                    });
                }
            });
        }
    }

    fn send(self, _allow_downgrade: bool) {
        #[cfg(feature = "hydrate")]
        if let Some(file) = self.file.get_value() {
            self.upload.set_value(crate::browser::upload::send(&file, _allow_downgrade, self.sending));
        }
    }

    fn abort(self) {
        #[cfg(feature = "hydrate")]
        self.upload.update_value(|upload| {
            if let Some(upload) = upload.take() {
                upload.abort();
            }
        });
    }
}
