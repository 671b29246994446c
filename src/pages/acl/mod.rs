//! The section "ACL": the whole table of rules, its presets, and a tester.

mod form;
mod tester;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{form::RuleForm, tester::Tester};
use crate::{
    api::{
        ApiError,
        acl::{AclTable, ApplyAclPreset, DeleteAclRule, SaveAclRule, list_acl_rules},
    },
    components::{error::Failure, toast::Toasts},
    domain::acl::{AclType, Rule, StoredRule},
};

#[component]
pub fn AclPage() -> impl IntoView {
    let params = use_query_map();
    let acl_type = Memo::new(move |_| {
        params.with(|params| params.get("type").and_then(|word| AclType::parse(&word))).unwrap_or(AclType::Components)
    });
    let save = ServerAction::<SaveAclRule>::new();
    let delete = ServerAction::<DeleteAclRule>::new();
    let preset = ServerAction::<ApplyAclPreset>::new();
    let table = Resource::new(
        move || (acl_type.get(), save.version().get(), delete.version().get(), preset.version().get()),
        |(acl_type, ..)| list_acl_rules(acl_type),
    );
    report(save, delete, preset, acl_type);
    let tab = move |tab: AclType, label: &'static str| {
        view! {
            <a href=format!("/backoffice/acl?type={}", tab.as_str()) aria-current=move || (acl_type.get() == tab).then_some("page")>{label}</a>
        }
    };
    view! {
        <Title text="ACL"/>
        <h1>"ACL"</h1>
        <p class="soft lead">
            "Who may use what. A person may do what at least one rule for one of their roles allows; there are no rules that forbid."
        </p>
        <div class="bar"><nav class="seg" aria-label="Type of rules">{tab(AclType::Components, "Components")} {tab(AclType::Routes, "Routes")}</nav></div>
        <Transition fallback=|| view! { <p class="soft" aria-busy="true">"Loading…"</p> }>
            {move || Suspend::new(async move {
                match table.await {
                    Ok(table) => view! { <Table acl_type=acl_type.get_untracked() table save delete preset/> }.into_any(),
                    Err(error) => view! { <Failure error/> }.into_any(),
                }
            })}
        </Transition>
        {move || (acl_type.get() == AclType::Components).then(|| view! { <Tester/> })}
    }
    .into_any()
}

/// Says what came of a change, and offers the way back after a deletion.
fn report(
    save: ServerAction<SaveAclRule>,
    delete: ServerAction<DeleteAclRule>,
    preset: ServerAction<ApplyAclPreset>,
    acl_type: Memo<AclType>,
) {
    let toasts = expect_context::<Toasts>();
    let say = move |result: Option<Result<(), ApiError>>, done: &str| match result {
        Some(Ok(())) => toasts.say(done),
        Some(Err(error)) => toasts.fail(error.message),
        None => {}
    };
    Effect::new(move |_| say(save.value().get(), "The rule is saved."));
    Effect::new(move |_| say(preset.value().get(), "The preset is in effect."));
    Effect::new(move |_| match delete.value().get() {
        Some(Ok(())) => {
            let Some(Rule { role, resource, action, attributes }) = use_context::<Deleted>().and_then(|deleted| deleted.0.get_value()) else {
                return toasts.say("The rule is deleted.");
            };
            toasts.offer_undo("The rule is deleted.", move || {
                save.dispatch(SaveAclRule {
                    acl_type: acl_type.get_untracked(),
                    id: 0,
                    revision: 0,
                    role: role.clone(),
                    resource: resource.clone(),
                    action: action.join(", "),
                    attributes: attributes.join(", "),
                });
            });
        }
        Some(Err(error)) => toasts.fail(error.message),
        None => {}
    });
    provide_context(Deleted(StoredValue::new(None)));
}

/// The rule that was deleted last, for Undo.
#[derive(Clone, Copy)]
struct Deleted(StoredValue<Option<Rule>>);

#[component]
fn Table(
    acl_type: AclType,
    table: AclTable,
    save: ServerAction<SaveAclRule>,
    delete: ServerAction<DeleteAclRule>,
    preset: ServerAction<ApplyAclPreset>,
) -> impl IntoView {
    let params = use_query_map();
    let edited = Memo::new(move |_| params.with(|params| params.get("edit").and_then(|id| id.parse::<i64>().ok())));
    let AclTable { rules, tag, presets } = table;
    let is_empty = rules.is_empty();
    let rows = rules
        .into_iter()
        .map(|rule| {
            let is_edited = move || edited.get() == Some(rule.id);
            let rule = StoredValue::new(rule);
            view! {
                <tr class:edited=is_edited>
                    {move || if is_edited() {
                        view! { <td colspan="5"><RuleForm acl_type save rule=Some(rule.get_value())/></td> }.into_any()
                    } else {
                        view! { <Cells acl_type rule=rule.get_value() delete/> }.into_any()
                    }}
                </tr>
            }
        })
        .collect_view();
    let choices = presets
        .into_iter()
        .map(|choice| {
            let tag = tag.clone();
            view! {
                <li>
                    <div><b>{choice.label}</b><p class="soft">{choice.description}</p></div>
                    <ActionForm action=preset>
                        <input type="hidden" name="acl_type" value=acl_type.as_str()/>
                        <input type="hidden" name="preset" value=choice.id/>
                        <input type="hidden" name="tag" value=tag/>
                        <button class="btn">"Replace all rules"</button>
                    </ActionForm>
                </li>
            }
        })
        .collect_view();
    view! {
        <section class="part" aria-label="Rules">
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
                    <tbody>
                        {is_empty.then(|| view! { <tr><td colspan="5" class="soft">"There are no rules, so nobody may use anything. Add one, or use a preset."</td></tr> })}
                        {rows}
                    </tbody>
                </table>
            </div>
        </section>
        <section class="part" aria-labelledby="add-rule">
            <h2 id="add-rule">"Add a rule"</h2>
            <RuleForm acl_type save rule=None/>
        </section>
        <details class="part presets">
            <summary><h2>"Presets"</h2></summary>
            <p class="soft">"A preset replaces the whole table above."</p>
            <ul class="rows list">{choices}</ul>
        </details>
    }
    .into_any()
}

#[component]
fn Cells(acl_type: AclType, rule: StoredRule, delete: ServerAction<DeleteAclRule>) -> impl IntoView {
    let StoredRule { id, revision, rule } = rule;
    let deleted = use_context::<Deleted>();
    let name = rule.to_string();
    let remember = {
        let rule = rule.clone();
        move |_| {
            if let Some(deleted) = deleted {
                deleted.0.set_value(Some(rule.clone()));
            }
        }
    };
    view! {
        <td>{rule.role.clone()}</td>
        <td class="mono">{rule.resource.clone()}</td>
        <td class="mono">{rule.action.join(", ")}</td>
        <td class="mono">{rule.attributes.join(", ")}</td>
        <td class="row-acts">
            <a class="btn small" href=format!("/backoffice/acl?type={}&edit={id}", acl_type.as_str()) aria-label=format!("Edit the rule {name}")>"Edit"</a>
            <ActionForm action=delete on:submit=remember>
                <input type="hidden" name="id" value=id.to_string()/>
                <input type="hidden" name="revision" value=revision.to_string()/>
                <button class="btn small" aria-label=format!("Delete the rule {name}")>"Delete"</button>
            </ActionForm>
        </td>
    }
    .into_any()
}
