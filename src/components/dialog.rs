//! A modal dialog on the browser's own `<dialog>`: it traps the focus, leaves with Esc, and gives the focus back.

use leptos::{html, prelude::*};

/// A dialog that shows while `open` says so. Leaving it by Esc or by a click outside sets `open` to false.
#[component]
pub fn Dialog(
    open: RwSignal<bool>,
    /// The id of the element that names it.
    labelled_by: &'static str,
    children: Children,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let Some(dialog) = node.get() else { return };
        match (open.get(), dialog.open()) {
            // It can only fail for an element that is not in the document, and this one is.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    let leave_outside = move |event: leptos::ev::MouseEvent| {
        let outside = node.get_untracked().is_some_and(|dialog| {
            event.target().is_some_and(|target| target == leptos::wasm_bindgen::JsValue::from(dialog).into())
        });
        if outside {
            open.set(false);
        }
    };
    view! {
        <dialog node_ref=node aria-labelledby=labelled_by on:close=move |_| open.set(false) on:mousedown=leave_outside>
            <div class="dialog-body">{children()}</div>
        </dialog>
    }
}
