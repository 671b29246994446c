//! A failure where something should be: what happened, and how to go on.

use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

use crate::api::ApiError;

/// A failure inside a page; it gives the answer its status.
#[component]
pub fn Failure(error: ApiError) -> impl IntoView {
    if let (Some(options), Ok(status)) =
        (use_context::<leptos_axum::ResponseOptions>(), axum::http::StatusCode::from_u16(error.status))
    {
        options.set_status(status);
    }
    view! { <Message text=error.message/> }
}

/// Why a form that was sent without wasm was refused. The server function has put it into the address.
#[component]
pub fn Refusal() -> impl IntoView {
    let refused = use_query_map().with_untracked(|query| query.get("__err"));
    refused.map(|encoded| {
        let error = leptos::server_fn::error::ServerFnUrlError::<ApiError>::decode_err(&encoded);
        let prove = error.needs_proof.then(|| {
            let here = use_location().pathname.get_untracked();
            let next = percent_encoding::utf8_percent_encode(&here, percent_encoding::NON_ALPHANUMERIC).to_string();
            view! { <p><a href=format!("/backoffice/prove?next={next}")>"Confirm your password"</a></p> }
        });
        view! { <Message text=error.message/> {prove} }
    })
}

#[component]
fn Message(text: String) -> impl IntoView {
    view! { <div class="notice bad" role="alert"><span aria-hidden="true">"✕"</span><p>{text}</p></div> }
}
