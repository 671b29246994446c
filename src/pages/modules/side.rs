//! The column beside a module's description: facts, versions, what changed.

use leptos::prelude::*;

use super::{
    switch::{losses, question_of},
    uses::Affected,
};
use crate::{
    api::get_module::{ChangeView, ModuleDetail, VersionView},
    components::when::bytes,
    domain::module::ConfigurationReason,
};

/// Changelog entries that show before "all changes".
const RECENT: usize = 4;

#[component]
pub fn Side(detail: ModuleDetail, flows: Vec<Affected>) -> impl IntoView {
    let has_archive = !detail.sha256.is_empty();
    let needs = if detail.needs_configuration.is_empty() {
        "None"
    } else if detail.needs_configuration.contains(&ConfigurationReason::OAuth) {
        "Client id and secret"
    } else if detail.needs_configuration.contains(&ConfigurationReason::Declared) {
        "Required"
    } else {
        "Optional keys"
    };
    let short = detail.sha256.get(..12).unwrap_or_default().to_owned();
    let facts = has_archive.then(|| {
        view! {
            <dt>"Sign-in"</dt><dd>{detail.auth.label()}</dd>
            <dt>"Configuration"</dt><dd>{needs}</dd>
            <dt>"Size"</dt><dd>{bytes(detail.size)}</dd>
            <dt>"SHA-256"</dt>
            <dd><details class="hash"><summary class="mono">{short}"…"</summary><code>{detail.sha256.clone()}</code></details></dd>
            <dt>"Engine"</dt><dd>{detail.engine.clone().unwrap_or_else(|| "Any".to_owned())}</dd>
        }
    });
    let documentation = detail.documentation.clone().map(|address| {
        view! { <dt>"Documentation"</dt><dd><a href=address target="_blank" rel="noopener noreferrer">"Read it"<span class="unseen">" (opens in a new tab)"</span></a></dd> }
    });
    view! {
        <aside id="facts" aria-label="Facts" data-live="">
            <dl>
                {(!detail.version.is_empty()).then(|| view! { <dt>"Version"</dt><dd>{detail.version.clone()}</dd> })}
                <dt>"Vendor"</dt><dd>{detail.vendor.clone()}</dd>
                {(!detail.category.is_empty()).then(|| view! { <dt>"Category"</dt><dd>{detail.category.clone()}</dd> })}
                {facts}
                <dt>"Source"</dt><dd>{detail.source.clone()}</dd>
                {documentation}
            </dl>
            {(!detail.versions.is_empty()).then(|| view! { <Versions name=detail.name.clone() versions=detail.versions.clone() flows/> })}
            {(!detail.changelog.is_empty()).then(|| view! { <Changes changelog=detail.changelog.clone()/> })}
        </aside>
    }
}

#[component]
fn Versions(name: String, versions: Vec<VersionView>, flows: Vec<Affected>) -> impl IntoView {
    let has_installed = versions.iter().any(|version| version.installed);
    let rows = versions
        .into_iter()
        .map(|version| {
            let (module, number) = (name.clone(), version.version.clone());
            let download = format!("/backoffice/modules/{name}/download?sha256={}", version.sha256);
            // Where something else is installed, any other version that the catalogue offers can take its place.
            let switch = (has_installed && !version.installed && version.offered).then(|| {
                if !losses(&version, &flows).is_empty() {
                    let address = question_of(&module, &number);
                    return view! { <a class="btn small" role="button" href=address aria-label=format!("Install version {number}")>"Install"</a> }
                        .into_any();
                }
                view! {
                    <form method="post" action="/backoffice/api/install_module" data-enhance="">
                        <input type="hidden" name="name" value=module/>
                        <input type="hidden" name="version" value=number.clone()/>
                        <button class="btn small" aria-label=format!("Install version {number}")>"Install"</button>
                    </form>
                }
                .into_any()
            });
            view! {
                <li>
                    <span>
                        <b>{version.version.clone()}</b> " "
                        {version.installed.then(|| view! { <span class="tag on">"installed"</span> })}
                        <span class="soft block">{version.source}</span>
                    </span>
                    <a class="btn small" href=download download="" aria-label=format!("Download version {}", version.version)>"Download"</a>
                    {switch}
                </li>
            }
        })
        .collect_view();
    view! {
        <h2>"Versions"</h2>
        <ul class="versions">{rows}</ul>
    }
}

#[component]
fn Changes(changelog: Vec<ChangeView>) -> impl IntoView {
    let mut recent = changelog;
    let older = recent.split_off(recent.len().min(RECENT));
    view! {
        <h2>"What changed"</h2>
        <ChangeList changes=recent/>
        {(!older.is_empty()).then(|| view! {
            <details><summary>"Earlier changes"</summary><ChangeList changes=older/></details>
        })}
    }
}

/// Changelog entries, newest first.
#[component]
pub fn ChangeList(changes: Vec<ChangeView>) -> impl IntoView {
    changes
        .into_iter()
        .map(|entry| {
            view! {
                <div class="change">
                    <b>{entry.version}</b>
                    {entry.changes_html.into_iter().map(|html| view! { <div class="prose soft" inner_html=html></div> }).collect_view()}
                </div>
            }
        })
        .collect_view()
}
