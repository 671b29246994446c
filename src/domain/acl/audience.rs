//! Who can use a module now, role by role, and the sentence that says so.

use serde::{Deserialize, Serialize};

use super::glob::folded;
use super::module::rules_for_module;
use super::rule::Rule;
use super::words::{joined, people, rank, sentence_case};
use crate::domain::name::ModuleName;

/// What one role can use of a module. A person has all that their roles have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleAccess {
    /// Lower case: a scope, an e-mail address or a domain.
    pub role: String,
    /// Usable components that are not private; 0 when the role only sees the module.
    pub components: usize,
    /// Usable private components.
    pub private: usize,
    /// Indexes of the rules that give it, ascending.
    pub via: Vec<usize>,
}

/// Who can see or use a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audience {
    /// The module's components that are not private.
    pub components: usize,
    /// The module's private components.
    pub private: usize,
    /// Indexes of all rules that apply to the module, for whatever reason; see [`rules_for_module`].
    pub applying: Vec<usize>,
    /// Roles that see the module: administrators, users and testers first, then other scopes, domains, people.
    pub roles: Vec<RoleAccess>,
}

/// Finds out who can see or use the module. `components` are pairs of full name and `private`.
pub fn audience(rules: &[Rule], module: &ModuleName, components: &[(&str, bool)]) -> Audience {
    let applying = rules_for_module(rules, module, components);
    let mut names: Vec<String> = applying.iter().map(|&index| folded(&rules[index].role)).collect();
    names.sort_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| a.cmp(b)));
    names.dedup();

    let access = |role: String| {
        let gives = |&index: &usize| folded(&rules[index].role) == role && rules[index].reveals(module, components);
        let via: Vec<usize> = applying.iter().copied().filter(gives).collect();
        let usable = |wanted: bool| {
            let opened = |name| via.iter().any(|&index| rules[index].opens(name, wanted));
            components.iter().filter(|&&(name, private)| private == wanted && opened(name)).count()
        };
        RoleAccess { components: usable(false), private: usable(true), role, via }
    };
    let roles = names.into_iter().map(access).filter(|access| !access.via.is_empty()).collect();
    let private = components.iter().filter(|(_, private)| *private).count();
    Audience { components: components.len() - private, private, applying, roles }
}

impl Audience {
    /// True when nobody but the role `admin` sees the module, as after a fresh installation.
    pub fn is_administrators_only(&self) -> bool {
        matches!(self.roles.as_slice(), [only] if only.role == "admin")
    }

    /// The audience in words, such as “Administrators and testers can use it; users can use 2 of 5 components.”
    ///
    /// Plain text, with roles as administrators wrote them. Private components are left out of the count until
    /// somebody can use one: to everybody else they do not exist.
    pub fn sentence(&self) -> String {
        let groups = self.groups();
        let words: Vec<(String, String)> =
            groups.iter().map(|(one, who)| (joined(who, "and"), self.can(one))).collect();
        match words.as_slice() {
            [] if self.applying.is_empty() => "Nobody can use this module: no rule names it.".to_owned(),
            [] => "Nobody can use this module: the rules that name it open none of its components.".to_owned(),
            [(who, can)] => match groups.as_slice() {
                [(one, only)] if only.len() == 1 && self.is_full(one) => format!("Only {who} can use this module."),
                [(_, only)] if only.len() == 1 => match can.strip_prefix("use ") {
                    Some(part) => format!("Only {who} can use this module: {part}."),
                    None => format!("Only {who} can {can}."),
                },
                _ => sentence_case(&format!("{who} can {can}.")),
            },
            several => {
                let parts = several.iter().zip(&groups).enumerate().map(|(place, ((who, can), (one, _)))| {
                    let can = if place == 0 && self.is_full(one) { "use it" } else { can.as_str() };
                    format!("{who} can {can}")
                });
                sentence_case(&format!("{}.", parts.collect::<Vec<_>>().join("; ")))
            }
        }
    }

    /// Roles with the same access, those with most first.
    fn groups(&self) -> Vec<(&RoleAccess, Vec<String>)> {
        let mut groups: Vec<(&RoleAccess, Vec<String>)> = Vec::new();
        for access in &self.roles {
            let same = |group: &&mut (&RoleAccess, _)| {
                (group.0.components, group.0.private) == (access.components, access.private)
            };
            match groups.iter_mut().find(same) {
                Some((_, who)) => who.push(people(&access.role)),
                None => groups.push((access, vec![people(&access.role)])),
            }
        }
        // Stable, so that administrators stay before users.
        groups.sort_by_key(|(one, _)| std::cmp::Reverse((one.components, one.private)));
        groups
    }

    /// Everything that is not private, and no private component that would be worth a word.
    fn is_full(&self, access: &RoleAccess) -> bool {
        self.components > 0 && access.components == self.components && access.private == 0
    }

    /// What goes after “can”.
    fn can(&self, access: &RoleAccess) -> String {
        let open = match (access.components, self.components) {
            (0, _) => None,
            (1, 1) => Some("its only component".to_owned()),
            (some, all) if some == all => Some(format!("all {all} components")),
            (some, all) => Some(format!("{some} of {all} components")),
        };
        let private = match (access.private, self.private) {
            (0, _) => None,
            (1, 1) => Some("its private component".to_owned()),
            (some, all) if some == all => Some(format!("all {all} private components")),
            (some, all) => Some(format!("{some} of {all} private components")),
        };
        match (open, private) {
            (None, None) if self.components + self.private == 0 => {
                "see this module, which has no components".to_owned()
            }
            (None, None) => "see this module, but use none of its components".to_owned(),
            (Some(one), None) | (None, Some(one)) => format!("use {one}"),
            (Some(open), Some(private)) => format!("use {open} and {private}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIVE: [(&str, bool); 5] = [
        ("acme.git.A", false),
        ("acme.git.B", false),
        ("acme.git.C", false),
        ("acme.git.D", false),
        ("acme.git.E", false),
    ];
    const WITH_HELPER: [(&str, bool); 2] = [("acme.git.Find", false), ("acme.git.Helper", true)];

    fn who(components: &[(&str, bool)], rules: &[(&str, &str, &str)]) -> Audience {
        let rules: Vec<Rule> =
            rules.iter().map(|(role, resource, attribute)| Rule::new(role, resource, "*", attribute)).collect();
        audience(&rules, &ModuleName::parse("acme.git").expect("a name"), components)
    }

    fn sentence(rules: &[(&str, &str, &str)]) -> String {
        who(&FIVE, rules).sentence()
    }

    #[test]
    fn a_fresh_installation_is_for_administrators() {
        let fresh = who(&FIVE, &[("admin", "*", "non-private")]);
        assert!(fresh.is_administrators_only());
        assert_eq!(fresh.sentence(), "Only administrators can use this module.");
    }

    #[test]
    fn administrators_are_in_only_by_a_rule() {
        assert_eq!(sentence(&[]), "Nobody can use this module: no rule names it.");
        assert_eq!(sentence(&[("admin", "other.*", "*")]), "Nobody can use this module: no rule names it.");
        assert_eq!(sentence(&[("user", "acme.git.*", "*")]), "Only users can use this module.");
    }

    #[test]
    fn a_rule_that_opens_nothing_is_not_an_audience() {
        let sentence = sentence(&[("user", "acme.git.*", "private")]);
        assert_eq!(sentence, "Nobody can use this module: the rules that name it open none of its components.");
    }

    #[test]
    fn after_opening_both_groups_can_use_everything() {
        let opened =
            who(&FIVE, &[("acme1", "other.*", "*"), ("admin", "*", "non-private"), ("user", "acme.git.*", "*")]);
        assert_eq!(opened.sentence(), "Administrators and users can use all 5 components.");
        assert_eq!(opened.roles[1].via, [2]);
        assert!(!opened.is_administrators_only());
    }

    #[test]
    fn those_who_can_use_less_are_named_after_the_others() {
        let rules =
            [("user", "acme.git.A", "*"), ("user", "acme.git.B", "*"), ("tester", "acme.*", "*"), ("admin", "*", "*")];
        assert_eq!(sentence(&rules), "Administrators and testers can use it; users can use 2 of 5 components.");
        let rules = [("admin", "acme.git.A", "*"), ("user", "*", "*")];
        assert_eq!(sentence(&rules), "Users can use it; administrators can use 1 of 5 components.");
    }

    #[test]
    fn domains_and_people_are_named() {
        let rules =
            [("Ann@Example.com", "*", "*"), ("example.com", "*", "*"), ("acme1", "*", "*"), ("admin", "*", "*")];
        assert_eq!(
            sentence(&rules),
            "Administrators, people with the role “acme1”, people at example.com and ann@example.com can use all 5 \
             components."
        );
        assert_eq!(sentence(&[("ann@example.com", "*", "*")]), "Only ann@example.com can use this module.");
    }

    #[test]
    fn a_part_is_said_to_be_a_part() {
        assert_eq!(
            sentence(&[("admin", "acme.git.A", "*")]),
            "Only administrators can use this module: 1 of 5 components."
        );
    }

    #[test]
    fn a_rule_for_the_bare_module_shows_it_and_opens_nothing() {
        let rules = [("admin", "*", "*"), ("user", "acme.git", "*")];
        assert_eq!(
            sentence(&rules),
            "Administrators can use it; users can see this module, but use none of its components."
        );
    }

    #[test]
    fn private_components_are_mentioned_to_those_who_have_them() {
        let sentence = |rules: &[(&str, &str, &str)]| who(&WITH_HELPER, rules).sentence();
        assert_eq!(sentence(&[("user", "*", "non-private")]), "Only users can use this module.");
        assert_eq!(
            sentence(&[("user", "*", "non-private"), ("admin", "*", "*")]),
            "Administrators can use its only component and its private component; users can use its only component."
        );
        assert_eq!(
            sentence(&[("admin", "*", "private")]),
            "Only administrators can use this module: its private component."
        );
    }

    #[test]
    fn an_empty_module_can_only_be_seen() {
        let sentence = who(&[], &[("admin", "*", "*")]).sentence();
        assert_eq!(sentence, "Only administrators can see this module, which has no components.");
    }

    #[test]
    fn a_role_written_in_two_ways_is_one_role() {
        let roles = who(&FIVE, &[("User", "acme.git.A", "*"), ("user ", "acme.git.B", "*")]).roles;
        assert_eq!(roles.len(), 1);
        assert_eq!((roles[0].components, roles[0].via.as_slice()), (2, &[0, 1][..]));
    }
}
