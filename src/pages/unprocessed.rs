//! The section "Unprocessed": messages that no component took, with the reason and the way back.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use super::flows::StageBadge;
use crate::{
    api::unprocessed::{Extract, FlowChoice, Letter, UnprocessedPage as Page, export_of, list_unprocessed, page_of},
    components::{
        error::{Failure, Refusal},
        moment::Moment,
        when::count,
    },
    domain::flow::Stage,
    server::engine::WantedLetters as Wanted,
};

/// Why messages end here, for the filter: the word in the store, and what people call it.
const REASONS: [(&str, &str); 6] = [
    ("", "Any reason"),
    ("missing", "Module not installed"),
    ("thrown", "Error in the component"),
    ("invalid", "Does not fit the port"),
    ("crashed", "Process ended"),
    ("timedOut", "Took too long"),
];
/// Others are seldom: a node that wants its flow stopped keeps them, too.
const SELDOM: [(&str, &str); 2] = [("cancelled", "Given up by the component"), ("tooBig", "Too big")];

#[component]
pub fn UnprocessedPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let field = |name: &str| query.get(name).unwrap_or_default();
    let wanted = Wanted {
        flow: field("flow"),
        module: field("module"),
        reason: field("reason"),
        from: field("from"),
        to: field("to"),
    };
    let page = field("page").parse().unwrap_or_default();
    let content = Suspend::new(async move {
        match list_unprocessed(wanted.clone(), page).await {
            Ok(page) => {
                let flows = page.flows.clone();
                view! { <Filters wanted=wanted.clone() flows/> <List page wanted/> }.into_any()
            }
            Err(error) => view! { <Filters wanted flows=Vec::new()/> <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Unprocessed messages"/>
        <h1>"Unprocessed messages"</h1>
        <p class="soft lead">"What no component took, after all its retries. Mend the cause, then put them back: nothing is lost until you delete it."</p>
        {done(&query).map(|text| view! {
            <div class="notice good" role="status"><span aria-hidden="true">"✓"</span><p>{text}</p></div>
        })}
        <Refusal/>
        <Suspense>{content}</Suspense>
    }
}

/// What the form before has done.
fn done(query: &ParamsMap) -> Option<String> {
    // What is in the address after a refusal was done before it.
    if query.get("__err").is_some() {
        return None;
    }
    let number: usize = query.get("number")?.parse().ok()?;
    let (what, are) = (count(number, "message"), if number == 1 { "is" } else { "are" });
    match query.get("done")?.as_str() {
        "retried" => Some(format!("{what} {are} put back, to be tried at once.")),
        "deleted" => Some(format!("{what} {are} deleted.")),
        _ => None,
    }
}

#[component]
fn Filters(wanted: Wanted, flows: Vec<FlowChoice>) -> impl IntoView {
    let export = export_of(&wanted);
    let Wanted { flow, module, reason, from, to } = wanted;
    // One that is asked for and not there (any more) stays asked for.
    let unknown = (!flow.is_empty() && flows.iter().all(|choice| choice.id != flow))
        .then(|| view! { <option value=flow.clone() selected>{format!("Unknown flow {flow}")}</option> });
    let flow_option = |choice: FlowChoice| {
        let is_chosen = choice.id == flow;
        view! { <option value=choice.id selected=is_chosen>{choice.label}</option> }
    };
    let reason_option = |(value, label): (&'static str, &'static str)| {
        view! { <option value=value selected=reason == value>{label}</option> }
    };
    view! {
        <form class="filters" role="search" method="get" action="/backoffice/unprocessed">
            <label>
                <span>"Flow"</span>
                <select name="flow"><option value="">"Any flow"</option>{unknown}{flows.into_iter().map(flow_option).collect_view()}</select>
            </label>
            <label><span>"Module"</span><input name="module" class="mono" value=module autocomplete="off" spellcheck="false" placeholder="acme.git"/></label>
            <label><span>"Reason"</span><select name="reason">{REASONS.into_iter().chain(SELDOM).map(reason_option).collect_view()}</select></label>
            <label><span>"From"</span><input type="date" name="from" value=from/></label>
            <label><span>"To"</span><input type="date" name="to" value=to/></label>
            <div class="acts">
                <button class="btn go">"Filter"</button>
                <a class="btn" href=export download="">"Export as JSON lines"</a>
            </div>
        </form>
    }
}

#[component]
fn List(page: Page, wanted: Wanted) -> impl IntoView {
    let Page { letters, total, number, has_older, .. } = page;
    if letters.is_empty() {
        return if wanted == Wanted::default() {
            view! {
                <div class="empty">
                    <p><b>"There are no unprocessed messages."</b></p>
                    <p class="soft">"Everything that flows were given was processed, or is on its way."</p>
                </div>
            }
            .into_any()
        } else {
            view! {
                <div class="empty">
                    <p><b>"Nothing matches."</b></p>
                    <p><a href="/backoffice/unprocessed">"All unprocessed messages"</a></p>
                </div>
            }
            .into_any()
        };
    }
    let is_filtered = wanted != Wanted::default();
    let (one, all) = if is_filtered { ("matching message", "all that match") } else { ("message", "all") };
    let newer = number.checked_sub(1).map(|number| page_of(&wanted, number));
    let older = has_older.then(|| page_of(&wanted, number + 1));
    view! {
        <form class="letters" method="post" action="/backoffice/api/retry_unprocessed">
            <Hidden wanted/>
            <p class="soft count">{count(total as usize, one)}</p>
            <div class="acts">
                <button class="btn">"Retry what is ticked"</button>
                <button class="btn" name="all" value="true">{format!("Retry {all}")}</button>
            </div>
            <ul class="rows list">{letters.into_iter().map(|letter| view! { <Row letter/> }).collect_view()}</ul>
            {(newer.is_some() || older.is_some()).then(|| view! {
                <nav class="pages" aria-label="Pages">
                    {newer.map(|address| view! { <a class="btn" rel="prev" href=address>"Newer"</a> })}
                    {older.map(|address| view! { <a class="btn" rel="next" href=address>"Older"</a> })}
                </nav>
            })}
            <details class="part danger">
                <summary><h2>"Delete messages"</h2></summary>
                <p>"This cannot be undone; an export keeps them. Up to a thousand are deleted, or put back, at once."</p>
                <div class="acts">
                    <button class="btn bad" formaction="/backoffice/api/delete_unprocessed">"Delete what is ticked"</button>
                    <button class="btn bad" formaction="/backoffice/api/delete_unprocessed" name="all" value="true">{format!("Delete {all}")}</button>
                </div>
            </details>
        </form>
    }
    .into_any()
}

/// The filter, in a form that acts on all that match.
#[component]
fn Hidden(wanted: Wanted) -> impl IntoView {
    let Wanted { flow, module, reason, from, to } = wanted;
    [("flow", flow), ("module", module), ("reason", reason), ("from", from), ("to", to)]
        .map(|(name, value)| view! { <input type="hidden" name=format!("wanted[{name}]") value=value/> })
        .collect_view()
}

#[component]
fn Row(letter: Letter) -> impl IntoView {
    let what = format!("the message to {} of {}", letter.component_type, letter.flow);
    let mut reasons = REASONS.into_iter().chain(SELDOM);
    let reason = reasons.find(|(word, _)| *word == letter.reason).map_or("Failed", |(_, label)| label);
    let module = letter.module.map(|module| {
        let version = letter.version.map(|version| format!(" {version}"));
        view! { " · " <a class="mono" href=format!("/backoffice/modules/{module}")>{module.clone()}</a> {version} }
    });
    let whole = format!("/unprocessed-messages/{}", letter.id);
    let is_cut = letter.input.is_cut || letter.error_details.is_cut;
    view! {
        <li>
            <input type="checkbox" name="ids[]" value=letter.id.clone() aria-label=format!("Choose {what}")/>
            <div>
                <p>
                    <a href=format!("/backoffice/flows/{}", letter.flow_id)><b>{letter.flow}</b></a>
                    {(letter.stage != Stage::Running).then(|| view! { " " <StageBadge stage=letter.stage/> })}
                    " " <span class="badge broken"><span aria-hidden="true">"!"</span>{reason}</span>
                </p>
                <p><code>{letter.component_type}</code></p>
                <p class="bad-text">{letter.error}</p>
                <p class="soft">{count(letter.attempts as usize, "attempt")} " · " <Moment at=letter.at/> {module}</p>
                <details>
                    <summary>"Message and error"</summary>
                    <dl class="facts">
                        <div><dt>"Component"</dt><dd class="mono">{letter.component_id}</dd></div>
                        <div><dt>"Port"</dt><dd class="mono">{letter.port}</dd></div>
                        {letter.sender.map(|sender| view! { <div><dt>"From"</dt><dd class="mono">{sender}</dd></div> })}
                        <div><dt>"Message"</dt><dd class="mono">{letter.id.clone()}</dd></div>
                    </dl>
                    <Json name="Input" extract=letter.input/>
                    <Json name="Error" extract=letter.error_details/>
                    {is_cut.then(|| view! { <p><a href=whole>"All of it as JSON"</a></p> })}
                    <button class="btn small bad" formaction="/backoffice/api/delete_unprocessed" name="only" value=letter.id.clone()>"Delete this message"</button>
                </details>
            </div>
            <button class="btn small" name="only" value=letter.id aria-label=format!("Retry {what}")>"Retry"</button>
        </li>
    }
}

#[component]
fn Json(name: &'static str, extract: Extract) -> impl IntoView {
    view! {
        <p class="soft small">{name}</p>
        <pre class="mono" tabindex="0" role="region" aria-label=name>{extract.text}{extract.is_cut.then_some("…")}</pre>
    }
}
