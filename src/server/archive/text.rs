//! Makes texts from manifests fit to be kept: trimmed, bounded, without invisible characters.

/// True for control characters, and for the invisible ones that reorder or hide what follows.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// One line of at most `max` characters: labels, categories, names.
pub(super) fn line(text: &str, max: usize) -> String {
    let spaced = text.split(['\n', '\r', '\t']).collect::<Vec<_>>().join(" ");
    spaced.trim().chars().filter(|&c| !is_unprintable(c)).take(max).collect()
}

/// Several lines of at most `max` characters: descriptions. Joiners stay, emoji are made with them.
pub(super) fn prose(text: &str, max: usize) -> String {
    let keeps = |c: &char| matches!(c, '\n' | '\t' | '\u{200d}') || !is_unprintable(*c);
    text.trim().chars().filter(keeps).take(max).collect()
}

/// A label for a name that has none: `googleContacts` becomes `Google Contacts`.
pub(super) fn prettified(segment: &str) -> String {
    let mut words = String::new();
    let mut previous = ' ';
    for c in segment.chars() {
        let starts_word = c.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
        if matches!(c, '_' | '-') || starts_word {
            words.push(' ');
        }
        if !matches!(c, '_' | '-') {
            words.push(c);
        }
        previous = c;
    }
    let capitalised = words.split_whitespace().map(|word| {
        let mut chars = word.chars();
        chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect::<String>()
    });
    capitalised.collect::<Vec<_>>().join(" ")
}
