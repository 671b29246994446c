//! The fields of one rule: a new one, or one that is being edited.

use leptos::prelude::*;

use crate::domain::acl::{AclType, Rule, StoredRule};

#[component]
pub fn RuleForm(acl_type: AclType, rule: Option<StoredRule>) -> impl IntoView {
    let is_new = rule.is_none();
    let is_components = acl_type == AclType::Components;
    let StoredRule { id, revision, rule } = rule.unwrap_or_else(|| StoredRule {
        id: 0,
        revision: 0,
        rule: Rule::new("", "", "*", if is_components { "non-private" } else { "*" }),
    });
    let list = format!("roles-{id}");
    let address = format!("/backoffice/acl?type={}", acl_type.as_str());
    // The form of an edited rule is a page of its own, and is left after it.
    let then = (!is_new).then(|| address.clone());
    view! {
        <form class="rule-form" method="post" action="/backoffice/api/save_acl_rule" data-enhance="" data-keep="" data-done=is_new.then_some("The rule is saved.") data-then=then>
            <input type="hidden" name="acl_type" value=acl_type.as_str()/>
            <input type="hidden" name="id" value=id.to_string()/>
            <input type="hidden" name="revision" value=revision.to_string()/>
            <label>
                <span>"Role"</span>
                <input name="role" required value=rule.role list=list.clone() autocomplete="off" placeholder="user"/>
            </label>
            <datalist id=list>
                <option value="user"></option>
                <option value="tester"></option>
                <option value="admin"></option>
            </datalist>
            <label>
                <span>"Resource"</span>
                <input
                    class="mono"
                    name="resource"
                    required
                    value=rule.resource
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=if is_components { "acme.git.*" } else { "flows" }
                />
            </label>
            <label>
                <span>"Action"</span>
                <input class="mono" name="action" required value=rule.action.join(", ") autocomplete="off" spellcheck="false"/>
            </label>
            <label>
                <span>"Attributes"</span>
                <input class="mono" name="attributes" value=rule.attributes.join(", ") autocomplete="off" spellcheck="false"/>
            </label>
            <div class="acts">
                {(!is_new).then(|| view! { <a class="btn" href=address>"Cancel"</a> })}
                <button class="btn go">{if is_new { "Add" } else { "Save" }}</button>
            </div>
        </form>
    }
}
