//! What an unknown address shows: a way on.

use leptos::prelude::*;
use leptos_meta::Title;

/// A 404 page that offers the search.
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <Missing what="There is no such page.".to_owned()/> }
}

/// A 404 that says what is missing.
#[component]
pub fn Missing(what: String) -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(options) = use_context::<leptos_axum::ResponseOptions>() {
        options.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not found"/>
        <div class="empty">
            <h1>"Not found"</h1>
            <p class="soft">{what} " It may have been removed, or its name may be spelled another way."</p>
            <form class="find" role="search" method="get" action="/backoffice/modules">
                <input type="search" name="q" aria-label="Search modules" placeholder="Search modules and components"/>
                <button class="btn go">"Search"</button>
            </form>
            <p><a href="/backoffice/modules">"All modules"</a></p>
        </div>
    }
}
