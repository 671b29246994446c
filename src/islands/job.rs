//! An installation as it goes: its steps, the time, the way to stop it, and how it ended.

use leptos::prelude::*;

#[cfg(feature = "ssr")]
use crate::server::time::now_ms;
use crate::{
    browser::live::live,
    components::when::minutes,
    domain::{
        finding::Finding,
        job::{Job, JobState, Step},
    },
};

/// The installation that a page is about, live. When it ends, the page shows what came of it.
#[island]
pub fn JobProgress(job: Job) -> impl IntoView {
    let live = live();
    let (id, first) = (job.id.clone(), job);
    live.learn(&first);
    let job = Memo::new(move |_| live.jobs.with(|jobs| jobs.get(&id).cloned()).unwrap_or_else(|| first.clone()));
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if !job.with(Job::is_running) {
            leptos::task::spawn_local(crate::browser::refresh::now());
        }
    });
    view! { <Progress job/> }
}

/// Milliseconds since the Unix epoch.
#[cfg(feature = "hydrate")]
fn now_ms() -> i64 {
    // Far below 2^53.
    js_sys::Date::now() as i64
}

/// A running installation.
#[component]
pub fn Progress(#[prop(into)] job: Signal<Job>) -> impl IntoView {
    let since_start = move || now_ms() - job.with_untracked(|job| job.started_at);
    let elapsed = RwSignal::new(since_start());
    #[cfg(feature = "hydrate")]
    {
        let tick = move || elapsed.set(since_start());
        if let Ok(timer) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || timer.clear());
        }
    }
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
            <form method="post" action="/backoffice/api/cancel_job" data-enhance="">
                <input type="hidden" name="id" value=move || job.with(|job| job.id.clone())/>
                <button class="btn">"Cancel"</button>
            </form>
        </div>
    }
}

/// An installation that failed or was cancelled: why, that nothing was changed, and the way on.
#[component]
pub fn Failed(
    job: Job,
    /// Offer to try the same again, which only an installation out of the catalogue can.
    #[prop(optional)]
    retry: bool,
    /// Lead to what the build said, where that is not on the same page.
    #[prop(optional)]
    log: bool,
) -> impl IntoView {
    let title = match job.state {
        JobState::Cancelled => "The installation was cancelled.",
        _ => "It was not installed.",
    };
    let log = (log && job.step == Step::Build).then(|| {
        view! { <p><a href=format!("/backoffice/jobs/{}", job.id)>"See what the build said"</a></p> }
    });
    let (message, findings) = job.failure.map(|failure| (failure.message, failure.findings)).unwrap_or_default();
    let retry = job.module.filter(|_| retry).map(|name| {
        view! {
            <form method="post" action="/backoffice/api/install_module" data-enhance="">
                <input type="hidden" name="name" value=name.to_string()/>
                <input type="hidden" name="version" value=job.version.unwrap_or_default()/>
                <button class="btn">"Retry"</button>
            </form>
        }
    });
    view! {
        <div class="notice bad" role="alert">
            <span aria-hidden="true">"✕"</span>
            <div>
                <p><b>{title}</b> " " {message} " Nothing was changed."</p>
                <Findings findings/>
                {log}
                {retry}
            </div>
        </div>
    }
}

/// What is wrong in an archive, each with its place.
#[component]
pub fn Findings(findings: Vec<Finding>) -> impl IntoView {
    (!findings.is_empty()).then(|| {
        let item = |finding: Finding| {
            let place = finding.path.map(|path| {
                let pointer = finding.pointer.filter(|pointer| !pointer.is_empty());
                view! { <code>{path}{pointer.map(|pointer| format!(" at {pointer}"))}</code> }
            });
            view! { <li>{place} " " <span>{finding.message}</span></li> }
        };
        view! { <ul class="findings">{findings.into_iter().map(item).collect_view()}</ul> }
    })
}
