//! What a flow is missing: what that does to it now, and where to get it back.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::{
    components::when::count,
    domain::{flow::Stage, flow_use::LostComponent},
};

/// The banner; nothing where everything is installed.
#[component]
pub fn Lost(
    stage: Stage,
    lost: Vec<LostComponent>,
    /// What people call each component.
    labels: BTreeMap<String, String>,
) -> impl IntoView {
    (!lost.is_empty()).then(|| {
        let general = if stage == Stage::Stopped {
            "The flow cannot be started before they are."
        } else {
            "What is on its way to them goes on as soon as they are."
        };
        let items = lost.into_iter().map(|one| {
            let label = labels.get(&one.id).cloned().unwrap_or_else(|| one.id.clone());
            view! {
                <li><b>{label}</b> " " <code>{one.kind.clone()}</code> {failing(stage, &one)} " " <WayBack one/></li>
            }
        });
        view! {
            <div class="notice bad" role="alert">
                <span aria-hidden="true">"!"</span>
                <div>
                    <p><b>"Components of this flow are not installed."</b> " " {general}</p>
                    <ul class="findings">{items.collect_view()}</ul>
                </div>
            </div>
        }
    })
}

/// What its absence does now, in a sentence.
fn failing(stage: Stage, one: &LostComponent) -> String {
    let mut parts = Vec::new();
    if stage != Stage::Stopped {
        if one.is_ticking {
            parts.push("fails at every tick, and recovers by itself".to_owned());
        }
        if one.waiting > 0 {
            let number = count(one.waiting as usize, "message");
            let verb = if one.waiting == 1 { "waits and is" } else { "wait and are" };
            parts.push(format!("{number} {verb} tried again"));
        } else if !one.is_ticking {
            parts.push("messages to it are tried again, and become unprocessed in the end".to_owned());
        }
    }
    if one.unprocessed > 0 {
        parts.push(format!("{} ended unprocessed", count(one.unprocessed as usize, "message")));
    }
    if parts.is_empty() { String::new() } else { format!(": {}.", parts.join("; ")) }
}

/// A link to where the component comes from.
#[component]
fn WayBack(one: LostComponent) -> impl IntoView {
    match one.module {
        Some(module) => {
            let text = if one.is_dropped {
                format!("The installed version of {module} has it no longer")
            } else {
                format!("Reinstall {module}")
            };
            view! { <a href=format!("/backoffice/modules/{module}")>{text}</a> }.into_any()
        }
        None => {
            // The module may be the service or a part of it.
            let service = one.kind.split('.').take(2).collect::<Vec<_>>().join(".");
            view! { <a href=format!("/backoffice/modules?q={service}")>"Find its module"</a> }.into_any()
        }
    }
}
