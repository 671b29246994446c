//! The section "System": the configuration that can be changed while the server runs.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    api::system::{SettingView, list_settings},
    components::error::{Failure, Refusal},
};

#[component]
pub fn SystemPage() -> impl IntoView {
    let list = Suspend::new(async move {
        match list_settings().await {
            Ok(all) => {
                let rows = all.into_iter().map(|setting| view! { <Row setting/> }).collect_view();
                view! { <ul id="settings" data-live="" class="rows list part after-lead">{rows}</ul> }.into_any()
            }
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="System"/>
        <h1>"System"</h1>
        <p class="soft lead">"What holds for the whole server. A change takes effect at once, without a restart."</p>
        <p class="below"><a href="/backoffice/system/webhook">"System webhook"</a><span class="soft">": its addresses, deliveries, signing secret, and a test"</span></p>
        <Refusal/>
        <Suspense>{list}</Suspense>
        <section class="part" aria-labelledby="other-key">
            <h2 id="other-key">"Set another key"</h2>
            <p class="soft">"Modules may read keys of their own. They are kept as they are written."</p>
            <form class="sheet" method="post" action="/backoffice/api/save_setting" data-enhance="" data-keep="" data-done="The value is saved.">
                <label><span>"Key"</span><input class="mono" name="key" required maxlength="200" autocomplete="off" spellcheck="false"/></label>
                <label><span>"Value"</span><input name="value" autocomplete="off" spellcheck="false"/></label>
                <div class="acts"><button class="btn">"Save"</button></div>
            </form>
        </section>
    }
}

#[component]
fn Row(setting: SettingView) -> impl IntoView {
    let SettingView { key, meaning, default, stored } = setting;
    let id = format!("value-{key}");
    let is_stored = stored.is_some();
    let meaning = if meaning.is_empty() { "A key of a module or a client.".to_owned() } else { meaning };
    view! {
        <li class="setting">
            <div>
                <b class="mono">{key.clone()}</b>
                {is_stored.then(|| view! { " " <span class="badge on">"Changed"</span> })}
                <p class="soft">{meaning}</p>
                {(!default.is_empty()).then(|| view! { <p class="soft small">"Default: " <code>{default.clone()}</code></p> })}
            </div>
            <form class="value" method="post" action="/backoffice/api/save_setting" data-enhance="" data-keep="" data-done="The value is saved.">
                <input type="hidden" name="key" value=key.clone()/>
                <label class="unseen" for=id.clone()>{format!("Value of {key}")}</label>
                <input id=id class="mono" name="value" value=stored.unwrap_or_default() placeholder=default autocomplete="off" spellcheck="false"/>
                <button class="btn small" aria-label=format!("Save {key}")>"Save"</button>
            </form>
            {is_stored.then(|| view! {
                <form method="post" action="/backoffice/api/reset_setting" data-enhance="" data-done="The default holds again.">
                    <input type="hidden" name="key" value=key.clone()/>
                    <button class="btn small" aria-label=format!("Use the default of {key}")>"Use default"</button>
                </form>
            })}
        </li>
    }
}
