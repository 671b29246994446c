//! The section "Audit": who did what and when, with what changed.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{hooks::use_query_map, params::ParamsMap};
use serde_json::Value;

use crate::{
    api::audit::{AuditPage as Page, list_audit},
    components::{error::Failure, moment::Moment},
    domain::person::AuditEntry,
};

/// The filter's fields in the address.
const FIELDS: [&str; 5] = ["person", "action", "module", "from", "to"];
/// Areas of actions, for the filter.
const AREAS: [(&str, &str); 11] = [
    ("", "Anything"),
    ("module", "Modules"),
    ("flow", "Flows"),
    ("unprocessed", "Unprocessed messages"),
    ("acl", "ACL"),
    ("user", "Users"),
    ("session", "Sessions"),
    ("token", "Tokens"),
    ("service-config", "Connector configuration"),
    ("config", "System configuration"),
    ("webhook", "System webhook"),
];

#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_query_map().get_untracked();
    let [person, action, module, from, to] = FIELDS.map(|field| query.get(field).unwrap_or_default());
    let before = query.get("before").and_then(|id| id.parse().ok());
    let export = format!("/backoffice/audit/export{}", search(&query, None));
    let list = {
        let (person, action, module, from, to) =
            (person.clone(), action.clone(), module.clone(), from.clone(), to.clone());
        let query = query.clone();
        Suspend::new(async move {
            match list_audit(person, action, module, from, to, before).await {
                Ok(page) => view! { <List page query/> }.into_any(),
                Err(error) => view! { <Failure error/> }.into_any(),
            }
        })
    };
    let area = |(value, label): (&'static str, &'static str)| {
        view! { <option value=value selected=action == value>{label}</option> }
    };
    view! {
        <Title text="Audit"/>
        <h1>"Audit"</h1>
        <p class="soft lead">"Who did what, and what it changed. Nothing in here can be changed or deleted."</p>
        <form class="filters" role="search" method="get" action="/backoffice/audit">
            <label><span>"Person"</span><input name="person" value=person autocomplete="off"/></label>
            <label><span>"About"</span><select name="action">{AREAS.map(area).collect_view()}</select></label>
            <label><span>"Module"</span><input name="module" class="mono" value=module autocomplete="off" spellcheck="false" placeholder="acme.git"/></label>
            <label><span>"From"</span><input type="date" name="from" value=from/></label>
            <label><span>"To"</span><input type="date" name="to" value=to/></label>
            <div class="acts">
                <button class="btn go">"Filter"</button>
                <a class="btn" href=export download="">"Export as JSON lines"</a>
            </div>
        </form>
        <Suspense>{list}</Suspense>
    }
}

/// The filter as a query string, for entries older than `before`.
fn search(query: &ParamsMap, before: Option<i64>) -> String {
    let mut kept = ParamsMap::new();
    for field in FIELDS {
        if let Some(value) = query.get(field).filter(|value| !value.is_empty()) {
            kept.insert(field, value);
        }
    }
    if let Some(before) = before {
        kept.insert("before", before.to_string());
    }
    kept.to_query_string()
}

#[component]
fn List(page: Page, query: ParamsMap) -> impl IntoView {
    let Page { entries, older } = page;
    if entries.is_empty() {
        return view! {
            <div class="empty"><p><b>"Nothing matches."</b></p><p><a href="/backoffice/audit">"Everything"</a></p></div>
        }
        .into_any();
    }
    view! {
        <ul class="rows list trail">{entries.into_iter().map(|entry| view! { <Row entry/> }).collect_view()}</ul>
        {older.map(|id| view! {
            <nav class="pages" aria-label="Pages"><a class="btn" rel="next" href=format!("/backoffice/audit{}", search(&query, Some(id)))>"Older"</a></nav>
        })}
    }
    .into_any()
}

#[component]
fn Row(entry: AuditEntry) -> impl IntoView {
    let subject = match &entry.module {
        Some(module) => {
            view! { <a href=format!("/backoffice/modules/{module}")>{entry.subject.clone()}</a> }.into_any()
        }
        None => view! { <span>{entry.subject.clone()}</span> }.into_any(),
    };
    let has_values = entry.before.is_some() || entry.after.is_some();
    view! {
        <li>
            <div>
                <p><b>{words(&entry.action)}</b> " " {subject}</p>
                <p class="soft">
                    {entry.actor.clone()}
                    {(entry.via != entry.actor).then(|| format!(" · {}", entry.via))}
                    {entry.address.clone().map(|address| format!(" · {address}"))}
                    " · " <Moment at=entry.at/>
                </p>
                {has_values.then(|| view! {
                    <details>
                        <summary>"What changed"</summary>
                        <dl class="change-list">{changes(entry.before.as_ref(), entry.after.as_ref())}</dl>
                    </details>
                })}
            </div>
        </li>
    }
}

/// An action in the words of people; one that is not known stays as it is.
fn words(action: &str) -> String {
    let known = match action {
        "module.install" => "Installed",
        "module.replace" => "Replaced",
        "module.remove" => "Removed",
        "module.undo-remove" => "Brought back",
        "flow.start" => "Started the flow",
        "flow.stop" => "Stopped the flow",
        "flow.delete" => "Deleted the flow",
        "unprocessed.retry" => "Put back the message",
        "unprocessed.delete" => "Deleted the message",
        "unprocessed.replay" => "Replayed what was lost for want of",
        "acl.add" => "Added the ACL rule",
        "acl.change" => "Changed the ACL rule",
        "acl.delete" => "Deleted the ACL rule",
        "acl.replace" => "Replaced the ACL table",
        "user.add" => "Added the user",
        "user.change" => "Changed the user",
        "user.delete" => "Deleted the user",
        "user.reset-password" => "Gave another password to",
        "user.change-password" => "Changed the own password",
        "session.begin" => "Signed in",
        "session.end" => "Signed out",
        "session.revoke" => "Ended a session",
        "session.refused" => "Failed to sign in as",
        "token.give" => "Made the token",
        "token.revoke" => "Revoked the token",
        "service-config.set" => "Configured the connector",
        "service-config.delete" => "Deleted values of the connector",
        "service-config.read" => "Read the values of the connector",
        "config.set" => "Set",
        "config.delete" => "Went back to the default of",
        "webhook.test" => "Sent a test to",
        other => return other.to_owned(),
    };
    known.to_owned()
}

/// A line for each part that differs.
fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<AnyView> {
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let line = |name: &str, before: Option<&Value>, after: Option<&Value>| {
        view! {
            <div>
                <dt>{name.to_owned()}</dt>
                <dd>
                    {before.map(|before| view! { <del>{text(before)}</del> " " })}
                    {after.map(|after| view! { <ins>{text(after)}</ins> })}
                </dd>
            </div>
        }
        .into_any()
    };
    let empty = serde_json::Map::new();
    match (before, after) {
        (None | Some(Value::Object(_)), None | Some(Value::Object(_))) => {
            let before = before.and_then(Value::as_object).unwrap_or(&empty);
            let after = after.and_then(Value::as_object).unwrap_or(&empty);
            let mut names: Vec<&String> =
                before.keys().chain(after.keys().filter(|name| !before.contains_key(*name))).collect();
            names.retain(|name| before.get(*name) != after.get(*name));
            names.into_iter().map(|name| line(name, before.get(name), after.get(name))).collect()
        }
        _ => vec![line("value", before, after)],
    }
}
