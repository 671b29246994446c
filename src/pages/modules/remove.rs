//! "Remove this module": a dialog that says what will happen. Without wasm the question shows in the page, by an address
//! of its own.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{components::when::count, pages::flows::StageBadge, server::store::flows::FlowUse};

/// The button, and the question behind it.
#[component]
pub fn RemoveButton(
    name: String,
    label: String,
    /// What it would break, running ones first.
    flows: Vec<FlowUse>,
) -> impl IntoView {
    let is_asked = use_query_map().with_untracked(|query| query.get("remove").is_some());
    let inline = is_asked.then(|| {
        view! {
            <div class="inline-dialog" role="group" aria-labelledby="remove-inline">
                <Question id="remove-inline" name=name.clone() label=label.clone() flows=flows.clone()/>
            </div>
        }
    });
    view! {
        <a class="btn bad" role="button" href=format!("/backoffice/modules/{name}?remove=") data-opens="remove">"Remove this module"</a>
        {inline}
        <dialog id="remove" aria-labelledby="remove-title">
            <div class="dialog-body"><Question id="remove-title" name label flows/></div>
        </dialog>
    }
}

#[component]
fn Question(id: &'static str, name: String, label: String, flows: Vec<FlowUse>) -> impl IntoView {
    let (back, undo) = (format!("/backoffice/modules/{name}"), format!("name={name}"));
    view! {
        <h2 id=id>{format!("Remove {label}?")}</h2>
        <p>
            "Its components disappear from the engine at once. Flows that use them go on, and fail where one is missing, until "
            "the module is installed again."
        </p>
        <Broken flows/>
        <p class="soft">"Its archive and its ACL rules are kept: for seven days you can bring it back as it is now."</p>
        <form
            method="post"
            action="/backoffice/api/remove_module"
            data-enhance=""
            data-done=format!("{label} was removed.")
            data-undo="/backoffice/api/undo_remove_module"
            data-undo-body=undo
        >
            <input type="hidden" name="name" value=name/>
            <div class="acts">
                <a class="btn" role="button" href=back data-closes="">"Cancel"</a>
                <button class="btn bad full">"Remove"</button>
            </div>
        </form>
    }
}

/// The flows that would lose components, each with what it does now.
#[component]
fn Broken(flows: Vec<FlowUse>) -> impl IntoView {
    (!flows.is_empty()).then(|| {
        let number = count(flows.len(), "flow");
        view! {
            <p><b>{format!("{number} would lose components:")}</b></p>
            <ul class="findings">{flows.into_iter().map(|flow| view! { <UsedBy flow/> }).collect_view()}</ul>
        }
    })
}

/// A flow that uses the module.
#[component]
pub fn UsedBy(flow: FlowUse) -> impl IntoView {
    let (components, waiting) = (flow.components.len(), usize::try_from(flow.waiting).unwrap_or(usize::MAX));
    view! {
        <li>
            <a href=format!("/backoffice/flows/{}", flow.flow_id)>{flow.name}</a>
            " " <StageBadge stage=flow.stage/> " "
            <span class="soft">
                {count(components, "component")}
                {(waiting > 0).then(|| format!(", {} on the way", count(waiting, "message")))}
            </span>
        </li>
    }
}
