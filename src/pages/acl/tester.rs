//! "Can this role use this component? Which rule says so?"

use leptos::prelude::*;
use leptos_router::{components::Form, hooks::use_query_map};

use crate::{
    api::acl::{AclAnswer, test_acl},
    components::error::Failure,
};

#[component]
pub fn Tester() -> impl IntoView {
    let params = use_query_map();
    let word = move |key: &str| params.with(|params| params.get(key).unwrap_or_default());
    let asked = Memo::new(move |_| (word("role"), word("component")));
    let answer = Resource::new(move || asked.get(), |(role, component)| test_acl(role, component));
    view! {
        <section class="part" aria-labelledby="tester">
            <h2 id="tester">"Try the rules"</h2>
            <p class="soft">"Can this role use this component, and which rule says so?"</p>
            <Form method="get" action="/backoffice/acl" attr:class="rule-form">
                <label>
                    <span>"Role, e-mail address or domain"</span>
                    <input name="role" required value=move || asked.get().0 autocomplete="off" list="tester-roles"/>
                </label>
                <datalist id="tester-roles">
                    <option value="user"></option>
                    <option value="tester"></option>
                    <option value="admin"></option>
                </datalist>
                <label>
                    <span>"Component"</span>
                    <input class="mono" name="component" required value=move || asked.get().1 autocomplete="off" spellcheck="false" placeholder="stockroom.timers.core.Every"/>
                </label>
                <div class="acts"><button class="btn">"Try"</button></div>
            </Form>
            <Transition>
                {move || Suspend::new(async move {
                    match answer.await {
                        Ok(None) => ().into_any(),
                        Ok(Some(answer)) => view! { <Answer answer/> }.into_any(),
                        Err(error) => view! { <Failure error/> }.into_any(),
                    }
                })}
            </Transition>
        </section>
    }
    .into_any()
}

#[component]
fn Answer(answer: AclAnswer) -> impl IntoView {
    let AclAnswer { explanation, deciding, is_installed } = answer;
    let kind = if explanation.allowed { "notice good" } else { "notice bad" };
    view! {
        <div class=kind role="status">
            <span aria-hidden="true">{if explanation.allowed { "✓" } else { "✕" }}</span>
            <div>
                <p>{explanation.text}</p>
                {(!deciding.is_empty()).then(|| view! { <ul>{deciding.into_iter().map(|rule| view! { <li class="mono">{rule}</li> }).collect_view()}</ul> })}
                {(!explanation.near_misses.is_empty()).then(|| view! {
                    <ul class="soft">{explanation.near_misses.into_iter().map(|miss| view! { <li>{miss.text}</li> }).collect_view()}</ul>
                })}
                {(!is_installed).then(|| view! { <p class="soft">"No installed module has this component; it was taken as one that is not private."</p> })}
            </div>
        </div>
    }
    .into_any()
}
