//! The picture of a module or component, or its first letter.

use leptos::{either::Either, prelude::*};

/// An icon by its SHA-256; it is decoration, the name always stands beside it.
#[component]
pub fn Icon(
    sha256: Option<String>,
    label: String,
    /// As it came, which may be large, instead of small.
    #[prop(optional)]
    is_plain: bool,
) -> impl IntoView {
    match sha256 {
        Some(sha256) => {
            let folder = if is_plain { "icons" } else { "icons/small" };
            Either::Left(view! {
                <span class="icon">
                    <img src=format!("/backoffice/{folder}/{sha256}") alt="" width="40" height="40" loading="lazy" decoding="async"/>
                </span>
            })
        }
        None => Either::Right(view! { <span class="icon" aria-hidden="true">{initial(&label)}</span> }),
    }
}

/// The letter that stands for a picture.
pub fn initial(label: &str) -> String {
    label.chars().find(|letter| letter.is_alphanumeric()).unwrap_or('?').to_uppercase().to_string()
}
