//! Fetches the whole list, so that every key press is answered here.

use leptos::prelude::Set;

use super::live::live;
use crate::domain::search::{Index, Wire};

/// Fetches the list anew; what is shown stays until it is there.
pub fn fetch() {
    leptos::task::spawn_local(async move {
        let Ok(answer) = gloo_net::http::Request::get("/backoffice/index").send().await else { return };
        if let Ok(wire) = answer.json::<Wire>().await {
            live().index.set(Some(Index::from(wire)));
        }
    });
}
