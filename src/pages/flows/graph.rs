//! A flow as a picture, from left to right.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;

use crate::domain::flow::Descriptor;
use crate::domain::{
    flow::Flow,
    flow_graph::{FlowGraph, GraphLink, Placed},
};

// All in CSS pixels.
const WIDTH: usize = 212;
const HEIGHT: usize = 56;
const GAP_X: usize = 56;
const GAP_Y: usize = 22;
const MARGIN: usize = 6;
/// Percent of its size that a small picture has at most.
const SMALL: usize = 65;
/// Characters that fit on a line of a box.
const LABEL_MAX: usize = 23;
const TYPE_MAX: usize = 25;

/// What a box says of its component.
struct Texts {
    label: String,
    component: String,
}

/// The picture, and the same as a list for whoever cannot see it.
#[component]
pub fn Graph(
    flow: Flow,
    /// Ids of components that are to be marked.
    missing: BTreeSet<String>,
    /// With what they are marked.
    #[prop(default = "not installed")]
    mark: &'static str,
    /// As an illustration beside others, no wider than what is around it.
    #[prop(optional)]
    small: bool,
) -> impl IntoView {
    let Ok(descriptor) = Descriptor::read(&flow.descriptor) else {
        return view! { <p class="soft">"The flow cannot be read, so it cannot be drawn."</p> }.into_any();
    };
    if descriptor.nodes.is_empty() {
        return view! { <p class="soft">"The flow has no components."</p> }.into_any();
    }
    let height = |id: &str| {
        let y = flow.descriptor.get(id).and_then(|node| node.get("y")?.as_f64()).unwrap_or_default();
        // Only the order counts.
        (y.clamp(-1e9, 1e9) * 100.0) as i64
    };
    let graph = FlowGraph::of(&descriptor, height);
    let texts: BTreeMap<String, Texts> = descriptor
        .nodes
        .iter()
        .map(|(id, node)| {
            let label = flow.descriptor.get(id).and_then(|node| node.get("label")?.as_str());
            let name = node.component.rsplit('.').next().unwrap_or_default();
            let label = label.filter(|label| !label.trim().is_empty()).unwrap_or(name).to_owned();
            (id.clone(), Texts { label, component: node.component.clone() })
        })
        .collect();
    let width = 2 * MARGIN + graph.columns * (WIDTH + GAP_X) - GAP_X;
    let tall = 2 * MARGIN + graph.rows * (HEIGHT + GAP_Y) - GAP_Y;
    let boxes = graph.boxes.iter().map(|one| component_box(one, &texts, &missing, mark)).collect_view();
    let links = graph.links.iter().map(|link| line(link, &graph.boxes)).collect_view();
    let list = graph.boxes.iter().map(|one| in_words(one, &graph, &texts, &missing, mark)).collect_view();
    if small {
        let wide = width * SMALL / 100;
        return view! {
            <div class="graph small"><svg width=wide viewBox=format!("0 0 {width} {tall}") aria-hidden="true">{links}{boxes}</svg></div>
            <ul class="unseen">{list}</ul>
        }
        .into_any();
    }
    view! {
        <div class="graph" tabindex="0" role="region" aria-label="The flow as a picture">
            <svg width=width height=tall viewBox=format!("0 0 {width} {tall}") aria-hidden="true">{links}{boxes}</svg>
        </div>
        <ul class="unseen" aria-label="Components">{list}</ul>
    }
    .into_any()
}

fn corner(one: &Placed) -> (usize, usize) {
    (MARGIN + one.column * (WIDTH + GAP_X), MARGIN + one.row * (HEIGHT + GAP_Y))
}

fn component_box(
    one: &Placed,
    texts: &BTreeMap<String, Texts>,
    missing: &BTreeSet<String>,
    mark: &str,
) -> impl IntoView + use<> {
    let (x, y) = corner(one);
    let is_missing = missing.contains(&one.id);
    let (label, component) =
        texts.get(&one.id).map(|texts| (texts.label.clone(), texts.component.clone())).unwrap_or_default();
    let second = if is_missing { format!("! {mark}") } else { cut_start(&component, TYPE_MAX) };
    view! {
        <g class="node" class:missing=is_missing>
            <title>{component}</title>
            <rect x=x y=y width=WIDTH height=HEIGHT rx="8"/>
            <text x=x + 12 y=y + 24 class="label">{cut(&label, LABEL_MAX)}</text>
            <text x=x + 12 y=y + 43 class="type">{second}</text>
        </g>
    }
}

fn line(link: &GraphLink, boxes: &[Placed]) -> Option<impl IntoView + use<>> {
    let (from, to) = (boxes.get(link.from)?, boxes.get(link.to)?);
    let ((from_x, from_y), (x, y)) = (corner(from), corner(to));
    let (x1, y1, x2, y2) = (from_x + WIDTH, from_y + HEIGHT / 2, x, y + HEIGHT / 2);
    let bend = GAP_X;
    let path = format!("M{x1} {y1}C{} {y1} {} {y2} {x2} {y2}", x1 + bend, x2.saturating_sub(bend));
    let title = link.out_ports.join(", ");
    Some(view! { <path class="link" d=path><title>{title}</title></path> })
}

/// A component, its module's absence and whom it sends to.
fn in_words(
    one: &Placed,
    graph: &FlowGraph,
    texts: &BTreeMap<String, Texts>,
    missing: &BTreeSet<String>,
    mark: &str,
) -> impl IntoView + use<> {
    let name = |id: &str| texts.get(id).map(|texts| texts.label.clone()).unwrap_or_default();
    let at = graph.boxes.iter().position(|other| other == one);
    let receivers: Vec<String> = graph
        .links
        .iter()
        .filter(|link| Some(link.from) == at)
        .filter_map(|link| graph.boxes.get(link.to))
        .map(|to| name(&to.id))
        .collect();
    let sends = if receivers.is_empty() { String::new() } else { format!(", sends to {}", receivers.join(", ")) };
    let absent = if missing.contains(&one.id) { format!(", {mark}") } else { String::new() };
    view! { <li>{format!("{}{absent}{sends}", name(&one.id))}</li> }
}

fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max { text.to_owned() } else { text.chars().take(max - 1).chain(['…']).collect() }
}

/// Keeps the end, which tells types apart.
fn cut_start(text: &str, max: usize) -> String {
    let length = text.chars().count();
    if length <= max {
        text.to_owned()
    } else {
        ['…'].into_iter().chain(text.chars().skip(length + 1 - max)).collect()
    }
}
