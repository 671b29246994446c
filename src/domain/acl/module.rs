//! Rules and whole modules: which rules touch one, who sees it, and how to open it to all users.

use super::evaluate::{Grant, Subject};
use super::glob::{folded, glob_matches};
use super::rule::Rule;
use crate::domain::name::ModuleName;

/// A name that no real component has: what matches it matches components that are not known yet.
fn any_component(module: &ModuleName) -> String {
    format!("{module}.\u{1}")
}

/// Indexes of the rules that apply to the module: their pattern matches the bare module name, one of the components
/// (`(full name, private)`), or any component that the module may have one day; or it names something inside it.
///
/// Globs are taken as they are: `appmixer.google*` does apply to `appmixer.googleContacts`, and `!acme.*` to all that
/// is not Acme's. `appmixer.google.*` does not apply to `appmixer.googleContacts`.
pub fn rules_for_module(rules: &[Rule], module: &ModuleName, components: &[(&str, bool)]) -> Vec<usize> {
    let inside = folded(&format!("{module}."));
    let unknown = any_component(module);
    let applies = |rule: &Rule| {
        let pattern = rule.resource.as_str();
        glob_matches(pattern, module.as_str())
            || glob_matches(pattern, &unknown)
            || components.iter().any(|(name, _)| glob_matches(pattern, name))
            || folded(pattern).starts_with(&inside)
    };
    (0..rules.len()).filter(|&index| applies(&rules[index])).collect()
}

impl Rule {
    /// Whether this rule lets its role see the module by naming the module itself.
    ///
    /// Two rules that match the bare name do not count. One that opens only a kind of component which the module does
    /// not have: a module of private helpers would be listed for everyone. And a negation: `!acme.git.*` matches the
    /// bare name `acme.git`, but who writes it means to hide the module.
    fn shows(&self, module: &ModuleName, components: &[(&str, bool)]) -> bool {
        let grant = Grant::of(&self.attributes);
        self.allows_use()
            && !self.resource.starts_with('!')
            && glob_matches(&self.resource, module.as_str())
            && (components.is_empty() || components.iter().any(|&(_, private)| grant.covers(private)))
    }

    /// Whether this rule lets its role see the module: by naming it, or by opening one of its components.
    pub(super) fn reveals(&self, module: &ModuleName, components: &[(&str, bool)]) -> bool {
        self.shows(module, components) || components.iter().any(|&(name, private)| self.opens(name, private))
    }
}

/// True when the module is listed for the subject: at least one of its components is usable, or a rule names the
/// module itself.
///
/// The bare name `acme.git` does not match `acme.git.*`. Were it asked for alone, every module would need two rules;
/// as a usable component suffices, the one rule of [`opening_rules`] is enough.
pub fn can_see_module(rules: &[Rule], subject: &Subject, module: &ModuleName, components: &[(&str, bool)]) -> bool {
    rules.iter().any(|rule| subject.has(&rule.role) && rule.reveals(module, components))
}

/// What the button “Add ACL rule for users” adds: users may use all components that are not private, those of later
/// versions too. The dot before the star keeps neighbours out (`acme.git*` would open `acme.github`).
pub fn opening_rules(module: &ModuleName) -> Vec<Rule> {
    vec![Rule::new("user", &format!("{module}.*"), "*", "non-private")]
}

/// True when the opening rule, or wider ones for the role `user`, are in effect: users may use every component that
/// is not private, and those that a later version brings. A rule for each component is therefore not enough.
pub fn open_to_users(rules: &[Rule], module: &ModuleName, components: &[(&str, bool)]) -> bool {
    let users = Subject::role("user");
    let is_open = |name: &str| rules.iter().any(|rule| users.has(&rule.role) && rule.opens(name, false));
    is_open(&any_component(module)) && components.iter().all(|&(name, private)| private || is_open(name))
}

/// Those of `wanted` that are not among `rules` yet, by [`Rule::identity`], each once.
pub fn missing_from(rules: &[Rule], wanted: Vec<Rule>) -> Vec<Rule> {
    let known: Vec<String> = rules.iter().map(Rule::identity).collect();
    let mut missing: Vec<Rule> = Vec::new();
    for rule in wanted {
        let identity = rule.identity();
        if !known.contains(&identity) && missing.iter().all(|other| other.identity() != identity) {
            missing.push(rule);
        }
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPONENTS: [(&str, bool); 3] =
        [("acme.git.Find", false), ("acme.git.List", false), ("acme.git.Helper", true)];

    fn git() -> ModuleName {
        ModuleName::parse("acme.git").expect("a name")
    }

    fn user_rule(resource: &str) -> Vec<Rule> {
        vec![Rule::new("user", resource, "*", "non-private")]
    }

    fn applies(resource: &str) -> bool {
        !rules_for_module(&user_rule(resource), &git(), &COMPONENTS).is_empty()
    }

    fn users_see(rules: &[Rule]) -> bool {
        can_see_module(rules, &Subject::role("user"), &git(), &COMPONENTS)
    }

    #[test]
    fn rules_that_match_the_module_or_something_in_it_apply() {
        for resource in [
            "*",
            "acme.*",
            "acme.git",
            "ACME.GIT",
            "acme.git.*",
            "acme.git.find",
            "*.List",
            "acme.g*.*",
            "acme.gi*",
            "acme.git.Gone",
            "acme.git.Go*",
        ] {
            assert!(applies(resource), "{resource}");
        }
    }

    #[test]
    fn rules_of_neighbours_do_not_apply_unless_their_glob_matches() {
        for resource in ["acme.github.*", "acme.github", "acme.gi", "other.*", "*.Nothing", "acme"] {
            assert!(!applies(resource), "{resource}");
        }
        let contacts = ModuleName::parse("appmixer.googleContacts").expect("a name");
        let components = [("appmixer.googleContacts.Find", false)];
        assert_eq!(rules_for_module(&user_rule("appmixer.google*"), &contacts, &components), [0]);
        assert!(rules_for_module(&user_rule("appmixer.google.*"), &contacts, &components).is_empty());
    }

    #[test]
    fn a_negation_applies_to_what_it_does_not_leave_out() {
        assert!(applies("!other.*"));
        assert!(applies("!acme.git.Find"), "the other components are still matched");
        assert!(!applies("!acme.git*"));
    }

    #[test]
    fn rules_apply_to_a_module_whose_components_are_not_known() {
        for resource in ["acme.git.*", "acme.g*.*", "acme.git", "acme.git.Find"] {
            assert_eq!(rules_for_module(&user_rule(resource), &git(), &[]), [0], "{resource}");
        }
    }

    #[test]
    fn the_opening_rule_alone_shows_the_module_although_it_does_not_match_its_name() {
        let rules = opening_rules(&git());
        assert_eq!(rules, user_rule("acme.git.*"));
        assert!(!glob_matches(&rules[0].resource, "acme.git"));
        assert!(users_see(&rules));
        assert!(open_to_users(&rules, &git(), &COMPONENTS));
    }

    #[test]
    fn a_rule_that_names_the_module_shows_it() {
        assert!(users_see(&user_rule("acme.git")));
        assert!(!open_to_users(&user_rule("acme.git"), &git(), &COMPONENTS), "but opens no component");
        assert!(!users_see(&[Rule::new("user", "acme.git", "read", "*")]), "unless it does not let them use it");
    }

    #[test]
    fn a_negation_hides_a_module_although_it_matches_the_bare_name() {
        assert!(glob_matches("!acme.git.*", "acme.git"));
        assert!(!users_see(&user_rule("!acme.git.*")));
        assert!(users_see(&user_rule("!other.*")));
    }

    #[test]
    fn a_module_of_private_components_stays_hidden_from_those_who_may_use_none() {
        let private = [("acme.git.Helper", true)];
        let everyone = user_rule("*");
        assert!(!can_see_module(&everyone, &Subject::role("user"), &git(), &private));
        assert!(can_see_module(&everyone, &Subject::role("user"), &git(), &[]), "an empty one is not private");
    }

    #[test]
    fn wider_rules_open_as_well_and_narrower_ones_do_not() {
        for (resource, open) in [
            ("*", true),
            ("acme.*", true),
            ("acme.git*", true),
            ("!other.*", true),
            ("acme.git.F*", false),
            ("!acme.git.Find", false),
            ("other.*", false),
        ] {
            assert_eq!(open_to_users(&user_rule(resource), &git(), &COMPONENTS), open, "{resource}");
        }
    }

    #[test]
    fn a_rule_for_each_component_leaves_the_next_version_closed() {
        let rules = [user_rule("acme.git.Find"), user_rule("acme.git.List")].concat();
        assert!(!open_to_users(&rules, &git(), &COMPONENTS));
    }

    #[test]
    fn rules_for_others_or_without_use_do_not_open_to_users() {
        for rule in [
            Rule::new("admin", "*", "*", "*"),
            Rule::new("user", "*", "*", "private"),
            Rule::new("user", "*", "read", "*"),
        ] {
            assert!(!open_to_users(&[rule], &git(), &COMPONENTS));
        }
    }

    #[test]
    fn rules_that_are_there_are_not_missing() {
        let there = vec![Rule::new("USER", "Acme.git.*", "*", "non-private")];
        assert!(missing_from(&there, opening_rules(&git())).is_empty());
        let twice = [opening_rules(&git()), opening_rules(&git())].concat();
        assert_eq!(missing_from(&[], twice), opening_rules(&git()));
    }
}
