//! Fetches the whole list, so that every key press is answered here.
//!
//! It weighs more than the page, so it comes with the first sign that somebody is about to search or to scroll: whoever
//! looks at the first screen and goes on does not wait for it, and does not pay for it.

use std::cell::Cell;

use leptos::prelude::*;

use super::live::live;
use crate::domain::search::{Index, Wire};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    /// This page shows no list.
    None,
    /// Not yet.
    Later,
    Now,
}

thread_local! {
    static NEED: Cell<Need> = const { Cell::new(Need::None) };
}

/// From now on a key press or a scroll fetches the list; the toolbar has signs of its own.
pub fn watch() {
    if NEED.get() != Need::None {
        return;
    }
    NEED.set(Need::Later);
    for sign in ["keydown", "scroll", "wheel"] {
        // Lives as long as the page.
        window_event_listener_untyped(sign, |_| want());
    }
}

/// Fetches the list if that was not done yet.
pub fn want() {
    if NEED.get() == Need::Later {
        NEED.set(Need::Now);
        fetch();
    }
}

/// The list has changed on the server. What is shown stays until the new one is there.
pub fn changed() {
    match NEED.get() {
        Need::None => {}
        Need::Later => want(),
        Need::Now => fetch(),
    }
}

fn fetch() {
    leptos::task::spawn_local(async move {
        if let Ok(answer) = gloo_net::http::Request::get("/backoffice/index").send().await
            && let Ok(wire) = answer.json::<Wire>().await
        {
            live().index.set(Some(Index::from(wire)));
        } else {
            // The next sign tries again.
            NEED.set(Need::Later);
        }
    });
}
