//! What is known of a module: read from its archive, or from a catalogue's index.

use serde::{Deserialize, Serialize};

use super::name::ModuleName;

/// How users of a module sign in to the service behind it, from the `type` in its `auth.js`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthKind {
    #[default]
    None,
    ApiKey,
    Pwd,
    OAuth,
    OAuth2,
}

impl AuthKind {
    /// The words that pages show.
    pub fn label(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::ApiKey => "API key",
            Self::Pwd => "User name and password",
            Self::OAuth => "OAuth 1",
            Self::OAuth2 => "OAuth 2",
        }
    }

    /// OAuth needs the administrator's client id and secret before any user can sign in.
    pub fn is_oauth(self) -> bool {
        matches!(self, Self::OAuth | Self::OAuth2)
    }
}

/// Why a module cannot be used before an administrator has configured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfigurationReason {
    /// Users sign in with OAuth, which wants a client id and a client secret.
    OAuth,
    /// A manifest declares `configuration` or a component `authConfig`.
    Declared,
    /// The code reads `context.config`.
    ReadsConfig,
}

/// A value that an administrator sets for a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigurationKey {
    /// As the module reads it, in its letter case.
    pub name: String,
    /// What the module calls it; its name where that is empty.
    #[serde(default)]
    pub label: String,
    /// As written; plain text.
    #[serde(default)]
    pub description: String,
    /// The module does not work without it.
    pub required: bool,
}

/// Triggers start flows; actions are given messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComponentKind {
    Trigger,
    Action,
}

/// One component of a module, as lists show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// Full name: `vendor.service[.module].Component`.
    pub name: String,
    /// The manifest's label, else the last segment of the name.
    pub label: String,
    /// As written: plain text, Markdown or HTML. Never put into a page unsanitised.
    pub description: String,
    pub kind: ComponentKind,
    /// Hidden from users unless an ACL rule grants `private`.
    pub private: bool,
    /// SHA-256 of the icon's bytes, in lower-case hex.
    pub icon: Option<String>,
}

/// What one version changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangelogEntry {
    pub version: String,
    pub changes: Vec<String>,
}

/// Everything that is read off one version of a module. Derived from the archive, and so can be rebuilt from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub name: ModuleName,
    /// SemVer 2.0.
    pub version: String,
    pub label: String,
    /// As written: plain text, Markdown or HTML.
    pub description: String,
    pub category: String,
    /// SHA-256 of the icon's bytes, in lower-case hex.
    pub icon: Option<String>,
    /// The range of engine versions that the bundle asks for, such as `>=6.0`.
    pub engine: Option<String>,
    pub auth: AuthKind,
    /// Empty when the module works as soon as it is installed.
    pub needs_configuration: Vec<ConfigurationReason>,
    /// The values that an administrator can set, as far as the archive tells.
    #[serde(default)]
    pub configuration_keys: Vec<ConfigurationKey>,
    /// Under which its configuration is kept, `vendor:service[:module]`: that of the `auth.js` that it signs in with, else
    /// its own. Empty when it was read before this was known.
    #[serde(default)]
    pub service_id: String,
    /// Where its documentation is: always http or https.
    pub documentation: Option<String>,
    /// The bundle's README as written, Markdown.
    pub readme: Option<String>,
    /// Newest version first.
    pub changelog: Vec<ChangelogEntry>,
    /// Triggers before actions, each by label.
    pub components: Vec<Component>,
}
