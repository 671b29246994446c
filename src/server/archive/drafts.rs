//! Reads single manifests: what each file says for itself, before they are put together.

use serde_json::Value;

use crate::domain::finding::Finding;
use crate::domain::module::{ChangelogEntry, ComponentKind, ConfigurationKey};
use crate::domain::name::is_segment;

use super::icon::Icons;
use super::json::{Document, wrong_type};
use super::limits::Limits;
use super::report::Report;
use super::text;

/// Longest label and category, in characters.
const LABEL_CHARS: usize = 200;
/// Longest description and change, in characters.
const PROSE_CHARS: usize = 20_000;
const CHANGE_CHARS: usize = 2_000;
const CHANGELOG_VERSIONS: usize = 500;
const CHANGES_PER_VERSION: usize = 100;

/// A `bundle.json`, which names and versions the module.
pub(super) struct BundleDraft {
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) engine: Option<String>,
    pub(super) documentation: Option<String>,
    pub(super) changelog: Vec<ChangelogEntry>,
}

impl BundleDraft {
    pub(super) fn read(document: &Document, report: &mut Report) -> Self {
        let version = document.text("version", report).map(str::to_owned);
        Self {
            path: document.path().to_owned(),
            name: document.text("name", report).map(str::to_owned),
            engine: document.text("engine", report).and_then(|range| engine(range, document, report)),
            documentation: documentation(document, report),
            changelog: changelog(document, version.as_deref(), report),
            version,
        }
    }
}

/// A `service.json` or `module.json`, which shows the module to people.
pub(super) struct DisplayDraft {
    pub(super) path: String,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) label: Option<String>,
    pub(super) description: Option<String>,
    pub(super) category: Option<String>,
    pub(super) icon: Option<String>,
    pub(super) documentation: Option<String>,
    /// The values that the administrator sets, as it declares them.
    pub(super) configuration: Vec<ConfigurationKey>,
}

/// A key that is too long, or a declaration of too many, is none that anybody would fill in.
const KEY_CHARS: usize = 64;
const KEYS_MAX: usize = 64;

/// Reads the JSON schema in `configuration`: `{properties: {key: {title, description}}, required: [key]}`.
fn configuration(document: &Document, report: &mut Report) -> Vec<ConfigurationKey> {
    let Some(schema) = document.object("configuration", report) else { return Vec::new() };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let text = |about: &Value, field: &str| {
        about.get(field).and_then(Value::as_str).map(|text| text::line(text, LABEL_CHARS)).unwrap_or_default()
    };
    schema
        .get("properties")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter(|(name, _)| {
            !name.is_empty() && name.chars().count() <= KEY_CHARS && !name.chars().any(char::is_control)
        })
        .take(KEYS_MAX)
        .map(|(name, about)| ConfigurationKey {
            name: name.clone(),
            label: text(about, "title"),
            description: text(about, "description"),
            required: required.contains(&name.as_str()),
        })
        .collect()
}

impl DisplayDraft {
    pub(super) fn read(document: &Document, icons: &mut Icons, limits: &Limits, report: &mut Report) -> Self {
        let version = document.text("version", report).map(str::to_owned);
        let icon = document.text("icon", report).map(str::to_owned);
        Self {
            path: document.path().to_owned(),
            name: document.text("name", report).map(str::to_owned),
            version,
            label: filled(document.text("label", report).map(|t| text::line(t, LABEL_CHARS))),
            description: filled(document.text("description", report).map(|t| text::prose(t, PROSE_CHARS))),
            category: filled(document.text("category", report).map(|t| text::line(t, LABEL_CHARS))),
            icon: icon.and_then(|icon| icons.add(&icon, limits, document.path(), report)),
            documentation: documentation(document, report),
            configuration: configuration(document, report),
        }
    }
}

/// A `component.json`.
pub(super) struct ComponentDraft {
    pub(super) path: String,
    /// Three or four segments, each fit for a name.
    pub(super) name: String,
    pub(super) label: Option<String>,
    pub(super) description: String,
    pub(super) kind: ComponentKind,
    pub(super) private: bool,
    pub(super) icon: Option<String>,
    pub(super) version: Option<String>,
    /// The folder of the `auth.js` that it signs in with: `vendor/service[/module]`.
    pub(super) auth_folder: Option<String>,
    /// It declares values that the administrator sets.
    pub(super) auth_config: bool,
}

impl ComponentDraft {
    /// `None` when the component has no usable name, which is reported with everything else.
    pub(super) fn read(document: &Document, icons: &mut Icons, limits: &Limits, report: &mut Report) -> Option<Self> {
        let path = document.path().to_owned();
        let name = component_name(document, report);
        let ports = document.list("inPorts", report).map_or(0, Vec::len);
        let is_trigger = document.flag("trigger", report) || ports == 0;
        let icon = document.text("icon", report).map(str::to_owned);
        let draft = Self {
            label: filled(document.text("label", report).map(|t| text::line(t, LABEL_CHARS))),
            description: document.text("description", report).map(|t| text::prose(t, PROSE_CHARS)).unwrap_or_default(),
            kind: if is_trigger { ComponentKind::Trigger } else { ComponentKind::Action },
            private: document.flag("private", report),
            icon: icon.and_then(|icon| icons.add(&icon, limits, &path, report)),
            version: document.text("version", report).map(str::to_owned),
            auth_folder: auth_folder(document, report),
            auth_config: document.value("authConfig").is_some(),
            path,
            // Last, so that the other fields are checked in any case.
            name: name?,
        };
        Some(draft)
    }
}

fn component_name(document: &Document, report: &mut Report) -> Option<String> {
    let Some(name) = document.text("name", report) else {
        if document.value("name").is_none() {
            report.problem(missing(document.path(), "name", "vendor.service.module.Component"));
        }
        return None;
    };
    let segments = name.split('.').count();
    if (3..=4).contains(&segments) && name.split('.').all(is_segment) {
        return Some(name.to_owned());
    }
    report.problem(Finding::in_json(
        "invalid-name",
        document.path(),
        "/name",
        "A component is named vendor.service.module.Component or vendor.service.Component, each \
         part of letters, digits, _ and - (at most 64).",
    ));
    None
}

/// The finding for a manifest without a field that it needs.
pub(super) fn missing(path: &str, field: &str, form: &str) -> Finding {
    let message = format!("The field `{field}` is missing. Add it: {form}.");
    Finding::in_json(&format!("missing-{field}"), path, "", message)
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// `auth.service` is a name with colons, `vendor:service[:module]`.
fn auth_folder(document: &Document, report: &mut Report) -> Option<String> {
    let service = document.object("auth", report)?.get("service").filter(|value| !value.is_null())?;
    let Some(service) = service.as_str() else {
        let pointer = "/auth/service";
        report.problem(wrong_type(document.path(), pointer, "`auth.service`", "a text", service));
        return None;
    };
    Some(service.replace([':', '.'], "/"))
}

/// The range of engine versions, in a form that `semver` reads: npm separates the parts of a
/// range with spaces, `semver` with commas.
fn engine(range: &str, document: &Document, report: &mut Report) -> Option<String> {
    let range = range.trim();
    let mut commas = String::new();
    for word in range.split_whitespace() {
        // A space after an operator separates nothing: `>= 6.0`.
        if !commas.is_empty() && !commas.ends_with(['<', '>', '=', '^', '~', ',']) {
            commas.push_str(", ");
        }
        commas.push_str(word);
    }
    if let Some(good) = [range, &commas].into_iter().find(|r| semver::VersionReq::parse(r).is_ok()) {
        return Some(good.to_owned());
    }
    report.problem(Finding::in_json(
        "invalid-engine",
        document.path(),
        "/engine",
        "The engine's version is no range of versions. Write it like >=6.0 or ^6.1.",
    ));
    None
}

/// An address that is safe as a link (X2); any other is left out with a warning.
fn documentation(document: &Document, report: &mut Report) -> Option<String> {
    let address = document.text("documentation", report)?;
    if address.is_empty() {
        return None;
    }
    if is_web_address(address) {
        return Some(address.to_owned());
    }
    report.warn(Finding::in_json(
        "documentation",
        document.path(),
        "/documentation",
        "The link to the documentation is left out: it is no plain http or https address.",
    ));
    None
}

fn is_web_address(address: &str) -> bool {
    const ADDRESS_MAX: usize = 2_000;
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // No quotes, brackets, spaces or controls, and nobody's password.
    address.len() <= ADDRESS_MAX
        && matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https")
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'))
        && rest.chars().all(|c| c.is_ascii_graphic() && !"\"'<>\\`{}|^".contains(c))
}

/// Newest version first. A list without versions belongs to the bundle's own `version`; what has
/// no readable form is left out.
fn changelog(document: &Document, version: Option<&str>, report: &mut Report) -> Vec<ChangelogEntry> {
    let mut entries = match document.value("changelog") {
        None => Vec::new(),
        Some(Value::Object(versions)) => versions
            .iter()
            .take(CHANGELOG_VERSIONS)
            .map(|(version, value)| ChangelogEntry {
                version: text::line(version, LABEL_CHARS),
                changes: changes(value),
            })
            .collect(),
        Some(value @ (Value::Array(_) | Value::String(_))) => {
            let version = text::line(version.unwrap_or_default(), LABEL_CHARS);
            vec![ChangelogEntry { version, changes: changes(value) }]
        }
        Some(_) => {
            report.warn(Finding::in_json(
                "changelog",
                document.path(),
                "/changelog",
                "The changelog is left out: it must be an object of versions, each with a list of texts.",
            ));
            Vec::new()
        }
    };
    entries.retain(|entry| !entry.changes.is_empty());
    // Versions that are none sort last, as `None` is less than any.
    let key = |entry: &ChangelogEntry| semver::Version::parse(&entry.version).ok();
    entries.sort_by(|a, b| key(b).cmp(&key(a)).then_with(|| b.version.cmp(&a.version)));
    entries
}

fn changes(value: &Value) -> Vec<String> {
    let texts = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    texts
        .iter()
        .filter_map(Value::as_str)
        .map(|change| text::prose(change, CHANGE_CHARS))
        .filter(|change| !change.is_empty())
        .take(CHANGES_PER_VERSION)
        .collect()
}
