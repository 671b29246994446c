//! The button that installs or updates a module, and the question before a version that takes components from flows.
//! Without wasm, and for versions of the list, the question shows in the page, by an address of its own.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::{
    remove::WOULD_GO,
    uses::{Affected, FlowList, losing},
};
use crate::{
    api::get_module::{ModuleDetail, VersionView},
    components::when::count,
    domain::job::Job,
};

/// The flows that this version would take components from.
pub fn losses(version: &VersionView, flows: &[Affected]) -> Vec<Affected> {
    if version.drops.is_empty() { Vec::new() } else { losing(flows, &version.drops) }
}

/// "Install this module" or "Update to …", and the question about the version that the address names.
#[component]
pub fn InstallButton(detail: ModuleDetail, flows: Vec<Affected>) -> impl IntoView {
    let is_busy = detail.job.as_ref().is_some_and(Job::is_running);
    let offered = |version: &&VersionView| version.offered && !version.installed;
    let of = |number: &str| detail.versions.iter().filter(offered).find(|version| version.version == number);
    let newest = detail.update.as_ref().and_then(|update| of(&update.version));
    let asked = use_query_map().with_untracked(|query| query.get("version"));
    let asked = asked.filter(|_| detail.installed.is_some() && !is_busy);
    let inline = asked.as_deref().and_then(of).and_then(|version| {
        let lost = losses(version, &flows);
        (!lost.is_empty()).then(|| {
            view! {
                <div class="inline-dialog" role="group" aria-labelledby="switch-inline">
                    <Question id="switch-inline" detail=detail.clone() version=version.version.clone() lost/>
                </div>
            }
        })
    });
    let button = match (&detail.update, newest.map(|version| losses(version, &flows)).unwrap_or_default()) {
        (Some(update), lost) if !lost.is_empty() && !is_busy => {
            let number = update.version.clone();
            view! {
                <a class="btn go" role="button" href=question_of(&detail.name, &number) data-opens="switch">{format!("Update to {number}")}</a>
                <dialog id="switch" aria-labelledby="switch-title">
                    <div class="dialog-body"><Question id="switch-title" detail=detail.clone() version=number lost/></div>
                </dialog>
            }
            .into_any()
        }
        (Some(update), _) => {
            view! { <Plain name=detail.name.clone() label=format!("Update to {}", update.version) is_busy/> }.into_any()
        }
        (None, _) if detail.installed.is_none() && detail.versions.iter().any(|version| version.offered) => {
            view! { <Plain name=detail.name.clone() label="Install this module".to_owned() is_busy/> }.into_any()
        }
        (None, _) => ().into_any(),
    };
    view! { {button} {inline} }
}

/// Where the question about a version is asked without wasm.
pub fn question_of(name: &str, version: &str) -> String {
    let version = percent_encoding::utf8_percent_encode(version, percent_encoding::NON_ALPHANUMERIC);
    format!("/backoffice/modules/{name}?version={version}")
}

#[component]
fn Plain(name: String, label: String, is_busy: bool) -> impl IntoView {
    view! {
        <form method="post" action="/backoffice/api/install_module" data-enhance="">
            <input type="hidden" name="name" value=name/>
            <button class="btn go" disabled=is_busy>{label}</button>
        </form>
    }
}

#[component]
fn Question(id: &'static str, detail: ModuleDetail, version: String, lost: Vec<Affected>) -> impl IntoView {
    let ModuleDetail { name, label, .. } = detail;
    let number = count(lost.len(), "flow");
    view! {
        <h2 id=id>{format!("Install {label} {version}?")}</h2>
        <p>
            "This version has no longer all the components that are in use. Flows that use them go on, and fail where one is "
            "missing, until a version that has it is installed."
        </p>
        <p><b>{format!("{number} would lose components:")}</b></p>
        <FlowList flows=lost mark=WOULD_GO/>
        <form method="post" action="/backoffice/api/install_module" data-enhance="">
            <input type="hidden" name="name" value=name.clone()/>
            <input type="hidden" name="version" value=version/>
            <input type="hidden" name="force" value="true"/>
            <div class="acts">
                <a class="btn" role="button" href=format!("/backoffice/modules/{name}") data-closes="">"Cancel"</a>
                <button class="btn bad full">"Install anyway"</button>
            </div>
        </form>
    }
}
