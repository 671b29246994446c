//! The pictures of the cards: those of the first screen in one request, and of what comes later a request for all of them
//! once the list is calm, never one while somebody types.

use std::{collections::HashMap, sync::Arc};

use leptos::{either::Either, prelude::*};

use crate::{
    components::icon::initial,
    domain::{icons, search::Card},
};

/// Longer than the list takes to fill up the rows around the screen, so that they come together.
#[cfg(feature = "hydrate")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(240);

/// In which sheet each icon is that the page has asked for. What is there is shown at once when it comes up again.
#[derive(Clone, Copy)]
pub struct Pictures {
    sheets: StoredValue<Sheets>,
    #[cfg(feature = "hydrate")]
    timer: StoredValue<Option<TimeoutHandle>>,
}

/// By icon: the address of its sheet, and whether that is loaded only when it is near the screen; with scripts, when
/// [`Pictures::fill`] says so.
type Sheets = HashMap<String, (Arc<str>, bool)>;

impl Pictures {
    /// Those of the server's page: one sheet for the first screen and one for the rest of it.
    pub fn new(cards: &[Card]) -> Self {
        let mut sheets = Sheets::new();
        let (first, rest) = cards.split_at(icons::FIRST.min(cards.len()));
        add(&mut sheets, first.iter().filter_map(|card| card.icon.as_deref()), false);
        add(&mut sheets, rest.iter().filter_map(|card| card.icon.as_deref()), true);
        Self {
            sheets: StoredValue::new(sheets),
            #[cfg(feature = "hydrate")]
            timer: StoredValue::new(None),
        }
    }

    /// The address of an icon's view, and whether it is loaded later.
    fn view_of(self, id: &str) -> Option<(String, bool)> {
        self.sheets.with_value(|sheets| sheets.get(id).map(|(sheet, is_later)| (icons::view(sheet, id), *is_later)))
    }

    /// Loads what is missing once nothing has asked for it for a while.
    #[cfg(feature = "hydrate")]
    pub fn fill_soon(self) {
        let timer = set_timeout_with_handle(move || self.fill(), PAUSE).ok();
        let before = self.timer.try_update_value(|known| std::mem::replace(known, timer)).flatten();
        if let Some(before) = before {
            before.clear();
        }
    }

    #[cfg(feature = "hydrate")]
    fn fill(self) {
        let missing = all("img[data-icon]");
        let ids: Vec<String> = missing.iter().filter_map(|picture| picture.get_attribute("data-icon")).collect();
        for ids in ids.chunks(icons::SHEET_MAX) {
            self.sheets.try_update_value(|sheets| add(sheets, ids.iter().map(String::as_str), false));
        }
        for (picture, id) in missing.iter().zip(&ids) {
            if let Some((address, _)) = self.view_of(id) {
                // Names of attributes that every browser takes.
                let _ = picture.remove_attribute("data-icon");
                let _ = picture.set_attribute("src", &address);
            }
        }
        let later = all("img.later");
        let is_near = later
            .first()
            .and_then(|picture| picture.closest("li").ok().flatten())
            .is_some_and(|place| place.get_bounding_client_rect().top() < super::grid::screen());
        if is_near {
            self.sheets.update_value(|sheets| sheets.values_mut().for_each(|(_, is_later)| *is_later = false));
            for picture in later {
                let _ = picture.remove_attribute("class");
            }
        }
    }
}

/// Notes in which sheet the icons are that are in none yet.
fn add<'a>(sheets: &mut Sheets, ids: impl Iterator<Item = &'a str>, is_later: bool) {
    let mut new: Vec<&str> = Vec::new();
    for id in ids {
        if !sheets.contains_key(id) && !new.contains(&id) {
            new.push(id);
        }
    }
    let sheet: Arc<str> = icons::sheet(new.iter().copied()).into();
    sheets.extend(new.into_iter().map(|id| (id.to_owned(), (Arc::clone(&sheet), is_later))));
}

#[cfg(feature = "hydrate")]
fn all(selector: &str) -> Vec<leptos::web_sys::Element> {
    use leptos::wasm_bindgen::JsCast;

    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

/// The picture over the letter, which is seen where there is none, or none comes.
#[component]
pub fn Picture(id: Option<String>, label: String, pictures: Pictures) -> impl IntoView {
    let letter = initial(&label);
    match id {
        None => Either::Left(view! { <span class="icon" aria-hidden="true">{letter}</span> }),
        Some(id) => {
            let (src, is_later) = pictures.view_of(&id).unzip();
            let is_later = is_later == Some(true);
            #[cfg(feature = "hydrate")]
            if src.is_none() || is_later {
                pictures.fill_soon();
            }
            let missing = src.is_none().then_some(id);
            Either::Right(view! {
                <span class="icon tile" aria-hidden="true">
                    <b>{letter}</b>
                    <img
                        class=is_later.then_some("later")
                        loading=is_later.then_some("lazy")
                        src=src
                        data-icon=missing
                        alt=""
                        width="40"
                        height="40"
                    />
                </span>
            })
        }
    }
}
