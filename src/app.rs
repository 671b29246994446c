//! The document, the menu and the routes.

use leptos::prelude::*;

pub fn shell(_options: LeptosOptions) -> impl IntoView {
    view! { <html></html> }
}

#[component]
pub fn App() -> impl IntoView {
    view! { <p>"hello"</p> }
}
