//! A module's page: what it is, what is in it, who may use it, and everything that can be done with it.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    access::AccessControl,
    components::Components,
    install::{Failed, Findings, Progress},
    remove::RemoveButton,
    side::{ChangeList, Side},
};
use crate::{
    api::{
        ApiError,
        get_module::{ModuleDetail, UpdateView, get_module},
        install_module::InstallModule,
        open_module::OpenModule,
        remove_module::{RemoveModule, UndoRemoveModule},
    },
    browser::live::Live,
    components::{
        badge::{BrokenBadge, InstalledBadge},
        error::Failure,
        icon::Icon,
        toast::Toasts,
        when::count,
    },
    domain::{job::Job, module::ConfigurationReason},
    pages::not_found::Missing,
};

/// The actions of the page, whose results every part of it sees.
#[derive(Clone, Copy)]
struct Actions {
    install: ServerAction<InstallModule>,
    remove: ServerAction<RemoveModule>,
    undo: ServerAction<UndoRemoveModule>,
    open: ServerAction<OpenModule>,
}

#[component]
pub fn ModulePage() -> impl IntoView {
    let live = expect_context::<Live>();
    let params = use_params_map();
    let name = Memo::new(move |_| params.with(|params| params.get("name").unwrap_or_default()));
    let actions = Actions {
        install: ServerAction::new(),
        remove: ServerAction::new(),
        undo: ServerAction::new(),
        open: ServerAction::new(),
    };
    // Read anew when this module changes, wherever that was done, and when a rule was added here.
    let detail = Resource::new(
        move || (name.get(), live.changes_of(&name.get()), actions.open.version().get()),
        |(name, ..)| get_module(name),
    );
    report(actions, name);

    view! {
        <Transition fallback=|| view! { <p class="soft" aria-busy="true">"Loading…"</p> }>
            {move || Suspend::new(async move {
                match detail.await {
                    Ok(detail) => view! { <Detail detail actions/> }.into_any(),
                    Err(ApiError { status: 404, message }) => view! { <Missing what=message/> }.into_any(),
                    Err(error) => view! { <Failure error/> }.into_any(),
                }
            })}
        </Transition>
    }
}

/// Says what came of an action that has no other place to say it.
fn report(actions: Actions, name: Memo<String>) {
    let toasts = expect_context::<Toasts>();
    let live = expect_context::<Live>();
    let failed = move |error: ApiError| toasts.fail(error.message);
    Effect::new(move |_| match actions.install.value().get() {
        // The event may come before this answer, or after it; never overwrite a later state by an earlier one.
        Some(Ok(job)) => live.jobs.update(|jobs| {
            jobs.entry(job.id.clone()).or_insert(job);
        }),
        Some(Err(error)) => failed(error),
        None => {}
    });
    Effect::new(move |_| match actions.remove.value().get() {
        Some(Ok(())) => {
            let removed = name.get_untracked();
            let text = format!("{removed} was removed.");
            toasts.offer_undo(text, move || {
                actions.undo.dispatch(UndoRemoveModule { name: removed.clone() });
            });
        }
        Some(Err(error)) => failed(error),
        None => {}
    });
    Effect::new(move |_| match actions.undo.value().get() {
        Some(Ok(())) => toasts.say(format!("{} is installed again.", name.get_untracked())),
        Some(Err(error)) => failed(error),
        None => {}
    });
    Effect::new(move |_| match actions.open.value().get() {
        Some(Ok(())) => toasts.say("Users can use this module now."),
        Some(Err(error)) => failed(error),
        None => {}
    });
}

#[component]
fn Detail(detail: ModuleDetail, actions: Actions) -> impl IntoView {
    let live = expect_context::<Live>();
    let (name, first_job) = (detail.name.clone(), detail.job.clone());
    // What the page heard last; before it heard anything, what the server knew when it rendered.
    let job = Memo::new(move |_| live.job_of(&name).or_else(|| first_job.clone()));
    let is_broken = detail.installed.is_none() && !detail.broken.is_empty();
    view! {
        <Title text=detail.label.clone()/>
        <nav class="crumbs soft" aria-label="Breadcrumb"><a href="/backoffice/modules">"Modules"</a> " / " <span aria-current="page">{detail.label.clone()}</span></nav>
        <header class="top">
            <Icon sha256=detail.icon.clone() label=detail.label.clone()/>
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
            <Buttons detail=detail.clone() actions job/>
        </header>
        <JobState job actions/>
        <Notices detail=detail.clone() actions/>
        <div class="two">
            <div>
                {(!detail.description_html.is_empty()).then(|| view! { <section class="part prose" inner_html=detail.description_html.clone()></section> })}
                {(!is_broken).then(|| view! {
                    <Components components=detail.components.clone() icon=detail.icon.clone()/>
                    <AccessControl name=detail.name.clone() access=detail.access.clone() open=actions.open/>
                })}
                {detail.readme_html.clone().map(|html| view! {
                    <section class="part" aria-labelledby="readme">
                        <h2 id="readme">"Read me"</h2>
                        <div class="prose" inner_html=html></div>
                    </section>
                })}
            </div>
            <Side detail install=actions.install/>
        </div>
    }
}

/// Download; install, update or remove.
#[component]
fn Buttons(detail: ModuleDetail, actions: Actions, job: Memo<Option<Job>>) -> impl IntoView {
    let is_busy = move || actions.install.pending().get() || job.with(|job| job.as_ref().is_some_and(Job::is_running));
    let name = detail.name.clone();
    let hidden_name = |name: &str| view! { <input type="hidden" name="name" value=name.to_owned()/> };
    let download = (!detail.sha256.is_empty()).then(|| {
        let href = format!("/backoffice/modules/{name}/download");
        view! { <a class="btn" href=href rel="external" download="">"Download this module"</a> }
    });
    let is_offered = detail.versions.iter().any(|version| version.offered);
    let install_name = hidden_name(&name);
    let install = (detail.installed.is_none() && is_offered).then(|| {
        view! {
            <ActionForm action=actions.install>
                {install_name}
                <button class="btn go" disabled=is_busy>"Install this module"</button>
            </ActionForm>
        }
    });
    let update_name = hidden_name(&name);
    let update = detail.update.clone().map(|update| {
        view! {
            <ActionForm action=actions.install>
                {update_name}
                <button class="btn go" disabled=is_busy>{format!("Update to {}", update.version)}</button>
            </ActionForm>
        }
    });
    let remove = detail.installed.is_some().then(|| {
        view! { <RemoveButton name=name.clone() label=detail.label.clone() remove=actions.remove/> }
    });
    view! { <div class="acts">{download}{install}{update}{remove}</div> }
    .into_any()
}

/// The installation under way, or why the last one failed.
#[component]
fn JobState(job: Memo<Option<Job>>, actions: Actions) -> impl IntoView {
    use crate::domain::job::JobState as State;
    let running = Memo::new(move |_| job.with(|job| job.as_ref().is_some_and(Job::is_running)));
    move || {
        if running.get() {
            let live = Signal::derive(move || job.get());
            let known = job.get_untracked();
            known.map(|known| {
                let job = Signal::derive(move || live.get().unwrap_or_else(|| known.clone()));
                view! {
                    <Progress job/>
                    <noscript inner_html="<meta http-equiv=\"refresh\" content=\"2\">"></noscript>
                }
                .into_any()
            })
        } else {
            job.get()
                .filter(|job| matches!(job.state, State::Failed | State::Cancelled))
                .map(|job| view! { <Failed job retry=actions.install/> }.into_any())
        }
    }
}

/// What the administrator should know now: configuration, an update, a removal that can be undone, what is broken.
#[component]
fn Notices(detail: ModuleDetail, actions: Actions) -> impl IntoView {
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
                <a href=address target="_blank" rel="noopener noreferrer">"Read its documentation"<span class="unseen">" (opens in a new tab)"</span></a>
            }.into_any(),
            None if detail.readme_html.is_some() => view! { <a href="#readme">"Read its documentation"</a> }.into_any(),
            None => view! { <span>"It names no documentation; ask its vendor."</span> }.into_any(),
        };
        view! {
            <div class="notice warn">
                <span aria-hidden="true">"◐"</span>
                <p><b>"Needs configuration."</b> " " {reason} {link}</p>
            </div>
        }
    });
    let undo = detail.can_undo.then(|| {
        view! {
            <div class="notice">
                <span aria-hidden="true">"↺"</span>
                <div>
                    <p>"This module was removed. Its archive is kept for seven days."</p>
                    <ActionForm action=actions.undo>
                        <input type="hidden" name="name" value=detail.name.clone()/>
                        <button class="btn">"Undo the removal"</button>
                    </ActionForm>
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
    .into_any()
}

/// What an update would bring, before anybody presses the button.
#[component]
fn Update(update: UpdateView) -> impl IntoView {
    let names = |names: Vec<String>| names.join(", ");
    let (added, removed) = (update.added, update.removed);
    view! {
        <details class="notice update">
            <summary>
                <b>{format!("Version {} is available.", update.version)}</b>
                {update.is_major.then_some(" A major version: flows and sign-ins may need attention.")}
                {(!removed.is_empty()).then(|| format!(" It drops {}.", count(removed.len(), "component")))}
                " What it changes"
            </summary>
            <ChangeList changes=update.changes/>
            {(!added.is_empty()).then(|| view! { <p><b>"Added: "</b><span class="mono">{names(added)}</span></p> })}
            {(!removed.is_empty()).then(|| view! { <p><b>"Removed: "</b><span class="mono">{names(removed)}</span></p> })}
        </details>
    }
    .into_any()
}
