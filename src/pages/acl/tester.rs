//! "Can this role use this component? Which rule says so?"

use leptos::prelude::*;

use crate::{
    api::acl::{AclAnswer, test_acl},
    components::error::Failure,
};

#[component]
pub fn Tester(role: String, component: String) -> impl IntoView {
    let answer = {
        let (role, component) = (role.clone(), component.clone());
        Suspend::new(async move {
            match test_acl(role, component).await {
                Ok(answer) => answer.map(|answer| view! { <Answer answer/> }).into_any(),
                Err(error) => view! { <Failure error/> }.into_any(),
            }
        })
    };
    view! {
        <section id="tester" class="part" aria-labelledby="tester-title">
            <h2 id="tester-title">"Try the rules"</h2>
            <p class="soft">"Can this role use this component, and which rule says so?"</p>
            <form class="rule-form" method="get" action="/backoffice/acl">
                <label>
                    <span>"Role, e-mail address or domain"</span>
                    <input name="role" required value=role autocomplete="off" list="tester-roles"/>
                </label>
                <datalist id="tester-roles">
                    <option value="user"></option>
                    <option value="tester"></option>
                    <option value="admin"></option>
                </datalist>
                <label>
                    <span>"Component"</span>
                    <input
                        class="mono"
                        name="component"
                        required
                        value=component
                        autocomplete="off"
                        spellcheck="false"
                        placeholder="stockroom.timers.core.Every"
                    />
                </label>
                <div class="acts"><button class="btn">"Try"</button></div>
            </form>
            <Suspense>{answer}</Suspense>
        </section>
    }
}

#[component]
fn Answer(answer: AclAnswer) -> impl IntoView {
    let AclAnswer { explanation, deciding, is_installed } = answer;
    let (kind, sign) = if explanation.allowed { ("notice good", "✓") } else { ("notice bad", "✕") };
    let rules = (!deciding.is_empty()).then(|| {
        view! { <ul>{deciding.into_iter().map(|rule| view! { <li class="mono">{rule}</li> }).collect_view()}</ul> }
    });
    let misses = (!explanation.near_misses.is_empty()).then(|| {
        view! { <ul>{explanation.near_misses.into_iter().map(|miss| view! { <li>{miss.text}</li> }).collect_view()}</ul> }
    });
    view! {
        <div class=kind role="status">
            <span aria-hidden="true">{sign}</span>
            <div>
                <p>{explanation.text}</p>
                {rules}
                {misses}
                {(!is_installed).then(|| view! { <p>"No installed module has this component; it was taken as one that is not private."</p> })}
            </div>
        </div>
    }
}
