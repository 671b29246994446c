//! One rule: its shape on the wire, what it may hold, and when two of them are the same.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use super::glob::{folded, list_matches};

/// Longest accepted role, resource or attribute, in characters.
const TEXT_MAX: usize = 200;
/// Most actions or attributes of one rule.
const LIST_MAX: usize = 50;

/// The two lists of rules that the engine knows (`GET /acl-types`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AclType {
    /// Who may use which component; the resource is a component's full name.
    Components,
    /// Who may do what through the API; the resource is `flows`.
    Routes,
}

impl AclType {
    /// The word in URLs: `components` or `routes`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Components => "components",
            Self::Routes => "routes",
        }
    }

    /// Reads the word from a URL; `None` for a list that does not exist.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Components, Self::Routes].into_iter().find(|kind| kind.as_str() == word)
    }

    /// What can be done with a resource of this list. A rule may also say `*`, or `!` before one of these.
    pub fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Components => &["use"],
            Self::Routes => &["read", "create", "update", "delete"],
        }
    }

    /// Every word that a rule's actions may hold, in the order of `GET /acl/:type/actions`.
    pub fn actions(self) -> Vec<String> {
        let mut actions = vec!["*".to_owned()];
        for verb in self.verbs() {
            actions.push((*verb).to_owned());
            // The engine offers no `!use`: it would leave nothing.
            if self == Self::Routes {
                actions.push(format!("!{verb}"));
            }
        }
        actions
    }

    /// The attributes of a rule that was sent without any: the engine does the same.
    fn default_attribute(self) -> &'static str {
        match self {
            Self::Components => "non-private",
            Self::Routes => "*",
        }
    }
}

/// A rule as clients send and receive it: this role may do these actions with what the resource's pattern matches,
/// as far as the attributes go.
///
/// Read leniently, so that what is missing is reported by [`Rule::validate`] in words, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// A scope (`user`, `admin`, `tester`, any other), an e-mail address, or the domain of e-mail addresses.
    #[serde(deserialize_with = "null_is_empty")]
    pub role: String,
    /// A glob; see [`super::glob_matches`].
    #[serde(deserialize_with = "null_is_empty")]
    pub resource: String,
    /// Any of [`AclType::actions`]; see [`super::list_matches`].
    #[serde(deserialize_with = "null_is_empty")]
    pub action: Vec<String>,
    /// Components: any of `*`, `private`, `non-private`. Routes: `*`, names of properties, and `!` before such names.
    #[serde(deserialize_with = "null_is_empty")]
    pub attributes: Vec<String>,
}

/// Clients written in Go send `null` for an empty list.
fn null_is_empty<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Option::deserialize(value).map(Option::unwrap_or_default)
}

/// A rule with its place in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredRule {
    pub id: i64,
    /// The revision of the list that this rule was read from; a change names it, so that no other change is lost.
    pub revision: i64,
    pub rule: Rule,
}

impl StoredRule {
    /// The rules alone, in the same order: indexes of an answer are indexes of `stored`.
    pub fn rules(stored: &[Self]) -> Vec<Rule> {
        stored.iter().map(|stored| stored.rule.clone()).collect()
    }
}

/// The fields of a rule, by their names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Field {
    Role,
    Resource,
    Action,
    Attributes,
}

impl Field {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Resource => "resource",
            Self::Action => "action",
            Self::Attributes => "attributes",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong with one field of a rule, in words for the person who wrote it. Plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    pub field: Field,
    pub message: String,
}

impl Rule {
    /// A rule with one action and one attribute: what nearly all rules are.
    pub fn new(role: &str, resource: &str, action: &str, attribute: &str) -> Self {
        Self {
            role: role.to_owned(),
            resource: resource.to_owned(),
            action: vec![action.to_owned()],
            attributes: vec![attribute.to_owned()],
        }
    }

    /// The rule without blanks around its words, and with the attributes that the engine puts where there are none.
    /// Every way in does this before [`Rule::validate`].
    #[must_use]
    pub fn normalise(self, kind: AclType) -> Self {
        let trimmed = |words: Vec<String>| words.iter().map(|word| word.trim().to_owned()).collect::<Vec<_>>();
        let mut attributes = trimmed(self.attributes);
        if attributes.is_empty() {
            attributes.push(kind.default_attribute().to_owned());
        }
        Self {
            role: self.role.trim().to_owned(),
            resource: self.resource.trim().to_owned(),
            action: trimmed(self.action),
            attributes,
        }
    }

    /// Checks what a person or a client wrote.
    ///
    /// # Errors
    /// Everything that is wrong, in the order of the fields.
    pub fn validate(&self, kind: AclType) -> Result<(), Vec<FieldError>> {
        let checks = [
            (Field::Role, check_role(&self.role)),
            (Field::Resource, check_resource(&self.resource)),
            (Field::Action, check_action(&self.action, kind)),
            (Field::Attributes, check_attributes(&self.attributes, kind)),
        ];
        let errors: Vec<FieldError> = checks
            .into_iter()
            .filter_map(|(field, wrong)| wrong.map(|message| FieldError { field, message }))
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// A key that two rules share when they say the same: letter case, blanks, repetition and the order of actions and
    /// attributes do not count. Rules that pass [`Rule::validate`] share it only then.
    pub fn identity(&self) -> String {
        // Separators are control characters, which no valid rule holds.
        let sorted = |words: &[String]| {
            let mut words: Vec<String> = words.iter().map(|word| folded(word)).collect();
            words.sort_unstable();
            words.dedup();
            words.join("\u{1e}")
        };
        [folded(&self.role), folded(&self.resource), sorted(&self.action), sorted(&self.attributes)].join("\u{1f}")
    }
}

/// As people read a rule in a sentence: `user · acme.git.* · * · non-private`.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (action, attributes) = (self.action.join(", "), self.attributes.join(", "));
        write!(f, "{} · {} · {action} · {attributes}", self.role, self.resource)
    }
}

fn check_text(text: &str, what: &str) -> Option<String> {
    if text.trim().is_empty() {
        Some(format!("{what} is missing."))
    } else if text.chars().count() > TEXT_MAX {
        Some(format!("{what} is longer than {TEXT_MAX} characters."))
    } else if text.chars().any(char::is_control) {
        Some(format!("{what} holds a line break or another control character."))
    } else {
        None
    }
}

fn check_role(role: &str) -> Option<String> {
    check_text(role, "The role").or_else(|| {
        // Roles are compared as a whole, so such a rule would look as if it let everyone in, and let nobody in.
        let is_pattern = role.contains('*') || role.starts_with('!');
        is_pattern.then(|| "A role is a name, not a pattern: write one rule for each role.".to_owned())
    })
}

fn check_resource(resource: &str) -> Option<String> {
    check_text(resource, "The resource").or_else(|| {
        if resource.contains([',', ';', ' ']) {
            Some("A resource is one pattern without blanks: write one rule for each pattern.".to_owned())
        } else if resource == "!" {
            Some("Name what is left out after the “!”.".to_owned())
        } else {
            None
        }
    })
}

fn check_list(words: &[String], what: &str) -> Option<String> {
    if words.is_empty() {
        Some(format!("Choose at least one {what}."))
    } else if words.len() > LIST_MAX {
        Some(format!("There are more than {LIST_MAX} words in this list."))
    } else {
        words.iter().find_map(|word| check_text(word, &format!("One {what}")))
    }
}

fn check_action(actions: &[String], kind: AclType) -> Option<String> {
    check_list(actions, "action").or_else(|| {
        let verbs = kind.verbs();
        let is_known = |action: &str| action == "*" || verbs.contains(&action.strip_prefix('!').unwrap_or(action));
        if let Some(odd) = actions.iter().find(|action| !is_known(&folded(action))) {
            return Some(format!("“{odd}” is no action here. There are: {}.", kind.actions().join(", ")));
        }
        let grants_nothing = !verbs.iter().any(|verb| list_matches(actions, verb));
        grants_nothing.then(|| "These actions cancel each other out: the rule would allow nothing.".to_owned())
    })
}

fn check_attributes(attributes: &[String], kind: AclType) -> Option<String> {
    check_list(attributes, "attribute").or_else(|| match kind {
        AclType::Components => attributes
            .iter()
            .find(|word| !["*", "private", "non-private"].contains(&folded(word).as_str()))
            .map(|odd| format!("“{odd}” is no attribute of components. There are: *, private, non-private.")),
        AclType::Routes => None,
    })
}

#[cfg(test)]
mod tests;
