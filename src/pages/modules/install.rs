//! An installation as it goes: its steps, the time, the way to stop it, and how it ended.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    api::install_module::{CancelJob, InstallModule},
    components::when::minutes,
    domain::{
        finding::Finding,
        job::{Job, JobState, Step},
    },
};

/// A running installation, live.
#[component]
pub fn Progress(#[prop(into)] job: Signal<Job>) -> impl IntoView {
    let cancel = ServerAction::<CancelJob>::new();
    let elapsed = RwSignal::new(0_i64);
    #[cfg(feature = "hydrate")]
    {
        let tick = move || elapsed.set(js_sys::Date::now() as i64 - job.with_untracked(|job| job.started_at));
        if let Ok(timer) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = Duration::ZERO;
    let step = Memo::new(move |_| job.with(|job| job.step));
    let item = move |one: Step| {
        view! {
            <li class:done=move || one < step.get() aria-current=move || (one == step.get()).then_some("step")>
                {one.label()}
            </li>
        }
    };
    view! {
        <div class="steps">
            <ol aria-label="Steps of the installation">{Step::ALL.into_iter().map(item).collect_view()}</ol>
            <span class="spin" aria-hidden="true"></span>
            <span class="soft mono" role="timer" aria-label="Elapsed time">{move || minutes(elapsed.get())}</span>
            <ActionForm action=cancel>
                <input type="hidden" name="id" value=move || job.with(|job| job.id.clone())/>
                <button class="btn" disabled=move || cancel.pending().get()>"Cancel"</button>
            </ActionForm>
        </div>
    }
    .into_any()
}

/// An installation that failed: why, that nothing was changed, and the way on.
#[component]
pub fn Failed(job: Job, #[prop(optional)] retry: Option<ServerAction<InstallModule>>) -> impl IntoView {
    let (message, findings) = match job.failure.clone() {
        Some(failure) => (failure.message, failure.findings),
        None => (job.sentence(), Vec::new()),
    };
    let title = match job.state {
        JobState::Cancelled => "The installation was cancelled.",
        _ => "It was not installed.",
    };
    let retry = retry.zip(job.module.clone()).map(|(retry, name)| {
        view! {
            <ActionForm action=retry>
                <input type="hidden" name="name" value=name.to_string()/>
                <input type="hidden" name="version" value=job.version.clone().unwrap_or_default()/>
                <button class="btn">"Retry"</button>
            </ActionForm>
        }
    });
    view! {
        <div class="notice bad" role="alert">
            <span aria-hidden="true">"✕"</span>
            <div>
                <p><b>{title}</b> " " {message} " Nothing was changed."</p>
                <Findings findings/>
                {retry}
            </div>
        </div>
    }
    .into_any()
}

/// What is wrong in an archive, each with its place.
#[component]
pub fn Findings(findings: Vec<Finding>) -> impl IntoView {
    (!findings.is_empty()).then(|| {
        view! {
            <ul class="findings">
                {findings.into_iter().map(|finding| {
                    let place = finding.path.map(|path| {
                        let pointer = finding.pointer.filter(|pointer| !pointer.is_empty());
                        view! { <code>{path}{pointer.map(|pointer| format!(" at {pointer}"))}</code> }
                    });
                    view! { <li>{place} <span>{finding.message}</span></li> }
                }).collect_view()}
            </ul>
        }
    })
}
