//! What a rule may hold, how it is read, and when two rules are the same.

use super::AclType::{Components, Routes};
use super::*;

fn read(json: &str) -> Rule {
    serde_json::from_str(json).expect("JSON of a rule")
}

fn first_error(rule: &Rule, kind: AclType) -> (Field, String) {
    let error = rule.validate(kind).expect_err("an invalid rule").remove(0);
    (error.field, error.message)
}

fn with_actions(actions: &[&str]) -> Rule {
    Rule { action: actions.iter().map(|&action| action.to_owned()).collect(), ..Rule::new("user", "flows", "*", "*") }
}

#[test]
fn a_rule_travels_in_the_documented_shape() {
    let wire = r#"{"role":"user","resource":"*","action":["*"],"attributes":["non-private"]}"#;
    assert_eq!(read(wire), Rule::new("user", "*", "*", "non-private"));
    assert_eq!(serde_json::to_string(&read(wire)).expect("JSON"), wire);
}

#[test]
fn a_component_rule_without_attributes_opens_what_is_not_private() {
    for wire in [
        r#"{"role":"user","resource":"*","action":["*"]}"#,
        r#"{"role":"user","resource":"*","action":["*"],"attributes":null}"#,
        r#"{"role":"user","resource":"*","action":["*"],"attributes":[]}"#,
    ] {
        assert_eq!(read(wire).normalise(Components).attributes, ["non-private"]);
    }
}

#[test]
fn a_route_rule_without_attributes_shows_every_property() {
    assert_eq!(read(r#"{"role":"user","resource":"flows","action":["read"]}"#).normalise(Routes).attributes, ["*"]);
}

#[test]
fn attributes_that_were_sent_are_kept() {
    let rule = Rule::new(" user ", "*", " use", "private ").normalise(Components);
    assert_eq!(rule, Rule::new("user", "*", "use", "private"));
}

#[test]
fn an_empty_object_is_answered_field_by_field() {
    let errors = read("{}").validate(Routes).expect_err("nothing is there");
    let fields: Vec<Field> = errors.iter().map(|error| error.field).collect();
    assert_eq!(fields, [Field::Role, Field::Resource, Field::Action, Field::Attributes]);
    assert_eq!(errors[0].message, "The role is missing.");
    assert_eq!(errors[2].message, "Choose at least one action.");
}

#[test]
fn the_rules_of_the_documentation_are_valid() {
    for role in ["admin", "user", "tester", "acme1", "ann@example.com", "example.com"] {
        assert_eq!(Rule::new(role, "*", "*", "non-private").validate(Components), Ok(()));
        assert_eq!(Rule::new(role, "flows", "*", "*").validate(Routes), Ok(()));
    }
    assert_eq!(Rule::new("user", "!appmixer.google*", "use", "*").validate(Components), Ok(()));
}

#[test]
fn overlong_and_unprintable_texts_are_refused() {
    for bad in ["", "  ", "a\nb", "a\0", &"x".repeat(201)] {
        assert_eq!(first_error(&Rule::new(bad, "*", "*", "*"), Components).0, Field::Role, "{bad:?}");
        assert_eq!(first_error(&Rule::new("user", bad, "*", "*"), Components).0, Field::Resource, "{bad:?}");
        assert_eq!(first_error(&Rule::new("user", "*", "*", bad), Routes).0, Field::Attributes, "{bad:?}");
    }
    assert_eq!(Rule::new(&"é".repeat(200), "*", "*", "*").validate(Components), Ok(()), "characters count, not bytes");
}

#[test]
fn a_role_is_no_pattern() {
    for bad in ["*", "*@example.com", "!user"] {
        let (field, message) = first_error(&Rule::new(bad, "*", "*", "*"), Components);
        assert_eq!(field, Field::Role);
        assert!(message.contains("not a pattern"), "{message}");
    }
}

#[test]
fn a_resource_is_one_pattern() {
    for bad in ["a.*,b.*", "a.*; b.*", "a b", "!"] {
        assert_eq!(first_error(&Rule::new("user", bad, "*", "*"), Components).0, Field::Resource, "{bad:?}");
    }
}

#[test]
fn components_know_one_action() {
    assert_eq!(Components.actions(), ["*", "use"]);
    assert_eq!(Rule::new("user", "*", "USE", "*").validate(Components), Ok(()));
    let (field, message) = first_error(&Rule::new("user", "*", "read", "*"), Components);
    assert_eq!(field, Field::Action);
    assert_eq!(message, "“read” is no action here. There are: *, use.");
}

#[test]
fn routes_know_the_actions_of_the_documentation() {
    let all = ["*", "read", "!read", "create", "!create", "update", "!update", "delete", "!delete"];
    assert_eq!(Routes.actions(), all);
    for action in all {
        assert_eq!(with_actions(&[action]).validate(Routes), Ok(()), "{action}");
    }
    assert_eq!(with_actions(&["*", "!delete"]).validate(Routes), Ok(()));
    for unknown in ["use", "!use", "re*", "!*", "!!read"] {
        assert_eq!(first_error(&with_actions(&[unknown]), Routes).0, Field::Action, "{unknown}");
    }
}

#[test]
fn actions_that_cancel_each_other_out_are_refused() {
    for (actions, kind) in [
        (&["read", "!read"][..], Routes),
        (&["*", "!read", "!create", "!update", "!delete"], Routes),
        (&["*", "!use"], Components),
        (&["!use"], Components),
    ] {
        let (_, message) = first_error(&with_actions(actions), kind);
        assert!(message.contains("cancel each other out"), "{actions:?}: {message}");
    }
}

#[test]
fn components_know_three_attributes_and_routes_any_property() {
    assert_eq!(Rule::new("user", "*", "*", "Non-Private").validate(Components), Ok(()));
    assert_eq!(first_error(&Rule::new("user", "*", "*", "!private"), Components).0, Field::Attributes);
    assert_eq!(Rule::new("user", "flows", "*", "!thumbnail").validate(Routes), Ok(()));
}

#[test]
fn an_endless_list_is_refused() {
    assert_eq!(first_error(&with_actions(&["read"; 51]), Routes).0, Field::Action);
}

#[test]
fn identity_ignores_order_case_blanks_and_repetition() {
    let one = with_actions(&["*", "!delete"]);
    let same = Rule { role: " USER".to_owned(), ..with_actions(&["!Delete", "*", "*"]) };
    assert_eq!(one.identity(), same.identity());
}

#[test]
fn identity_tells_different_rules_apart() {
    let rule = Rule::new("user", "acme.*", "*", "private");
    for other in [
        Rule::new("admin", "acme.*", "*", "private"),
        Rule::new("user", "acme*", "*", "private"),
        Rule::new("user", "acme.*", "use", "private"),
        Rule::new("user", "acme.*", "*", "non-private"),
        Rule::new("user|acme.*", "", "*", "private"),
    ] {
        assert_ne!(rule.identity(), other.identity());
    }
    assert_ne!(Rule::new("a|b", "c", "*", "*").identity(), Rule::new("a", "b|c", "*", "*").identity());
}

#[test]
fn the_lists_have_their_words_in_urls() {
    assert_eq!(AclType::parse("components"), Some(Components));
    assert_eq!(AclType::parse("routes"), Some(Routes));
    assert_eq!(AclType::parse("Routes"), None);
    assert_eq!(serde_json::to_string(&[Routes, Components]).expect("JSON"), r#"["routes","components"]"#);
}
