//! Finds out which module an archive holds, and that it holds nothing else.

use std::collections::BTreeSet;

use crate::domain::finding::Finding;
use crate::domain::name::ModuleName;

use super::contents::Contents;
use super::drafts::missing;
use super::names::is_litter;
use super::report::{Report, shown};
use super::structure::Entry;

/// Which module an archive holds, and where in it.
pub(super) struct Identity {
    pub(super) name: ModuleName,
    /// The folder around the vendor's, as `folder/`; empty when the vendor's folder is outermost.
    pub(super) wrapper: String,
    /// Position of its `bundle.json` among those found.
    pub(super) bundle: Option<usize>,
}

impl Identity {
    /// The module's folder in the zip.
    pub(super) fn folder(&self) -> String {
        format!("{}{}", self.wrapper, self.name.folder())
    }

    /// The folder of the module's service in the zip; for a service that is its own.
    pub(super) fn service_folder(&self) -> String {
        let folder = self.name.folder();
        let service: Vec<&str> = folder.split('/').take(2).collect();
        format!("{}{}", self.wrapper, service.join("/"))
    }
}

/// The folder of the file at `path`.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// True when `path` lies below `folder`, decided at a slash.
pub(super) fn is_inside(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// Names the module: by its `bundle.json`, else (a lone component, or a module from before
/// bundles) by `module.json`, `service.json` or what the components' names have in common.
///
/// # Errors
/// The reason why the archive holds no one module that can be named.
pub(super) fn find(contents: &Contents) -> Result<Identity, Finding> {
    if !contents.bundles.is_empty() {
        return by_bundle(contents);
    }
    if let [module] = contents.modules.as_slice()
        && contents.components.iter().all(|c| is_inside(&c.path, folder_of(&module.path)))
    {
        return named_by(&module.path, module.name.as_deref(), "vendor.service.module");
    }
    match contents.services.as_slice() {
        [service] => named_by(&service.path, service.name.as_deref(), "vendor.service"),
        [first, second, ..] => Err(several(&first.path, &second.path)),
        [] => by_components(contents),
    }
}

fn by_bundle(contents: &Contents) -> Result<Identity, Finding> {
    // A module's archive may carry its service's files, and with them the service's bundle.json.
    let depth = |path: &str| path.split('/').count();
    let deepest = contents.bundles.iter().map(|bundle| depth(&bundle.path)).max();
    let mut at_depth = contents.bundles.iter().enumerate().filter(|(_, bundle)| Some(depth(&bundle.path)) == deepest);
    let Some((index, bundle)) = at_depth.next() else {
        return Err(nothing());
    };
    let rival = at_depth.next().or_else(|| {
        let is_around = |other: &str| is_inside(&bundle.path, folder_of(other));
        contents.bundles.iter().enumerate().find(|(at, other)| *at != index && !is_around(&other.path))
    });
    if let Some((_, other)) = rival {
        return Err(several(&bundle.path, &other.path));
    }
    let form = "vendor.service or vendor.service.module";
    let identity = named_by(&bundle.path, bundle.name.as_deref(), form)?;
    Ok(Identity { bundle: Some(index), ..identity })
}

fn several(one: &str, other: &str) -> Finding {
    let message = format!(
        "This archive holds several modules: see `{one}` and `{other}`. Pack each module as a zip \
         of its own."
    );
    Finding::at("several-modules", one, message)
}

fn nothing() -> Finding {
    Finding::archive(
        "no-module",
        "This archive holds no readable bundle.json, module.json, service.json or component.json. \
         Pack the folders vendor/service[/module] with everything in them.",
    )
}

/// The identity that the manifest at `path` gives in its field `name`.
fn named_by(path: &str, name: Option<&str>, form: &str) -> Result<Identity, Finding> {
    let name = name.ok_or_else(|| missing(path, "name", form))?;
    let name = ModuleName::parse(name).map_err(|error| {
        let message = format!("This name cannot be used: {error}.");
        Finding::in_json("invalid-name", path, "/name", message)
    })?;
    let folder = folder_of(path);
    let wanted = name.folder();
    let outer = folder.split_once('/');
    if folder == wanted {
        return Ok(Identity { name, wrapper: String::new(), bundle: None });
    }
    if let Some((wrapper, inner)) = outer
        && inner == wanted
    {
        return Ok(Identity { name, wrapper: format!("{wrapper}/"), bundle: None });
    }
    Err(misplaced(path, name.as_str(), &wanted))
}

/// The finding for a manifest whose `name` belongs into the folder `wanted`, but which is elsewhere.
fn misplaced(path: &str, name: &str, wanted: &str) -> Finding {
    let folder = folder_of(path);
    let inner = folder.split_once('/').map(|(_, inner)| inner);
    let same_but_case = [Some(folder), inner].iter().flatten().any(|folder| folder.eq_ignore_ascii_case(wanted));
    let vendor = wanted.split('/').next().unwrap_or_default();
    let (code, hint) = if same_but_case {
        ("name-case", "They differ in upper and lower case only: write both the same way.".to_owned())
    } else if folder.is_empty() || wanted.ends_with(&format!("/{folder}")) {
        ("missing-folders", format!("Zip the folder `{vendor}` from outside, so that every path begins with it."))
    } else if folder.ends_with(&format!("/{wanted}")) {
        ("surplus-folders", format!("Zip the folder `{vendor}` itself, without those around it."))
    } else {
        ("name-mismatch", "Rename one of them.".to_owned())
    };
    let place = if folder.is_empty() { "outside of any folder".to_owned() } else { format!("in `{folder}`") };
    let message = format!("The name `{name}` belongs into the folder `{wanted}`, but this file is {place}. {hint}");
    Finding::in_json(code, path, "/name", message)
}

/// What the names of all components have in common, their last segment aside.
fn by_components(contents: &Contents) -> Result<Identity, Finding> {
    let Some(first) = contents.components.first() else {
        return Err(match contents.modules.as_slice() {
            [first, second, ..] => several(&first.path, &second.path),
            _ => nothing(),
        });
    };
    let parent = |name: &str| -> Vec<String> {
        let segments: Vec<&str> = name.split('.').collect();
        segments[..segments.len() - 1].iter().map(|&segment| segment.to_owned()).collect()
    };
    let mut common = parent(&first.name);
    for component in &contents.components {
        let own = parent(&component.name);
        let same = common.iter().zip(&own).take_while(|(a, b)| a == b).count();
        common.truncate(same);
        if same < 2 {
            return Err(several(&first.path, &component.path));
        }
    }
    let name = ModuleName::parse(&common.join(".")).map_err(|error| {
        let message = format!("The module's name cannot be read off this one: {error}.");
        Finding::in_json("invalid-name", &first.path, "/name", message)
    })?;
    let wanted = name.folder();
    let placed = contents.components.iter().find_map(|component| {
        let inner = component.path.split_once('/');
        if is_inside(&component.path, &wanted) {
            Some(String::new())
        } else {
            inner.filter(|(_, inner)| is_inside(inner, &wanted)).map(|(outer, _)| format!("{outer}/"))
        }
    });
    let wrapper = placed.ok_or_else(|| misplaced(&first.path, &first.name, &first.name.replace('.', "/")))?;
    Ok(Identity { name, wrapper, bundle: None })
}

/// The files of `entries` that belong to the module, by their paths from the vendor's folder on.
/// Files of other vendors, services and modules are reported (S6); litter is left out in silence.
pub(super) fn belonging<'a>(
    identity: &Identity,
    entries: &'a [Entry],
    report: &mut Report,
) -> Vec<(String, &'a Entry)> {
    let mut belonging = Vec::new();
    let mut strangers = BTreeSet::new();
    let mut ignored = 0_usize;
    for entry in entries.iter().filter(|entry| !is_litter(&entry.path)) {
        match Place::of(identity, entry) {
            Place::Inside(path) if !entry.directory => belonging.push((path.to_owned(), entry)),
            Place::Inside(_) | Place::Above => {}
            Place::Ignored => ignored += 1,
            // One finding a folder is enough.
            Place::Stranger(finding) => {
                if strangers.insert(finding.path.clone()) {
                    report.problem(finding);
                }
            }
        }
    }
    if ignored > 0 {
        let wrapper = identity.wrapper.trim_end_matches('/');
        let message =
            format!("{ignored} files around the vendor's folder are left out. Zip the vendor's folder itself.");
        report.warn(Finding::at("ignored-files", wrapper, message));
    }
    belonging
}

/// Where an entry lies, seen from the module.
enum Place<'a> {
    /// Below the service's folder; with the path from the vendor's folder on.
    Inside(&'a str),
    /// A folder on the way to the service's.
    Above,
    /// A loose or hidden file of the wrapping folder, such as a repository's README.
    Ignored,
    Stranger(Finding),
}

impl<'a> Place<'a> {
    fn of(identity: &Identity, entry: &'a Entry) -> Self {
        let service = identity.service_folder();
        if is_inside(&entry.path, &service) {
            return Self::Inside(&entry.path[identity.wrapper.len()..]);
        }
        if entry.directory && (entry.path == service || is_inside(&service, &entry.path)) {
            return Self::Above;
        }
        let inner = entry.path.strip_prefix(identity.wrapper.as_str());
        let rest = inner.unwrap_or(&entry.path);
        let (first, below) = rest.split_once('/').map_or((rest, None), |(f, b)| (f, Some(b)));
        let is_loose = below.is_none() && !entry.directory;
        if inner.is_some() && !identity.wrapper.is_empty() && (is_loose || first.starts_with('.')) {
            return Self::Ignored;
        }
        let vendor = identity.name.vendor();
        // The part of the path that is one finding: a folder of strangers, or a single file.
        let outer = &entry.path[..entry.path.len() - rest.len()];
        let (code, stranger) = match below.map(|below| below.split('/').next().unwrap_or_default()) {
            Some(second) if first == vendor && inner.is_some() => ("other-service", format!("{outer}{first}/{second}")),
            _ => ("other-vendor", format!("{outer}{first}")),
        };
        let message = format!(
            "This is outside the folder of the module's service, `{service}`. A module's archive \
             holds that folder only: remove this, or move it there."
        );
        Self::Stranger(Finding::at(code, &shown(stranger.as_bytes()), message))
    }
}
