//! Laws that hold for any rules, checked against plain references on generated ones.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;
use crate::domain::name::ModuleName;

const ROLES: [&str; 6] = ["user", "admin", "tester", "Acme1", "example.com", "Ann@example.com"];
const RESOURCES: [&str; 14] = [
    "*",
    "acme.*",
    "acme.git",
    "acme.git.*",
    "ACME.git*",
    "acme.github.*",
    "!acme.git.*",
    "!acme.git*",
    "*.Find",
    "!*",
    "acme.git.Find",
    "!acme.git.find",
    "other.*",
    "*git*",
];
const COMPONENTS: [(&str, bool); 5] = [
    ("acme.git.Find", false),
    ("acme.git.Helper", true),
    ("acme.git.List", false),
    ("acme.git.Push", false),
    ("acme.git.Secret", true),
];

fn git() -> ModuleName {
    ModuleName::parse("acme.git").expect("a name")
}

/// Few letters, so that patterns often fit; one of them not ASCII.
fn text() -> impl Strategy<Value = String> {
    vec(select(vec!['a', 'A', 'b', '.', 'é', 'É']), 0..9).prop_map(String::from_iter)
}

fn pattern() -> impl Strategy<Value = String> {
    (any::<bool>(), vec(select(vec!['a', 'B', '.', '*', '*', 'é']), 0..7)).prop_map(
        |(negated, letters)| if negated { "!".to_owned() } else { String::new() } + &String::from_iter(letters),
    )
}

fn some_of(words: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
    subsequence(words, 1..=words.len())
        .prop_shuffle()
        .prop_map(|words| words.iter().map(|&word| word.to_owned()).collect())
}

fn rule() -> impl Strategy<Value = Rule> {
    let action = some_of(&["*", "use", "!use", "read", "!read"]);
    let attributes = some_of(&["*", "private", "non-private"]);
    (select(&ROLES[..]), select(&RESOURCES[..]), action, attributes).prop_map(|(role, resource, action, attributes)| {
        Rule { role: role.to_owned(), resource: resource.to_owned(), action, attributes }
    })
}

fn rules() -> impl Strategy<Value = Vec<Rule>> {
    vec(rule(), 0..6)
}

fn subject() -> impl Strategy<Value = Subject> {
    (some_of(&["user", "ADMIN", "tester", "acme1"]), select(vec!["", "ann@Example.com", "bob@other.org"]))
        .prop_map(|(scopes, email)| Subject::new(&scopes, email))
}

/// The reference for globs: the definition, tried in every way. Exponential, and obviously right.
fn plainly_fits(pattern: &[char], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['*', rest @ ..] => (0..=text.len()).any(|skipped| plainly_fits(rest, &text[skipped..])),
        [letter, rest @ ..] => text.first() == Some(letter) && plainly_fits(rest, &text[1..]),
    }
}

fn plainly_matches(pattern: &str, text: &str) -> bool {
    let letters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    match pattern.strip_prefix('!') {
        Some(excluded) => !plainly_fits(&letters(excluded), &letters(text)),
        None => plainly_fits(&letters(pattern), &letters(text)),
    }
}

/// The reference for lists: strike out what negations exclude, then look for a positive word.
fn plainly_in_list(patterns: &[String], text: &str) -> bool {
    let mut has_positive = false;
    let mut is_in = false;
    for pattern in patterns {
        if let Some(excluded) = pattern.strip_prefix('!') {
            if plainly_matches(excluded, text) {
                return false;
            }
        } else {
            has_positive = true;
            is_in |= plainly_matches(pattern, text);
        }
    }
    is_in || !(has_positive || patterns.is_empty())
}

/// The reference for evaluation: role by role, rule by rule.
fn plainly_evaluated(rules: &[Rule], roles: &[String], resource: &str, action: &str) -> Vec<String> {
    let mut attributes = std::collections::BTreeSet::new();
    for role in roles {
        for rule in rules {
            if rule.role.to_lowercase() == *role
                && plainly_matches(&rule.resource, resource)
                && plainly_in_list(&rule.action, action)
            {
                attributes.extend(rule.attributes.clone());
            }
        }
    }
    attributes.into_iter().collect()
}

/// What the subject can use of the module, one answer a component.
fn usable(rules: &[Rule], subject: &Subject) -> Vec<bool> {
    COMPONENTS.iter().map(|&(name, private)| can_use(rules, subject, name, private).is_allowed()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn globs_agree_with_the_definition(pattern in pattern(), text in text()) {
        prop_assert_eq!(glob_matches(&pattern, &text), plainly_matches(&pattern, &text));
    }

    #[test]
    fn globs_ignore_letter_case(pattern in pattern(), text in text()) {
        let answer = glob_matches(&pattern, &text);
        prop_assert_eq!(glob_matches(&pattern.to_uppercase(), &text), answer);
        prop_assert_eq!(glob_matches(&pattern, &text.to_uppercase()), answer);
    }

    #[test]
    fn any_texts_are_answered_and_a_text_fits_itself(text in ".*", pattern in ".*") {
        let _ = glob_matches(&pattern, &text);
        prop_assert!(text.starts_with('!') || glob_matches(&text, &text));
    }

    #[test]
    fn lists_agree_with_the_definition(patterns in vec(pattern(), 0..4), text in text()) {
        prop_assert_eq!(list_matches(&patterns, &text), plainly_in_list(&patterns, &text));
    }

    #[test]
    fn the_order_within_a_list_does_not_count(patterns in vec(pattern(), 0..5), text in text()) {
        let backwards: Vec<String> = patterns.iter().rev().cloned().collect();
        prop_assert_eq!(list_matches(&patterns, &text), list_matches(&backwards, &text));
    }

    #[test]
    fn evaluation_agrees_with_the_definition(
        rules in rules(), subject in subject(), component in select(&COMPONENTS[..]),
        action in select(vec!["use", "read"]),
    ) {
        let decision = evaluate(&rules, &subject, component.0, action);
        prop_assert_eq!(decision.attributes, plainly_evaluated(&rules, subject.roles(), component.0, action));
    }

    #[test]
    fn using_a_component_needs_its_attribute(
        rules in rules(), subject in subject(), component in select(&COMPONENTS[..]),
    ) {
        let (name, private) = component;
        let attributes = plainly_evaluated(&rules, subject.roles(), name, "use");
        let needed = if private { "private" } else { "non-private" };
        let expected = attributes.iter().any(|word| word == "*" || word == needed);
        prop_assert_eq!(can_use(&rules, &subject, name, private).is_allowed(), expected);
    }

    #[test]
    fn another_rule_takes_nothing_away(
        rules in rules(), another in rule(), place in any::<prop::sample::Index>(), subject in subject(),
    ) {
        let mut more = rules.clone();
        more.insert(place.index(rules.len() + 1), another);
        for (before, after) in usable(&rules, &subject).into_iter().zip(usable(&more, &subject)) {
            prop_assert!(after || !before);
        }
        let sees = |rules: &[Rule]| can_see_module(rules, &subject, &git(), &COMPONENTS);
        prop_assert!(sees(&more) || !sees(&rules));
    }

    #[test]
    fn another_role_takes_nothing_away(rules in rules(), scopes in some_of(&["user", "admin", "tester", "acme1"])) {
        let all = usable(&rules, &Subject::new(&scopes, "ann@example.com"));
        for (fewer, more) in usable(&rules, &Subject::new(&scopes[1..], "")).into_iter().zip(all) {
            prop_assert!(more || !fewer);
        }
    }

    #[test]
    fn the_order_of_the_rules_does_not_count(
        rules in rules(), turns in any::<prop::sample::Index>(), subject in subject(),
    ) {
        let mut turned = rules.clone();
        turned.rotate_left(if rules.is_empty() { 0 } else { turns.index(rules.len()) });
        prop_assert_eq!(usable(&rules, &subject), usable(&turned, &subject));
        let attributes = |rules: &[Rule]| evaluate(rules, &subject, "acme.git.Find", "use").attributes;
        prop_assert_eq!(attributes(&rules), attributes(&turned));
        let sentence = |rules: &[Rule]| audience(rules, &git(), &COMPONENTS).sentence();
        prop_assert_eq!(sentence(&rules), sentence(&turned));
    }

    #[test]
    fn rules_of_one_identity_give_the_same(one in rule(), other in rule(), subject in subject()) {
        let mut same = one.clone();
        same.action.reverse();
        same.attributes.reverse();
        same.role = same.role.to_uppercase();
        prop_assert_eq!(one.identity(), same.identity());
        for twin in [same, other].into_iter().filter(|twin| twin.identity() == one.identity()) {
            prop_assert_eq!(usable(std::slice::from_ref(&one), &subject), usable(&[twin], &subject));
        }
    }

    #[test]
    fn opening_gives_users_all_that_is_not_private_and_nothing_that_is(rules in rules()) {
        let users = Subject::role("user");
        let mut opened = rules.clone();
        opened.extend(missing_from(&rules, opening_rules(&git())));
        prop_assert!(open_to_users(&opened, &git(), &COMPONENTS));
        prop_assert!(can_see_module(&opened, &users, &git(), &COMPONENTS));
        for ((before, after), (name, private)) in
            usable(&rules, &users).into_iter().zip(usable(&opened, &users)).zip(COMPONENTS)
        {
            prop_assert_eq!(after, if private { before } else { true }, "{}", name);
        }
        let neighbour = |rules: &[Rule]| can_use(rules, &users, "acme.github.Find", false).is_allowed();
        prop_assert_eq!(neighbour(&rules), neighbour(&opened));
    }

    #[test]
    fn opening_twice_adds_nothing(rules in rules()) {
        let mut opened = rules.clone();
        opened.extend(missing_from(&rules, opening_rules(&git())));
        prop_assert!(missing_from(&opened, opening_rules(&git())).is_empty());
    }

    #[test]
    fn whoever_can_use_or_see_does_so_by_a_rule_that_applies(rules in rules(), subject in subject()) {
        let applying = rules_for_module(&rules, &git(), &COMPONENTS);
        let left: Vec<Rule> = applying.iter().map(|&index| rules[index].clone()).collect();
        prop_assert_eq!(usable(&rules, &subject), usable(&left, &subject));
        let sees = |rules: &[Rule]| can_see_module(rules, &subject, &git(), &COMPONENTS);
        prop_assert_eq!(sees(&rules), sees(&left));
    }

    #[test]
    fn the_audience_counts_what_each_role_can_use(rules in rules()) {
        let found = audience(&rules, &git(), &COMPONENTS);
        for role in ROLES {
            let subject = Subject::role(role);
            let access = found.roles.iter().find(|access| access.role == role.to_lowercase());
            prop_assert_eq!(access.is_some(), can_see_module(&rules, &subject, &git(), &COMPONENTS));
            let counted = access.map_or(0, |access| access.components + access.private);
            prop_assert_eq!(counted, usable(&rules, &subject).iter().filter(|can| **can).count());
        }
    }

    #[test]
    fn an_explanation_says_what_is_decided(
        rules in rules(), subject in subject(), component in select(&COMPONENTS[..]),
    ) {
        let (name, private) = component;
        let answer = explain(&rules, &subject, name, private);
        let decision = can_use(&rules, &subject, name, private);
        prop_assert_eq!(answer.allowed, decision.is_allowed());
        prop_assert_eq!(answer.text.starts_with("Allowed"), answer.allowed);
        prop_assert_eq!(answer.deciding, decision.deciding);
        prop_assert!(answer.near_misses.is_empty() || !answer.allowed);
    }

    #[test]
    fn rules_travel_unchanged(rule in rule()) {
        let wire = serde_json::to_string(&rule).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<Rule>(&wire).expect("a rule"), rule);
    }
}
