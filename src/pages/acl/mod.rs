//! The section "ACL": the whole table of rules, its presets, and a tester.

mod form;
mod tester;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{form::RuleForm, tester::Tester};
use crate::{
    api::acl::{AclTable, PresetView, list_acl_rules},
    components::{
        error::{Failure, Refusal},
        when::count,
    },
    domain::acl::{AclType, StoredRule},
};

#[component]
pub fn AclPage() -> impl IntoView {
    let params = use_query_map().get_untracked();
    let acl_type = params.get("type").and_then(|word| AclType::parse(&word)).unwrap_or(AclType::Components);
    let edited = params.get("edit").and_then(|id| id.parse().ok());
    let asked = params.get("preset");
    let (role, component) = (params.get("role").unwrap_or_default(), params.get("component").unwrap_or_default());
    let table = Suspend::new(async move {
        match list_acl_rules(acl_type).await {
            Ok(table) => view! { <Table acl_type table edited asked/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    let tab = |tab: AclType, label: &'static str| {
        let current = (acl_type == tab).then_some("page");
        view! { <a href=format!("/backoffice/acl?type={}", tab.as_str()) aria-current=current>{label}</a> }
    };
    view! {
        <Title text="ACL"/>
        <h1>"ACL"</h1>
        <p class="soft lead">
            "Who may use what. People may do what at least one rule for one of their roles allows; there are no rules that forbid."
        </p>
        <div class="bar">
            <nav class="seg" aria-label="Type of rules">{tab(AclType::Components, "Components")} {tab(AclType::Routes, "Routes")}</nav>
        </div>
        <Refusal/>
        <Suspense>{table}</Suspense>
        {(acl_type == AclType::Components).then(|| view! { <Tester role component/> })}
    }
}

#[component]
fn Table(
    acl_type: AclType,
    table: AclTable,
    /// The rule whose form is open.
    edited: Option<i64>,
    /// The preset that somebody wants and has not confirmed.
    asked: Option<String>,
) -> impl IntoView {
    let address = format!("/backoffice/acl?type={}", acl_type.as_str());
    let number = count(table.rules.len(), "rule");
    let is_asked = asked.is_some();
    let AclTable { rules, tag, presets } = table;
    let empty = rules.is_empty().then(|| {
        view! { <tr><td colspan="5" class="soft">"There are no rules, so nobody may use anything. Add one, or use a preset."</td></tr> }
    });
    let row = |rule: StoredRule| {
        if edited == Some(rule.id) {
            view! { <tr class="edited"><td colspan="5"><RuleForm acl_type rule=Some(rule)/></td></tr> }.into_any()
        } else {
            view! { <tr><Cells acl_type rule/></tr> }.into_any()
        }
    };
    let choice = |choice: PresetView| {
        let confirm = asked.as_ref().is_some_and(|asked| *asked == choice.id).then(|| {
            view! {
                <form class="confirm" method="post" action="/backoffice/api/apply_acl_preset">
                    <input type="hidden" name="acl_type" value=acl_type.as_str()/>
                    <input type="hidden" name="preset" value=choice.id.clone()/>
                    <input type="hidden" name="tag" value=tag.clone()/>
                    <p>{format!("This deletes the {number} above and writes those of the preset.")}</p>
                    <div class="acts">
                        <a class="btn" href=address.clone()>"Cancel"</a>
                        <button class="btn bad">"Replace all rules"</button>
                    </div>
                </form>
            }
        });
        let ask = confirm.is_none().then(|| {
            view! { <a class="btn small" href=format!("{address}&preset={}#presets", choice.id) aria-label=format!("Use the preset {}", choice.label)>"Use"</a> }
        });
        view! {
            <li>
                <div><b>{choice.label.clone()}</b><p class="soft">{choice.description}</p>{confirm}</div>
                {ask}
            </li>
        }
    };
    view! {
        <section id="rules" class="part" aria-label="Rules" data-live="">
            <div class="rows" tabindex="0" role="region" aria-label="ACL rules">
                <table>
                    <thead>
                        <tr>
                            <th scope="col">"Role"</th>
                            <th scope="col">"Resource"</th>
                            <th scope="col">"Action"</th>
                            <th scope="col">"Attributes"</th>
                            <th scope="col"><span class="unseen">"Change"</span></th>
                        </tr>
                    </thead>
                    <tbody>{empty} {rules.into_iter().map(row).collect_view()}</tbody>
                </table>
            </div>
        </section>
        <section class="part" aria-labelledby="add-rule">
            <h2 id="add-rule">"Add a rule"</h2>
            <RuleForm acl_type rule=None/>
        </section>
        <details id="presets" class="part presets" open=is_asked>
            <summary><h2>"Presets"</h2></summary>
            <p class="soft">"A preset replaces the whole table above."</p>
            <ul class="rows list">{presets.into_iter().map(choice).collect_view()}</ul>
        </details>
    }
}

#[component]
fn Cells(acl_type: AclType, rule: StoredRule) -> impl IntoView {
    let StoredRule { id, revision, rule } = rule;
    let name = rule.to_string();
    let encode =
        |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let undo = format!(
        "acl_type={}&role={}&resource={}&action={}&attributes={}",
        acl_type.as_str(),
        encode(&rule.role),
        encode(&rule.resource),
        encode(&rule.action.join(",")),
        encode(&rule.attributes.join(",")),
    );
    view! {
        <td>{rule.role.clone()}</td>
        <td class="mono">{rule.resource.clone()}</td>
        <td class="mono">{rule.action.join(", ")}</td>
        <td class="mono">{rule.attributes.join(", ")}</td>
        <td>
            <div class="row-acts">
                <a
                    class="btn small"
                    href=format!("/backoffice/acl?type={}&edit={id}", acl_type.as_str())
                    aria-label=format!("Edit the rule {name}")
                >
                    "Edit"
                </a>
                <form
                    method="post"
                    action="/backoffice/api/delete_acl_rule"
                    data-enhance=""
                    data-done="The rule is deleted."
                    data-undo="/backoffice/api/save_acl_rule"
                    data-undo-body=undo
                >
                    <input type="hidden" name="id" value=id.to_string()/>
                    <input type="hidden" name="revision" value=revision.to_string()/>
                    <button class="btn small" aria-label=format!("Delete the rule {name}")>"Delete"</button>
                </form>
            </div>
        </td>
    }
}
