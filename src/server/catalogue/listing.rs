//! The merged list in memory: what the catalogue offers, and what is installed of it.

use std::{
    cmp::Ordering,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use parking_lot::RwLock;

use crate::domain::{
    module::Manifest,
    search::{Card, Entry, Index},
};
use crate::server::markup;

/// Longest description in a list, in characters.
const DESCRIPTION_MAX: usize = 160;

/// The list, shared by all requests.
#[derive(Clone, Default)]
pub struct Listing {
    index: Arc<RwLock<Index>>,
    revision: Arc<AtomicU64>,
}

impl Listing {
    /// A number that changes with the list, within one run of the server.
    pub fn revision(&self) -> u64 {
        self.revision.load(Relaxed)
    }

    /// Looks at the list.
    pub fn with<T>(&self, look: impl FnOnce(&Index) -> T) -> T {
        look(&self.index.read())
    }

    /// Makes the list anew: of each module the newest offer, and what is installed of it.
    pub(super) fn rebuild(&self, offered: Vec<Entry>, installed: Vec<Entry>) {
        let mut merged = offered;
        // Stable: of two equally good offers the first one stays.
        merged.sort_by(|a, b| a.card.name.cmp(&b.card.name).then_with(|| by_worth(&b.card, &a.card)));
        merged.dedup_by(|next, best| next.card.name == best.card.name);
        let offers = merged.len();
        for entry in installed {
            match merged[..offers].binary_search_by(|known| known.card.name.cmp(&entry.card.name)) {
                Ok(at) => merged[at] = merge(Some(std::mem::take(&mut merged[at])), entry),
                Err(_) => merged.push(merge(None, entry)),
            }
        }
        *self.index.write() = Index::new(merged);
        self.revision.fetch_add(1, Relaxed);
    }

    /// The same for one module.
    pub(super) fn show(&self, name: &str, offered: Vec<Entry>, installed: Option<Entry>) {
        let better = |best: Entry, next: Entry| if by_worth(&next.card, &best.card).is_gt() { next } else { best };
        let best = offered.into_iter().reduce(better);
        let shown = match installed {
            Some(installed) => Some(merge(best, installed)),
            None => best,
        };
        self.index.write().replace(name, shown);
        self.revision.fetch_add(1, Relaxed);
    }
}

/// What the list shows of an installed module: the offer, unless it is broken or older.
fn merge(offer: Option<Entry>, installed: Entry) -> Entry {
    let version = installed.card.version.clone();
    let mut shown = offer.filter(|offer| is_shown(&offer.card, &version)).unwrap_or(installed);
    shown.card.update = update_for(&shown.card.version, &version);
    shown.card.installed = Some(version);
    shown
}

/// A sound offer beats a broken one, then the newer version wins.
fn by_worth(one: &Card, other: &Card) -> Ordering {
    other.broken.is_some().cmp(&one.broken.is_some()).then_with(|| compare_versions(&one.version, &other.version))
}

/// Whether an offer stands in the list rather than the installed version itself.
fn is_shown(offer: &Card, installed: &str) -> bool {
    offer.broken.is_none() && compare_versions(&offer.version, installed).is_ge()
}

fn update_for(offered: &str, installed: &str) -> Option<String> {
    compare_versions(offered, installed).is_gt().then(|| offered.to_owned())
}

/// Order of two versions by SemVer's precedence; what is no version comes first.
pub fn compare_versions(one: &str, other: &str) -> Ordering {
    let parse = |text: &str| semver::Version::parse(text).ok();
    match (parse(one), parse(other)) {
        (Some(one), Some(other)) => one.cmp_precedence(&other),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => one.cmp(other),
    }
}

/// The list entry of a module.
pub fn entry_of(manifest: &Manifest) -> Entry {
    let mut component_names = String::new();
    for component in &manifest.components {
        let short = component.name.rsplit('.').next().unwrap_or_default();
        component_names.push_str(&component.label);
        component_names.push('\n');
        if short != component.label {
            component_names.push_str(short);
            component_names.push('\n');
        }
    }
    Entry {
        card: Card {
            name: manifest.name.to_string(),
            label: manifest.label.clone(),
            version: manifest.version.clone(),
            description: markup::to_plain(&manifest.description, DESCRIPTION_MAX),
            category: manifest.category.clone(),
            components: u32::try_from(manifest.components.len()).unwrap_or(u32::MAX),
            icon: manifest.icon.clone(),
            ..Card::default()
        },
        component_names,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "acme.mail";

    fn entry(version: &str, broken: bool) -> Entry {
        let broken = broken.then(|| "It is broken.".to_owned());
        let card = Card { name: NAME.to_owned(), version: version.to_owned(), broken, ..Card::default() };
        Entry { card, component_names: String::new() }
    }

    fn listing(offered: &[(&str, bool)], installed: Option<&str>) -> Listing {
        let listing = Listing::default();
        let offered = offered.iter().map(|(version, broken)| entry(version, *broken)).collect();
        listing.rebuild(offered, installed.map(|version| entry(version, false)).into_iter().collect());
        listing
    }

    fn shown(listing: &Listing) -> Vec<Card> {
        listing.with(|index| index.cards().to_vec())
    }

    #[test]
    fn changing_one_entry_gives_what_making_the_list_anew_would() {
        let offers: [&[(&str, bool)]; 7] = [
            &[],
            &[("1.0.0", false)],
            &[("1.1.0", false)],
            &[("1.0.0", false), ("1.1.0", false)],
            &[("1.1.0", true)],
            &[("1.0.0", false), ("1.1.0", true)],
            &[("1.0.0", true), ("1.1.0", false)],
        ];
        let versions = [None, Some("1.0.0"), Some("1.1.0"), Some("2.0.0")];
        for offered in offers {
            for (before, after) in
                versions.iter().flat_map(|before| versions.iter().map(move |after| (*before, *after)))
            {
                let listing = self::listing(offered, before);
                let offers = offered.iter().map(|(version, broken)| entry(version, *broken)).collect();
                listing.show(NAME, offers, after.map(|version| entry(version, false)));
                assert_eq!(shown(&listing), shown(&self::listing(offered, after)), "{offered:?} {before:?} {after:?}");
            }
        }
    }
}
