//! "Remove this module": a dialog that says what will happen. Without wasm it shows in the page, by its own address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    api::remove_module::RemoveModule,
    components::dialog::Dialog,
};

#[component]
pub fn RemoveButton(name: String, label: String, remove: ServerAction<RemoveModule>) -> impl IntoView {
    let open = RwSignal::new(false);
    // The browser without wasm follows the link; a reload of that address with wasm finds the question in the page, too.
    let asked = use_query_map().with_untracked(|query| query.get("remove").is_some());
    let href = format!("/backoffice/modules/{name}?remove");
    let ask = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        open.set(true);
    };
    Effect::new(move |_| {
        if remove.pending().get() {
            open.set(false);
        }
    });
    let question = view! { <Question name=name.clone() label=label.clone() remove open/> };
    view! {
        <a class="btn bad" role="button" href=href on:click=ask>"Remove this module"</a>
        <Dialog open labelled_by="remove-title">{question}</Dialog>
        {asked.then(|| view! {
            <div class="inline-dialog" role="group" aria-label="Remove">
                <Question name label remove open/>
            </div>
        })}
    }
    .into_any()
}

#[component]
fn Question(name: String, label: String, remove: ServerAction<RemoveModule>, open: RwSignal<bool>) -> impl IntoView {
    let back = format!("/backoffice/modules/{name}");
    view! {
        <h2 id="remove-title">{format!("Remove {label}?")}</h2>
        <p>
            "Its components disappear from the engine at once. Flows that use them go on, and fail where one is missing, until "
            "the module is installed again."
        </p>
        <p class="soft">"Its archive and its ACL rules are kept: for seven days you can bring it back as it is now."</p>
        <ActionForm action=remove>
            <input type="hidden" name="name" value=name/>
            <div class="acts">
                <a
                    class="btn"
                    role="button"
                    href=back
                    on:click=move |event| {
                        if open.get_untracked() {
                            event.prevent_default();
                            open.set(false);
                        }
                    }
                >
                    "Cancel"
                </a>
                <button class="btn bad full" disabled=move || remove.pending().get()>"Remove"</button>
            </div>
        </ActionForm>
    }
    .into_any()
}
