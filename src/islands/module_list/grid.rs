//! The cards: however many modules there are, the page holds only those near the screen.

use std::{collections::BTreeMap, ops::Range};

use leptos::{html, prelude::*, web_sys};

use super::pictures::{Pictures, Place, picture};
use crate::{
    api::list_modules::PAGE_SIZE,
    browser::live::live,
    components::{
        badge::{BrokenBadge, InstalledBadge, UpdateBadge},
        when::count,
    },
    domain::{
        job::{Job, Step},
        search::{Card, Query},
    },
};

/// Rows that are kept above and below the screen: some screens, since none is made while they are scrolled through.
#[cfg(feature = "hydrate")]
const AROUND: usize = 12;
/// Rows from which on more are made while it is scrolled.
#[cfg(feature = "hydrate")]
const FEW: usize = 3;
/// How long after the last scroll the rows around the screen are filled up.
#[cfg(feature = "hydrate")]
const REST: std::time::Duration = std::time::Duration::from_millis(120);
/// How long after a key press or a change of the list they are: longer than from key to key.
#[cfg(feature = "hydrate")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(400);

/// Which cards are in the page: `from..to` once nobody waits, and `top..seen`, those on the screen, before: the fewer cards
/// are changed, the sooner a key press is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    from: usize,
    top: usize,
    seen: usize,
    to: usize,
}

impl Window {
    /// What the server's page holds.
    const FIRST: Self = Self { from: 0, top: 0, seen: PAGE_SIZE, to: PAGE_SIZE };

    fn range(self, is_settled: bool) -> Range<usize> {
        if is_settled { self.from..self.to } else { self.top..self.seen }
    }
}

#[component]
pub fn Grid<F>(
    /// The card at a place of the whole list.
    card_at: F,
    /// Where the server's page begins.
    offset: usize,
    total: Memo<usize>,
    /// What the list answers.
    query: RwSignal<Query>,
    /// Counts the changes of the list.
    revision: Memo<u32>,
    /// The whole list is in memory, so any part of it can be shown.
    is_whole: Signal<bool>,
    pictures: Pictures,
) -> impl IntoView
where
    F: Fn(usize) -> Option<Card> + Copy + Send + Sync + 'static,
{
    let node = NodeRef::<html::Ul>::new();
    let window = RwSignal::new(Window::FIRST);
    // The revision of which the rows below the screen are in the page, too.
    let settled = RwSignal::new(revision.get_untracked());

    // Where the arrow keys lead once that card is in the page.
    let awaited = StoredValue::new(None::<usize>);

    let shown = Memo::new(move |_| {
        let Range { start: from, end: to } = window.get().range(settled.get() == revision.get());
        let offset = if is_whole.get() { 0 } else { offset };
        (from + offset)..(to + offset).min(total.get()).max(from + offset)
    });

    // What is in the page, on its way to `shown`.
    let held = RwSignal::new(shown.get_untracked());
    let slots = Slots::default();
    let live = live();
    let content = move |place| {
        let card = card_at(place)?;
        let running = live.job_of(&card.name).filter(Job::is_running).map(|job| job.step);
        let picture = card.icon.as_deref().and_then(|id| pictures.place_of(id));
        Some(Content { card, running, picture })
    };
    // How many there are as each card says it: none is changed for that alone while somebody types.
    let said_total = RwSignal::new(total.get_untracked());

    #[cfg(not(feature = "hydrate"))]
    let _ = query;
    #[cfg(feature = "hydrate")]
    {
        Effect::new(move |_| {
            revision.track();
            live.index.track();
            live.jobs.track();
            pictures.track();
            let shown = shown.get_untracked();
            slots.fill(|place| shown.contains(&place), content);
        });
        Effect::new(move |before: Option<Range<usize>>| {
            let wanted = shown.get();
            // What was on its way out of the page, and stays.
            slots.fill(
                |place| wanted.contains(&place) && before.as_ref().is_some_and(|old| !old.contains(&place)),
                content,
            );
            leptos::task::spawn_local(async move {
                while let (Some(now), Some(wanted)) = (held.try_get_untracked(), shown.try_get_untracked())
                    && now != wanted
                {
                    held.set(approach(&now, &wanted));
                    leptos::task::tick().await;
                }
            });
            wanted
        });
        let measured = StoredValue::new(None);
        let seen_last = StoredValue::new(None::<View>);
        let room = StoredValue::new(None);
        let is_settled = move || settled.get_untracked() == revision.get_untracked();
        // Shows what is near the screen, of this view or of the one that it measures; `limit` says how much of that at once.
        let fit_to = move |view: Option<View>, limit: fn(Window, Window, usize) -> Window| {
            let Some(list) = node.try_get_untracked().flatten() else { return false };
            let tracks = measured.get_value().or_else(|| Tracks::measure(&list));
            measured.set_value(tracks);
            let view = view.unwrap_or_else(|| View::measure(&list));
            seen_last.set_value(Some(view));
            let (total, before) = (total.get_untracked(), window.get_untracked());
            let (wanted, now, wanted_room) = match tracks {
                Some(tracks) if is_whole.get_untracked() => {
                    let wanted = view.window(tracks, total);
                    let now = limit(before, wanted, tracks.columns);
                    (wanted, now, now.room(tracks, total, is_settled()))
                }
                _ => (Window::FIRST, Window::FIRST, view.reserve(tracks.filter(|_| offset == 0), total)),
            };
            if room.get_value() != Some(wanted_room) {
                room.set_value(Some(wanted_room));
                pad(&list, wanted_room);
            }
            if before != now {
                window.set(now);
            }
            wanted != now
        };
        let fit = move |limit| fit_to(None, limit);
        let measure = move || {
            fit(|_, wanted, _| wanted);
        };
        let settle = move || {
            if !is_settled() {
                window.update(|window| (window.from, window.to) = (window.top, window.seen));
                settled.set(revision.get_untracked());
            }
        };
        let is_filling = StoredValue::new(false);
        // Fills up the rows around the screen: a few at once, and the others bit by bit.
        let fill_up = move || {
            said_total.set(total.get_untracked());
            settle();
            fit(Window::with_few);
            if is_filling.try_update_value(|is_filling| std::mem::replace(is_filling, true)) == Some(false) {
                follow(move || is_filling.try_get_value() == Some(true) && fit(Window::fill_up), is_filling);
            }
        };
        let calm = crate::browser::calm::Calm::default();
        let fill_up_after = move |pause| {
            is_filling.set_value(false);
            calm.after(pause, fill_up);
        };
        Effect::new(move |_| {
            revision.track();
            node.track();
            // The list mostly stands where it stood: so the page is laid out once, with the new cards and the new height.
            if let Some(view) = seen_last.get_value() {
                fit_to(Some(view), |_, wanted, _| wanted);
            }
            // And where it does not, once that has been laid out.
            request_animation_frame(measure);
        });
        let load_pictures = move || pictures.fill_soon(move || slots.without_picture());
        Effect::new(move |_| {
            // A letter may change nothing, and the next one all.
            query.track();
            revision.track();
            shown.track();
            load_pictures();
        });
        Effect::new(move |_| {
            query.track();
            revision.track();
            fill_up_after(PAUSE);
        });
        Effect::new(move |_| {
            shown.track();
            if awaited.get_value().is_none() {
                return;
            }
            // Once the new cards are in the page.
            request_animation_frame(move || {
                if let Some(place) = awaited.try_get_value().flatten()
                    && node.try_get_untracked().flatten().is_none_or(|list| !has_focus(&list) || focus(&list, place))
                {
                    awaited.set_value(None);
                }
            });
        });
        let scrolled = window_event_listener(leptos::ev::scroll, move |_| {
            settle();
            fit(Window::keep_up);
            fill_up_after(REST);
            // What comes takes a frame, and another one to be shown.
            load_pictures();
        });
        let resized = window_event_listener(leptos::ev::resize, move |_| {
            measured.set_value(None);
            settled.set(revision.get_untracked());
            measure();
        });
        on_cleanup(move || {
            scrolled.remove();
            resized.remove();
        });
    }

    let step = move |event: leptos::ev::KeyboardEvent| {
        if let Some((list, to)) = stepped(&event, total.get_untracked()) {
            event.prevent_default();
            let is_there = focus(&list, to);
            awaited.set_value((!is_there).then_some(to));
            #[cfg(feature = "hydrate")]
            if !is_there {
                center_focus();
            }
        }
    };
    // A place keeps its element when another card comes there: what a key press changes is texts and addresses.
    view! {
        <ul class="cards" role="list" aria-label="Modules" node_ref=node on:keydown=step>
            <For each=move || held.get() key=|place| *place let(place)>
                {
                    let slot = slots.add(place, untrack(|| content(place)));
                    view! {
                        <li aria-setsize=move || said_total.get().to_string() aria-posinset=(place + 1).to_string()>
                            {move || slot.get().map(|content| module_card(place, content, pictures))}
                        </li>
                    }
                }
            </For>
        </ul>
    }
}

/// What a place shows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Content {
    card: Card,
    /// What an installation does just now.
    running: Option<Step>,
    /// `None` while the icon has not come.
    picture: Option<Place>,
}

/// The contents of the places in the page, each in a signal of its own. At a key press one look goes through all of them, and
/// whoever shows the same as before hears nothing: memos that each follow the list take twice the time.
#[derive(Clone, Copy, Default)]
struct Slots(StoredValue<BTreeMap<usize, RwSignal<Option<Content>>>>);

impl Slots {
    /// A place that lasts as long as the part of the page that asks for it.
    fn add(self, place: usize, content: Option<Content>) -> RwSignal<Option<Content>> {
        let slot = RwSignal::new(content);
        self.0.update_value(|slots| {
            slots.insert(place, slot);
        });
        on_cleanup(move || {
            self.0.try_update_value(|slots| {
                // Its successor may be there already.
                if slots.get(&place) == Some(&slot) {
                    slots.remove(&place);
                }
            });
        });
        slot
    }

    /// Looks up the contents of some places, and tells those whose differs.
    #[cfg(feature = "hydrate")]
    fn fill(self, which: impl Fn(usize) -> bool, content: impl Fn(usize) -> Option<Content>) {
        self.0.with_value(|slots| {
            for (place, slot) in slots.iter().filter(|(place, _)| which(**place)) {
                let new = untrack(|| content(*place));
                if slot.with_untracked(|old| *old != new) {
                    slot.set(new);
                }
            }
        });
    }

    /// The icons that are to be seen, and have not come.
    #[cfg(feature = "hydrate")]
    fn without_picture(self) -> Vec<String> {
        let icon = |content: &Option<Content>| {
            content.as_ref().filter(|content| content.picture.is_none()).and_then(|content| content.card.icon.clone())
        };
        self.0.with_value(|slots| slots.values().filter_map(|slot| slot.with_untracked(icon)).collect())
    }
}

/// A step from `now` to `wanted` that takes no card out of the page and puts it back, as `<For>` does when a list loses
/// some and gets others, or more than one before those it had: that costs a layout of all, and a card its focus.
#[cfg(any(test, feature = "hydrate"))]
fn approach(now: &Range<usize>, wanted: &Range<usize>) -> Range<usize> {
    if now.end <= wanted.start || wanted.end <= now.start {
        wanted.clone()
    } else if now.start < wanted.start || wanted.end < now.end {
        now.start.max(wanted.start)..now.end.min(wanted.end)
    } else if now.end < wanted.end {
        now.start..wanted.end
    } else {
        wanted.start.max(now.start.saturating_sub(1))..now.end
    }
}

/// Steps on, a frame each, until there is nothing left to do.
#[cfg(feature = "hydrate")]
fn follow(step: impl Fn() -> bool + Clone + 'static, is_going: StoredValue<bool>) {
    request_animation_frame(move || {
        if step() {
            follow(step, is_going);
        } else {
            is_going.try_set_value(false);
        }
    });
}

/// One module. The whole card is a link.
///
/// Made anew at every change, which changes only what differs in the page: so there are few elements, and nothing reactive.
fn module_card(place: usize, content: Content, pictures: Pictures) -> impl IntoView + use<> {
    let Content { card, running, picture: icon } = content;
    let is_broken = card.broken.is_some();
    let is_calm = running.is_none();
    let badges = (!is_calm || is_broken || card.installed.is_some() || card.update.is_some()).then(|| {
        view! {
            <span class="badges">
                {running.map(|step| view! { <span class="badge busy"><span class="spin" aria-hidden="true"></span>{step.label()} "…"</span> })}
                {(is_calm && is_broken).then(|| view! { <BrokenBadge/> })}
                {(is_calm && card.installed.is_some()).then(|| view! { <InstalledBadge/> })}
                {card.update.clone().filter(|_| is_calm).map(|version| view! { <UpdateBadge version/> })}
            </span>
        }
    });
    let vendor = card.vendor().to_owned();
    let rest = card.name.strip_prefix(&vendor).unwrap_or_default().to_owned();
    let version = card.installed.unwrap_or(card.version);
    let components = (!is_broken).then(|| count(card.components as usize, "component"));
    let facts = [Some(version), Some(card.category), components].into_iter().flatten().filter(|fact| !fact.is_empty());
    let facts = facts.collect::<Vec<_>>().join(" · ");
    view! {
        <a class="card" href=format!("/backoffice/modules/{}", card.name) data-place=place.to_string()>
            {picture(card.icon, icon, &card.label, pictures)}
            {badges}
            <b>{card.label}</b>
            <span class="mono soft"><span class="vendor">{vendor}</span>{rest}</span>
            <span class="text soft">{card.broken.unwrap_or(card.description)}</span>
            <span class="foot soft">{facts}</span>
        </a>
    }
}

/// The list of the card that has the focus, and the place that an arrow key leads to from there.
fn stepped(event: &leptos::ev::KeyboardEvent, total: usize) -> Option<(web_sys::Element, usize)> {
    use leptos::wasm_bindgen::JsCast;

    let card = event.target()?.dyn_into::<web_sys::Element>().ok()?;
    let place: usize = card.get_attribute("data-place")?.parse().ok()?;
    let list = card.closest("ul").ok()??;
    let to = match event.key().as_str() {
        "ArrowRight" => place + 1,
        "ArrowLeft" => place.checked_sub(1)?,
        "ArrowDown" => place + columns(&list),
        "ArrowUp" => place.checked_sub(columns(&list))?,
        _ => return None,
    };
    (to < total).then_some((list, to))
}

/// Gives the focus to the card at `place`. `false` when that is not in the page.
fn focus(list: &web_sys::Element, place: usize) -> bool {
    use leptos::wasm_bindgen::JsCast;

    let card = list.query_selector(&format!("[data-place='{place}']")).ok().flatten();
    // An element of this document takes the focus.
    card.and_then(|card| card.dyn_into::<web_sys::HtmlElement>().ok()).is_some_and(|card| card.focus().is_ok())
}

/// Whether one of the cards has the focus.
#[cfg(feature = "hydrate")]
fn has_focus(list: &web_sys::Element) -> bool {
    list.contains(document().active_element().as_deref())
}

/// Scrolls the card that has the focus to the middle of the screen, so that there is a row on each side of it.
#[cfg(feature = "hydrate")]
fn center_focus() {
    if let Some(card) = document().active_element() {
        window().scroll_by_with_x_and_y(0.0, card.get_bounding_client_rect().top() - screen() / 2.0);
    }
}

/// How many cards stand side by side.
fn columns(list: &web_sys::Element) -> usize {
    let style = leptos::prelude::window().get_computed_style(list).ok().flatten();
    let tracks = style.and_then(|style| style.get_property_value("grid-template-columns").ok()).unwrap_or_default();
    tracks.split(' ').filter(|track| !track.is_empty()).count().max(1)
}

/// How the grid is laid out; it changes with the window's size alone.
#[cfg(feature = "hydrate")]
#[derive(Clone, Copy, Debug)]
struct Tracks {
    columns: usize,
    /// From the top of one row to the top of the next, in CSS pixels.
    pitch: f64,
}

#[cfg(feature = "hydrate")]
impl Tracks {
    /// `None` while there is no card to measure.
    fn measure(list: &web_sys::Element) -> Option<Self> {
        let style = window().get_computed_style(list).ok().flatten()?;
        let gap = style.get_property_value("row-gap").ok().and_then(|gap| gap.trim_end_matches("px").parse().ok());
        let card = list.first_element_child()?.get_bounding_client_rect().height();
        let pitch = card + gap.unwrap_or(0.0);
        (pitch > 2.0).then(|| Self { columns: columns(list), pitch })
    }
}

/// Where the list is seen, in CSS pixels.
#[cfg(feature = "hydrate")]
#[derive(Clone, Copy, Debug)]
struct View {
    /// From the top of the window to that of the list.
    top: f64,
    /// Height of the window.
    height: f64,
}

#[cfg(feature = "hydrate")]
impl View {
    fn measure(list: &web_sys::Element) -> Self {
        Self { top: list.get_bounding_client_rect().top(), height: screen() }
    }

    /// Which cards are near the screen.
    fn window(self, Tracks { columns, pitch }: Tracks, total: usize) -> Window {
        let rows = total.div_ceil(columns);
        // Rows are far fewer than 2^52.
        let first = ((-self.top / pitch).floor().max(0.0) as usize).min(rows.saturating_sub(1));
        let seen = ((self.height - self.top) / pitch).ceil().max(0.0) as usize;
        let to = |row: usize| row.clamp(first + 1, rows.max(first + 1)) * columns;
        Window {
            from: first.saturating_sub(AROUND) * columns,
            top: first * columns,
            seen: to(seen),
            to: to(seen + AROUND),
        }
    }

    /// Makes room for what the server's page does not hold, and wants the list where that page does not fill the screen.
    fn reserve(self, tracks: Option<Tracks>, total: usize) -> Room {
        let below = tracks.map_or(0.0, |Tracks { columns, pitch }| {
            let there = PAGE_SIZE.div_ceil(columns);
            if total > PAGE_SIZE && self.top + there as f64 * pitch < self.height {
                crate::browser::index::want();
            }
            total.div_ceil(columns).saturating_sub(there) as f64 * pitch
        });
        Room { above: 0.0, below }
    }
}

/// The height of the rows that are not in the page, in CSS pixels.
#[cfg(feature = "hydrate")]
#[derive(Clone, Copy, Debug, PartialEq)]
struct Room {
    above: f64,
    below: f64,
}

#[cfg(feature = "hydrate")]
impl Window {
    /// A step from here to `wanted` that is small enough for one frame: a card more below, or a row more above, or a row
    /// less; but all that can be seen.
    fn fill_up(self, wanted: Self, columns: usize) -> Self {
        let step = self.towards(wanted, columns, AROUND);
        let (from, to) = (step.from, step.to);
        if step.range(true) != self.range(true) {
            step
        } else if from < wanted.from {
            Self { from: from + columns, ..step }
        } else if to > wanted.to {
            Self { to: (to - columns).max(wanted.to), ..step }
        } else {
            step
        }
    }

    /// With the few rows of `wanted` that come next.
    fn with_few(self, wanted: Self, columns: usize) -> Self {
        let few = FEW * columns;
        let (from, to) = (wanted.top.saturating_sub(few).max(wanted.from), (wanted.seen + few).min(wanted.to));
        if to <= self.from || from >= self.to {
            return Self { from, to, ..wanted };
        }
        Self { from: from.min(self.from), to: to.max(self.to), ..wanted }
    }

    /// What cannot wait until the scrolling ends: the same where there are only few rows left.
    fn keep_up(self, wanted: Self, columns: usize) -> Self {
        self.towards(wanted, columns, FEW)
    }

    /// A step that brings up to `rows` around the screen, and none but those of `wanted`.
    fn towards(self, wanted: Self, columns: usize, rows: usize) -> Self {
        let (mut from, mut to) = (self.from, self.to);
        let around = rows * columns;
        if to <= wanted.top || from >= wanted.seen {
            (from, to) = (wanted.top, wanted.seen);
        } else if from > wanted.top || to < wanted.seen {
            from = from.clamp(wanted.from, wanted.top);
            to = to.clamp(wanted.seen, wanted.to);
        } else if to < wanted.to.min(wanted.seen + around) {
            to += 1;
        } else if from > wanted.from.max(wanted.top.saturating_sub(around)) {
            from -= columns;
        } else if rows < AROUND && to - from > 4 * AROUND * columns {
            // However long it is scrolled.
            from = from.max(wanted.from);
            to = to.min(wanted.to);
        }
        Self { from, to, ..wanted }
    }

    fn room(self, Tracks { columns, pitch }: Tracks, total: usize, is_settled: bool) -> Room {
        let Range { start: from, end: to } = self.range(is_settled);
        let below = total.div_ceil(columns).saturating_sub(to.div_ceil(columns));
        Room { above: (from / columns) as f64 * pitch, below: below as f64 * pitch }
    }
}

/// Height of the window in CSS pixels.
#[cfg(feature = "hydrate")]
fn screen() -> f64 {
    window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0)
}

#[cfg(feature = "hydrate")]
fn pad(list: &web_sys::HtmlUListElement, Room { above, below }: Room) {
    use leptos::wasm_bindgen::JsCast;

    let style = list.unchecked_ref::<web_sys::HtmlElement>().style();
    for (property, value) in [("padding-top", above), ("padding-bottom", below)] {
        // A property that every browser knows.
        let _ = style.set_property(property, &format!("{value}px"));
    }
}

#[cfg(test)]
mod tests {
    use super::approach;

    #[test]
    fn each_step_only_takes_away_or_adds_below_or_one_above() {
        for (mut now, wanted) in [
            (0..48, 39..51),
            (39..51, 30..60),
            (6..12, 0..9),
            (0..48, 60..72),
            (3..9, 3..9),
            (0..0, 5..9),
            (5..9, 7..7),
        ] {
            let steps = (0..20).find(|_| {
                let next = approach(&now, &wanted);
                let is_apart = next.end <= now.start || now.end <= next.start;
                let is_smaller = now.start <= next.start && next.end <= now.end;
                let is_more_below = next.start == now.start && now.end <= next.end;
                let is_one_above = next.end == now.end && next.start + 1 == now.start;
                assert!(is_apart || is_smaller || is_more_below || is_one_above, "{now:?} to {next:?}");
                now = next;
                now == wanted
            });
            assert!(steps.is_some(), "it does not get from {now:?} to {wanted:?}");
        }
    }
}
