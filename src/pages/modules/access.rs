//! "Access control": which ACL rules apply to the module, who can see it, and the button that opens it.

use leptos::prelude::*;

use crate::{
    api::{get_module::AccessView, open_module::OpenModule},
    domain::acl::Rule,
};

#[component]
pub fn AccessControl(name: String, access: AccessView, open: ServerAction<OpenModule>) -> impl IntoView {
    let rows = access.rules.iter().map(rule_row).collect_view();
    let state = if access.is_open { "Users may use all of it already." } else { "" };
    view! {
        <section class="part" aria-labelledby="access">
            <h2 id="access">
                "Access control"
                <ActionForm action=open>
                    <input type="hidden" name="name" value=name/>
                    <button class="btn" disabled=access.is_open title=state>"Add ACL rule for users"</button>
                </ActionForm>
            </h2>
            <p class="soft sentence">
                {access.sentence} " "
                {(!access.is_open).then_some("Try it, then open it to users.")}
            </p>
            <div class="rows" tabindex="0" role="region" aria-label="ACL rules that apply to this module">
                <table>
                    <thead>
                        <tr><th scope="col">"Role"</th><th scope="col">"Resource"</th><th scope="col">"Action"</th><th scope="col">"Attributes"</th></tr>
                    </thead>
                    <tbody>
                        {access.rules.is_empty().then(|| view! { <tr><td colspan="4" class="soft">"No rule applies to this module."</td></tr> })}
                        {rows}
                    </tbody>
                </table>
            </div>
            <p class="after"><a href="/backoffice/acl">"All rules"</a></p>
        </section>
    }
    .into_any()
}

fn rule_row(rule: &Rule) -> impl IntoView + use<> {
    view! {
        <tr>
            <td>{rule.role.clone()}</td>
            <td class="mono">{rule.resource.clone()}</td>
            <td class="mono">{rule.action.join(", ")}</td>
            <td class="mono">{rule.attributes.join(", ")}</td>
        </tr>
    }
}
