//! What the rules give to whom: the union of all that match, and nothing without a rule.

use super::glob::{folded, glob_matches, list_matches};
use super::rule::Rule;

/// Whoever asks, as the roles that rules may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    roles: Vec<String>,
}

impl Subject {
    /// A user's roles: all scopes, the e-mail address, and the address's domain.
    ///
    /// A word without `@` is no address, and a domain without a dot gives no role: people may register themselves, and
    /// `ann@admin` would otherwise have whatever the scope `admin` has.
    pub fn new(scopes: &[String], email: &str) -> Self {
        let mut roles: Vec<String> = scopes.iter().map(|scope| folded(scope)).collect();
        let email = folded(email);
        if let Some((_, domain)) = email.rsplit_once('@') {
            if domain.contains('.') {
                roles.push(domain.to_owned());
            }
            roles.push(email);
        }
        roles.retain(|role| !role.is_empty());
        roles.sort_unstable();
        roles.dedup();
        Self { roles }
    }

    /// One role alone: a scope, a domain, or an e-mail address without what its domain has.
    pub fn role(role: &str) -> Self {
        Self { roles: vec![folded(role)] }
    }

    /// Lower case, sorted, each once.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Roles are compared as a whole; they are no patterns.
    pub(super) fn has(&self, role: &str) -> bool {
        let role = folded(role);
        self.roles.contains(&role)
    }
}

/// Which components of those that a pattern matches a rule opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Components whose manifest says `"private": true`.
    pub private: bool,
    /// All others.
    pub non_private: bool,
}

impl Grant {
    /// Reads the attributes of a components rule. Unknown words open nothing.
    pub fn of(attributes: &[String]) -> Self {
        let has = |word: &str| attributes.iter().any(|attribute| ["*", word].contains(&folded(attribute).as_str()));
        Self { private: has("private"), non_private: has("non-private") }
    }

    /// True when it opens components of this kind.
    pub fn covers(self, private: bool) -> bool {
        if private { self.private } else { self.non_private }
    }
}

/// What the rules say to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// The attributes of all deciding rules: lower case, sorted, each once.
    pub attributes: Vec<String>,
    /// Indexes of the rules that allow it, ascending. Empty: denied.
    pub deciding: Vec<usize>,
}

impl Decision {
    /// True when at least one rule allows it.
    pub fn is_allowed(&self) -> bool {
        !self.deciding.is_empty()
    }

    /// What the attributes mean for components.
    pub fn grant(&self) -> Grant {
        Grant::of(&self.attributes)
    }

    /// True when the property of a returned object may be shown: one of the deciding `rules` shows it. Asked rule by
    /// rule, because `!thumbnail` in one rule takes nothing from another.
    pub fn shows(&self, rules: &[Rule], property: &str) -> bool {
        let mut deciding = self.deciding.iter().filter_map(|&index| rules.get(index));
        deciding.any(|rule| list_matches(&rule.attributes, property))
    }

    fn by(rules: &[Rule], allows: impl Fn(&Rule) -> bool) -> Self {
        let deciding: Vec<usize> = (0..rules.len()).filter(|&index| allows(&rules[index])).collect();
        let words = deciding.iter().flat_map(|&index| &rules[index].attributes);
        let mut attributes: Vec<String> = words.map(|word| folded(word)).collect();
        attributes.sort_unstable();
        attributes.dedup();
        Self { attributes, deciding }
    }
}

/// The union of all rules that name one of the subject's roles and match the resource and the action. There are no
/// denying rules: another rule can only add. A negation takes away only within its own rule.
pub fn evaluate(rules: &[Rule], subject: &Subject, resource: &str, action: &str) -> Decision {
    Decision::by(rules, |rule| {
        subject.has(&rule.role) && glob_matches(&rule.resource, resource) && list_matches(&rule.action, action)
    })
}

/// May the subject use this component? The deciding rules are those that also reach private components when this is
/// one; a matching rule for `non-private` does not decide about a private component.
pub fn can_use(rules: &[Rule], subject: &Subject, component: &str, private: bool) -> Decision {
    Decision::by(rules, |rule| subject.has(&rule.role) && rule.opens(component, private))
}

impl Rule {
    pub(super) fn allows_use(&self) -> bool {
        list_matches(&self.action, "use")
    }

    /// Whether this rule lets its role use the component.
    pub(super) fn opens(&self, component: &str, private: bool) -> bool {
        self.allows_use() && glob_matches(&self.resource, component) && Grant::of(&self.attributes).covers(private)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann() -> Subject {
        Subject::new(&["user".to_owned(), "Acme1".to_owned()], "Ann@Example.COM")
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_person_is_their_scopes_their_address_and_its_domain() {
        assert_eq!(ann().roles(), ["acme1", "ann@example.com", "example.com", "user"]);
    }

    #[test]
    fn a_rule_for_any_of_these_roles_lets_the_person_in() {
        for role in ["user", "ACME1", "ann@example.com", "Example.com", " user "] {
            let rules = [Rule::new(role, "*", "*", "*")];
            assert!(evaluate(&rules, &ann(), "acme.git.Find", "use").is_allowed(), "{role}");
        }
        for role in ["admin", "ample.com", "bob@example.com", "*", "us*", "!admin", ""] {
            let rules = [Rule::new(role, "*", "*", "*")];
            assert!(!evaluate(&rules, &ann(), "acme.git.Find", "use").is_allowed(), "{role}");
        }
    }

    #[test]
    fn nobody_gets_a_scope_by_choosing_an_address() {
        let rules = [Rule::new("admin", "*", "*", "*")];
        for address in ["admin", "x@admin", "admin@", "@admin", "x@y@admin", "ADMIN"] {
            let subject = Subject::new(&words(&["user"]), address);
            assert!(!evaluate(&rules, &subject, "a.b.C", "use").is_allowed(), "{address}");
        }
        assert_eq!(Subject::new(&words(&[""]), "").roles(), [""; 0]);
    }

    #[test]
    fn without_a_rule_nothing_is_allowed() {
        assert_eq!(evaluate(&[], &ann(), "acme.git.Find", "use"), Decision::default());
    }

    #[test]
    fn a_rule_must_match_resource_and_action() {
        let rules = [Rule::new("user", "flows", "read", "*")];
        assert!(evaluate(&rules, &ann(), "FLOWS", "READ").is_allowed());
        assert!(!evaluate(&rules, &ann(), "flows", "delete").is_allowed());
        assert!(!evaluate(&rules, &ann(), "stores", "read").is_allowed());
    }

    #[test]
    fn attributes_of_all_matching_rules_add_up() {
        let rules = [
            Rule::new("user", "acme.*", "*", "non-private"),
            Rule::new("admin", "*", "*", "*"),
            Rule::new("example.com", "*", "use", "private"),
        ];
        let decision = evaluate(&rules, &ann(), "acme.git.Find", "use");
        assert_eq!(decision.attributes, ["non-private", "private"]);
        assert_eq!(decision.deciding, [0, 2]);
        assert_eq!(decision.grant(), Grant { private: true, non_private: true });
    }

    #[test]
    fn the_generic_rule_overrides_a_narrower_one() {
        let rules = [Rule::new("user", "*", "*", "non-private"), Rule::new("user", "!acme.*", "*", "non-private")];
        assert_eq!(can_use(&rules, &ann(), "acme.git.Find", false).deciding, [0]);
        assert!(!can_use(&rules[1..], &ann(), "acme.git.Find", false).is_allowed());
    }

    #[test]
    fn private_components_need_the_attribute_private_or_the_star() {
        for (attribute, private, non_private) in
            [("non-private", false, true), ("private", true, false), ("*", true, true), ("name", false, false)]
        {
            let rules = [Rule::new("user", "*", "*", attribute)];
            assert_eq!(can_use(&rules, &ann(), "a.b.C", true).is_allowed(), private, "{attribute}");
            assert_eq!(can_use(&rules, &ann(), "a.b.C", false).is_allowed(), non_private, "{attribute}");
        }
    }

    #[test]
    fn a_property_is_hidden_unless_one_rule_shows_it() {
        let mut rules = vec![Rule { attributes: words(&["*", "!thumbnail"]), ..Rule::new("user", "flows", "*", "*") }];
        let decision = evaluate(&rules, &ann(), "flows", "read");
        assert!(decision.shows(&rules, "name"));
        assert!(!decision.shows(&rules, "thumbnail"));

        rules.push(Rule::new("example.com", "flows", "read", "thumbnail"));
        assert!(evaluate(&rules, &ann(), "flows", "read").shows(&rules, "thumbnail"));
    }
}
