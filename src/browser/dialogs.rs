//! Opens the dialog that a link or button names in `data-opens`, and closes the one around `data-closes`. Without wasm
//! such a link leads to a page that asks the same.

use leptos::prelude::document;
use wasm_bindgen::{JsCast, prelude::Closure};
use web_sys::{Element, Event, HtmlDialogElement};

/// Catches every click of the page.
pub fn listen() {
    let clicked = Closure::<dyn Fn(Event)>::new(|event: Event| {
        let Some(target) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
        let around = |selector: &str| target.closest(selector).ok().flatten();
        if let Some(dialog) = around("[data-opens]")
            .and_then(|opener| document().get_element_by_id(&opener.get_attribute("data-opens")?))
            .and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok())
        {
            event.prevent_default();
            // It fails only for a dialog that is open already.
            let _ = dialog.show_modal();
        } else if around("[data-closes]").is_some() || target.tag_name() == "DIALOG" {
            // A click on the dialog itself is one beside its content: on the ground behind it.
            if let Some(dialog) = around("dialog[open]").and_then(|dialog| dialog.dyn_into::<HtmlDialogElement>().ok())
            {
                event.prevent_default();
                dialog.close();
            }
        }
    });
    let listened = document().add_event_listener_with_callback("click", clicked.as_ref().unchecked_ref());
    debug_assert!(listened.is_ok(), "the document takes listeners");
    // It listens as long as the page is open.
    clicked.forget();
}
