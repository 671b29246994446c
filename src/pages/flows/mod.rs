//! The section "Flows": the list, and a page for each.

mod accounts;
mod detail;
mod graph;
mod lost;

use leptos::prelude::*;
use leptos_meta::Title;

pub use self::{detail::FlowPage, graph::Graph};
use crate::{
    api::flows::list_flows,
    components::{
        error::{Failure, Refusal},
        moment::Moment,
        when::count,
    },
    domain::flow::Stage,
    server::{
        engine::examples::{Example, examples},
        store::flow_overview::FlowOverview,
    },
};

#[component]
pub fn FlowsPage() -> impl IntoView {
    let list = Suspend::new(async move {
        match list_flows().await {
            Ok(flows) => view! { <List flows/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Flows"/>
        <h1>"Flows"</h1>
        <p class="soft lead">"What runs on the installed modules. A flow is drawn elsewhere; here it is started, stopped and looked after."</p>
        <Refusal/>
        <Suspense>{list}</Suspense>
        <section class="part" aria-labelledby="examples">
            <h2 id="examples">"Begin with an example"</h2>
            <ul class="rows list">{examples().into_iter().map(|example| view! { <ExampleRow example/> }).collect_view()}</ul>
        </section>
        <details class="part">
            <summary><h2>"Import a flow"</h2></summary>
            <form class="sheet" method="post" action="/backoffice/api/import_flow">
                <label>
                    <span>"Its JSON, as Export gives it"</span>
                    <textarea name="text" rows="10" class="mono" spellcheck="false" required></textarea>
                </label>
                <div class="acts"><button class="btn go">"Import"</button></div>
            </form>
        </details>
    }
}

#[component]
fn List(flows: Vec<FlowOverview>) -> impl IntoView {
    if flows.is_empty() {
        return view! {
            <div class="empty">
                <p><b>"There are no flows yet."</b></p>
                <p class="soft">"Add an example, import one, or let a designer make one by " <code>"POST /flows"</code> "."</p>
            </div>
        }
        .into_any();
    }
    let number = count(flows.len(), "flow");
    view! {
        <section class="part" id="flow-list" data-live="" aria-label="Flows">
            <p class="soft count">{number}</p>
            <ul class="rows list">{flows.into_iter().map(|flow| view! { <Row flow/> }).collect_view()}</ul>
        </section>
    }
    .into_any()
}

#[component]
fn ExampleRow(example: Example) -> impl IntoView {
    let label = format!("Add the example {}", example.name);
    view! {
        <li>
            <div><b>{example.name}</b><p class="soft">{example.description}</p></div>
            <form method="post" action="/backoffice/api/import_flow">
                <input type="hidden" name="text" value=example.text/>
                <button class="btn" aria-label=label>"Add"</button>
            </form>
        </li>
    }
}

#[component]
fn Row(flow: FlowOverview) -> impl IntoView {
    let modules = flow.modules.iter().map(|module| {
        view! { <a class="mono" href=format!("/backoffice/modules/{module}")>{module.clone()}</a> " " }
    });
    view! {
        <li>
            <div>
                <a href=format!("/backoffice/flows/{}", flow.id)><b>{flow.name.clone()}</b></a>
                " " <StageBadge stage=flow.stage/>
                <Troubles flow=flow.clone()/>
                <p class="soft">
                    {flow.email.clone()}
                    {flow.active_at.map(|at| view! { " · active " <Moment at/> })}
                </p>
                <p class="soft">{modules.collect_view()}</p>
            </div>
        </li>
    }
}

/// What somebody should look at.
#[component]
pub fn Troubles(flow: FlowOverview) -> impl IntoView {
    let (missing, unprocessed) = (flow.missing as usize, flow.unprocessed as usize);
    view! {
        {(missing > 0).then(|| view! {
            " " <span class="badge broken"><span aria-hidden="true">"! "</span>{count(missing, "missing component")}</span>
        })}
        {(unprocessed > 0).then(|| view! {
            " " <a class="badge up" href=format!("/backoffice/unprocessed?flow={}", flow.id)><span aria-hidden="true">"✉ "</span>{count(unprocessed, "unprocessed message")}</a>
        })}
    }
}

/// Whether a flow runs: a word and a shape.
#[component]
pub fn StageBadge(stage: Stage) -> impl IntoView {
    match stage {
        Stage::Running => {
            view! { <span class="badge on"><span aria-hidden="true">"▶"</span>"Running"</span> }.into_any()
        }
        Stage::Stopped => {
            view! { <span class="badge busy"><span aria-hidden="true">"■"</span>"Stopped"</span> }.into_any()
        }
        Stage::Starting => {
            view! { <span class="badge busy"><span class="spin" aria-hidden="true"></span>"Starting…"</span> }
                .into_any()
        }
        Stage::Stopping => {
            view! { <span class="badge busy"><span class="spin" aria-hidden="true"></span>"Stopping…"</span> }
                .into_any()
        }
    }
}
