//! The flows that use a module: a list, running ones first, each drawn small with what it would lose.

use leptos::prelude::*;

use crate::{
    api::server::{admin, state, user},
    components::{moment::Moment, when::count},
    domain::{flow::Flow, flow_use::FlowUse, name::ModuleName},
    pages::flows::{Graph, StageBadge},
};

/// Flows in a list; the others are counted.
const LISTED: usize = 50;
/// Flows that are drawn: a picture is larger than all that is said of its flow.
const DRAWN: usize = 12;

/// A flow that uses the module, and the flow itself where it is to be drawn.
#[derive(Clone, Debug)]
pub struct Affected {
    pub used: FlowUse,
    pub flow: Option<Flow>,
}

/// What uses the module now, running flows first. Nothing where that cannot be told: the page is about the module.
pub async fn affected(name: &str) -> Vec<Affected> {
    let (Ok(admin), Ok(user), Ok(name)) = (admin(), user(), ModuleName::parse(name)) else { return Vec::new() };
    let engine = state().engine;
    let mut all = Vec::new();
    for used in engine.flows_using(&admin, &name).await.unwrap_or_default() {
        let flow = if all.len() < DRAWN { engine.flow(&user, &used.flow_id).await.ok() } else { None };
        all.push(Affected { used, flow });
    }
    all
}

/// Those of them that use one of these components, with these alone.
pub fn losing(flows: &[Affected], components: &[String]) -> Vec<Affected> {
    let types = components.iter().cloned().collect();
    let narrowed = |one: &Affected| Some(Affected { used: one.used.clone().of_types(&types)?, flow: one.flow.clone() });
    flows.iter().filter_map(narrowed).collect()
}

/// The flows as they are, each with what it would lose, or has lost.
#[component]
pub fn FlowList(
    flows: Vec<Affected>,
    /// What pictures say of a component that goes.
    mark: &'static str,
) -> impl IntoView {
    let more = flows.len().saturating_sub(LISTED);
    let rows = flows.into_iter().take(LISTED).map(|one| view! { <Row one mark/> }).collect_view();
    view! {
        <ul class="affected">{rows}</ul>
        {(more > 0).then(|| view! { <p class="soft">{format!("And {}.", count(more, "more flow"))}</p> })}
    }
}

#[component]
fn Row(one: Affected, mark: &'static str) -> impl IntoView {
    let Affected { used, flow } = one;
    let names: Vec<&str> = used.components.iter().map(|one| one.kind.rsplit('.').next().unwrap_or_default()).collect();
    let components = format!("{}: {}", count(names.len(), "component"), names.join(", "));
    let waiting = used.waiting as usize;
    let missing = used.ids();
    view! {
        <li>
            <a href=format!("/backoffice/flows/{}", used.flow_id)><b>{used.name}</b></a>
            " " <StageBadge stage=used.stage/>
            <p class="soft">
                {used.email} " · " {components} " · "
                {match used.started_at {
                    Some(at) => view! { "last run " <Moment at/> }.into_any(),
                    None => "never run".into_any(),
                }}
                {(waiting > 0).then(|| format!(" · {} on the way", count(waiting, "message")))}
            </p>
            {flow.map(|flow| view! { <Graph flow missing mark small=true/> })}
        </li>
    }
}
