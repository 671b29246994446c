//! Short messages, and what screen readers are told. Both are there from the first paint: a live region that comes later
//! is not announced.

use leptos::prelude::*;

use crate::browser::{
    live::live,
    toasts::{Toast, toasts},
};

#[island]
pub fn ToastList() -> impl IntoView {
    let (toasts, live) = (toasts(), live());
    // The last island of every page: once it lives, all of them do. Tests wait for this.
    #[cfg(feature = "hydrate")]
    if let Some(html) = document().document_element() {
        // An attribute with a valid name.
        let _ = html.set_attribute("data-hydrated", "");
    }
    let show = move |toast: Toast| {
        let id = toast.id;
        let undo = toast.undo.map(|undo| {
            let take_back = move |_| {
                toasts.drop(id);
                #[cfg(feature = "hydrate")]
                {
                    let undo = undo.clone();
                    leptos::task::spawn_local(async move {
                        crate::browser::post(&undo.action, undo.body).await;
                    });
                }
                #[cfg(not(feature = "hydrate"))]
                let _ = &undo;
            };
            view! { <button class="btn" on:click=take_back>"Undo"</button> }
        });
        view! {
            <li class="toast" class:bad=toast.is_bad>
                <span role=toast.is_bad.then_some("alert")>{toast.text}</span>
                {undo}
                <button class="btn quiet" aria-label="Close" on:click=move |_| toasts.drop(id)>"✕"</button>
            </li>
        }
    };
    view! {
        <div class="toasts" role="status">
            <ul aria-label="Messages">
                <For each=move || toasts.list.get() key=|toast| toast.id children=show/>
            </ul>
        </div>
        <p class="unseen" role="status" aria-live="polite">{move || live.said.get()}</p>
    }
}
