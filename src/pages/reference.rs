//! The reference of the routes for clients, out of the document at `/openapi.json`.

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos_meta::Title;
use serde_json::Value;

use crate::server::http::document;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[component]
pub fn ReferencePage() -> impl IntoView {
    // By their first word: `/users/{id}` and `/users` stand together.
    let mut areas: BTreeMap<&str, Vec<(&str, &str, &Value)>> = BTreeMap::new();
    for (path, methods) in document()["paths"].as_object().into_iter().flatten() {
        let area = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        for method in METHODS {
            if let Some(operation) = methods.get(method) {
                areas.entry(area).or_default().push((method, path, operation));
            }
        }
    }
    let links = areas.keys().map(|area| view! { <li><a href=format!("#area-{area}")>{*area}</a></li> }).collect_view();
    let sections = areas
        .iter()
        .map(|(area, operations)| {
            let items = operations.iter().map(|(method, path, operation)| {
                view! { <Operation method=(*method).to_owned() path=(*path).to_owned() operation=(*operation).clone()/> }
            });
            view! {
                <section class="part" aria-labelledby=format!("area-{area}")>
                    <h2 id=format!("area-{area}")>{*area}</h2>
                    {items.collect_view()}
                </section>
            }
        })
        .collect_view();
    view! {
        <Title text="API"/>
        <h1>"API"</h1>
        <p class="soft lead">
            "The routes for clients and scripts. Send a token from the page " <a href="/backoffice/account">"Account"</a> " as "
            <code>"Authorization: Bearer …"</code> ". Machines read the same at " <a href="/openapi.json">"/openapi.json"</a> "."
        </p>
        <nav aria-label="Areas"><ul class="inline areas">{links}</ul></nav>
        {sections}
    }
}

#[component]
fn Operation(method: String, path: String, operation: Value) -> impl IntoView {
    let text = |field: &str| plain(operation[field].as_str().unwrap_or_default());
    let parameters: Vec<AnyView> = operation["parameters"].as_array().into_iter().flatten().map(parameter).collect();
    let body = operation["requestBody"]["content"].as_object().into_iter().flatten().next();
    let body = body.map(|(media, content)| {
        view! { <h3>"Body"</h3><p class="soft small">{media.clone()}</p> {schema(&content["schema"], 0)} }
    });
    let answers = operation["responses"].as_object().into_iter().flatten().map(|(status, answer)| {
        let is_problem = !status.starts_with('2');
        let shape = answer["content"].as_object().into_iter().flatten().next().filter(|_| !is_problem);
        view! {
            <div>
                <dt class="mono">{status.clone()}</dt>
                <dd>{plain(answer["description"].as_str().unwrap_or_default())} {shape.map(|(_, content)| schema(&content["schema"], 0))}</dd>
            </div>
        }
    });
    view! {
        <details class="operation">
            <summary><span class=format!("verb {method}")>{method.to_uppercase()}</span> <code>{path}</code> " " <span class="soft">{text("summary")}</span></summary>
            <div class="about">
                <p>{text("description")}</p>
                {(!parameters.is_empty()).then(|| view! { <h3>"Parameters"</h3><dl>{parameters}</dl> })}
                {body}
                <h3>"Answers"</h3>
                <dl>{answers.collect_view()}</dl>
            </div>
        </details>
    }
}

/// A text of the document without Markdown's marks for code.
fn plain(text: &str) -> String {
    text.replace('`', "")
}

fn parameter(parameter: &Value) -> AnyView {
    let text = |field: &str| plain(parameter[field].as_str().unwrap_or_default());
    let need = if parameter["required"].as_bool().unwrap_or_default() { ", required" } else { "" };
    view! {
        <div>
            <dt class="mono">{text("name")}</dt>
            <dd>{text("description")} " " <span class="soft">{format!("({}, {}{need})", text("in"), kind(&parameter["schema"]))}</span></dd>
        </div>
    }
    .into_any()
}

/// How deep objects in objects are shown.
const DEEPEST: usize = 3;

/// The fields of a schema, and those of what it holds.
fn schema(schema: &Value, depth: usize) -> AnyView {
    let known = resolved(schema);
    let choices = known["oneOf"].as_array().or(known["anyOf"].as_array()).filter(|_| depth < DEEPEST);
    if let Some(choices) = choices.filter(|choices| choices.iter().all(|one| resolved(one)["properties"].is_object())) {
        let parts = choices.iter().enumerate().map(|(at, one)| {
            view! { {(at > 0).then(|| view! { <p class="soft">"or"</p> })} {self::schema(one, depth + 1)} }
        });
        return parts.collect_view().into_any();
    }
    let inner = if known["type"] == "array" { resolved(&known["items"]) } else { known };
    let Some(fields) = inner["properties"].as_object().filter(|fields| !fields.is_empty() && depth < DEEPEST) else {
        return view! { <p class="mono soft">{kind(schema)}</p> }.into_any();
    };
    let is_required =
        |name: &String| inner["required"].as_array().is_some_and(|required| required.iter().any(|known| known == name));
    let rows = fields.iter().map(|(name, field)| {
        let need = if is_required(name) { "" } else { "optional " };
        let holds = resolved(field)["properties"].is_object().then(|| self::schema(field, depth + 1));
        view! {
            <div>
                <dt class="mono">{name.clone()}</dt>
                <dd>
                    {plain(field["description"].as_str().unwrap_or_default())}
                    " " <span class="soft">{format!("({need}{})", kind(field))}</span> {holds}
                </dd>
            </div>
        }
    });
    view! { <p class="mono soft">{kind(schema)}</p><dl>{rows.collect_view()}</dl> }.into_any()
}

/// What a reference stands for.
fn resolved(schema: &Value) -> &Value {
    match schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
        Some(pointer) => document().pointer(pointer).unwrap_or(schema),
        None => schema,
    }
}

/// A schema's type in a word or two.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return name.to_owned();
    }
    match &schema["type"] {
        Value::String(word) if word == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(word) => word.clone(),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => {
            let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
            let kinds: Vec<String> = choices.into_iter().flatten().map(kind).collect();
            if kinds.is_empty() { "any value".to_owned() } else { kinds.join(" or ") }
        }
    }
}
