//! The small coloured word that says the state of something: always a shape beside the colour.

use leptos::prelude::*;

/// "Installed", with a tick.
#[component]
pub fn InstalledBadge() -> impl IntoView {
    view! {
        <span class="badge on">
            <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true"><path d="m1 5 3 3 5-6"/></svg>
            "Installed"
        </span>
    }
}

/// A newer version, with an arrow.
#[component]
pub fn UpdateBadge(version: String) -> impl IntoView {
    view! {
        <span class="badge up">
            <span aria-hidden="true">"↑ "</span>
            <span class="unseen">"Update to "</span>
            {version}
        </span>
    }
}

/// Something that cannot be used.
#[component]
pub fn BrokenBadge() -> impl IntoView {
    view! { <span class="badge broken"><span aria-hidden="true">"! "</span>"Broken"</span> }
}
