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
    /// It is on its way.
    Asked,
    /// It is on its way, but the list has changed since it was asked for.
    AskedAgain,
    Here,
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
        fetch();
    }
}

/// The list has changed on the server. What is shown stays until the new one is there.
pub fn changed() {
    match NEED.get() {
        Need::None => {}
        Need::Later | Need::Here => fetch(),
        Need::Asked | Need::AskedAgain => NEED.set(Need::AskedAgain),
    }
}

/// The list has changed on the server, and the one that is here has been changed alike.
pub fn followed() {
    // What is on its way may be from before.
    if NEED.get() == Need::Asked {
        NEED.set(Need::AskedAgain);
    }
}

fn fetch() {
    NEED.set(Need::Asked);
    leptos::task::spawn_local(async move {
        loop {
            let Some(index) = ask().await else {
                // The next sign tries again.
                NEED.set(Need::Later);
                return;
            };
            live().index.set(Some(index));
            if NEED.replace(Need::Here) == Need::Asked {
                return;
            }
            NEED.set(Need::Asked);
        }
    });
}

async fn ask() -> Option<Index> {
    let answer = gloo_net::http::Request::get("/backoffice/index").send().await.ok()?;
    Some(Index::from(answer.json::<Wire>().await.ok()?))
}
