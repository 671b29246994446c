//! The pictures of the cards: those of the server's page in one request, and of what comes later a request for all of them
//! once the list is calm, never one while somebody types.

use std::{collections::HashMap, sync::Arc};

use leptos::{either::Either, prelude::*};

use crate::{
    components::icon::initial,
    domain::{icons, search::Card},
};

/// Longer than the list takes to fill up the rows around the screen, so that they come together.
#[cfg(feature = "hydrate")]
const PAUSE: std::time::Duration = std::time::Duration::from_millis(440);

/// Where each icon is. What has come is shown at once when it comes up again.
#[derive(Clone, Copy)]
pub struct Pictures {
    places: StoredValue<HashMap<String, Place>>,
    #[cfg(feature = "hydrate")]
    timer: StoredValue<Option<TimeoutHandle>>,
}

/// Where one icon is.
#[derive(Clone, Debug)]
struct Place {
    /// The address of its sheet.
    sheet: Arc<str>,
    /// How many icons that has.
    count: usize,
    /// Which of them it is.
    nth: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the server's page. Read after the first paint, which it would hold up.
    First,
    /// Asked for. It is not shown before it has come: a card would show another module's picture until then.
    #[cfg(feature = "hydrate")]
    Coming,
    There,
}

impl Place {
    /// The part of the sheet that shows it, as a `viewBox`.
    fn part(&self) -> String {
        let (top, side) = (icons::top(self.nth), icons::SIDE);
        format!("0 {top} {side} {side}")
    }
}

impl Pictures {
    /// Those of the server's page, in one sheet.
    pub fn new(cards: &[Card]) -> Self {
        let mut places = HashMap::new();
        add(&mut places, cards.iter().filter_map(|card| card.icon.as_deref()), State::First);
        Self {
            places: StoredValue::new(places),
            #[cfg(feature = "hydrate")]
            timer: StoredValue::new(None),
        }
    }

    fn place_of(self, id: &str) -> Option<Place> {
        self.places.with_value(|places| places.get(id).cloned())
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
        let missing = all("[data-icon]").into_iter().filter_map(|picture| picture.get_attribute("data-icon"));
        let missing: Vec<String> = missing.filter(|id| self.place_of(id).is_none()).collect();
        for ids in missing.chunks(icons::SHEET_MAX) {
            let ids = ids.iter().map(String::as_str);
            if let Some(sheet) = self.places.try_update_value(|places| add(places, ids, State::Coming)) {
                leptos::task::spawn_local(self.load(sheet));
            }
        }
        self.places.update_value(|places| {
            for place in places.values_mut().filter(|place| place.state == State::First) {
                place.state = State::There;
            }
        });
    }

    /// Shows the icons of a sheet once it has come. When it does not come, they are asked for again.
    #[cfg(feature = "hydrate")]
    async fn load(self, sheet: Arc<str>) {
        let Ok(image) = leptos::web_sys::HtmlImageElement::new() else { return };
        image.set_src(&sheet);
        let has_come = wasm_bindgen_futures::JsFuture::from(image.decode()).await.is_ok();
        self.places.update_value(|places| {
            if has_come {
                places.values_mut().filter(|place| place.sheet == sheet).for_each(|place| place.state = State::There);
            } else {
                places.retain(|_, place| place.sheet != sheet);
            }
        });
        for picture in all("[data-icon]") {
            let place = picture.get_attribute("data-icon").and_then(|id| self.place_of(&id));
            if let (Some(place), Some(image)) =
                (place.filter(|place| place.sheet == sheet), picture.first_element_child())
            {
                // Names of attributes that every element takes.
                let _ = image.set_attribute("height", &icons::height(place.count).to_string());
                let _ = image.set_attribute("href", &place.sheet);
                let _ = picture.set_attribute("viewBox", &place.part());
                let _ = picture.remove_attribute("data-icon");
            }
        }
    }
}

/// Notes where the icons are that are nowhere yet: in a sheet of their own. Gives the address of that.
fn add<'a>(places: &mut HashMap<String, Place>, ids: impl Iterator<Item = &'a str>, state: State) -> Arc<str> {
    let mut new: Vec<&str> = Vec::new();
    for id in ids {
        if !places.contains_key(id) && !new.contains(&id) {
            new.push(id);
        }
    }
    let (sheet, count): (Arc<str>, _) = (icons::sheet(new.iter().copied()).into(), new.len());
    let place = |(nth, id): (usize, &str)| (id.to_owned(), Place { sheet: Arc::clone(&sheet), count, nth, state });
    places.extend(new.into_iter().enumerate().map(place));
    sheet
}

#[cfg(feature = "hydrate")]
fn all(selector: &str) -> Vec<leptos::web_sys::Element> {
    use leptos::wasm_bindgen::JsCast;

    let Ok(found) = document().query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

/// The picture over the letter, which is seen where there is none, or none comes.
pub fn picture(id: Option<String>, label: &str, pictures: Pictures) -> impl IntoView + use<> {
    let letter = initial(label);
    let Some(id) = id else {
        return Either::Left(view! { <span class="icon" aria-hidden="true">{letter}</span> });
    };
    let place = pictures.place_of(&id);
    #[cfg(feature = "hydrate")]
    if place.is_none() {
        pictures.fill_soon();
    }
    let image = match place {
        Some(place) if place.state == State::First => Either::Left(view! {
            <img loading="lazy" src=icons::view(&place.sheet, &id) alt="" width="40" height="40"/>
        }),
        place => {
            let place = place.filter(|place| place.state == State::There);
            let missing = place.is_none().then_some(id);
            let part = place.as_ref().map_or_else(|| "0 0 40 40".to_owned(), Place::part);
            let height = place.as_ref().map(|place| icons::height(place.count).to_string());
            let sheet = place.map(|place| place.sheet.to_string());
            // Cut out of the sheet: a view of it in an `<img>` is twice the work for the browser.
            Either::Right(view! {
                <svg width="40" height="40" viewBox=part data-icon=missing>
                    <image width="40" height=height href=sheet/>
                </svg>
            })
        }
    };
    Either::Right(view! { <span class="icon tile" aria-hidden="true"><b>{letter}</b>{image}</span> })
}
