//! Patterns in rules: globs without regard to letter case, alone and in lists.

/// One letter without its case.
///
/// A letter outside ASCII never becomes one inside it, as in JavaScript's `/i`: otherwise the Kelvin sign would pass
/// for a `k`, and an e-mail address at a look-alike domain for one at the real domain.
fn fold(letter: char) -> char {
    if letter.is_ascii() {
        return letter.to_ascii_lowercase();
    }
    let mut lower = letter.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) if !one.is_ascii() => one,
        _ => letter,
    }
}

/// A text trimmed and without its letter case: two texts mean the same in a rule when their folded forms are equal.
pub(super) fn folded(text: &str) -> String {
    text.trim().chars().map(fold).collect()
}

/// True when `text` fits `pattern` as a whole: `*` stands for any run of characters, dots included, letter case does
/// not count, and one leading `!` turns the answer round (the rules of the npm package `matcher`).
///
/// Time is at most the product of both lengths, however many stars there are.
pub fn glob_matches(pattern: &str, text: &str) -> bool {
    match pattern.strip_prefix('!') {
        Some(excluded) => !fits(excluded, text),
        None => fits(pattern, text),
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let (mut wanted, mut rest) = (pattern.chars(), text.chars());
    // Only the last star is ever tried again: an earlier one could do nothing that the later one cannot.
    let mut after_star = None;
    loop {
        let here = rest.clone();
        match (wanted.next(), rest.next()) {
            (Some('*'), _) => {
                after_star = Some((wanted.clone(), here.clone()));
                rest = here;
            }
            (Some(a), Some(b)) if fold(a) == fold(b) => {}
            (None, None) => return true,
            (Some(_), None) => return false,
            _ => {
                let Some((pattern_after, mut text_after)) = after_star else { return false };
                text_after.next();
                (wanted, rest) = (pattern_after.clone(), text_after.clone());
                after_star = Some((pattern_after, text_after));
            }
        }
    }
}

/// True when a list of patterns, such as a rule's actions, lets `text` through: one of its positive patterns fits and
/// none of its negated ones excludes it. A list of negations alone lets everything else through; an empty one nothing.
///
/// The order of the list does not count (`matcher` from version 4 on), so that rules with the same words mean the
/// same. Older versions let the last fitting pattern win and an empty list pass everything; where they differ, this
/// function is the one that grants less.
pub fn list_matches(patterns: &[String], text: &str) -> bool {
    let is_negated = |pattern: &&String| pattern.starts_with('!');
    let none_excludes = patterns.iter().filter(is_negated).all(|pattern| glob_matches(pattern, text));
    let mut positive = patterns.iter().filter(|pattern| !is_negated(pattern)).peekable();
    let only_negations = positive.peek().is_none() && !patterns.is_empty();
    none_excludes && (only_negations || positive.any(|pattern| glob_matches(pattern, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str]) -> Vec<String> {
        patterns.iter().map(|&pattern| pattern.to_owned()).collect()
    }

    #[test]
    fn a_star_crosses_dots() {
        assert!(glob_matches("appmixer.*", "appmixer.google.gmail.Send"));
        assert!(glob_matches("*.Send", "appmixer.google.gmail.Send"));
        assert!(glob_matches("a*b*c", "a.x.b.y.c"));
    }

    #[test]
    fn a_pattern_fits_the_whole_text_or_not_at_all() {
        assert!(!glob_matches("google", "appmixer.google"));
        assert!(!glob_matches("appmixer", "appmixer.google"));
        assert!(glob_matches("*google*", "appmixer.google.Find"));
    }

    #[test]
    fn a_prefix_with_a_star_catches_the_neighbour() {
        assert!(glob_matches("appmixer.google*", "appmixer.googleContacts.Find"));
        assert!(!glob_matches("appmixer.google.*", "appmixer.googleContacts.Find"));
    }

    #[test]
    fn a_dot_and_a_star_do_not_catch_the_bare_module() {
        assert!(!glob_matches("appmixer.utils.*", "appmixer.utils"));
    }

    #[test]
    fn letter_case_does_not_count() {
        assert!(glob_matches("APPMIXER.*", "appmixer.Google"));
        assert!(glob_matches("acme.grün", "acme.GRÜN"));
    }

    #[test]
    fn a_look_alike_letter_is_another_letter() {
        assert!(!glob_matches("bank.example", "ban\u{212a}.example"), "the Kelvin sign is no k");
        assert!(!glob_matches("i", "\u{130}") && !glob_matches("i", "\u{131}"), "nor is a Turkish i an i");
    }

    #[test]
    fn a_leading_exclamation_mark_means_everything_else() {
        assert!(!glob_matches("!appmixer.google*", "appmixer.googleContacts.Find"));
        assert!(glob_matches("!appmixer.google*", "appmixer.slack.Post"));
        assert!(glob_matches("!!a", "a"), "only the first mark negates");
        assert!(!glob_matches("!!a", "!a"));
    }

    #[test]
    fn other_signs_of_regular_expressions_are_plain() {
        assert!(!glob_matches("a.b", "aXb"));
        assert!(!glob_matches("a?", "ab") && !glob_matches("[a]", "a") && !glob_matches("a+", "aa"));
        assert!(glob_matches("(a|b)$", "(a|b)$"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_more_than_its_length_times_the_text() {
        let pattern = "*a".repeat(2_000);
        let started = std::time::Instant::now();
        assert!(!glob_matches(&format!("{pattern}b"), &"a".repeat(10_000)));
        assert!(started.elapsed().as_secs() < 5);
    }

    #[test]
    fn a_negation_takes_back_what_a_star_gives() {
        let all_but_delete = list(&["*", "!delete"]);
        assert!(list_matches(&all_but_delete, "read"));
        assert!(!list_matches(&all_but_delete, "DELETE"));
    }

    #[test]
    fn the_order_of_a_list_does_not_count() {
        assert!(!list_matches(&list(&["!delete", "*"]), "delete"));
        assert!(list_matches(&list(&["!delete", "*"]), "read"));
    }

    #[test]
    fn negations_alone_mean_everything_else() {
        let list = list(&["!delete", "!update"]);
        assert!(list_matches(&list, "read"));
        assert!(!list_matches(&list, "delete") && !list_matches(&list, "update"));
    }

    #[test]
    fn beside_a_positive_word_a_negation_adds_nothing() {
        assert!(!list_matches(&list(&["!delete", "read"]), "create"));
    }

    #[test]
    fn an_empty_list_lets_nothing_through() {
        assert!(!list_matches(&[], "use"));
    }
}
