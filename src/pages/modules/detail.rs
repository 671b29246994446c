//! A module's page: what it is, what is in it, who may use it, and everything that can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    access::AccessControl,
    aftermath::{Missed, Replay, lost_letters},
    components::Components,
    remove::RemoveButton,
    side::{ChangeList, Side},
    switch::InstallButton,
    uses::{Affected, affected},
};
use crate::{
    api::{
        ApiError,
        connectors::ConnectorView,
        get_module::{ModuleDetail, UpdateView, get_module},
    },
    components::{
        badge::{BrokenBadge, InstalledBadge},
        error::{Failure, Refusal},
        icon::Icon,
        when::count,
    },
    domain::{flow_use::LostLetters, job::Job, module::ConfigurationReason},
    islands::job::{Failed, Findings, JobProgress},
    pages::{
        connectors::{ConnectorForm, State as ConnectorState},
        not_found::Missing,
    },
};

#[component]
pub fn ModulePage() -> impl IntoView {
    let name = use_params_map().with_untracked(|params| params.get("name").unwrap_or_default());
    let content = Suspend::new(async move {
        match get_module(name).await {
            Ok(detail) => {
                let (flows, letters) = (affected(&detail.name).await, lost_letters(&detail.name).await);
                view! { <Detail detail flows letters/> }.into_any()
            }
            Err(ApiError { status: 404, message, .. }) => view! { <Missing what=message/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! { <Suspense>{content}</Suspense> }
}

#[component]
fn Detail(detail: ModuleDetail, flows: Vec<Affected>, letters: Vec<LostLetters>) -> impl IntoView {
    let is_broken = detail.installed.is_none() && !detail.broken.is_empty();
    let description = (!detail.description_html.is_empty()).then(|| {
        view! {
            <section class="part" aria-labelledby="description">
                <h2 id="description" class="unseen">"Description"</h2>
                <div class="prose" inner_html=detail.description_html.clone()></div>
            </section>
        }
    });
    let components =
        (!is_broken).then(|| view! { <Components components=detail.components.clone() icon=detail.icon.clone()/> });
    let access = (!is_broken).then(|| view! { <AccessControl name=detail.name.clone() access=detail.access.clone()/> });
    let configuration = detail.configuration.clone().map(|connector| {
        view! {
            <section class="part" aria-labelledby="configuration">
                <h2 id="configuration">"Configuration" <ConnectorState view=connector.clone()/></h2>
                <p class="soft">"Kept for " <a class="mono" href=format!("/backoffice/connectors/{}", connector.service_id)>{connector.service_id.clone()}</a> ", encrypted. Keys that are left empty stay as they are."</p>
                <ConnectorForm connector/>
            </section>
        }
    });
    let readme = detail.readme_html.clone().map(|html| {
        view! {
            <section class="part" aria-labelledby="readme">
                <h2 id="readme">"Read me"</h2>
                <div class="prose" inner_html=html></div>
            </section>
        }
    });
    let name = detail.name.clone();
    view! {
        <Title text=detail.label.clone()/>
        <nav class="crumbs soft" aria-label="Breadcrumb">
            <a href="/backoffice/modules">"Modules"</a>
            " / "
            <span aria-current="page">{detail.label.clone()}</span>
        </nav>
        <article data-module=name>
            <header id="head" class="top" data-live="">
                <Icon sha256=detail.icon.clone() label=detail.label.clone() is_plain=true/>
                <div class="who">
                    <h1>{detail.label.clone()}</h1>
                    <p class="soft">
                        <span class="mono">{detail.name.clone()}</span>
                        {(!detail.version.is_empty()).then(|| format!(" · {}", detail.version))}
                        {(!detail.category.is_empty()).then(|| format!(" · {}", detail.category))}
                        " "
                        {detail.installed.is_some().then(|| view! { <InstalledBadge/> })}
                        {is_broken.then(|| view! { <BrokenBadge/> })}
                    </p>
                </div>
                <Buttons detail=detail.clone() flows=flows.clone()/>
            </header>
            <div id="news" data-live="">
                <Refusal/>
                <JobState job=detail.job.clone()/>
                <Notices detail=detail.clone()/>
                <Missed is_installed=detail.installed.is_some() flows=flows.clone()/>
                <Replay name=detail.name.clone() letters/>
            </div>
            <div class="two">
                <div>
                    <div id="about" data-live="">{description} {components}</div>
                    <div id="set-up" data-live="">{configuration}</div>
                    {access}
                    <div id="manual" data-live="">{readme}</div>
                </div>
                <Side detail flows/>
            </div>
        </article>
    }
    .into_any()
}

/// Download; install, update or remove.
#[component]
fn Buttons(detail: ModuleDetail, flows: Vec<Affected>) -> impl IntoView {
    let name = detail.name.clone();
    let download = (!detail.sha256.is_empty()).then(|| {
        view! { <a class="btn" href=format!("/backoffice/modules/{name}/download") download="">"Download this module"</a> }
    });
    let remove = detail.installed.is_some().then(|| {
        view! { <RemoveButton name=name.clone() label=detail.label.clone() flows=flows.clone()/> }
    });
    view! { <div class="acts">{download} <InstallButton detail flows/> {remove}</div> }
}

/// The installation under way, or why the last one failed.
#[component]
fn JobState(job: Option<Job>) -> impl IntoView {
    job.map(|job| {
        if job.is_running() {
            view! {
                <JobProgress job/>
                <noscript inner_html="<meta http-equiv=\"refresh\" content=\"2\">"></noscript>
            }
            .into_any()
        } else {
            view! { <Failed job retry=true log=true/> }.into_any()
        }
    })
}

/// What the administrator should know now: configuration, an update, a removal that can be undone, what is broken.
#[component]
fn Notices(detail: ModuleDetail) -> impl IntoView {
    let configuration = (detail.installed.is_some() && !detail.needs_configuration.is_empty()).then(|| {
        let reason = if detail.needs_configuration.contains(&ConfigurationReason::OAuth) {
            "Users sign in with OAuth, so this module needs a client id and a client secret first. "
        } else if detail.needs_configuration.contains(&ConfigurationReason::Declared) {
            "This module asks for settings that only an administrator can give. "
        } else {
            "This module reads settings that only an administrator can give. "
        };
        let link = match detail.documentation.clone() {
            Some(address) => view! {
                <a href=address target="_blank" rel="noopener noreferrer">
                    "Read its documentation"
                    <span class="unseen">" (opens in a new tab)"</span>
                </a>
            }
            .into_any(),
            None if detail.readme_html.is_some() => view! { <a href="#readme">"Read its documentation"</a> }.into_any(),
            None => view! { <span>"It names no documentation; ask its vendor."</span> }.into_any(),
        };
        if detail.configuration.as_ref().is_some_and(ConnectorView::is_configured) {
            return view! {
                <div class="notice good">
                    <span aria-hidden="true">"●"</span>
                    <p><b>"Configured."</b> " " <a href="#configuration">"Change it"</a> " · " {link}</p>
                </div>
            }
            .into_any();
        }
        view! {
            <div class="notice warn">
                <span aria-hidden="true">"◐"</span>
                <p><b>"Needs configuration."</b> " " {reason} <a href="#configuration">"Configure it"</a> " · " {link}</p>
            </div>
        }
        .into_any()
    });
    let undo = detail.can_undo.then(|| {
        view! {
            <div class="notice">
                <span aria-hidden="true">"↺"</span>
                <div>
                    <p>"This module was removed. Its archive is kept for seven days."</p>
                    <form method="post" action="/backoffice/api/undo_remove_module" data-enhance="" data-done="It is installed again.">
                        <input type="hidden" name="name" value=detail.name.clone()/>
                        <button class="btn">"Undo the removal"</button>
                    </form>
                </div>
            </div>
        }
    });
    let broken = (!detail.broken.is_empty()).then(|| {
        view! {
            <div class="notice bad">
                <span aria-hidden="true">"!"</span>
                <div>
                    <p><b>"The catalogue's copy is broken"</b> " and cannot be installed. Whoever publishes it has to mend this:"</p>
                    <Findings findings=detail.broken.clone()/>
                </div>
            </div>
        }
    });
    view! {
        {broken}
        {undo}
        {configuration}
        {detail.update.map(|update| view! { <Update update/> })}
    }
}

/// What an update would bring, before anybody presses the button.
#[component]
fn Update(update: UpdateView) -> impl IntoView {
    let (added, removed) = (update.added, update.removed);
    let drops = (!removed.is_empty()).then(|| format!(" It drops {}.", count(removed.len(), "component")));
    let list = |title: &'static str, names: Vec<String>| {
        (!names.is_empty()).then(|| view! { <p><b>{title}</b> " " <span class="mono">{names.join(", ")}</span></p> })
    };
    view! {
        <details class="notice update">
            <summary>
                <b>{format!("Version {} is available.", update.version)}</b>
                {update.is_major.then_some(" A major version: flows and sign-ins may need attention.")}
                {drops}
                " What it changes"
            </summary>
            <ChangeList changes=update.changes/>
            {list("Added:", added)}
            {list("Removed:", removed)}
        </details>
    }
}
