//! The list's state in the address, so that Back, a reload and a shared link work; and the place in it.

use crate::domain::search::Query;

/// Puts the query into the address. `replace` adds no entry to the history.
#[cfg(feature = "hydrate")]
pub fn write(query: &Query, replace: bool) {
    use leptos::prelude::window;
    use leptos::wasm_bindgen::JsValue;

    let Ok(history) = window().history() else { return };
    let address = format!("/backoffice/modules{}", query.to_search());
    // A browser refuses when there are too many changes within seconds; the next one brings all of it.
    let _ = if replace {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

#[cfg(not(feature = "hydrate"))]
pub fn write(_: &Query, _: bool) {}

/// Brings the query back when the history moves.
#[cfg(feature = "hydrate")]
pub fn follow(query: leptos::prelude::RwSignal<Query>) {
    use leptos::prelude::{Set, on_cleanup, window, window_event_listener};

    let moved = window_event_listener(leptos::ev::popstate, move |_| {
        let search = window().location().search().unwrap_or_default();
        if let Ok(params) = leptos::web_sys::UrlSearchParams::new_with_str(&search) {
            query.set(Query::from_params(|key| params.get(key)));
        }
    });
    on_cleanup(move || moved.remove());
}

/// Remembers what was typed last and how far the page was scrolled when it is left, and goes there once the whole list
/// is here: before that it is too short.
#[cfg(feature = "hydrate")]
pub fn keep_place(
    query: leptos::prelude::RwSignal<Query>,
    index: leptos::prelude::RwSignal<Option<crate::domain::search::Index>>,
) {
    use leptos::prelude::{
        Effect, GetUntracked, With, on_cleanup, request_animation_frame, window, window_event_listener_untyped,
    };
    use leptos::wasm_bindgen::JsValue;

    let left = window_event_listener_untyped("pagehide", move |_| {
        if let (Ok(history), Ok(place)) = (window().history(), window().scroll_y()) {
            let address = format!("/backoffice/modules{}", query.get_untracked().to_search());
            // Without it the page opens at its top.
            let _ = history.replace_state_with_url(&JsValue::from_f64(place), "", Some(&address));
        }
    });
    on_cleanup(move || left.remove());
    let place = window().history().ok().and_then(|history| history.state().ok()?.as_f64()).filter(|place| *place > 0.0);
    if place.is_some() {
        crate::browser::index::want();
    }
    Effect::new(move |done: Option<bool>| {
        let is_here = index.with(Option::is_some);
        if let (Some(place), true, false) = (place, is_here, done.unwrap_or_default()) {
            // After the cards have made room for themselves.
            request_animation_frame(move || {
                request_animation_frame(move || window().scroll_to_with_x_and_y(0.0, place))
            });
        }
        is_here
    });
}
