//! A failure where something should be: what happened, and how to go on.

use leptos::prelude::*;

use crate::api::ApiError;

/// A failure inside a page. On the server it gives the answer its status.
#[component]
pub fn Failure(error: ApiError) -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let (Some(options), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), axum::http::StatusCode::from_u16(error.status))
    {
        options.set_status(status);
    }
    view! {
        <div class="notice bad" role="alert">
            <span aria-hidden="true">"✕"</span>
            <p>{error.message}</p>
        </div>
    }
}
