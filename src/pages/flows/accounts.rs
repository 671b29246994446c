//! What the components of a flow sign in with elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;

use crate::server::engine::SignIn;

/// Empty fields that the form for a new account has.
const FIELDS: usize = 3;

/// A choice for each component that signs in somewhere, and a form for a new account; nothing where none does.
#[component]
pub fn Accounts(flow_id: String, sign_ins: Vec<SignIn>, labels: BTreeMap<String, String>) -> impl IntoView {
    if sign_ins.is_empty() {
        return ().into_any();
    }
    let services: BTreeSet<String> =
        sign_ins.iter().filter(|one| one.choices.is_some()).map(|one| one.service.clone()).collect();
    let flow = flow_id.clone();
    let row = move |sign_in: SignIn| {
        let label = labels.get(&sign_in.component_id).cloned().unwrap_or_else(|| sign_in.component_id.clone());
        view! {
            <li>
                <span><b>{label.clone()}</b> " " <span class="mono soft">{sign_in.service.clone()}</span></span>
                <Choice flow_id=flow.clone() label sign_in/>
            </li>
        }
    };
    view! {
        <section class="part" aria-labelledby="accounts">
            <h2 id="accounts">"Accounts"</h2>
            <ul class="rows list accounts">{sign_ins.into_iter().map(row).collect_view()}</ul>
            {(!services.is_empty()).then(|| view! { <NewAccount flow_id services/> })}
        </section>
    }
    .into_any()
}

#[component]
fn Choice(flow_id: String, label: String, sign_in: SignIn) -> impl IntoView {
    let Some(choices) = sign_in.choices else {
        let text = if sign_in.account.is_some() { "An account of the flow's owner" } else { "No account" };
        return view! { <span class="soft">{text}</span> }.into_any();
    };
    let chosen = sign_in.account.clone().unwrap_or_default();
    let options = choices.into_iter().map(|(id, name)| {
        let selected = id == chosen;
        view! { <option value=id selected=selected>{name}</option> }
    });
    view! {
        <form class="choice" method="post" action="/backoffice/api/choose_account" data-enhance="" data-done="The account is chosen.">
            <input type="hidden" name="flow" value=flow_id/>
            <input type="hidden" name="component" value=sign_in.component_id/>
            <select name="account" aria-label=format!("Account of {label}")>
                <option value="" selected=sign_in.account.is_none()>"No account"</option>
                {options.collect_view()}
            </select>
            <button class="btn" aria-label=format!("Use this account for {label}")>"Use"</button>
        </form>
    }
    .into_any()
}

#[component]
fn NewAccount(flow_id: String, services: BTreeSet<String>) -> impl IntoView {
    let field = |number: usize| {
        view! {
            <div class="pair">
                <label><span>{format!("Field {number}")}</span><input class="mono" name="names[]" maxlength="200" autocomplete="off" spellcheck="false"/></label>
                <label><span>{format!("Value {number}")}</span><input type="password" name="values[]" autocomplete="off"/></label>
            </div>
        }
    };
    let options =
        services.into_iter().map(|service| view! { <option value=service.clone()>{service.clone()}</option> });
    view! {
        <details>
            <summary>"Add an account"</summary>
            <form class="sheet connector" method="post" action="/backoffice/api/add_account" data-enhance="" data-keep="" data-done="The account is added.">
                <p class="soft">"It is yours alone. What it signs in with is kept encrypted, given to the components that use it, and not shown again. Which fields that takes, the documentation of the module says: apiKey, or username and password, for example."</p>
                <input type="hidden" name="flow" value=flow_id/>
                <div class="pair">
                    <label><span>"Signs in at"</span><select name="service">{options.collect_view()}</select></label>
                    <label><span>"Your name for it"</span><input name="display_name" maxlength="200" autocomplete="off"/></label>
                </div>
                {(1..=FIELDS).map(field).collect_view()}
                <div class="acts"><button class="btn go">"Add account"</button></div>
            </form>
        </details>
    }
}
