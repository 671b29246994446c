//! The list of modules in the browser: from the server's first page until the whole list is here, and from then on from
//! that, at every key press.

mod address;
mod grid;
mod pictures;
mod toolbar;

use leptos::{either::Either, prelude::*};

use self::{grid::Grid, pictures::Pictures, toolbar::Toolbar};
use crate::{
    api::list_modules::{ModulesPage, PAGE_SIZE},
    browser::live::live,
    domain::search::{Card, Counts, Hits, Index, Memory, Query},
};

/// Toolbar and cards.
#[island]
pub fn ModuleList(first: ModulesPage, query: Query) -> impl IntoView {
    let live = live();
    for job in &first.running {
        live.learn(job);
    }
    let query = RwSignal::new(query);
    let pictures = Pictures::new(&first.cards);
    #[cfg(feature = "hydrate")]
    {
        crate::browser::index::watch();
        // However the query changes, the answer comes from the whole list.
        Effect::new(move |before: Option<()>| {
            query.track();
            if before.is_some() {
                crate::browser::index::want();
            }
        });
        address::follow(query);
        address::keep_place(query, live.index);
    }

    let first = StoredValue::new(first);
    let memory = StoredValue::new(Memory::default());
    let search = move |index: &Index| {
        memory.try_update_value(|memory| index.search_again(&query.get(), memory)).unwrap_or_default()
    };
    let hits = Memo::new(move |_| live.index.with(|index| index.as_ref().map(search)));
    let revision = Memo::new(move |before: Option<&u32>| {
        hits.track();
        before.map_or(0, |before| before.wrapping_add(1))
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
    let offset = first.with_value(|first| first.page.saturating_sub(1) * PAGE_SIZE);
    let card_at = move |place: usize| -> Option<Card> {
        hits.with(|hits| match hits {
            Some(Hits { rows, .. }) => live.index.with(|index| {
                let row = *rows.get(place)?;
                index.as_ref().map(Index::cards)?.get(row as usize).cloned()
            }),
            None => first.with_value(|first| first.cards.get(place.checked_sub(offset)?).cloned()),
        })
    };
    let page = first.with_value(|first| first.page);
    let is_whole = Signal::derive(move || hits.with(Option::is_some));

    view! {
        <Toolbar query counts categories/>
        {move || (total.get() == 0).then(|| view! { <Empty query counts/> })}
        <Grid card_at offset total query revision is_whole pictures/>
        {move || (!is_whole.get() && total.get() > PAGE_SIZE).then(|| view! { <Pages query page total/> })}
    }
}

/// Nothing matches: say why, and what to do.
#[component]
fn Empty(query: RwSignal<Query>, counts: Memo<Counts>) -> impl IntoView {
    let is_filtered = query.with(|query| *query != Query::default());
    let text_alone = query.with(|query| Query { text: query.text.clone(), ..Query::default() }.to_search());
    let hidden = counts.get().all;
    let title = if is_filtered { "No module matches." } else { "There are no modules yet." };
    let on = if is_filtered {
        Either::Left(view! {
            {(hidden > 0).then(|| format!("{hidden} match with another status. "))}
            <a href=format!("/backoffice/modules{text_alone}")>"Search in all modules"</a>
            " or "
            <a href="/backoffice/modules">"start over"</a>
            "."
        })
    } else {
        Either::Right(view! {
            "The catalogue is being read, or it is empty. Add a module from your filesystem, or start the server with "
            <code>"--catalogue"</code>
            "."
        })
    };
    view! { <div class="empty"><p><b>{title}</b></p><p class="soft">{on}</p></div> }
}

/// Links to the other pages, for browsers without wasm.
#[component]
fn Pages(query: RwSignal<Query>, page: usize, total: Memo<usize>) -> impl IntoView {
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
