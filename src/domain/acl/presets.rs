//! Whole lists of rules to start from.

use super::rule::{AclType, Rule};

/// A list of rules that an administrator can put in place of the present one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preset {
    /// Stable kebab-case word, unique within its [`AclType`].
    pub id: &'static str,
    /// For a button.
    pub label: &'static str,
    /// What it means for people, in a sentence.
    pub description: &'static str,
    pub rules: Vec<Rule>,
}

fn for_roles(roles: &[&str], resource: &str, attribute: &str) -> Vec<Rule> {
    roles.iter().map(|role| Rule::new(role, resource, "*", attribute)).collect()
}

/// The lists to choose from; the first is the one of a fresh installation.
pub fn presets(kind: AclType) -> Vec<Preset> {
    match kind {
        AclType::Components => vec![
            Preset {
                id: "administrators-only",
                label: "Administrators only",
                description: "Administrators try a new module first and open it to users with one button.",
                rules: default_rules(kind),
            },
            Preset {
                id: "testers-first",
                label: "Testers try every module first",
                description: "Administrators and testers may use every module; users those that are opened to them.",
                rules: for_roles(&["admin", "tester"], "*", "non-private"),
            },
            Preset {
                id: "everyone",
                label: "Everyone may use every module",
                description: "Administrators, users and testers may use every module as soon as it is installed.",
                rules: for_roles(&["admin", "user", "tester"], "*", "non-private"),
            },
        ],
        AclType::Routes => vec![
            Preset {
                id: "everyone",
                label: "Everyone may build flows",
                description: "Administrators, users and testers may create, change, run and delete their flows.",
                rules: default_rules(kind),
            },
            Preset {
                id: "users-read",
                label: "Users may only look at flows",
                description: "Administrators and testers build flows; users may look at theirs.",
                rules: {
                    let mut rules = for_roles(&["admin", "tester"], "flows", "*");
                    rules.push(Rule::new("user", "flows", "read", "*"));
                    rules
                },
            },
        ],
    }
}

/// The rules of a fresh installation. Components: administrators only, so that a new module is tried before users meet
/// it (the engine's own default is the preset `everyone`). Routes: everyone works with flows, as in the engine.
pub fn default_rules(kind: AclType) -> Vec<Rule> {
    match kind {
        AclType::Components => for_roles(&["admin"], "*", "non-private"),
        AclType::Routes => for_roles(&["admin", "user", "tester"], "flows", "*"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Subject, can_use, evaluate};
    use super::*;

    fn rules(kind: AclType, id: &str) -> Vec<Rule> {
        presets(kind).into_iter().find(|preset| preset.id == id).expect("a preset").rules
    }

    fn may_use(rules: &[Rule], role: &str, private: bool) -> bool {
        can_use(rules, &Subject::role(role), "acme.git.Find", private).is_allowed()
    }

    #[test]
    fn every_preset_is_valid_and_has_its_own_id() {
        for kind in [AclType::Components, AclType::Routes] {
            let presets = presets(kind);
            assert_eq!(presets[0].rules, default_rules(kind), "the first one is the default");
            for (index, preset) in presets.iter().enumerate() {
                assert!(preset.rules.iter().all(|rule| rule.validate(kind).is_ok()), "{}", preset.id);
                assert!(presets[..index].iter().all(|other| other.id != preset.id), "{}", preset.id);
            }
        }
    }

    #[test]
    fn a_fresh_installation_shows_modules_to_administrators_alone() {
        let fresh = default_rules(AclType::Components);
        assert!(may_use(&fresh, "admin", false));
        assert!(!may_use(&fresh, "user", false) && !may_use(&fresh, "tester", false));
    }

    #[test]
    fn no_preset_opens_private_components() {
        for preset in presets(AclType::Components) {
            assert!(["admin", "user", "tester"].iter().all(|role| !may_use(&preset.rules, role, true)));
        }
    }

    #[test]
    fn the_presets_do_what_their_labels_say() {
        let everyone = rules(AclType::Components, "everyone");
        assert!(["admin", "user", "tester"].iter().all(|role| may_use(&everyone, role, false)));
        let testers = rules(AclType::Components, "testers-first");
        assert!(may_use(&testers, "tester", false) && !may_use(&testers, "user", false));
    }

    #[test]
    fn users_who_may_look_may_not_delete() {
        let users_read = rules(AclType::Routes, "users-read");
        let may = |role, action| evaluate(&users_read, &Subject::role(role), "flows", action).is_allowed();
        assert!(may("user", "read") && !may("user", "delete"));
        assert!(may("admin", "delete") && may("tester", "create"));
    }
}
