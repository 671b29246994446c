//! "Access control": which ACL rules apply to the module, who can see it, and the button that opens it.

use leptos::prelude::*;

use crate::{api::get_module::AccessView, domain::acl::Rule};

#[component]
pub fn AccessControl(name: String, access: AccessView) -> impl IntoView {
    let rows = access.rules.iter().map(rule_row).collect_view();
    let title = access.is_open.then_some("Users may use all of it already.");
    view! {
        <section id="access" class="part" aria-labelledby="access-title" data-live="">
            <h2 id="access-title">
                "Access control"
                <form method="post" action="/backoffice/api/open_module" data-enhance="" data-done="Users can use this module now.">
                    <input type="hidden" name="name" value=name/>
                    <button class="btn" disabled=access.is_open title=title>"Add ACL rule for users"</button>
                </form>
            </h2>
            <p class="soft sentence">
                {access.sentence} " "
                {(!access.is_open).then_some("Try it, then open it to users.")}
            </p>
            <div class="rows" tabindex="0" role="region" aria-label="ACL rules that apply to this module">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Resource"</th>
                            <th scope="col">"Action"</th>
                            <th scope="col">"Attributes"</th>
                        </tr>
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
