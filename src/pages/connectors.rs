//! The section "Connectors": what modules need to know, such as client ids and secrets.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use crate::{
    api::{
        ApiError,
        connectors::{ConnectorView, FieldView, get_connector, list_connectors},
    },
    components::{
        error::{Failure, Refusal},
        when::count,
    },
    pages::not_found::Missing,
};

#[component]
pub fn ConnectorsPage() -> impl IntoView {
    let list = Suspend::new(async move {
        match list_connectors().await {
            Ok(all) => view! { <List all/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Connectors"/>
        <h1>"Connectors"</h1>
        <p class="soft lead">"What installed modules need to know before people can use them. Values are kept encrypted; a secret is never shown again."</p>
        <Suspense>{list}</Suspense>
    }
}

#[component]
fn List(all: Vec<ConnectorView>) -> impl IntoView {
    if all.is_empty() {
        return view! {
            <div class="empty">
                <p><b>"Nothing to configure."</b></p>
                <p class="soft">"Modules that need a client id, a secret or an address appear here as soon as they are installed."</p>
                <p><a href="/backoffice/modules">"Browse modules"</a></p>
            </div>
        }
        .into_any();
    }
    let row = |view: ConnectorView| {
        let labels: Vec<String> = view.modules.iter().map(|(_, label)| label.clone()).collect();
        let labels = if labels.is_empty() { "No installed module".to_owned() } else { labels.join(", ") };
        let keys = match view.fields.len() {
            0 => "its documentation names the keys".to_owned(),
            number => format!("{} of {} set", view.set(), count(number, "key")),
        };
        view! {
            <li>
                <div>
                    <a class="mono" href=format!("/backoffice/connectors/{}", view.service_id)><b>{view.service_id.clone()}</b></a>
                    " " <State view=view.clone()/>
                    <p class="soft">{labels} " · " {keys}</p>
                </div>
            </li>
        }
    };
    view! { <ul class="rows list part after-lead">{all.into_iter().map(row).collect_view()}</ul> }.into_any()
}

/// "Configured", or what is missing.
#[component]
pub fn State(view: ConnectorView) -> impl IntoView {
    if view.is_configured() {
        view! { <span class="badge on">"Configured"</span> }.into_any()
    } else if view.missing().is_empty() {
        view! { <span class="badge">"Not set"</span> }.into_any()
    } else {
        view! { <span class="badge up">"Needs configuration"</span> }.into_any()
    }
}

#[component]
pub fn ConnectorPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let content = Suspend::new(async move {
        match get_connector(id).await {
            Ok(connector) => {
                let title = connector.service_id.clone();
                let modules = connector.modules.clone().into_iter().map(|(name, label)| {
                    view! { <li><a href=format!("/backoffice/modules/{name}")>{label}</a></li> }
                });
                view! {
                    <Title text=title.clone()/>
                    <h1 class="mono">{title}</h1>
                    <ul class="inline soft">{modules.collect_view()}</ul>
                    <Refusal/>
                    <div id="connector" data-live=""><ConnectorForm connector/></div>
                }
                .into_any()
            }
            Err(ApiError { status: 404, message, .. }) => view! { <Missing what=message/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <p class="crumbs"><a href="/backoffice/connectors">"Connectors"</a></p>
        <Suspense>{content}</Suspense>
    }
}

/// The values, in a form. It saves what is filled in, and leaves the rest.
#[component]
pub fn ConnectorForm(connector: ConnectorView) -> impl IntoView {
    let fields = connector.fields.into_iter().map(|field| view! { <Field field/> }).collect_view();
    view! {
        <form class="sheet connector" method="post" action="/backoffice/api/save_connector" data-enhance="" data-keep="" data-done="The configuration is saved.">
            <input type="hidden" name="id" value=connector.service_id/>
            {fields}
            <details>
                <summary>"Another key"</summary>
                <div class="pair">
                    <label><span>"Key"</span><input class="mono" name="new_key" maxlength="200" autocomplete="off" spellcheck="false"/></label>
                    <label><span>"Value"</span><input name="new_value" autocomplete="off" spellcheck="false"/></label>
                </div>
            </details>
            <div class="acts"><button class="btn go">"Save configuration"</button></div>
        </form>
    }
}

#[component]
fn Field(field: FieldView) -> impl IntoView {
    let FieldView { name, label, description, required, is_secret, is_set, value } = field;
    let (id, hint) = (format!("key-{name}"), format!("hint-{name}"));
    let shows_name = label != name;
    let about = match (is_secret, is_set) {
        (true, true) => "Set. Leave it empty to keep it.",
        (true, false) => "Secret: it is kept encrypted and not shown again.",
        (false, _) => "",
    };
    let texts: Vec<String> = [description, about.to_owned()].into_iter().filter(|text| !text.is_empty()).collect();
    let has_hint = !texts.is_empty();
    view! {
        <div class="field">
            <label for=id.clone()>
                {label.clone()}
                {shows_name.then(|| view! { " " <span class="mono soft">{name.clone()}</span> })}
                {required.then_some(" (required)")}
            </label>
            <input type="hidden" name="keys[]" value=name.clone()/>
            <input
                id=id
                type=if is_secret { "password" } else { "text" }
                name="values[]"
                value=value
                autocomplete="off"
                spellcheck="false"
                placeholder=(is_secret && is_set).then_some("••••••••")
                aria-describedby=has_hint.then(|| hint.clone())
            />
            {has_hint.then(|| view! { <small id=hint class="soft">{texts.join(" ")}</small> })}
            {(is_secret && is_set).then(|| view! {
                <label class="check"><input type="checkbox" name="forget[]" value=name.clone()/> {format!("Delete {label}")}</label>
            })}
        </div>
    }
}
