//! Names of modules, components and vendors: what they may hold, and who owns what.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest accepted segment of a name, in bytes.
const SEGMENT_MAX: usize = 64;

/// A module's name: `vendor.service` or `vendor.service.module`, in the letter case of its manifest.
///
/// Every segment is a word of ASCII letters, digits, `_` and `-` that starts with a letter or digit, so a name is
/// safe as a folder, in a URL and in a header (attack ids N1 and S7 of the incident list in `docs/SECURITY.md`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ModuleName(String);

/// Why a text is no module name, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidName(String);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl std::error::Error for InvalidName {}

/// True when `segment` may be one part of a module's or component's name.
pub fn is_segment(segment: &str) -> bool {
    segment.len() <= SEGMENT_MAX
        && segment.starts_with(|c: char| c.is_ascii_alphanumeric())
        && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

impl ModuleName {
    /// Reads `vendor.service` or `vendor.service.module`.
    ///
    /// # Errors
    /// [`InvalidName`] when there are not two or three segments, or one of them holds another character.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let segments: Vec<&str> = text.split('.').collect();
        if !(2..=3).contains(&segments.len()) {
            return Err(InvalidName("a module is named vendor.service or vendor.service.module".to_owned()));
        }
        match segments.iter().find(|segment| !is_segment(segment)) {
            None => Ok(Self(text.to_owned())),
            Some(_) => Err(InvalidName(format!(
                "each part of a module's name starts with a letter or digit and holds only letters, digits, _ and - \
                 (at most {SEGMENT_MAX})"
            ))),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first segment: who publishes the module.
    pub fn vendor(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// The folder of the module inside an archive: `vendor/service[/module]`.
    pub fn folder(&self) -> String {
        self.0.replace('.', "/")
    }

    /// True when `selector` names this module or something inside it, decided on a dot boundary: `a.google` does not
    /// own `a.googleContacts.Find`.
    pub fn owns(&self, selector: &str) -> bool {
        selector.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for ModuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for ModuleName {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<ModuleName> for String {
    fn from(name: ModuleName) -> Self {
        name.0
    }
}

/// What clients name parts of installed modules by: `vendor[.service[.module[.Component]]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector(String);

impl Selector {
    /// Reads one to four segments.
    ///
    /// # Errors
    /// [`InvalidName`] when there are more, or one of them holds a character that no name holds.
    pub fn parse(text: &str) -> Result<Self, InvalidName> {
        let segments: Vec<&str> = text.split('.').collect();
        if segments.len() <= 4 && segments.iter().all(|segment| is_segment(segment)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName("a selector is vendor.service, vendor.service.module or a component's name".to_owned()))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn vendor(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }

    /// True for `vendor` alone, which names nothing that can be packed or removed.
    pub fn is_vendor(&self) -> bool {
        !self.0.contains('.')
    }

    /// The folder that it stands for inside an archive.
    pub fn folder(&self) -> String {
        self.0.replace('.', "/")
    }

    /// True when `name` is this or lies inside it, decided on a dot boundary.
    pub fn selects(&self, name: &str) -> bool {
        name.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_and_three_segments_are_names() {
        for good in ["stockroom.timers", "acme.git-hub.core_2", "appmixer.googleContacts", "a.1"] {
            assert_eq!(ModuleName::parse(good).map(String::from), Ok(good.to_owned()));
        }
    }

    #[test]
    fn anything_that_could_leave_a_folder_or_a_header_is_refused() {
        for bad in [
            "", "one", "a.b.c.d", "a..b", ".a.b", "a.b.", "../a.b", "a./b", "a.b\n", "a.b c", "a.é", "a.-b", "a.%2e",
            "a.b\0",
        ] {
            assert!(ModuleName::parse(bad).is_err(), "{bad:?} was accepted");
        }
        assert!(ModuleName::parse(&format!("a.{}", "b".repeat(65))).is_err());
    }

    #[test]
    fn ownership_ends_at_a_dot() {
        let google = ModuleName::parse("appmixer.google").expect("valid");
        assert!(google.owns("appmixer.google"));
        assert!(google.owns("appmixer.google.gmail.Send"));
        assert!(!google.owns("appmixer.googleContacts.Find"));
    }

    #[test]
    fn a_selector_ends_at_a_dot_and_never_leaves_a_folder() {
        let google = Selector::parse("appmixer.google").expect("valid");
        assert!(google.selects("appmixer.google") && google.selects("appmixer.google.gmail.Send"));
        assert!(!google.selects("appmixer.googleContacts.Find") && !google.selects("appmixer"));
        for bad in ["", "..", "a..b", "a.b.c.d.e", "a/b", "a.b\\c", "a.b\0", "a.%2e", "a.b "] {
            assert!(Selector::parse(bad).is_err(), "{bad:?} was accepted");
        }
    }
}
