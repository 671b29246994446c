//! The section "Modules": its list.

mod access;
pub mod components;
pub mod detail;
mod grid;
pub mod install;
mod remove;
mod side;
mod toolbar;
mod upload;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use self::{grid::Grid, toolbar::Toolbar, upload::UploadDialog};
use crate::{
    api::list_modules::{ModulesPage as FirstPage, PAGE_SIZE, list_modules},
    browser::{index, live::Live},
    components::error::Failure,
    domain::search::{Card, Counts, Hits, Query},
};

/// "Modules": every module that can be installed or is.
#[component]
pub fn ModulesPage() -> impl IntoView {
    let live = expect_context::<Live>();
    // Whoever comes back finds the list in memory, and waits for nothing.
    let content = if live.index.with_untracked(Option::is_some) {
        view! { <List first=FirstPage::default()/> }.into_any()
    } else {
        let params = use_query_map().get_untracked();
        let word = |key: &str| params.get(key).unwrap_or_default();
        let (q, status, category, sort) = (word("q"), word("status"), word("category"), word("sort"));
        let page = word("page").parse().unwrap_or(1);
        let first = Resource::new(
            || (),
            move |()| list_modules(q.clone(), status.clone(), category.clone(), sort.clone(), page),
        );
        view! {
            <Suspense fallback=Loading>
                {move || Suspend::new(async move {
                    match first.await {
                        Ok(first) => view! { <List first/> }.into_any(),
                        Err(error) => view! { <Failure error/> }.into_any(),
                    }
                })}
            </Suspense>
        }
        .into_any()
    };
    view! {
        <Title text="Modules"/>
        <h1>"Modules"</h1>
        {content}
    }
}

#[component]
fn Loading() -> impl IntoView {
    view! {
        <ul class="cards" aria-busy="true" aria-label="Loading modules">
            {(0..12).map(|_| view! { <li class="card ghost"></li> }).collect_view()}
        </ul>
    }
}

/// Toolbar, cards and upload: from the server's first page until the whole list is here, and from then on from that.
#[component]
fn List(first: FirstPage) -> impl IntoView {
    let live = expect_context::<Live>();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if live.index.with_untracked(Option::is_none) {
            index::fetch(live);
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = index::fetch;
    if first.archive_limit > 0 {
        live.archive_limit.set_value(first.archive_limit);
    }
    live.jobs.update_untracked(|jobs| {
        for job in &first.running {
            jobs.entry(job.id.clone()).or_insert_with(|| job.clone());
        }
    });

    let params = use_query_map();
    let in_address = Memo::new(move |_| params.with(|params| Query::from_params(|key| params.get(key))));
    let text = RwSignal::new(in_address.with_untracked(|query| query.text.clone()));
    let query = Memo::new(move |_| Query { text: text.get(), ..in_address.get() });

    let first = StoredValue::new(first);
    let hits = Memo::new(move |_| {
        live.index.with(|index| index.as_ref().map(|index| index.search(&query.get())))
    });
    let total = Memo::new(move |_| {
        hits.with(|hits| hits.as_ref().map_or_else(|| first.with_value(|first| first.total), |hits| hits.rows.len()))
    });
    let counts = Memo::new(move |_| {
        hits.with(|hits| hits.as_ref().map_or_else(|| first.with_value(|first| first.counts), |hits| hits.counts))
    });
    let categories = Memo::new(move |_| {
        live.index.with(|index| match index {
            Some(index) => index.categories().to_vec(),
            None => first.with_value(|first| first.categories.clone()),
        })
    });
    let cards = move |from: usize, to: usize| -> Vec<(usize, Card)> {
        hits.with(|hits| match hits {
            Some(Hits { rows, .. }) => live.index.with_untracked(|index| {
                let all = index.as_ref().map(crate::domain::search::Index::cards).unwrap_or_default();
                let shown = rows.get(from..to.min(rows.len())).unwrap_or_default();
                let at = |(place, row): (usize, &u32)| Some((from + place, all.get(*row as usize)?.clone()));
                shown.iter().enumerate().filter_map(at).collect()
            }),
            None => first.with_value(|first| {
                let offset = first.page.saturating_sub(1) * PAGE_SIZE;
                first.cards.iter().enumerate().map(|(place, card)| (offset + place, card.clone())).collect()
            }),
        })
    };
    let problems = first.with_value(|first| first.problems.clone());
    let page = first.with_value(|first| first.page);
    let is_whole = Signal::derive(move || hits.with(Option::is_some));

    view! {
        <Toolbar query in_address text counts categories/>
        <Problems problems/>
        {move || (total.get() == 0).then(|| view! { <Empty query counts/> })}
        <Grid cards total is_whole/>
        {move || (!is_whole.get() && total.get() > PAGE_SIZE).then(|| view! { <Pages query page total/> })}
        <UploadDialog limit=live.archive_limit.get_value()/>
    }
}

/// A quiet word on sources that could not be read.
#[component]
fn Problems(problems: Vec<String>) -> impl IntoView {
    (!problems.is_empty()).then(|| {
        view! {
            <details class="quiet-note">
                <summary>"Some catalogues could not be read; what was known of them is still listed."</summary>
                <ul>{problems.into_iter().map(|problem| view! { <li>{problem}</li> }).collect_view()}</ul>
            </details>
        }
    })
}

/// Nothing matches: say why, and what to do.
#[component]
fn Empty(query: Memo<Query>, counts: Memo<Counts>) -> impl IntoView {
    let is_filtered = query.with(|query| *query != Query::default());
    let all = query.with(|query| Query { text: query.text.clone(), ..Query::default() }.to_search());
    view! {
        <div class="empty">
            <p><b>{if is_filtered { "No module matches." } else { "There are no modules yet." }}</b></p>
            {if is_filtered {
                let hidden = counts.get().all;
                view! {
                    <p class="soft">
                        {(hidden > 0).then(|| format!("{hidden} match with another status. "))}
                        <a href=format!("/backoffice/modules{all}")>"Search in all modules"</a>
                        " or "
                        <a href="/backoffice/modules">"start over"</a>
                        "."
                    </p>
                }.into_any()
            } else {
                view! {
                    <p class="soft">
                        "The catalogue is being read, or it is empty. Add a module from your filesystem, or start the server with "
                        <code>"--catalogue"</code>
                        "."
                    </p>
                }.into_any()
            }}
        </div>
    }
}

/// Links to the other pages, for browsers without wasm.
#[component]
fn Pages(query: Memo<Query>, page: usize, total: Memo<usize>) -> impl IntoView {
    let pages = total.get().div_ceil(PAGE_SIZE);
    let link = move |number: usize| {
        let search = query.with(Query::to_search);
        let sign = if search.is_empty() { "?" } else { "&" };
        format!("/backoffice/modules{search}{sign}page={number}")
    };
    view! {
        <nav class="pages" aria-label="Pages">
            {(page > 1).then(|| view! { <a class="btn" rel="prev" href=link(page - 1)>"Previous"</a> })}
            <span class="soft">{format!("Page {page} of {pages}")}</span>
            {(page < pages).then(|| view! { <a class="btn" rel="next" href=link(page + 1)>"Next"</a> })}
        </nav>
    }
}
