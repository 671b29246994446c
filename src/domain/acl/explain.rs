//! Why a role may or may not use a component: for the page that tries the rules out.

use serde::{Deserialize, Serialize};

use super::evaluate::{Grant, Subject, can_use};
use super::glob::{folded, glob_matches};
use super::rule::{Field, Rule};
use super::words::{joined, people, rank};

/// The answer to “can this role use this component, and which rule says so?”
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    pub allowed: bool,
    /// One plain sentence.
    pub text: String,
    /// Indexes of the rules that allow it, ascending.
    pub deciding: Vec<usize>,
    /// Only when denied: rules of which one field is in the way, in the order of the list.
    pub near_misses: Vec<NearMiss>,
}

/// A rule that would allow it but for one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NearMiss {
    /// Its index.
    pub rule: usize,
    pub field: Field,
    /// Plain text: what is in the way, and what would help.
    pub text: String,
}

/// Explains whether the subject may use the component. Asks [`can_use`], so that it cannot say anything else.
pub fn explain(rules: &[Rule], subject: &Subject, component: &str, private: bool) -> Explanation {
    let deciding = can_use(rules, subject, component, private).deciding;
    let allowed = !deciding.is_empty();
    let near_misses: Vec<NearMiss> = if allowed {
        Vec::new()
    } else {
        let miss = |(rule, it): (usize, &Rule)| {
            near_miss(it, subject, component, private).map(|(field, text)| NearMiss { rule, field, text })
        };
        rules.iter().enumerate().filter_map(miss).collect()
    };
    let text = if allowed {
        let names: Vec<String> = deciding.iter().map(|&index| format!("“{}”", rules[index])).collect();
        format!("Allowed by {} {}.", if names.len() == 1 { "the rule" } else { "the rules" }, joined(&names, "and"))
    } else if private && near_misses.iter().any(|miss| miss.field == Field::Attributes) {
        "Denied: this is a private component, and the rules that match it open only those that are not.".to_owned()
    } else {
        format!("Denied: no rule lets {} use this component.", who(subject))
    };
    Explanation { allowed, text, deciding, near_misses }
}

fn who(subject: &Subject) -> String {
    let mut roles: Vec<&String> = subject.roles().iter().collect();
    roles.sort_by_key(|role| rank(role));
    let names: Vec<String> = roles.into_iter().map(|role| people(role)).collect();
    if names.is_empty() { "somebody without a role".to_owned() } else { joined(&names, "or") }
}

/// The one field that keeps a rule from allowing it; `None` when it is more than one, or the rule is about a quite
/// different module.
fn near_miss(rule: &Rule, subject: &Subject, component: &str, private: bool) -> Option<(Field, String)> {
    let role = subject.has(&rule.role);
    let resource = glob_matches(&rule.resource, component);
    let action = rule.allows_use();
    let attributes = Grant::of(&rule.attributes).covers(private);
    match (role, resource, action, attributes) {
        (false, true, true, true) => Some((Field::Role, format!("It is for {}.", people(&folded(&rule.role))))),
        (true, false, true, true) => Some((Field::Resource, resource_miss(&rule.resource, component)?)),
        (true, true, false, true) => Some((Field::Action, "It does not include the action “use”.".to_owned())),
        (true, true, true, false) if private => Some((
            Field::Attributes,
            "It keeps private components hidden: its attributes have neither “private” nor “*”.".to_owned(),
        )),
        (true, true, true, false) => {
            Some((Field::Attributes, "It opens private components only: add “non-private”.".to_owned()))
        }
        _ => None,
    }
}

/// What to say of a pattern that does not match `component`; nothing when it is about another module.
fn resource_miss(pattern: &str, component: &str) -> Option<String> {
    if let Some(excluded) = pattern.strip_prefix('!') {
        return Some(format!("It is for everything else: “{excluded}” leaves this component out."));
    }
    let (pattern_folded, component_folded) = (folded(pattern), folded(component));
    if component_folded.starts_with(&format!("{pattern_folded}.")) && pattern_folded.contains('.') {
        return Some(format!("“{pattern}” names the module and not what is in it: write “{pattern}.*”."));
    }
    if pattern_folded.strip_suffix(".*") == Some(component_folded.as_str()) {
        return Some(format!("“{pattern}” matches what is in “{component}”, and not that name itself."));
    }
    let service = |name: &str| name.split('.').take(2).map(str::to_owned).collect::<Vec<_>>();
    let is_sibling = service(&pattern_folded) == service(&component_folded);
    is_sibling.then(|| format!("“{pattern}” does not match “{component}”."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(rules: &[Rule], role: &str, private: bool) -> Explanation {
        explain(rules, &Subject::role(role), "acme.git.Find", private)
    }

    fn only_miss(rule: Rule, role: &str, private: bool) -> Option<(Field, String)> {
        let mut misses = ask(&[rule], role, private).near_misses;
        assert!(misses.len() < 2);
        misses.pop().map(|miss| (miss.field, miss.text))
    }

    fn resource_text(resource: &str) -> Option<String> {
        only_miss(Rule::new("user", resource, "*", "non-private"), "user", false).map(|(field, text)| {
            assert_eq!(field, Field::Resource);
            text
        })
    }

    #[test]
    fn the_rules_that_allow_it_are_named() {
        let rules = [
            Rule::new("user", "acme.git.*", "*", "non-private"),
            Rule::new("admin", "*", "*", "*"),
            Rule::new("user", "*", "use", "*"),
        ];
        let answer = ask(&rules, "user", false);
        assert!(answer.allowed && answer.near_misses.is_empty());
        assert_eq!(answer.deciding, [0, 2]);
        assert_eq!(answer.text, "Allowed by the rules “user · acme.git.* · * · non-private” and “user · * · use · *”.");
        assert_eq!(ask(&rules, "admin", true).text, "Allowed by the rule “admin · * · * · *”.");
    }

    #[test]
    fn without_a_rule_the_answer_names_who_was_asked_for() {
        assert_eq!(ask(&[], "user", false).text, "Denied: no rule lets users use this component.");
        let ann = Subject::new(&["user".to_owned()], "ann@example.com");
        assert_eq!(
            explain(&[], &ann, "acme.git.Find", false).text,
            "Denied: no rule lets users, people at example.com or ann@example.com use this component."
        );
        assert!(explain(&[], &Subject::new(&[], ""), "a.b.C", false).text.contains("somebody without a role"));
    }

    #[test]
    fn a_rule_for_others_is_a_near_miss() {
        let miss = only_miss(Rule::new("tester", "acme.*", "*", "*"), "user", false);
        assert_eq!(miss, Some((Field::Role, "It is for testers.".to_owned())));
    }

    #[test]
    fn the_bare_module_name_is_a_near_miss_with_advice() {
        let text = resource_text("acme.git");
        assert_eq!(text.as_deref(), Some("“acme.git” names the module and not what is in it: write “acme.git.*”."));
    }

    #[test]
    fn a_star_after_the_components_own_name_does_not_match_it() {
        assert!(resource_text("acme.git.Find.*").is_some_and(|text| text.contains("not that name itself")));
    }

    #[test]
    fn a_rule_for_another_component_of_the_module_is_a_near_miss() {
        assert_eq!(resource_text("acme.git.List").as_deref(), Some("“acme.git.List” does not match “acme.git.Find”."));
    }

    #[test]
    fn a_negation_says_that_it_leaves_this_out() {
        assert!(resource_text("!acme.*").is_some_and(|text| text.contains("“acme.*” leaves this component out")));
    }

    #[test]
    fn rules_of_other_modules_are_no_near_misses() {
        assert_eq!(resource_text("acme.github.*"), None);
        assert_eq!(resource_text("acme"), None);
        assert_eq!(only_miss(Rule::new("tester", "other.*", "*", "*"), "user", false), None, "two fields in the way");
    }

    #[test]
    fn attributes_that_hide_private_components_are_the_reason_given() {
        let answer = ask(&[Rule::new("user", "*", "*", "non-private")], "user", true);
        assert!(!answer.allowed && answer.deciding.is_empty());
        assert!(answer.text.contains("private component"), "{}", answer.text);
        assert_eq!(answer.near_misses[0].field, Field::Attributes);
        assert!(answer.near_misses[0].text.contains("keeps private components hidden"));
    }

    #[test]
    fn a_rule_for_private_components_alone_is_a_near_miss() {
        let miss = only_miss(Rule::new("user", "*", "*", "private"), "user", false);
        assert!(miss.is_some_and(|(_, text)| text.contains("add “non-private”")));
        let answer = ask(&[Rule::new("user", "*", "*", "private")], "user", false);
        assert_eq!(answer.text, "Denied: no rule lets users use this component.");
    }

    #[test]
    fn a_rule_without_the_action_use_is_a_near_miss() {
        let miss = only_miss(Rule::new("user", "*", "read", "*"), "user", false);
        assert_eq!(miss.map(|(field, _)| field), Some(Field::Action));
    }
}
