//! Short messages at the edge of the page, with an optional way back.

use std::time::Duration;

use leptos::prelude::*;

/// How long a message stays: long enough to read it and to reach for its button.
const STAY: Duration = Duration::from_secs(12);

/// One message.
#[derive(Clone)]
pub struct Toast {
    id: u32,
    text: String,
    is_bad: bool,
    undo: Option<Callback<()>>,
}

/// The messages that show now.
#[derive(Clone, Copy)]
pub struct Toasts {
    list: RwSignal<Vec<Toast>>,
    next: StoredValue<u32>,
}

impl Toasts {
    pub fn new() -> Self {
        Self { list: RwSignal::new(Vec::new()), next: StoredValue::new(0) }
    }

    pub fn say(self, text: impl Into<String>) {
        self.push(text.into(), false, None);
    }

    pub fn fail(self, text: impl Into<String>) {
        self.push(text.into(), true, None);
    }

    /// Says what was done, with a button that takes it back.
    pub fn offer_undo(self, text: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.push(text.into(), false, Some(Callback::new(move |()| undo())));
    }

    fn push(self, text: String, is_bad: bool, undo: Option<Callback<()>>) {
        let id = self.next.get_value();
        self.next.set_value(id + 1);
        self.list.update(|list| list.push(Toast { id, text, is_bad, undo }));
        set_timeout(move || self.drop(id), STAY);
    }

    fn drop(self, id: u32) {
        self.list.update(|list| list.retain(|toast| toast.id != id));
    }
}

impl Default for Toasts {
    fn default() -> Self {
        Self::new()
    }
}

/// Where the messages show.
#[component]
pub fn ToastList() -> impl IntoView {
    let toasts = expect_context::<Toasts>();
    let show = move |toast: Toast| {
        let id = toast.id;
        let undo = toast.undo.map(|undo| {
            let take_back = move |_| {
                toasts.drop(id);
                undo.run(());
            };
            view! { <button class="btn" on:click=take_back>"Undo"</button> }
        });
        view! {
            <li class="toast" class:bad=toast.is_bad>
                <span>{toast.text}</span>
                {undo}
                <button class="btn quiet" aria-label="Close" on:click=move |_| toasts.drop(id)>"✕"</button>
            </li>
        }
    };
    view! {
        <ol class="toasts" role="status" aria-label="Messages">
            <For each=move || toasts.list.get() key=|toast| toast.id children=show/>
        </ol>
    }
}
