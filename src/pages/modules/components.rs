//! The components of a module: triggers, then actions, each with its description; searchable when they are many.

use leptos::prelude::*;

use crate::{
    api::get_module::ComponentView,
    components::{icon::Icon, when::count},
    domain::module::ComponentKind,
    islands::component_search::ComponentSearch,
};

/// From this many on a search box pays.
const MANY: usize = 12;

#[component]
pub fn Components(components: Vec<ComponentView>, icon: Option<String>) -> impl IntoView {
    let is_many = components.len() >= MANY;
    let is_empty = components.is_empty();
    let (triggers, actions): (Vec<_>, Vec<_>) =
        components.into_iter().partition(|component| component.kind == ComponentKind::Trigger);
    let summary = format!("{}, {}", count(triggers.len(), "trigger"), count(actions.len(), "action"));
    view! {
        <section class="part" aria-labelledby="components">
            <h2 id="components">
                <span>"Components " <span class="soft count">{summary}</span></span>
                {is_many.then(|| view! { <ComponentSearch/> })}
            </h2>
            {is_empty.then(|| view! { <p class="soft">"This module has no components."</p> })}
            <Group title="Triggers" components=triggers icon=icon.clone()/>
            <Group title="Actions" components=actions icon/>
        </section>
    }
}

#[component]
fn Group(title: &'static str, components: Vec<ComponentView>, icon: Option<String>) -> impl IntoView {
    let item = move |component: ComponentView| {
        let text = format!("{}\n{}\n{}", component.label, component.name, component.description_html).to_lowercase();
        let private = component.private.then(|| {
            view! { " " <span class="tag" title="Hidden from users unless a rule grants private">"private"</span> }
        });
        view! {
            <li data-text=text>
                <Icon sha256=component.icon.or_else(|| icon.clone()) label=component.label.clone()/>
                <div>
                    <b>{component.label}</b>
                    {private}
                    " "
                    <span class="mono soft">{component.name}</span>
                    <div class="prose soft" inner_html=component.description_html></div>
                </div>
            </li>
        }
    };
    (!components.is_empty()).then(|| {
        view! {
            <h3>{title}</h3>
            <ul class="rows list">{components.into_iter().map(item).collect_view()}</ul>
        }
    })
}
