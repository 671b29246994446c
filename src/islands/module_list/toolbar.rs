//! Search box, status, category and order. All of it is a GET form, so it works before and without wasm.

use leptos::{html, prelude::*};

use super::address;
#[cfg(feature = "hydrate")]
use crate::browser::calm::Calm;
use crate::domain::search::{Counts, Query, Sort, Status};

/// After this much calm the text goes into the address: browsers allow only so many changes of it.
#[cfg(feature = "hydrate")]
const SETTLE: std::time::Duration = std::time::Duration::from_millis(250);

#[component]
pub fn Toolbar(query: RwSignal<Query>, counts: Memo<Counts>, categories: Memo<Vec<String>>) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    #[cfg(feature = "hydrate")]
    let calm = Calm::default();
    let typed = move |event| {
        query.update(|query| query.text = event_target_value(&event));
        #[cfg(feature = "hydrate")]
        calm.after(SETTLE, move || address::write(&query.get_untracked(), true));
    };
    let choose = move |change: &dyn Fn(&mut Query)| {
        query.update(change);
        address::write(&query.get_untracked(), false);
    };

    // `/` leads to the search from anywhere on the page.
    #[cfg(feature = "hydrate")]
    {
        let shortcut = window_event_listener(leptos::ev::keydown, move |event| {
            if event.key() == "/" && !is_typing(&event) && !event.ctrl_key() && !event.meta_key() {
                event.prevent_default();
                if let Some(input) = input.get_untracked() {
                    // An element of this document takes the focus.
                    let _ = input.focus();
                    input.select();
                }
            }
        });
        on_cleanup(move || shortcut.remove());
    }

    let status_link = move |status: Status| {
        let href = move || format!("/backoffice/modules{}", Query { status, ..query.get() }.to_search());
        let pick = move |event: leptos::ev::MouseEvent| {
            // With a modifier it opens in another tab.
            if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                event.prevent_default();
                choose(&move |query| query.status = status);
            }
        };
        view! {
            <a href=href on:click=pick aria-current=move || (query.with(|query| query.status) == status).then_some("true")>
                {status.label()}
                " "
                <span class="soft">{move || counts.get().of(status)}</span>
            </a>
        }
    };
    let category_option = move |category: String| {
        let is_chosen = query.with_untracked(|query| query.category == category);
        view! { <option value=category.clone() selected=is_chosen>{category.clone()}</option> }
    };
    let sort_option = |sort: Sort| {
        let is_chosen = query.with_untracked(|query| query.sort == sort);
        view! { <option value=sort.word() selected=is_chosen>{sort.label()}</option> }
    };
    let hidden_status = move || {
        let status = query.with(|query| query.status);
        (status != Status::All).then(|| view! { <input type="hidden" name="status" value=status.word()/> })
    };

    view! {
        <form
            class="bar"
            role="search"
            method="get"
            action="/backoffice/modules"
            on:submit=move |event| event.prevent_default()
            on:focusin=move |_| want()
            on:pointerenter=move |_| want()
        >
            <div class="find">
                <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
                    <circle cx="7" cy="7" r="5"/>
                    <path d="m11 11 4 4"/>
                </svg>
                <input
                    type="search"
                    name="q"
                    node_ref=input
                    aria-label="Search modules and components"
                    aria-keyshortcuts="/"
                    placeholder="Search"
                    autocomplete="off"
                    spellcheck="false"
                    value=query.with_untracked(|query| query.text.clone())
                    prop:value=move || query.with(|query| query.text.clone())
                    on:input=typed
                />
                <kbd aria-hidden="true">"/"</kbd>
            </div>
            <select
                name="category"
                aria-label="Category"
                prop:value=move || query.with(|query| query.category.clone())
                on:change=move |event| choose(&|query| query.category = event_target_value(&event))
            >
                <option value="">"All categories"</option>
                {move || categories.get().into_iter().map(category_option).collect_view()}
            </select>
            <select
                name="sort"
                aria-label="Order"
                prop:value=move || query.with(|query| query.sort.word())
                on:change=move |event| choose(&|query| query.sort = Sort::of_word(&event_target_value(&event)))
            >
                {Sort::ALL.into_iter().map(sort_option).collect_view()}
            </select>
            <button class="btn no-script">"Search"</button>
            <nav class="seg" aria-label="Status">{Status::ALL.into_iter().map(status_link).collect_view()}</nav>
            {hidden_status}
        </form>
    }
}

/// Whoever comes here is about to search.
fn want() {
    #[cfg(feature = "hydrate")]
    crate::browser::index::want();
}

/// Whether a key press belongs to a field or a dialog.
#[cfg(feature = "hydrate")]
fn is_typing(event: &leptos::ev::KeyboardEvent) -> bool {
    use leptos::wasm_bindgen::JsCast;

    event
        .target()
        .and_then(|target| target.dyn_into::<leptos::web_sys::Element>().ok())
        .is_some_and(|element| element.closest("input, textarea, select, dialog").ok().flatten().is_some())
}
