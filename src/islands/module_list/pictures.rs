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
    places: RwSignal<HashMap<String, Place>>,
    /// The empty place of the first sheet. What shows nothing shows that: so an icon that comes up again is another part of
    /// the same sheet, mostly.
    nothing: StoredValue<Option<Place>>,
    /// The cards are as the server has made them. Their icons are read after the first paint, which they would hold up.
    is_first: StoredValue<bool>,
    #[cfg(feature = "hydrate")]
    calm: crate::browser::calm::Calm,
}

/// Where one icon is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of its sheet.
    sheet: Arc<str>,
    /// How many icons that has.
    count: usize,
    /// Where it begins in there, in CSS pixels from the top.
    top: usize,
    /// It is not shown before.
    has_come: bool,
}

impl Place {
    /// The part of the sheet that shows it, as a `viewBox`.
    fn part(&self) -> String {
        let (top, side) = (self.top, icons::SIDE);
        format!("0 {top} {side} {side}")
    }
}

impl Pictures {
    /// Those of the server's page, in one sheet.
    pub fn new(cards: &[Card]) -> Self {
        let mut places = HashMap::new();
        add(&mut places, cards.iter().filter_map(|card| card.icon.as_deref()), true);
        let nothing = places.values().next().map(|place| Place { top: 0, ..place.clone() });
        let is_first = StoredValue::new(true);
        // Once they are taken over as they are.
        #[cfg(feature = "hydrate")]
        Effect::new(move || is_first.set_value(false));
        Self {
            places: RwSignal::new(places),
            nothing: StoredValue::new(nothing),
            is_first,
            #[cfg(feature = "hydrate")]
            calm: crate::browser::calm::Calm::default(),
        }
    }

    /// Where the icon is, once it has come.
    pub fn place_of(self, id: &str) -> Option<Place> {
        self.places.with(|places| places.get(id).filter(|place| place.has_come).cloned())
    }

    /// Whoever asks is asked anew when pictures have come.
    #[cfg(feature = "hydrate")]
    pub fn track(self) {
        self.places.track();
    }

    /// Loads what is missing of these once the list has been calm for a while.
    #[cfg(feature = "hydrate")]
    pub fn fill_soon(self, wanted: impl Fn() -> Vec<String> + Copy + 'static) {
        self.calm.after(PAUSE, move || self.fill(&wanted()));
    }

    #[cfg(feature = "hydrate")]
    fn fill(self, wanted: &[String]) {
        // Nothing is shown otherwise before they have come, so nobody is told.
        let sheets = self.places.try_update_untracked(|places| {
            let missing: Vec<&str> = wanted.iter().map(String::as_str).filter(|id| !places.contains_key(*id)).collect();
            let sheets = missing.chunks(icons::SHEET_MAX);
            sheets.map(|ids| add(places, ids.iter().copied(), false)).collect::<Vec<_>>()
        });
        for sheet in sheets.into_iter().flatten() {
            leptos::task::spawn_local(self.load(sheet));
        }
    }

    /// Shows the icons of a sheet once it has come. When it does not come, they are asked for again.
    #[cfg(feature = "hydrate")]
    async fn load(self, sheet: Arc<str>) {
        let Ok(image) = leptos::web_sys::HtmlImageElement::new() else { return };
        image.set_src(&sheet);
        let has_come = wasm_bindgen_futures::JsFuture::from(image.decode()).await.is_ok();
        self.places.try_update(|places| {
            if has_come {
                places.values_mut().filter(|place| place.sheet == sheet).for_each(|place| place.has_come = true);
            } else {
                places.retain(|_, place| place.sheet != sheet);
            }
        });
    }
}

/// Notes where the icons are that are nowhere yet: in a sheet of their own. Gives the address of that.
fn add<'a>(places: &mut HashMap<String, Place>, ids: impl Iterator<Item = &'a str>, has_come: bool) -> Arc<str> {
    let mut new: Vec<&str> = Vec::new();
    for id in ids {
        if !places.contains_key(id) && !new.contains(&id) {
            new.push(id);
        }
    }
    let (sheet, count): (Arc<str>, _) = (icons::sheet(new.iter().copied()).into(), new.len());
    let place = |(nth, id): (usize, &str)| {
        (id.to_owned(), Place { sheet: Arc::clone(&sheet), count, top: icons::top(nth), has_come })
    };
    places.extend(new.into_iter().enumerate().map(place));
    sheet
}

/// The picture over the letter, which is seen where there is none, or none comes.
pub fn picture(id: Option<String>, place: Option<Place>, label: &str, pictures: Pictures) -> impl IntoView + use<> {
    let letter = initial(label);
    let Some(id) = id else {
        return Either::Left(view! { <span class="icon" aria-hidden="true">{letter}</span> });
    };
    let image = match place {
        Some(place) if pictures.is_first.get_value() => Either::Left(view! {
            <img loading="lazy" src=icons::view(&place.sheet, &id) alt="" width="40" height="40"/>
        }),
        place => {
            let place = place.or_else(|| pictures.nothing.get_value());
            let part = place.as_ref().map_or_else(|| "0 0 40 40".to_owned(), Place::part);
            let height = place.as_ref().map(|place| icons::height(place.count).to_string());
            let sheet = place.map(|place| place.sheet.to_string());
            // Cut out of the sheet: a view of it in an `<img>` is twice the work for the browser.
            Either::Right(view! {
                <svg width="40" height="40" viewBox=part>
                    <image width="40" height=height href=sheet/>
                </svg>
            })
        }
    };
    Either::Right(view! { <span class="icon tile" aria-hidden="true"><b>{letter}</b>{image}</span> })
}
