//! "Remove this module": a dialog that says what will happen. Without wasm the question shows in the page, by an address
//! of its own.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::uses::{Affected, FlowList};
use crate::components::when::count;

/// What pictures say of a component that would go.
pub const WOULD_GO: &str = "would be missing";

/// The button, and the question behind it.
#[component]
pub fn RemoveButton(
    name: String,
    label: String,
    /// What it would break, running ones first.
    flows: Vec<Affected>,
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
fn Question(id: &'static str, name: String, label: String, flows: Vec<Affected>) -> impl IntoView {
    let running = flows.iter().filter(|one| one.used.is_running()).count();
    let broken = (!flows.is_empty()).then(|| {
        let number = count(flows.len(), "flow");
        let state = match running {
            0 => ", none of them running".to_owned(),
            _ if running == flows.len() => String::new(),
            _ => format!(", {running} of them running"),
        };
        view! {
            <p><b>{format!("{number} would lose components{state}:")}</b></p>
            <FlowList flows mark=WOULD_GO/>
        }
    });
    let answers = if running == 0 {
        view! { <Plain name label=label.clone()/> }.into_any()
    } else {
        view! { <ThreeWays name label=label.clone() running/> }.into_any()
    };
    view! {
        <h2 id=id>{format!("Remove {label}?")}</h2>
        <p>
            "Its components disappear from the engine at once. Flows that use them go on, and fail where one is missing, until "
            "the module is installed again."
        </p>
        {broken}
        <p class="soft">"Its archive and its ACL rules are kept: for seven days you can bring it back as it is now."</p>
        {answers}
    }
}

/// Nothing that runs is hit.
#[component]
fn Plain(name: String, label: String) -> impl IntoView {
    let (back, undo) = (page_of(&name), format!("name={name}"));
    view! {
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

/// Stop what runs first, let it fail, or think again.
#[component]
fn ThreeWays(name: String, label: String, running: usize) -> impl IntoView {
    let (back, undo) = (page_of(&name), format!("name={name}"));
    let these = if running == 1 { "this flow" } else { "these flows" };
    // What a pattern takes for more than itself in a module's name is the dot alone.
    let pattern = name.replace('.', "\\.");
    view! {
        <form
            class="way"
            method="post"
            action="/backoffice/api/remove_module"
            data-enhance=""
            data-done=format!("What used {label} was stopped, and it was removed.")
            data-undo="/backoffice/api/undo_remove_module"
            data-undo-body=undo.clone()
        >
            <input type="hidden" name="name" value=name.clone()/>
            <input type="hidden" name="way" value="stop"/>
            <p class="soft">
                "Stopping drops the messages that are on the way. When a flow cannot be stopped, nothing is removed."
            </p>
            <button class="btn bad full">{format!("Stop {these} and remove")}</button>
        </form>
        <form
            class="way"
            method="post"
            action="/backoffice/api/remove_module"
            data-enhance=""
            data-done=format!("{label} was removed.")
            data-undo="/backoffice/api/undo_remove_module"
            data-undo-body=undo
        >
            <input type="hidden" name="name" value=name.clone()/>
            <input type="hidden" name="way" value="anyway"/>
            <label>
                <span>"Or let them run and fail: type " <code>{name.clone()}</code></span>
                <input name="confirm" required autocomplete="off" autocapitalize="off" spellcheck="false" pattern=pattern title=name/>
            </label>
            <button class="btn bad">"Remove anyway"</button>
        </form>
        <div class="acts"><a class="btn" role="button" href=back data-closes="">"Cancel"</a></div>
    }
}

fn page_of(name: &str) -> String {
    format!("/backoffice/modules/{name}")
}
