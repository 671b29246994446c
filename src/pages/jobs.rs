//! An installation's own page: where an upload without wasm leads, and where a reload finds it again.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{ApiError, get_job::get_job, server::state},
    components::error::Failure,
    domain::job::{Job, JobState},
    islands::job::{Failed, JobProgress},
    pages::not_found::Missing,
};

#[component]
pub fn JobPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let content = Suspend::new(async move {
        match get_job(id).await {
            Ok(job) => {
                let output = state().registry.output_of(&job.id).await.unwrap_or_default();
                view! { <Course job output/> }.into_any()
            }
            Err(ApiError { status: 404, message, .. }) => view! { <Missing what=message/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! { <Suspense>{content}</Suspense> }
}

#[component]
fn Course(job: Job, output: String) -> impl IntoView {
    let subject = [Some(job.subject()), job.version.clone()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let module = job.module.clone().map(|name| {
        view! { <a class="btn go" href=format!("/backoffice/modules/{name}")>"Open the module"</a> }
    });
    let course = match job.state {
        JobState::Running => view! {
            <JobProgress job/>
            <noscript inner_html="<meta http-equiv=\"refresh\" content=\"1\">"></noscript>
        }
        .into_any(),
        JobState::Succeeded => {
            view! { <div class="notice good"><span aria-hidden="true">"✓"</span><p>{job.sentence()}</p></div> }
                .into_any()
        }
        JobState::Failed | JobState::Cancelled => view! { <Failed job/> }.into_any(),
    };
    view! {
        <Title text="Installation"/>
        <h1>"Installation"</h1>
        <div id="course" data-live="">
            <p class="soft">{subject}</p>
            {course}
            <BuildOutput output/>
            <p class="acts after">
                {module}
                <a class="btn" href="/backoffice/upload">"Upload another"</a>
                <a class="btn" href="/backoffice/modules">"All modules"</a>
            </p>
        </div>
    }
}

/// What npm said while it installed the dependencies.
#[component]
pub fn BuildOutput(output: String) -> impl IntoView {
    (!output.is_empty()).then(|| {
        view! { <details class="output"><summary>"What the build said"</summary><pre tabindex="0">{output}</pre></details> }
    })
}
