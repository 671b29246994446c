//! The fields of one rule: a new one, or one that is being edited.

use leptos::prelude::*;

use crate::{
    api::acl::SaveAclRule,
    domain::acl::{AclType, Rule, StoredRule},
};

#[component]
pub fn RuleForm(acl_type: AclType, save: ServerAction<SaveAclRule>, rule: Option<StoredRule>) -> impl IntoView {
    let is_new = rule.is_none();
    let (id, revision, rule) = match rule {
        Some(StoredRule { id, revision, rule }) => (id, revision, rule),
        None => (0, 0, Rule { role: String::new(), resource: String::new(), action: vec!["*".to_owned()], attributes: default_attributes(acl_type) }),
    };
    let list = format!("roles-{id}");
    let placeholder = if acl_type == AclType::Components { "acme.git.*" } else { "flows" };
    let error = move || match save.value().get() {
        Some(Err(error)) if save.input().with(|input| input.as_ref().is_none_or(|input| input.id == id)) => {
            Some(view! { <p class="bad-text" role="alert">{error.message}</p> })
        }
        _ => None,
    };
    view! {
        <ActionForm action=save attr:class="rule-form">
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
                <input class="mono" name="resource" required value=rule.resource autocomplete="off" spellcheck="false" placeholder=placeholder/>
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
                {(!is_new).then(|| view! { <a class="btn" href=format!("/backoffice/acl?type={}", acl_type.as_str())>"Cancel"</a> })}
                <button class="btn go" disabled=move || save.pending().get()>{if is_new { "Add" } else { "Save" }}</button>
            </div>
            {error}
        </ActionForm>
    }
    .into_any()
}

fn default_attributes(acl_type: AclType) -> Vec<String> {
    vec![if acl_type == AclType::Components { "non-private" } else { "*" }.to_owned()]
}
