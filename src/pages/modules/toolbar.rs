//! Search box, status, category and order. All of it is a GET form, so it works before and without wasm.

use std::time::Duration;

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::domain::search::{Counts, Query, Sort, Status};

/// After this much calm the text goes into the address: browsers allow only so many changes of it.
const SETTLE: Duration = Duration::from_millis(250);

#[component]
pub fn Toolbar(
    query: Memo<Query>,
    /// The query as the address has it, which is behind `text` while somebody types.
    in_address: Memo<Query>,
    text: RwSignal<String>,
    counts: Memo<Counts>,
    categories: Memo<Vec<String>>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let navigate = use_navigate();
    let go = StoredValue::new_local(move |query: &Query, replace: bool| {
        let options = NavigateOptions { replace, scroll: false, ..NavigateOptions::default() };
        navigate(&format!("/backoffice/modules{}", query.to_search()), options);
    });

    // Typing changes the address a little later, and Back changes the text.
    let written = StoredValue::new(text.get_untracked());
    Effect::new(move |_| {
        let arrived = in_address.with(|query| query.text.clone());
        if arrived != written.get_value() {
            written.set_value(arrived.clone());
            text.set(arrived);
        }
    });
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let typed = move |event| {
        text.set(event_target_value(&event));
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let settle = move || {
            let query = query.get_untracked();
            written.set_value(query.text.clone());
            go.with_value(|go| go(&query, true));
        };
        timer.set_value(set_timeout_with_handle(settle, SETTLE).ok());
    };
    let leave = move || {
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
    };
    on_cleanup(leave);

    // `/` leads to the search from anywhere on the page; Esc empties it.
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

    let choose = move |change: &dyn Fn(&mut Query)| {
        let mut query = query.get_untracked();
        change(&mut query);
        go.with_value(|go| go(&query, false));
    };
    let statuses = move || {
        Status::ALL
            .into_iter()
            .map(|status| {
                let href = move || {
                    let search = Query { status, ..query.get() }.to_search();
                    format!("/backoffice/modules{search}")
                };
                view! {
                    <a href=href data-noscroll="" aria-current=move || (query.with(|query| query.status) == status).then_some("true")>
                        {status.label()}
                        " "
                        <span class="soft">{move || counts.get().of(status)}</span>
                    </a>
                }
            })
            .collect_view()
    };
    let category_options = move || {
        categories
            .get()
            .into_iter()
            .map(|category| {
                let is_chosen = query.with_untracked(|query| query.category == category);
                view! { <option value=category.clone() selected=is_chosen>{category.clone()}</option> }
            })
            .collect_view()
    };
    let sort_options = Sort::ALL
        .into_iter()
        .map(|sort| {
            let is_chosen = query.with_untracked(|query| query.sort == sort);
            view! { <option value=sort.word() selected=is_chosen>{sort.label()}</option> }
        })
        .collect_view();

    view! {
        <form class="bar" role="search" method="get" action="/backoffice/modules" on:submit=move |event| event.prevent_default()>
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
                    placeholder="Search modules and components"
                    autocomplete="off"
                    spellcheck="false"
                    value=text.get_untracked()
                    prop:value=text
                    on:input=typed
                />
                <kbd aria-hidden="true">"/"</kbd>
            </div>
            <nav class="seg" aria-label="Status">{statuses}</nav>
            {move || {
                let status = query.with(|query| query.status);
                (status != Status::All).then(|| view! { <input type="hidden" name="status" value=status.word()/> })
            }}
            <select
                name="category"
                aria-label="Category"
                prop:value=move || query.with(|query| query.category.clone())
                on:change=move |event| choose(&|query| query.category = event_target_value(&event))
            >
                <option value="">"All categories"</option>
                {category_options}
            </select>
            <select
                name="sort"
                aria-label="Order"
                prop:value=move || query.with(|query| query.sort.word())
                on:change=move |event| {
                    let word = event_target_value(&event);
                    choose(&|query| query.sort = Sort::ALL.into_iter().find(|sort| sort.word() == word).unwrap_or_default());
                }
            >
                {sort_options}
            </select>
            <button class="btn no-script">"Search"</button>
        </form>
    }
    .into_any()
}

/// Whether a key press belongs to a field.
fn is_typing(event: &leptos::ev::KeyboardEvent) -> bool {
    use leptos::wasm_bindgen::JsCast;
    event.target().and_then(|target| target.dyn_into::<leptos::web_sys::Element>().ok()).is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || element.closest("dialog").ok().flatten().is_some()
    })
}
