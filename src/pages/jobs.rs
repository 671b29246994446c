//! An installation's own page: where an upload without wasm leads, and where a reload finds it again.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{ApiError, get_job::get_job},
    browser::live::Live,
    components::error::Failure,
    domain::job::{Job, JobState},
    pages::{
        modules::install::{Failed, Progress},
        not_found::Missing,
    },
};

#[component]
pub fn JobPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let params = use_params_map();
    let id = params.with_untracked(|params| params.get("id").unwrap_or_default());
    let first = Resource::new({ let id = id.clone(); move || id.clone() }, get_job);
    view! {
        <Title text="Installation"/>
        <h1>"Installation"</h1>
        <Suspense fallback=|| view! { <p class="soft">"Loading…"</p> }>
            {move || {
                let id = id.clone();
                Suspend::new(async move {
                    match first.await {
                        Ok(first) => {
                            let job = Memo::new(move |_| live.jobs.with(|jobs| jobs.get(&id).cloned()).unwrap_or_else(|| first.clone()));
                            view! { <Course job/> }.into_any()
                        }
                        Err(ApiError { status: 404, message }) => view! { <Missing what=message/> }.into_any(),
                        Err(error) => view! { <Failure error/> }.into_any(),
                    }
                })
            }}
        </Suspense>
    }
    .into_any()
}

#[component]
fn Course(job: Memo<Job>) -> impl IntoView {
    let state = Memo::new(move |_| job.with(|job| job.state));
    let ended = move || match state.get() {
        JobState::Running => view! {
            <Progress job/>
            <noscript inner_html="<meta http-equiv=\"refresh\" content=\"1\">"></noscript>
        }
        .into_any(),
        JobState::Succeeded => view! {
            <div class="notice good"><span aria-hidden="true">"✓"</span><p>{job.with(Job::sentence)}</p></div>
        }
        .into_any(),
        JobState::Failed | JobState::Cancelled => view! { <Failed job=job.get()/> }.into_any(),
    };
    let module = move || {
        job.with(|job| job.module.clone())
            .map(|name| view! { <a class="btn go" href=format!("/backoffice/modules/{name}")>"Open the module"</a> })
    };
    view! {
        <p class="soft">{move || job.with(|job| [Some(job.subject()), job.version.clone()].into_iter().flatten().collect::<Vec<_>>().join(" "))}</p>
        {ended}
        <p class="acts">
            {module}
            <a class="btn" href="/backoffice/upload">"Upload another"</a>
            <a class="btn" href="/backoffice/modules">"All modules"</a>
        </p>
    }
    .into_any()
}
