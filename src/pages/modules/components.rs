//! The components of a module: triggers, then actions, each with its description; searchable when they are many.

use leptos::prelude::*;

use crate::{
    api::get_module::ComponentView,
    components::{icon::Icon, when::count},
    domain::module::ComponentKind,
};

/// From this many on a search box pays.
const MANY: usize = 12;

#[component]
pub fn Components(components: Vec<ComponentView>, icon: Option<String>) -> impl IntoView {
    let of = |kind| components.iter().filter(move |component| component.kind == kind).cloned().collect::<Vec<_>>();
    let (triggers, actions) = (of(ComponentKind::Trigger), of(ComponentKind::Action));
    let summary = format!("{}, {}", count(triggers.len(), "trigger"), count(actions.len(), "action"));
    let text = RwSignal::new(String::new());
    let search = (components.len() >= MANY).then(|| {
        view! {
            <input
                class="narrow"
                type="search"
                aria-label="Search in the components"
                placeholder="Search in the components"
                on:input=move |event| text.set(event_target_value(&event).to_lowercase())
            />
        }
    });
    let group = |title: &'static str, components: Vec<ComponentView>| {
        let icon = icon.clone();
        (!components.is_empty()).then(|| view! { <Group title components icon text/> })
    };
    view! {
        <section class="part" aria-labelledby="components">
            <h2 id="components">
                <span>"Components " <span class="soft count">{summary}</span></span>
                {search}
            </h2>
            {components.is_empty().then(|| view! { <p class="soft">"This module has no components."</p> })}
            {group("Triggers", triggers)}
            {group("Actions", actions)}
        </section>
    }
    .into_any()
}

#[component]
fn Group(
    title: &'static str,
    components: Vec<ComponentView>,
    icon: Option<String>,
    text: RwSignal<String>,
) -> impl IntoView {
    let items = components
        .into_iter()
        .map(|component| {
            let searchable = format!("{}\n{}\n{}", component.label, component.name, component.description_html).to_lowercase();
            let hidden = move || text.with(|text| !text.split_whitespace().all(|word| searchable.contains(word)));
            view! {
                <li hidden=hidden>
                    <Icon sha256=component.icon.or_else(|| icon.clone()) label=component.label.clone()/>
                    <div>
                        <b>{component.label}</b>
                        {component.private.then(|| view! { " " <span class="tag" title="Hidden from users unless a rule grants private">"private"</span> })}
                        " " <span class="mono soft">{component.name}</span>
                        <div class="prose soft" inner_html=component.description_html></div>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <h3>{title}</h3>
        <ul class="rows list">{items}</ul>
    }
    .into_any()
}
