//! The section "Modules": its list.

mod access;
mod aftermath;
mod components;
pub mod detail;
mod remove;
mod side;
mod switch;
mod uses;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::list_modules::list_modules,
    components::error::Failure,
    domain::search::Query,
    islands::{module_list::ModuleList, upload_dialog::UploadDialog},
};

/// "Modules": every module that can be installed or is.
#[component]
pub fn ModulesPage() -> impl IntoView {
    let params = use_query_map().get_untracked();
    let query = Query::from_params(|key| params.get(key));
    let page = params.get("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let content = Suspend::new(async move {
        let word = |word: &str| word.to_owned();
        let (status, sort) = (word(query.status.word()), word(query.sort.word()));
        match list_modules(query.text.clone(), status, query.category.clone(), sort, page).await {
            Ok(first) => {
                let (problems, limit) = (first.problems.clone(), first.archive_limit);
                view! {
                    <Problems problems/>
                    <ModuleList first query/>
                    <UploadDialog limit/>
                }
                .into_any()
            }
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="Modules"/>
        <h1>"Modules"</h1>
        <Suspense>{content}</Suspense>
    }
}

/// A quiet word on sources that could not be read.
#[component]
fn Problems(problems: Vec<String>) -> impl IntoView {
    (!problems.is_empty()).then(|| {
        let item = |problem| view! { <li>{problem}</li> };
        view! {
            <details class="quiet-note">
                <summary>"Some catalogues could not be read; what was known of them is still listed."</summary>
                <ul>{problems.into_iter().map(item).collect_view()}</ul>
            </details>
        }
    })
}
