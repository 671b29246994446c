//! Fetches the whole list, so that every key press is answered here.

use super::live::Live;

/// Fetches the list anew; what is shown stays until it is there.
#[cfg(feature = "hydrate")]
pub fn fetch(live: Live) {
    use leptos::prelude::Set;

    use crate::domain::search::{Index, Wire};

    leptos::task::spawn_local(async move {
        let Ok(answer) = gloo_net::http::Request::get("/backoffice/index").send().await else { return };
        if let Ok(wire) = answer.json::<Wire>().await {
            live.index.set(Some(Index::from(wire)));
        }
    });
}

#[cfg(not(feature = "hydrate"))]
pub fn fetch(_: Live) {}
