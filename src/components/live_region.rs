//! Tells screen readers what happens. It is there from the first paint: a region that comes later is not announced.

use leptos::prelude::*;

use crate::browser::live::Live;

#[component]
pub fn LiveRegion() -> impl IntoView {
    let live = expect_context::<Live>();
    view! { <p class="unseen" role="status" aria-live="polite">{move || live.said.get()}</p> }
}
