//! Puts together what is known of a module from the manifests and scripts in its archive.

use std::collections::{HashMap, HashSet};

use semver::Version;

use crate::domain::finding::Finding;
use crate::domain::module::{AuthKind, Component, ConfigurationKey, ConfigurationReason, Manifest};

use super::contents::Contents;
use super::drafts::{ComponentDraft, DisplayDraft, missing};
use super::identity::{Identity, folder_of, is_inside};
use super::report::Report;
use super::text;

/// Longest accepted version, in bytes: it becomes part of addresses and file names.
const VERSION_BYTES: usize = 64;

/// Builds the manifest of the module that `identity` names, and reports what is wrong with it.
/// `files` are the paths of all files in the zip. The README is left for later.
pub(super) fn build(identity: &Identity, contents: &Contents, files: &HashSet<&str>, report: &mut Report) -> Manifest {
    check_siblings(identity, contents, report);
    check_components(identity, contents, files, report);
    // A module shows its own data; what it leaves out, its service has.
    let display: Vec<&DisplayDraft> =
        [in_folder(&contents.modules, &identity.folder()), in_folder(&contents.services, &identity.service_folder())]
            .into_iter()
            .flatten()
            .collect();
    let shows = |field: fn(&DisplayDraft) -> &Option<String>| display.iter().find_map(|draft| field(draft).clone());
    let bundle = identity.bundle.and_then(|index| contents.bundles.get(index));
    let (auth, auth_folder) = auth(identity, contents, report);
    let service_id = auth_folder.unwrap_or_else(|| identity.name.as_str().replace('.', "/")).replace('/', ":");
    let last_segment = identity.name.as_str().rsplit('.').next().unwrap_or_default();
    Manifest {
        name: identity.name.clone(),
        version: version(identity, contents, &display, report),
        label: shows(|draft| &draft.label).unwrap_or_else(|| text::prettified(last_segment)),
        description: shows(|draft| &draft.description).unwrap_or_default(),
        category: shows(|draft| &draft.category).unwrap_or_else(|| "other".to_owned()),
        icon: shows(|draft| &draft.icon),
        engine: bundle.and_then(|bundle| bundle.engine.clone()),
        auth,
        needs_configuration: needs_configuration(identity, auth, contents, &display),
        configuration_keys: configuration_keys(identity, auth, contents, &display),
        service_id,
        documentation: bundle
            .and_then(|bundle| bundle.documentation.clone())
            .or_else(|| shows(|draft| &draft.documentation)),
        readme: None,
        changelog: bundle.map(|bundle| bundle.changelog.clone()).unwrap_or_default(),
        components: components(&contents.components),
    }
}

fn in_folder<'a>(drafts: &'a [DisplayDraft], folder: &str) -> Option<&'a DisplayDraft> {
    drafts.iter().find(|draft| folder_of(&draft.path) == folder)
}

/// Reports manifests of sibling modules, and those that call themselves something else.
fn check_siblings(identity: &Identity, contents: &Contents, report: &mut Report) {
    let folder = identity.folder();
    for draft in contents.services.iter().chain(&contents.modules) {
        let own = folder_of(&draft.path);
        let is_around = own == folder || is_inside(&folder, own) || is_inside(own, &folder);
        if !is_around {
            let message =
                format!("This belongs to another module than `{}`. Pack that one as a zip of its own.", identity.name);
            report.problem(Finding::at("other-module", &draft.path, message));
        }
        let expected = own.strip_prefix(&identity.wrapper).unwrap_or(own).replace('/', ".");
        if draft.name.as_ref().is_some_and(|name| *name != expected) {
            let message = format!("The name differs from the folder, which stands for `{expected}`.");
            report.warn(Finding::in_json("name-mismatch", &draft.path, "/name", message));
        }
    }
}

fn check_components(identity: &Identity, contents: &Contents, files: &HashSet<&str>, report: &mut Report) {
    if contents.components.is_empty() {
        let message = "This module has no components: users will not see anything of it.";
        report.warn(Finding::archive("no-components", message));
    }
    let mut seen: HashMap<String, &str> = HashMap::new();
    for component in &contents.components {
        if let Some(other) = seen.insert(component.name.to_ascii_lowercase(), &component.path) {
            let message = format!("`{other}` holds a component of the same name. Rename one of them.");
            report.problem(Finding::in_json("duplicate-component", &component.path, "/name", message));
        }
        check_component(identity, component, files, report);
    }
}

fn check_component(identity: &Identity, component: &ComponentDraft, files: &HashSet<&str>, report: &mut Report) {
    let (path, name) = (component.path.as_str(), component.name.as_str());
    if !is_inside(path, &identity.folder()) {
        let message = format!("This component is outside the module's folder, `{}`.", identity.folder());
        report.problem(Finding::at("component-outside", path, message));
        return;
    }
    if !identity.name.owns(name) {
        let message = format!(
            "The component `{name}` does not belong to the module `{}`: its name must begin with \
             the module's, in the same upper and lower case.",
            identity.name
        );
        report.problem(Finding::in_json("foreign-component", path, "/name", message));
        return;
    }
    let folder = folder_of(path);
    if folder != format!("{}{}", identity.wrapper, name.replace('.', "/")) {
        let message = format!("The component's name, `{name}`, differs from its folder.");
        report.warn(Finding::in_json("component-folder", path, "/name", message));
    }
    let words = [name.rsplit('.').next(), folder.rsplit('/').next()];
    let has_behaviour = words.iter().flatten().any(|word| files.contains(format!("{folder}/{word}.js").as_str()));
    if !has_behaviour {
        let message = "The component's script is missing: it must be in the same folder, named \
                       like the component with the ending .js.";
        report.warn(Finding::at("missing-behaviour", path, message));
    }
}

/// The module's version: its bundle's, or without one the next best, or an assumed one.
fn version(identity: &Identity, contents: &Contents, display: &[&DisplayDraft], report: &mut Report) -> String {
    const ASSUMED: &str = "1.0.0";
    let bundle = identity.bundle.and_then(|index| contents.bundles.get(index));
    let lone = match contents.components.as_slice() {
        [component] => Some(component),
        _ => None,
    };
    let found = match bundle {
        Some(bundle) => bundle.version.as_deref().map(|version| (bundle.path.as_str(), version)),
        None => display
            .iter()
            .find_map(|draft| Some((draft.path.as_str(), draft.version.as_deref()?)))
            .or_else(|| lone.and_then(|c| Some((c.path.as_str(), c.version.as_deref()?)))),
    };
    match (found, bundle) {
        // The version becomes part of paths: only SemVer is safe there (S7).
        (Some((_, version)), _) if version.len() <= VERSION_BYTES && Version::parse(version).is_ok() => {
            version.to_owned()
        }
        (Some((path, _)), _) => {
            let message = "This is no version. Write it as three numbers, such as 1.2.0.";
            report.problem(Finding::in_json("invalid-version", path, "/version", message));
            ASSUMED.to_owned()
        }
        (None, Some(bundle)) => {
            report.problem(missing(&bundle.path, "version", "three numbers, such as 1.2.0"));
            ASSUMED.to_owned()
        }
        (None, None) => {
            let message = format!(
                "No version is given, so {ASSUMED} is assumed. Add a bundle.json with a version, \
                 or updates cannot be told apart."
            );
            report.warn(Finding::archive("version-assumed", message));
            ASSUMED.to_owned()
        }
    }
}

/// How users sign in, and the folder of the `auth.js` that components refer to. When they refer to several, the one that
/// asks most of an administrator counts.
fn auth(identity: &Identity, contents: &Contents, report: &mut Report) -> (AuthKind, Option<String>) {
    let strength = |kind: &AuthKind| match kind {
        AuthKind::None => 0,
        AuthKind::ApiKey => 1,
        AuthKind::Pwd => 2,
        AuthKind::OAuth => 3,
        AuthKind::OAuth2 => 4,
    };
    let mut strongest = (AuthKind::None, None);
    for component in &contents.components {
        let Some(folder) = &component.auth_folder else {
            continue;
        };
        match contents.auths.get(&format!("{}{folder}", identity.wrapper)) {
            Some(Some(kind)) if strength(kind) > strength(&strongest.0) => strongest = (*kind, Some(folder.clone())),
            Some(Some(_)) => {}
            Some(None) => {}
            None => {
                let message = format!("This archive has no `{folder}/auth.js` to sign in with.");
                let pointer = "/auth/service";
                report.warn(Finding::in_json("missing-auth", &component.path, pointer, message));
            }
        }
    }
    strongest
}

fn needs_configuration(
    identity: &Identity,
    auth: AuthKind,
    contents: &Contents,
    display: &[&DisplayDraft],
) -> Vec<ConfigurationReason> {
    // The service's shared scripts serve other modules too: only the module's own count.
    let folder = identity.folder();
    let reads_config = contents.reads_config.iter().any(|(path, _)| is_inside(path, &folder));
    let declared = display.iter().any(|draft| !draft.configuration.is_empty())
        || contents.components.iter().any(|component| component.auth_config);
    [
        (auth.is_oauth(), ConfigurationReason::OAuth),
        (declared, ConfigurationReason::Declared),
        (reads_config, ConfigurationReason::ReadsConfig),
    ]
    .into_iter()
    .filter_map(|(holds, reason)| holds.then_some(reason))
    .collect()
}

/// What the manifests declare, then what OAuth wants, then what the code reads besides.
fn configuration_keys(
    identity: &Identity,
    auth: AuthKind,
    contents: &Contents,
    display: &[&DisplayDraft],
) -> Vec<ConfigurationKey> {
    let mut keys: Vec<ConfigurationKey> = Vec::new();
    let mut add = |key: ConfigurationKey| {
        if !keys.iter().any(|known| known.name == key.name) {
            keys.push(key);
        }
    };
    display.iter().flat_map(|draft| draft.configuration.clone()).for_each(&mut add);
    let plain = |name: &str, label: &str, required| ConfigurationKey {
        name: name.to_owned(),
        label: label.to_owned(),
        description: String::new(),
        required,
    };
    if auth.is_oauth() {
        add(plain("clientId", "Client id", true));
        add(plain("clientSecret", "Client secret", true));
    }
    let folder = identity.folder();
    let read = contents.reads_config.iter().filter(|(path, _)| is_inside(path, &folder));
    read.flat_map(|(_, keys)| keys).for_each(|name| add(plain(name, "", false)));
    keys
}

fn components(drafts: &[ComponentDraft]) -> Vec<Component> {
    let mut components: Vec<Component> = drafts
        .iter()
        .map(|draft| Component {
            name: draft.name.clone(),
            label: draft.label.clone().unwrap_or_else(|| draft.name.rsplit('.').next().unwrap_or_default().to_owned()),
            description: draft.description.clone(),
            kind: draft.kind,
            private: draft.private,
            icon: draft.icon.clone(),
        })
        .collect();
    components.sort_by_cached_key(|c| (c.kind, c.label.to_lowercase(), c.name.clone()));
    components
}
