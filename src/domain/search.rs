//! The list of modules and its search: one function for the server's first page and the browser's every key press.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};

use super::icons;

/// One module as the list shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Card {
    pub name: String,
    pub label: String,
    /// The newest version that the catalogue knows, else the installed one.
    pub version: String,
    /// Plain text, at most some 160 characters.
    pub description: String,
    pub category: String,
    /// Number of components.
    pub components: u32,
    /// SHA-256 of the icon's bytes, in lower-case hex; in the browser the beginning of it ([`icons::id`]).
    pub icon: Option<String>,
    /// The installed version.
    pub installed: Option<String>,
    /// A newer version than the installed one, when the catalogue has it.
    pub update: Option<String>,
    /// Why the module cannot be installed.
    pub broken: Option<String>,
}

impl Card {
    pub fn vendor(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    /// As it travels to a browser.
    pub fn for_browser(&self) -> Self {
        Self { icon: self.icon_id(), ..self.clone() }
    }

    fn icon_id(&self) -> Option<String> {
        self.icon.as_deref().map(|sha256| icons::id(sha256).to_owned())
    }
}

/// Which modules to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    #[default]
    All,
    Installed,
    NotInstalled,
    Update,
}

impl Status {
    pub const ALL: [Self; 4] = [Self::All, Self::Installed, Self::NotInstalled, Self::Update];

    /// The word in the URL.
    pub fn word(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Installed => "installed",
            Self::NotInstalled => "not-installed",
            Self::Update => "update",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::All => "All",
            Self::Installed => "Installed",
            Self::NotInstalled => "Not installed",
            Self::Update => "Update available",
        }
    }

    fn admits(self, card: &Card) -> bool {
        match self {
            Self::All => true,
            Self::Installed => card.installed.is_some(),
            Self::NotInstalled => card.installed.is_none(),
            Self::Update => card.update.is_some(),
        }
    }
}

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sort {
    /// By how well the text matches, and by label where there is no text.
    #[default]
    Best,
    Name,
    Vendor,
    /// Most components first.
    Components,
}

impl Sort {
    pub const ALL: [Self; 4] = [Self::Best, Self::Name, Self::Vendor, Self::Components];

    /// The order that a word in the URL means; the default for any other.
    pub fn of_word(word: &str) -> Self {
        Self::ALL.into_iter().find(|sort| sort.word() == word).unwrap_or_default()
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Best => "best",
            Self::Name => "name",
            Self::Vendor => "vendor",
            Self::Components => "components",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Self::Best => "Best match",
            Self::Name => "Name",
            Self::Vendor => "Vendor",
            Self::Components => "Most components",
        }
    }
}

/// What the search box, the filters and the order say: the state that lives in the URL.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Query {
    pub text: String,
    pub status: Status,
    /// Empty for all.
    pub category: String,
    pub sort: Sort,
}

impl Query {
    /// Reads the parameters `q`, `status`, `category` and `sort`; unknown words mean the default.
    pub fn from_params(get: impl Fn(&str) -> Option<String>) -> Self {
        let word = |key| get(key).unwrap_or_default();
        Self {
            text: word("q"),
            status: Status::ALL.into_iter().find(|status| status.word() == word("status")).unwrap_or_default(),
            category: word("category"),
            sort: Sort::of_word(&word("sort")),
        }
    }

    /// The parameters that differ from the default, as `?a=b&c=d`, or nothing.
    pub fn to_search(&self) -> String {
        let mut search = String::new();
        let mut push = |key: &str, value: &str| {
            search.push(if search.is_empty() { '?' } else { '&' });
            search.push_str(key);
            search.push('=');
            push_encoded(&mut search, value);
        };
        if !self.text.is_empty() {
            push("q", &self.text);
        }
        if self.status != Status::All {
            push("status", self.status.word());
        }
        if !self.category.is_empty() {
            push("category", &self.category);
        }
        if self.sort != Sort::Best {
            push("sort", self.sort.word());
        }
        search
    }
}

/// Appends `value` percent-encoded for a query string (RFC 3986, unreserved characters kept).
fn push_encoded(out: &mut String, value: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// How many modules each status would show under the same text and category.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub all: u32,
    pub installed: u32,
    pub not_installed: u32,
    pub update: u32,
}

impl Counts {
    pub fn of(&self, status: Status) -> u32 {
        match status {
            Status::All => self.all,
            Status::Installed => self.installed,
            Status::NotInstalled => self.not_installed,
            Status::Update => self.update,
        }
    }

    fn add(&mut self, card: &Card) {
        self.all += 1;
        self.installed += u32::from(card.installed.is_some());
        self.not_installed += u32::from(card.installed.is_none());
        self.update += u32::from(card.update.is_some());
    }
}

/// The answer to a [`Query`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    /// Positions in [`Index::cards`], in the order asked for.
    pub rows: Vec<u32>,
    pub counts: Counts,
}

/// One module with the names of its components, for [`Index::new`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    pub card: Card,
    /// Names and labels of the components, a line each.
    pub component_names: String,
}

impl Entry {
    /// Bytes that it takes in the text that is searched, where lower case is as long as what was given.
    fn text_len(&self) -> usize {
        let Card { label, name, description, .. } = &self.card;
        [label, name, description, &self.component_names].map(|text| text.len() + 1).iter().sum()
    }
}

/// [`Index`] on the wire: rows instead of objects, and each category once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wire {
    categories: Vec<String>,
    rows: Vec<Row>,
}

/// Name, label, version, description, position of the category, number of components, icon, installed, update, broken,
/// names of the components.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row(
    String,
    String,
    String,
    String,
    i32,
    u32,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    String,
);

impl From<Wire> for Index {
    fn from(wire: Wire) -> Self {
        let Wire { categories, rows } = wire;
        let entries = rows.into_iter().map(|row| {
            let Row(name, label, version, description, category, components, icon, installed, update, broken, names) =
                row;
            let category =
                usize::try_from(category).ok().and_then(|at| categories.get(at)).cloned().unwrap_or_default();
            Entry {
                card: Card { name, label, version, description, category, components, icon, installed, update, broken },
                component_names: names,
            }
        });
        Self::new(entries.collect())
    }
}

/// Where the parts of a module's searchable text end, as offsets into [`Index::text`].
#[derive(Clone, Copy, Debug)]
struct Span {
    start: usize,
    label_end: usize,
    name_end: usize,
    components_end: usize,
    end: usize,
}

/// A module that has a word.
#[derive(Clone, Copy, Debug)]
struct Found {
    row: u32,
    /// How good the match is: 0 is best.
    rank: u8,
}

/// How many ranks there are.
const RANKS: usize = 5;

impl Span {
    /// The same elsewhere.
    fn map(self, offset: impl Fn(usize) -> usize) -> Self {
        let Self { start, label_end, name_end, components_end, end } = self;
        let [start, label_end, name_end, components_end, end] =
            [start, label_end, name_end, components_end, end].map(offset);
        Self { start, label_end, name_end, components_end, end }
    }

    /// How good a match that begins at `at` is.
    fn rank(&self, at: usize) -> u8 {
        match at {
            at if at == self.start => 0,
            at if at < self.label_end => 1,
            at if at < self.name_end => 2,
            at if at < self.components_end => 3,
            _ => 4,
        }
    }
}

/// Which modules have the words that were looked for last. The next letter looks only where the word was without it,
/// and taking it back looks nowhere.
#[derive(Debug, Default)]
pub struct Memory {
    /// [`Index::id`] of the index that it is about.
    index: u64,
    /// The latest last; their modules in the order of the rows.
    words: VecDeque<(String, Vec<Found>)>,
}

impl Memory {
    /// More than somebody types into one search.
    const WORDS: usize = 32;

    fn put(&mut self, word: &str, found: Vec<Found>) {
        if self.words.len() == Self::WORDS {
            self.words.pop_front();
        }
        self.words.push_back((word.to_owned(), found));
    }

    /// Of the words that `word` begins with, the longest.
    fn beginning_of(&self, word: &str) -> Option<&(String, Vec<Found>)> {
        self.words.iter().filter(|(known, _)| word.starts_with(known.as_str())).max_by_key(|(known, _)| known.len())
    }
}

/// Those that are in both, each with its worse match.
fn in_both(one: &[Found], other: &[Found]) -> Vec<Found> {
    let mut other = other.iter().peekable();
    let both = one.iter().filter_map(|found| {
        while other.next_if(|other| other.row < found.row).is_some() {}
        let other = other.next_if(|other| other.row == found.row)?;
        Some(Found { rank: found.rank.max(other.rank), ..*found })
    });
    both.collect()
}

/// Appends `text` in lower case.
fn push_lowercase(out: &mut String, text: &str) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
    } else {
        out.push_str(&text.to_lowercase());
    }
}

/// Appends the text of a module that is searched; `label` is in lower case.
fn push_text(text: &mut String, label: &str, Entry { card, component_names }: &Entry) -> Span {
    let start = text.len();
    text.push_str(label);
    text.push('\n');
    let label_end = text.len();
    push_lowercase(text, &card.name);
    text.push('\n');
    let name_end = text.len();
    push_lowercase(text, component_names);
    text.push('\n');
    let components_end = text.len();
    push_lowercase(text, &card.description);
    // No word holds one, so none is found that begins in this module and ends in the next.
    text.push('\n');
    Span { start, label_end, name_end, components_end, end: text.len() }
}

/// Whether the one is searched, and stands in the list, where the other does.
fn is_found_alike(one: &Card, other: &Card) -> bool {
    (&one.label, &one.name, &one.description, &one.category)
        == (&other.label, &other.name, &other.description, &other.category)
}

fn next_id() -> u64 {
    static MADE: AtomicU64 = AtomicU64::new(1);
    MADE.fetch_add(1, Relaxed)
}

/// All modules, ready to be searched: the texts lie lower-cased in one buffer, so that a key press is one linear scan.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Differs from that of every other that was made.
    id: u64,
    cards: Vec<Card>,
    text: String,
    spans: Vec<Span>,
    categories: Vec<String>,
    /// As given, for [`Index::to_wire`].
    component_names: Vec<String>,
}

impl Index {
    /// Orders the modules by label, then name.
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut entries = entries;
        let labels = entries.iter().map(|entry| entry.card.label.to_lowercase());
        let mut order: Vec<(String, usize)> = labels.zip(0..).collect();
        order.sort_by(|(a, at), (b, other)| {
            a.cmp(b).then_with(|| entries[*at].card.name.cmp(&entries[*other].card.name))
        });

        let mut index = Self {
            id: next_id(),
            text: String::with_capacity(entries.iter().map(Entry::text_len).sum()),
            spans: Vec::with_capacity(entries.len()),
            cards: Vec::with_capacity(entries.len()),
            component_names: Vec::with_capacity(entries.len()),
            categories: Vec::new(),
        };
        for (label, at) in order {
            let entry = std::mem::take(&mut entries[at]);
            index.spans.push(push_text(&mut index.text, &label, &entry));
            index.add_category(&entry.card.category);
            index.cards.push(entry.card);
            index.component_names.push(entry.component_names);
        }
        index
    }

    /// Shows `entry` of a module in place of what is shown of it, or nothing: as if the index had been made anew.
    pub fn replace(&mut self, name: &str, entry: Option<Entry>) {
        let at = self.cards.iter().position(|card| card.name == name);
        if let (Some(at), Some(entry)) = (at, &entry)
            && self.component_names[at] == entry.component_names
            && is_found_alike(&self.cards[at], &entry.card)
        {
            self.cards[at].clone_from(&entry.card);
            return;
        }
        if let Some(at) = at {
            self.take_out(at);
        }
        if let Some(entry) = entry {
            self.put_in(entry);
        }
        self.id = next_id();
    }

    fn take_out(&mut self, at: usize) {
        let span = self.spans.remove(at);
        self.text.drain(span.start..span.end);
        for later in &mut self.spans[at..] {
            *later = later.map(|offset| offset - (span.end - span.start));
        }
        self.component_names.remove(at);
        let category = self.cards.remove(at).category;
        if !self.cards.iter().any(|card| card.category == category) {
            self.categories.retain(|known| *known != category);
        }
    }

    fn put_in(&mut self, entry: Entry) {
        let label = entry.card.label.to_lowercase();
        let is_later = |(span, card): (&Span, &Card)| {
            (&self.text[span.start..span.label_end - 1], &card.name) > (label.as_str(), &entry.card.name)
        };
        let at = self.spans.iter().zip(&self.cards).position(is_later).unwrap_or(self.cards.len());
        let start = self.spans.get(at).map_or(self.text.len(), |span| span.start);
        let mut text = String::new();
        let span = push_text(&mut text, &label, &entry);
        self.text.insert_str(start, &text);
        for later in &mut self.spans[at..] {
            *later = later.map(|offset| offset + text.len());
        }
        self.spans.insert(at, span.map(|offset| offset + start));
        self.add_category(&entry.card.category);
        self.cards.insert(at, entry.card);
        self.component_names.insert(at, entry.component_names);
    }

    fn add_category(&mut self, category: &str) {
        if let Err(at) = self.categories.binary_search_by(|known| known.as_str().cmp(category))
            && !category.is_empty()
        {
            self.categories.insert(at, category.to_owned());
        }
    }

    /// The list in the shape in which it travels to a browser.
    pub fn to_wire(&self) -> Wire {
        let rows = self.cards.iter().zip(&self.component_names).map(|(card, names)| {
            let category =
                self.categories.binary_search(&card.category).map_or(-1, |at| i32::try_from(at).unwrap_or(-1));
            Row(
                card.name.clone(),
                card.label.clone(),
                card.version.clone(),
                card.description.clone(),
                category,
                card.components,
                card.icon_id(),
                card.installed.clone(),
                card.update.clone(),
                card.broken.clone(),
                names.clone(),
            )
        });
        Wire { categories: self.categories.clone(), rows: rows.collect() }
    }

    pub fn cards(&self) -> &[Card] {
        &self.cards
    }

    /// Every category that occurs, in alphabetical order.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// Marks one module as installed or removed without building the index anew; `false` when that is not enough, because
    /// the module is not in the list, or shows another version than the newest.
    pub fn set_installed(&mut self, name: &str, installed: Option<String>, update: Option<String>) -> bool {
        let Some(card) = self.cards.iter_mut().find(|card| card.name == name) else { return false };
        if update.is_none() && installed.as_ref().is_some_and(|version| *version != card.version) {
            return false;
        }
        card.installed = installed;
        card.update = update;
        true
    }

    /// The modules that hold every word of the text, under the filters and in the order of `query`.
    pub fn search(&self, query: &Query) -> Hits {
        self.search_again(query, &mut Memory::default())
    }

    /// [`Index::search`] by somebody who has searched before, and may have looked for the same words or their beginnings.
    pub fn search_again(&self, query: &Query, memory: &mut Memory) -> Hits {
        let text = query.text.to_lowercase();
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut hits = Hits::default();
        // A list for each rank where that comes first, in the order of the rows: by label.
        let mut ranked: [Vec<u32>; RANKS] = Default::default();
        let mut add = |row: u32, rank: u8| {
            let card = &self.cards[row as usize];
            if query.category.is_empty() || card.category == query.category {
                hits.counts.add(card);
                if query.status.admits(card) {
                    let rank = if query.sort == Sort::Best { rank } else { 0 };
                    ranked[usize::from(rank)].push(row);
                }
            }
        };
        if words.is_empty() {
            (0..self.end()).for_each(|row| add(row, 0));
        } else {
            self.find(&words, memory).iter().for_each(|found| add(found.row, found.rank));
        }
        hits.rows = ranked.concat();
        let card = |row: u32| &self.cards[row as usize];
        match query.sort {
            Sort::Best | Sort::Name => {}
            Sort::Vendor => hits.rows.sort_by(|a, b| card(*a).vendor().cmp(card(*b).vendor())),
            Sort::Components => hits.rows.sort_by_key(|row| std::cmp::Reverse(card(*row).components)),
        }
        hits
    }

    /// The row behind the last.
    fn end(&self) -> u32 {
        // More than u32::MAX modules do not fit into memory.
        u32::try_from(self.cards.len()).unwrap_or(u32::MAX)
    }

    /// The modules that have every one of the words, in the order of the rows; none where there is no word.
    fn find(&self, words: &[&str], memory: &mut Memory) -> Vec<Found> {
        if memory.index != self.id {
            *memory = Memory { index: self.id, words: VecDeque::new() };
        }
        let mut all: Option<Vec<Found>> = None;
        for word in words {
            let before = memory.beginning_of(word);
            if before.is_none_or(|(known, _)| known != word) {
                let found = self.find_word(word, before.map(|(_, found)| found.as_slice()));
                memory.put(word, found);
            }
            let found = memory.beginning_of(word).map(|(_, found)| found.as_slice()).unwrap_or_default();
            all = Some(all.map_or_else(|| found.to_vec(), |all| in_both(&all, found)));
        }
        all.unwrap_or_default()
    }

    /// Those that have one word; `before` are those that have its beginning.
    fn find_word(&self, word: &str, before: Option<&[Found]>) -> Vec<Found> {
        let word = Finder::new(word);
        match before {
            // To look into many, one after the other, takes longer than to look through everything.
            Some(before) if before.len() < self.spans.len() / 4 => {
                let look = |Found { row, .. }: &Found| {
                    let span = &self.spans[*row as usize];
                    let at = word.find(&self.text.as_bytes()[span.start..span.end])?;
                    Some(Found { row: *row, rank: span.rank(span.start + at) })
                };
                before.iter().filter_map(look).collect()
            }
            _ => self.find_everywhere(&word),
        }
    }

    /// The same, with one look through the text of all modules, which goes on behind a module that has the word.
    fn find_everywhere(&self, word: &Finder<'_>) -> Vec<Found> {
        let text = self.text.as_bytes();
        let mut found = Vec::new();
        let mut rows = (0..).zip(&self.spans);
        let mut from = 0;
        while let Some(at) = word.find(&text[from..]).map(|at| from + at)
            && let Some((row, span)) = rows.find(|(_, span)| at < span.end)
        {
            found.push(Found { row, rank: span.rank(at) });
            from = span.end;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(label: &str, name: &str, description: &str, components: &str) -> Entry {
        Entry {
            card: Card {
                name: name.to_owned(),
                label: label.to_owned(),
                description: description.to_owned(),
                category: if name.contains("csv") { "data".to_owned() } else { "utilities".to_owned() },
                components: u32::try_from(components.lines().count()).expect("small"),
                ..Card::default()
            },
            component_names: components.to_owned(),
        }
    }

    fn index() -> Index {
        let mut index = Index::new(vec![
            entry("Timers", "stockroom.timers", "Start flows on a schedule.", "Every\nWait"),
            entry("CSV", "stockroom.csv", "Rows and tables, by timer or not.", "Parse"),
            entry("CSV", "examples.csv", "Example.", "Parse\nBuild\nCount"),
            entry("Mail", "stockroom.mail", "Send mail. Ünïcode.", "Send"),
        ]);
        index.set_installed("stockroom.csv", Some("1.0.0".into()), Some("1.1.0".into()));
        index.set_installed("stockroom.mail", Some("1.0.0".into()), None);
        index
    }

    fn names(index: &Index, query: &Query) -> Vec<String> {
        index.search(query).rows.iter().map(|row| index.cards()[*row as usize].name.clone()).collect()
    }

    fn text(text: &str) -> Query {
        Query { text: text.to_owned(), ..Query::default() }
    }

    #[test]
    fn replacing_one_gives_what_making_the_index_anew_would() {
        let all = [
            entry("Timers", "stockroom.timers", "Start flows on a schedule.", "Every\nWait"),
            entry("CSV", "stockroom.csv", "Rows and tables, by timer or not.", "Parse"),
            entry("CSV", "examples.csv", "Example.", "Parse\nBuild\nCount"),
            entry("İstanbul", "acme.city", "Ünïcode, longer in lower case.", ""),
        ];
        let told = |index: &Index| {
            let Index { id: _, cards, text, spans, categories, component_names } = index;
            format!("{cards:?} {text:?} {spans:?} {categories:?} {component_names:?}")
        };
        let uncategorised = Entry { card: Card { category: String::new(), ..all[2].card.clone() }, ..all[2].clone() };
        let installed =
            Entry { card: Card { installed: Some("1.0.0".into()), ..all[0].card.clone() }, ..all[0].clone() };
        let others = [
            entry("A first one", "acme.first", "", "One"),
            entry("Zoo", "acme.last", "The last.", "Animal"),
            entry("CSV", "middle.csv", "Between two of the same label.", "Read\nWrite"),
            entry("Renamed", "stockroom.csv", "Another text.", "Parse"),
            entry("CSV", "stockroom.csv", "Rows and tables, by timer or not.", "Parse\nMore"),
            uncategorised,
            installed,
        ];
        let changes =
            all.iter().map(|entry| (entry, None)).chain(others.iter().map(|entry| (entry, Some(entry.clone()))));
        for (changed, entry) in changes {
            let name = changed.card.name.as_str();
            let mut index = Index::new(all.to_vec());
            index.replace(name, entry.clone());
            let kept = all.iter().filter(|entry| entry.card.name != name).cloned();
            assert_eq!(told(&index), told(&Index::new(kept.chain(entry.clone()).collect())), "{name} {entry:?}");
            // And back.
            index.replace(name, all.iter().find(|entry| entry.card.name == name).cloned());
            assert_eq!(told(&index), told(&Index::new(all.to_vec())), "{name} back");
        }
        let mut empty = Index::default();
        empty.replace("acme.first", Some(others[0].clone()));
        assert_eq!(told(&empty), told(&Index::new(vec![others[0].clone()])));
        empty.replace("acme.first", None);
        empty.replace("acme.first", None);
        assert_eq!(told(&empty), told(&Index::default()));
    }

    #[test]
    fn who_has_searched_before_finds_what_has_come_since() {
        let (mut index, mut memory) = (index(), Memory::default());
        index.search_again(&text("first"), &mut memory);
        index.replace("acme.first", Some(entry("A first one", "acme.first", "", "One")));
        let rows = index.search_again(&text("first"), &mut memory).rows;
        assert_eq!(rows.iter().map(|row| &index.cards()[*row as usize].name).collect::<Vec<_>>(), ["acme.first"]);
    }

    #[test]
    fn no_text_gives_all_by_label_then_name() {
        assert_eq!(
            names(&index(), &Query::default()),
            ["examples.csv", "stockroom.csv", "stockroom.mail", "stockroom.timers"]
        );
    }

    #[test]
    fn label_name_description_and_components_are_searched_in_any_letter_case() {
        assert_eq!(names(&index(), &text("MAIL")), ["stockroom.mail"]);
        assert_eq!(names(&index(), &text("ünï")), ["stockroom.mail"]);
        assert_eq!(names(&index(), &text("wait")), ["stockroom.timers"]);
        assert_eq!(names(&index(), &text("examples.")), ["examples.csv"]);
    }

    #[test]
    fn a_match_in_the_label_comes_before_one_in_the_description() {
        assert_eq!(names(&index(), &text("timer")), ["stockroom.timers", "stockroom.csv"]);
    }

    #[test]
    fn every_word_must_match() {
        assert_eq!(names(&index(), &text("csv  build")), ["examples.csv"]);
        assert!(names(&index(), &text("csv nothing")).is_empty());
    }

    #[test]
    fn text_never_matches_across_two_modules() {
        // The first module ends in "Example.", the label of the second is "CSV".
        assert!(names(&index(), &text("example.csv")).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn it_finds_what_looking_into_each_module_finds(
            modules in proptest::collection::vec(("[ab]{0,3}", "[ab]{1,3}", "[ab]{0,4}", "[ab]{0,3}"), 0..8),
            words in proptest::collection::vec("[ab]{1,4}", 0..3),
        ) {
            let entries = modules.iter().enumerate();
            let entries = entries.map(|(at, (label, name, description, components))| {
                entry(label, &format!("{name}.{at}"), description, components)
            });
            let index = Index::new(entries.collect());
            let fits = |entry: &Card| {
                let (_, _, _, components) = &modules[entry.name.split('.').nth(1).and_then(|at| at.parse::<usize>().ok()).expect("a place")];
                let texts = [&entry.label, &entry.name, components, &entry.description];
                words.iter().all(|word| texts.iter().any(|text| text.contains(word.as_str())))
            };
            let all = text(&words.join(" "));
            let mut memory = Memory::default();
            // Letter by letter, and back.
            let ends = (0..=all.text.len()).chain((0..all.text.len()).rev());
            for typed in ends.map(|end| text(&all.text[..end])) {
                proptest::prop_assert_eq!(index.search_again(&typed, &mut memory), index.search(&typed));
            }
            let mut expected: Vec<_> = index.cards().iter().filter(|card| fits(card)).map(|card| card.name.clone()).collect();
            let mut found = names(&index, &all);
            expected.sort();
            found.sort();
            proptest::prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn counts_follow_text_and_category_but_not_status() {
        let query = Query { status: Status::Update, ..text("csv") };
        let hits = index().search(&query);
        assert_eq!(hits.rows.len(), 1);
        assert_eq!(hits.counts, Counts { all: 2, installed: 1, not_installed: 1, update: 1 });
        let other = Query { category: "utilities".into(), ..Query::default() };
        assert_eq!(index().search(&other).counts.all, 2);
    }

    #[test]
    fn sorts_by_vendor_and_by_number_of_components() {
        let by = |sort| Query { sort, ..Query::default() };
        assert_eq!(names(&index(), &by(Sort::Components))[0], "examples.csv");
        assert_eq!(
            names(&index(), &by(Sort::Vendor)),
            ["examples.csv", "stockroom.csv", "stockroom.mail", "stockroom.timers"]
        );
    }

    #[test]
    fn the_wire_carries_all_that_the_search_needs() {
        let index = index();
        let json = serde_json::to_string(&index.to_wire()).expect("writes");
        let there = Index::from(serde_json::from_str::<Wire>(&json).expect("reads"));
        assert_eq!(there.cards(), index.cards().iter().map(Card::for_browser).collect::<Vec<_>>());
        assert_eq!(there.categories(), ["data", "utilities"]);
        assert_eq!(there.search(&text("wait")), index.search(&text("wait")));
    }

    #[test]
    fn a_query_survives_the_url() {
        let query = Query {
            text: "a b&c=ü".into(),
            status: Status::NotInstalled,
            category: "data & more".into(),
            sort: Sort::Vendor,
        };
        let search = query.to_search();
        assert_eq!(search, "?q=a%20b%26c%3D%C3%BC&status=not-installed&category=data%20%26%20more&sort=vendor");
        assert_eq!(Query::default().to_search(), "");
        let unknown = Query::from_params(|key| (key == "status").then(|| "nonsense".to_owned()));
        assert_eq!(unknown, Query::default());
    }
}
