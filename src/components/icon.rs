//! The picture of a module or component, or its first letter.

use leptos::{either::Either, prelude::*};

/// An icon by its SHA-256; it is decoration, the name always stands beside it.
#[component]
pub fn Icon(sha256: Option<String>, label: String) -> impl IntoView {
    match sha256 {
        Some(sha256) => Either::Left(view! {
            <span class="icon">
                <img src=format!("/backoffice/icons/{sha256}") alt="" width="40" height="40" loading="lazy" decoding="async"/>
            </span>
        }),
        None => {
            let letter =
                label.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('?').to_uppercase().to_string();
            Either::Right(view! { <span class="icon" aria-hidden="true">{letter}</span> })
        }
    }
}
