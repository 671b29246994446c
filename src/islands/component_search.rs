//! Searches in the components of a module: the list itself is the server's, and this hides what does not match.

use leptos::prelude::*;

/// A search box for the elements with `data-text` on the page.
#[island]
pub fn ComponentSearch() -> impl IntoView {
    let typed = move |event| {
        let text = event_target_value(&event).to_lowercase();
        #[cfg(not(feature = "hydrate"))]
        let _ = text;
        #[cfg(feature = "hydrate")]
        hide_others(&text);
    };
    view! {
        <input
            class="narrow"
            type="search"
            aria-label="Search in the components"
            placeholder="Search components"
            autocomplete="off"
            on:input=typed
        />
    }
}

/// Hides the components that lack a word of the text.
#[cfg(feature = "hydrate")]
fn hide_others(text: &str) {
    use leptos::wasm_bindgen::JsCast;

    let Ok(items) = document().query_selector_all("[data-text]") else { return };
    let items = (0..items.length()).filter_map(|at| items.get(at)?.dyn_into::<leptos::web_sys::HtmlElement>().ok());
    for item in items {
        let own = item.get_attribute("data-text").unwrap_or_default();
        item.set_hidden(!text.split_whitespace().all(|word| own.contains(word)));
    }
}
