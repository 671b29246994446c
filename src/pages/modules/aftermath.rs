//! What a module that is not installed does to flows, and what those get back when it is there again.

use leptos::prelude::*;

use super::uses::{Affected, FlowList};
use crate::{
    api::server::{admin, state},
    components::when::count,
    domain::{flow::Stage, flow_use::LostLetters, name::ModuleName},
};

const WHERE: &str = "where it is missing: its triggers at every tick, messages to its actions until they become \
                     unprocessed. Installing it again brings them on.";

/// Unprocessed messages that an installed module was missing for. Nothing where that cannot be told.
pub async fn lost_letters(name: &str) -> Vec<LostLetters> {
    let (Ok(admin), Ok(name)) = (admin(), ModuleName::parse(name)) else { return Vec::new() };
    state().engine.lost_letters(&admin, &name).await.unwrap_or_default()
}

/// Flows that wait for a module that is not installed.
#[component]
pub fn Missed(is_installed: bool, flows: Vec<Affected>) -> impl IntoView {
    (!is_installed && !flows.is_empty()).then(|| {
        let number = count(flows.len(), "flow");
        let running = flows.iter().filter(|one| one.used.is_running()).count();
        let failing = match running {
            0 => "None of them runs, and none can be started until it is installed again.".to_owned(),
            1 => format!("1 of them goes on, and fails {WHERE}"),
            _ => format!("{running} of them go on, and fail {WHERE}"),
        };
        view! {
            <div class="notice bad" role="status">
                <span aria-hidden="true">"!"</span>
                <div>
                    <p><b>{format!("{number} cannot do without this module.")}</b> " " {failing}</p>
                    <FlowList flows mark="not installed"/>
                </div>
            </div>
        }
    })
}

/// Offers to replay what ended unprocessed for want of the module, and says what stays behind.
#[component]
pub fn Replay(name: String, letters: Vec<LostLetters>) -> impl IntoView {
    (!letters.is_empty()).then(|| {
        let (running, others): (Vec<_>, Vec<_>) = letters.iter().partition(|flow| flow.stage == Stage::Running);
        let sum = |numbers: &mut dyn Iterator<Item = u32>| numbers.sum::<u32>() as usize;
        let all = sum(&mut letters.iter().map(|flow| flow.count + flow.homeless));
        let ready = sum(&mut running.iter().map(|flow| flow.count));
        let homeless = sum(&mut letters.iter().map(|flow| flow.homeless));
        let item = |flow: &LostLetters, ending: &'static str| {
            view! {
                <li>
                    <a href=format!("/backoffice/flows/{}", flow.flow_id)>{flow.name.clone()}</a>
                    {format!(": {}{ending}", count(flow.count as usize, "message"))}
                </li>
            }
        };
        let has_some = |flow: &&&LostLetters| flow.count > 0;
        let items: Vec<_> = running
            .iter()
            .filter(has_some)
            .map(|flow| item(flow, ""))
            .chain(others.iter().filter(has_some).map(|flow| item(flow, ", not replayed: the flow does not run. Start it first")))
            .collect();
        let button = (ready > 0).then(|| {
            view! {
                <form method="post" action="/backoffice/api/replay_module" data-enhance="" data-done=format!("{} on the way again.", are(ready))>
                    <input type="hidden" name="name" value=name/>
                    <button class="btn">{format!("Replay {}", count(ready, "message"))}</button>
                </form>
            }
        });
        view! {
            <div class="notice warn" role="status">
                <span aria-hidden="true">"✉"</span>
                <div>
                    <p><b>{format!("{} ended unprocessed because this module was missing.", count(all, "message"))}</b></p>
                    <ul class="findings">{items}</ul>
                    {(homeless > 0).then(|| view! {
                        <p>{format!("Not replayed, because their flows have no such component any more: {}.", count(homeless, "message"))}</p>
                    })}
                    {button}
                </div>
            </div>
        }
    })
}

fn are(number: usize) -> String {
    format!("{} {}", count(number, "message"), if number == 1 { "is" } else { "are" })
}
