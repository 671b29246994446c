//! A flow's page: the picture, what it does now, its log; start, stop, copy, export, delete.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{StageBadge, Troubles, accounts::Accounts, graph::Graph, lost::Lost};
use crate::{
    api::{
        ApiError,
        flows::{FlowDetail, LogLine, WaitingMessage, get_flow},
    },
    components::{
        error::{Failure, Refusal},
        moment::Moment,
        when::count,
    },
    domain::flow::{Flow, Stage},
    pages::not_found::Missing,
};

#[component]
pub fn FlowPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let content = Suspend::new(async move {
        match get_flow(id).await {
            Ok(detail) => view! { <Detail detail/> }.into_any(),
            Err(ApiError { status: 404, message, .. }) => view! { <Missing what=message/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <p class="crumbs"><a href="/backoffice/flows">"Flows"</a></p>
        <Suspense>{content}</Suspense>
    }
}

#[component]
fn Detail(detail: FlowDetail) -> impl IntoView {
    let FlowDetail { overview, flow, lost, waiting, log, cannot_run, sign_ins, sight } = detail;
    let labels = labels(&flow);
    let missing: BTreeSet<String> = lost.iter().map(|one| one.id.clone()).collect();
    let name = flow.name.clone();
    view! {
        <Title text=name.clone()/>
        <div data-events=format!("/backoffice/flows/{}/events?seen={sight}", flow.id)>
            <header id="flow-head" class="flow-head" data-live="">
                <div>
                    <h1>{name}</h1>
                    <p class="soft">
                        <StageBadge stage=flow.stage/>
                        <Troubles flow=overview.clone()/>
                        {format!(" {}", overview.email)}
                        {flow.started_at.map(|at| view! { " · started " <Moment at/> })}
                    </p>
                </div>
                <Buttons flow=flow.clone()/>
            </header>
            <div id="flow-news" data-live="">
                <Refusal/>
                {flow.description.clone().filter(|text| !text.is_empty()).map(|text| view! { <p>{text}</p> })}
                {cannot_run.map(|reason| view! {
                    <div class="notice bad" role="alert"><span aria-hidden="true">"!"</span><p>{reason}</p></div>
                })}
                <Lost stage=flow.stage lost labels=labels.clone()/>
            </div>
            <section id="flow-picture" class="part" aria-label="Components" data-live=""><Graph flow=flow.clone() missing/></section>
            <div id="flow-waiting" data-live=""><Waiting waiting labels=labels.clone()/></div>
            <div id="flow-accounts" data-live=""><Accounts flow_id=flow.id.clone() sign_ins labels=labels.clone()/></div>
            <div id="flow-log" data-live=""><Log log labels/></div>
        </div>
        <details class="part danger">
            <summary><h2>"Delete this flow"</h2></summary>
            <p>"It is stopped first. Its messages, its state and its log go with it. This cannot be undone; Export keeps the flow itself."</p>
            <form method="post" action="/backoffice/api/delete_flow">
                <input type="hidden" name="id" value=flow.id/>
                <button class="btn bad">"Delete this flow"</button>
            </form>
        </details>
    }
}

/// What people call each component.
fn labels(flow: &Flow) -> BTreeMap<String, String> {
    let label = |node: &serde_json::Value| {
        let text = |name: &str| node.get(name).and_then(serde_json::Value::as_str).filter(|text| !text.is_empty());
        let name = || text("type").and_then(|name| name.rsplit('.').next());
        text("label").or_else(name).unwrap_or_default().to_owned()
    };
    flow.descriptor.iter().map(|(id, node)| (id.clone(), label(node))).collect()
}

#[component]
fn Buttons(flow: Flow) -> impl IntoView {
    let id = flow.id.clone();
    let is_changing = matches!(flow.stage, Stage::Starting | Stage::Stopping);
    let order = match flow.stage {
        Stage::Running | Stage::Stopping => view! {
            <form method="post" action="/backoffice/api/stop_flow" data-enhance="" data-done="The flow is stopped.">
                <input type="hidden" name="id" value=id.clone()/>
                <button class="btn" disabled=is_changing>"Stop"</button>
            </form>
        }
        .into_any(),
        Stage::Stopped | Stage::Starting => view! {
            <form method="post" action="/backoffice/api/start_flow" data-enhance="" data-done="The flow runs.">
                <input type="hidden" name="id" value=id.clone()/>
                <button class="btn go" disabled=is_changing>"Start"</button>
            </form>
        }
        .into_any(),
    };
    view! {
        <div class="acts">
            <a class="btn" href=format!("/flows/{id}") download=format!("{}.json", flow.name)>"Export"</a>
            <form method="post" action="/backoffice/api/clone_flow">
                <input type="hidden" name="id" value=id/>
                <button class="btn">"Copy"</button>
            </form>
            {order}
        </div>
    }
}

#[component]
fn Waiting(waiting: Vec<WaitingMessage>, labels: BTreeMap<String, String>) -> impl IntoView {
    (!waiting.is_empty()).then(|| {
        let number = count(waiting.len(), "message");
        let row = |message: WaitingMessage| {
            let to = labels.get(&message.component_id).cloned().unwrap_or(message.component_id);
            view! {
                <tr>
                    <td>{to}</td><td class="mono">{message.port}</td><td><Moment at=message.due_at/></td>
                    <td>{if message.attempts == 0 { "–".to_owned() } else { count(message.attempts as usize, "failure") }}</td>
                </tr>
            }
        };
        view! {
            <section class="part" aria-labelledby="waiting">
                <h2 id="waiting">{format!("{number} on the way")}</h2>
                <div class="rows" tabindex="0" role="region" aria-label="Messages on the way">
                    <table>
                        <thead><tr><th scope="col">"To"</th><th scope="col">"Port"</th><th scope="col">"Due"</th><th scope="col">"So far"</th></tr></thead>
                        <tbody>{waiting.into_iter().map(row).collect_view()}</tbody>
                    </table>
                </div>
            </section>
        }
    })
}

#[component]
fn Log(log: Vec<LogLine>, labels: BTreeMap<String, String>) -> impl IntoView {
    let is_empty = log.is_empty();
    let row = |line: LogLine| {
        let from = line.component_id.map(|id| labels.get(&id).cloned().unwrap_or(id)).unwrap_or_default();
        let is_bad = matches!(line.severity.as_str(), "error" | "warn");
        view! {
            <li class:bad-text=is_bad>
                <time class="mono soft" datetime=line.time.clone()>{line.time.clone()}</time>
                <span class="soft">{from}</span>
                <span class="what">{line.text}</span>
            </li>
        }
    };
    view! {
        <section class="part" aria-labelledby="log">
            <h2 id="log">"Log"</h2>
            {is_empty.then(|| view! { <p class="soft">"Nothing has happened yet."</p> })}
            <ol class="log" reversed=true data-scrolls="" tabindex="0" aria-labelledby="log">{log.into_iter().map(row).collect_view()}</ol>
        </section>
    }
}
