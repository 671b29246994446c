//! Shows what has changed on the server: fetches the page again and replaces the parts marked `data-live`.

use std::cell::Cell;

use leptos::prelude::{document, window};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DomParser, Element, HtmlElement, SupportedType};

thread_local! {
    /// Counts the refreshes, so that an answer that was overtaken by a later one is dropped.
    static NEWEST: Cell<u32> = const { Cell::new(0) };
}

/// Refreshes the page if it is about this module.
pub fn if_about(module: &str) {
    let about = document().query_selector("[data-module]").ok().flatten();
    if about.is_some_and(|about| about.get_attribute("data-module").as_deref() == Some(module)) {
        leptos::task::spawn_local(now());
    }
}

/// Refreshes the page.
pub async fn now() {
    around(None).await;
}

/// Refreshes the page but for the part that holds `kept`: somebody is filling it in.
pub async fn around(kept: Option<&Element>) {
    let number = NEWEST.get() + 1;
    NEWEST.set(number);
    let Ok(address) = window().location().href() else { return };
    let Ok(answer) = gloo_net::http::Request::get(&address).header("accept", "text/html").send().await else { return };
    // A page that has gone (404) is shown as well: it says so.
    let Ok(html) = answer.text().await else { return };
    if NEWEST.get() != number {
        return;
    }
    let Ok(fresh) = DomParser::new().and_then(|parser| parser.parse_from_string(&html, SupportedType::TextHtml)) else {
        return;
    };
    let Ok(parts) = document().query_selector_all("[data-live]") else { return };
    for part in (0..parts.length()).filter_map(|at| parts.get(at)?.dyn_into::<Element>().ok()) {
        if let Some(new) = fresh.get_element_by_id(&part.id()).filter(|_| !part.contains(kept.map(AsRef::as_ref))) {
            replace(&part, &new);
        }
    }
}

/// Replaces the content of `old` by that of `new`, unless it is what the server sent last.
fn replace(old: &Element, new: &Element) {
    let key = JsValue::from_str("stockroomSent");
    let html = new.inner_html();
    // What an island has made of the HTML since it came does not count.
    let sent =
        js_sys::Reflect::get(old, &key).ok().and_then(|sent| sent.as_string()).unwrap_or_else(|| old.inner_html());
    if sent == html || is_read(old) {
        return;
    }
    let focused = document().active_element().filter(|focused| old.contains(Some(focused)));
    let focused = focused.map(|focused| (focused.id(), focused.get_attribute("aria-label")));
    old.set_inner_html(&html);
    // A plain property of a plain object takes any value.
    let _ = js_sys::Reflect::set(old, &key, &JsValue::from_str(&html));
    hydrate_islands(old);
    if let Some((id, _)) = focused {
        let same = (!id.is_empty()).then(|| document().get_element_by_id(&id)).flatten();
        let heir = same.or_else(|| old.query_selector("button, a[href]").ok().flatten());
        if let Some(heir) = heir.and_then(|heir| heir.dyn_into::<HtmlElement>().ok()) {
            // An element of this document takes the focus.
            let _ = heir.focus();
        }
    }
}

/// Whether somebody has marked text in this part, or has scrolled in it: what they read stays where it is.
fn is_read(part: &Element) -> bool {
    let marked = window().get_selection().ok().flatten().filter(|selection| !selection.is_collapsed());
    if marked.is_some_and(|marked| part.contains(marked.anchor_node().as_ref())) {
        return true;
    }
    let Ok(inner) = part.query_selector_all("[data-scrolls]") else { return false };
    (0..inner.length()).filter_map(|at| inner.get(at)?.dyn_into::<Element>().ok()).any(|inner| inner.scroll_top() > 0)
}

/// Brings the islands in new HTML to life, as the page's own script does at the start.
fn hydrate_islands(part: &Element) {
    let hydrate = js_sys::Reflect::get(&window(), &JsValue::from_str("__hydrateIsland"));
    let Some(hydrate) = hydrate.ok().and_then(|hydrate| hydrate.dyn_into::<js_sys::Function>().ok()) else { return };
    let Ok(islands) = part.query_selector_all("leptos-island") else { return };
    for island in (0..islands.length()).filter_map(|at| islands.get(at)?.dyn_into::<Element>().ok()) {
        if let Some(component) = island.get_attribute("data-component") {
            // An island that cannot come to life stays as the server has rendered it.
            let _ = hydrate.call2(&JsValue::NULL, &island, &JsValue::from_str(&component));
        }
    }
}
