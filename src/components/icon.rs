//! The picture of a module or component, or its first letter.

use leptos::prelude::*;

/// An icon by its SHA-256; it is decoration, the name always stands beside it.
#[component]
pub fn Icon(sha256: Option<String>, label: String) -> impl IntoView {
    match sha256 {
        Some(sha256) => view! {
            <span class="icon">
                <img src=format!("/backoffice/icons/{sha256}") alt="" width="40" height="40" loading="lazy" decoding="async"/>
            </span>
        }
        .into_any(),
        None => {
            let letter = label.chars().find(|c| c.is_alphanumeric()).map(|c| c.to_uppercase().to_string());
            view! { <span class="icon" aria-hidden="true">{letter.unwrap_or_else(|| "?".to_owned())}</span> }.into_any()
        }
    }
}
