//! Everything that a module's page shows.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{ApiError, connectors::ConnectorView};
use crate::domain::{
    acl::{RoleAccess, Rule},
    finding::Finding,
    job::Job,
    module::{AuthKind, ComponentKind, ConfigurationReason},
};

/// A module's page. Texts that end in `_html` are sanitised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleDetail {
    pub name: String,
    pub label: String,
    pub vendor: String,
    /// The installed version, else the newest that the catalogue offers.
    pub version: String,
    pub category: String,
    pub description_html: String,
    pub readme_html: Option<String>,
    pub icon: Option<String>,
    /// Bytes of the archive.
    pub size: u64,
    pub sha256: String,
    pub auth: AuthKind,
    pub engine: Option<String>,
    pub source: String,
    pub components: Vec<ComponentView>,
    pub changelog: Vec<ChangeView>,
    pub versions: Vec<VersionView>,
    pub installed: Option<String>,
    pub update: Option<UpdateView>,
    /// The module was removed and can be brought back.
    pub can_undo: bool,
    pub needs_configuration: Vec<ConfigurationReason>,
    /// What an installed module can be configured with.
    pub configuration: Option<ConnectorView>,
    pub documentation: Option<String>,
    /// An installation that runs, or the last one if it came to nothing.
    pub job: Option<Job>,
    /// Why the catalogue's module cannot be installed.
    pub broken: Vec<Finding>,
    pub access: AccessView,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentView {
    pub name: String,
    pub label: String,
    pub description_html: String,
    pub kind: ComponentKind,
    pub private: bool,
    pub icon: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    pub version: String,
    pub changes_html: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionView {
    pub version: String,
    pub sha256: String,
    pub source: String,
    pub installed: bool,
    /// The catalogue offers it, so it can be installed.
    pub offered: bool,
    /// Components of the installed version that it does not have, where it is offered.
    pub drops: Vec<String>,
}

/// What an update would bring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateView {
    pub version: String,
    pub changes: Vec<ChangeView>,
    /// Names of components.
    pub added: Vec<String>,
    pub removed: Vec<String>,
    /// The first number of the version changes.
    pub is_major: bool,
}

/// Who can see the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessView {
    /// The rules that apply to this module.
    pub rules: Vec<Rule>,
    pub sentence: String,
    /// Users may use all of it already.
    pub is_open: bool,
    /// What each role that sees the module has of it.
    pub roles: Vec<RoleAccess>,
}

/// Everything about one module; 404 when nobody knows it.
#[server(prefix = "/backoffice/api", endpoint = "get_module", input = GetUrl)]
pub async fn get_module(name: String) -> Result<ModuleDetail, ApiError> {
    use super::server::{admin, fail, module_name, state};
    let actor = admin()?;
    let (state, name) = (state(), module_name(&name)?);
    let mut detail = view::build(&state, &name).await.map_err(fail)?;
    detail.configuration = super::connectors::view::of_module(&state, &actor, &name).await.map_err(fail)?;
    Ok(detail)
}

#[cfg(feature = "ssr")]
pub(crate) mod view {
    use super::{AccessView, ChangeView, ComponentView, ModuleDetail, UpdateView, VersionView};
    use crate::{
        domain::{
            acl::{self, AclType, StoredRule},
            job::{Job, JobState},
            module::{ChangelogEntry, Manifest},
            name::ModuleName,
        },
        server::{
            catalogue::compare_versions,
            error::{Result, ServerError},
            markup,
            state::AppState,
            store::{catalogue::Offer, modules::Install},
        },
    };

    /// # Errors
    /// [`ServerError::NotFound`] when nobody knows the module.
    pub(crate) async fn build(state: &AppState, name: &ModuleName) -> Result<ModuleDetail> {
        // First, so that what a job has brought that has ended by now is seen.
        let job = state.registry.latest_job(name).await?;
        let offers = state.catalogue.offers(name).await?;
        let installed = state.registry.installed(name).await?;
        let archives = state.registry.archives(name).await?;
        let newest = offers.iter().find(|offer| offer.manifest.is_some());

        let mut detail = match (&installed, newest, offers.first()) {
            (Some(install), ..) => {
                let archive = archives
                    .iter()
                    .find(|archive| archive.sha256 == install.sha256)
                    .ok_or_else(|| ServerError::internal(format!("the installed archive of {name} is unknown")))?;
                page(&archive.manifest, &archive.sha256, archive.size, &install.source)
            }
            (None, Some(offer), _) => {
                let manifest =
                    offer.manifest.as_ref().ok_or_else(|| ServerError::internal("an offer without manifest"))?;
                page(manifest, &offer.sha256, offer.size, &offer.source)
            }
            (None, None, Some(broken)) => broken_page(name, broken),
            (None, None, None) => match archives.first() {
                // Removed, uploaded once, and known to no catalogue: there is still the way back.
                Some(archive) => page(&archive.manifest, &archive.sha256, archive.size, "upload"),
                None => return Err(ServerError::NotFound(format!("There is no module {name}."))),
            },
        };
        if newest.is_none() {
            detail.broken = offers.into_iter().next().map(|offer| offer.findings).unwrap_or_default();
            detail.versions = versions(&[], &archives, installed.as_ref());
        } else {
            detail.versions = versions(&offers, &archives, installed.as_ref());
            let update = offers.iter().find_map(|offer| offer.manifest.as_ref());
            detail.update = installed
                .as_ref()
                .zip(update)
                .and_then(|(install, manifest)| update_view(&detail, manifest, &install.version));
        }
        detail.can_undo = installed.is_none() && state.registry.can_undo(name).await?;
        detail.job = job.filter(|job| is_worth_showing(job, installed.as_ref()));
        detail.installed = installed.map(|install| install.version);
        detail.access = access(state, name, &detail).await?;
        Ok(detail)
    }

    /// A job that runs, or one that came to nothing after the last success and less than an hour ago.
    fn is_worth_showing(job: &Job, installed: Option<&Install>) -> bool {
        let recent = |at: i64| {
            crate::server::time::now_ms() - at < 3_600_000 && installed.is_none_or(|install| install.installed_at < at)
        };
        job.is_running()
            || (matches!(job.state, JobState::Failed | JobState::Cancelled) && job.finished_at.is_some_and(recent))
    }

    fn page(manifest: &Manifest, sha256: &str, size: u64, source: &str) -> ModuleDetail {
        ModuleDetail {
            name: manifest.name.to_string(),
            label: manifest.label.clone(),
            vendor: manifest.name.vendor().to_owned(),
            version: manifest.version.clone(),
            category: manifest.category.clone(),
            description_html: markup::to_html(&manifest.description),
            readme_html: manifest.readme.as_deref().map(markup::to_html),
            icon: manifest.icon.clone(),
            size,
            sha256: sha256.to_owned(),
            auth: manifest.auth,
            engine: manifest.engine.clone(),
            source: source.to_owned(),
            components: manifest
                .components
                .iter()
                .map(|component| ComponentView {
                    name: component.name.clone(),
                    label: component.label.clone(),
                    description_html: markup::to_html(&component.description),
                    kind: component.kind,
                    private: component.private,
                    icon: component.icon.clone(),
                })
                .collect(),
            changelog: manifest.changelog.iter().map(change).collect(),
            versions: Vec::new(),
            installed: None,
            update: None,
            can_undo: false,
            needs_configuration: manifest.needs_configuration.clone(),
            configuration: None,
            documentation: manifest.documentation.clone(),
            job: None,
            broken: Vec::new(),
            access: AccessView::default(),
        }
    }

    fn broken_page(name: &ModuleName, offer: &Offer) -> ModuleDetail {
        ModuleDetail {
            name: name.to_string(),
            label: offer.card.card.label.clone(),
            vendor: name.vendor().to_owned(),
            version: String::new(),
            category: String::new(),
            description_html: String::new(),
            readme_html: None,
            icon: None,
            size: 0,
            sha256: String::new(),
            auth: crate::domain::module::AuthKind::None,
            engine: None,
            source: offer.source.clone(),
            components: Vec::new(),
            changelog: Vec::new(),
            versions: Vec::new(),
            installed: None,
            update: None,
            can_undo: false,
            needs_configuration: Vec::new(),
            configuration: None,
            documentation: None,
            job: None,
            broken: Vec::new(),
            access: AccessView::default(),
        }
    }

    fn change(entry: &ChangelogEntry) -> ChangeView {
        ChangeView {
            version: entry.version.clone(),
            changes_html: entry.changes.iter().map(|text| markup::to_html(text)).collect(),
        }
    }

    fn versions(
        offers: &[Offer],
        archives: &[crate::server::store::modules::Archive],
        installed: Option<&Install>,
    ) -> Vec<VersionView> {
        let is_installed = |sha256: &str| installed.is_some_and(|install| install.sha256 == sha256);
        let current = archives.iter().find(|archive| is_installed(&archive.sha256));
        let drops = |manifest: &Manifest| -> Vec<String> {
            let keeps = |name: &String| manifest.components.iter().any(|component| component.name == *name);
            let names = current.iter().flat_map(|archive| archive.manifest.components.iter());
            names.map(|component| component.name.clone()).filter(|name| !keeps(name)).collect()
        };
        let mut versions: Vec<VersionView> = offers
            .iter()
            .filter(|offer| offer.manifest.is_some())
            .map(|offer| VersionView {
                version: offer.version.clone(),
                sha256: offer.sha256.clone(),
                source: offer.source.clone(),
                installed: is_installed(&offer.sha256),
                offered: true,
                drops: offer.manifest.as_ref().map(drops).unwrap_or_default(),
            })
            .collect();
        for archive in archives {
            if versions.iter().all(|known| known.sha256 != archive.sha256) {
                versions.push(VersionView {
                    version: archive.manifest.version.clone(),
                    sha256: archive.sha256.clone(),
                    source: "kept here".to_owned(),
                    installed: is_installed(&archive.sha256),
                    offered: false,
                    drops: Vec::new(),
                });
            }
        }
        versions.sort_by(|a, b| compare_versions(&b.version, &a.version).then(b.installed.cmp(&a.installed)));
        versions
    }

    fn update_view(installed: &ModuleDetail, newest: &Manifest, version: &str) -> Option<UpdateView> {
        if compare_versions(&newest.version, version).is_le() {
            return None;
        }
        let has = |name: &str| installed.components.iter().any(|component| component.name == name);
        let keeps = |name: &str| newest.components.iter().any(|component| component.name == name);
        let major = |version: &str| version.split('.').next().map(str::to_owned);
        Some(UpdateView {
            version: newest.version.clone(),
            changes: newest
                .changelog
                .iter()
                .filter(|entry| compare_versions(&entry.version, version).is_gt())
                .map(change)
                .collect(),
            added: newest.components.iter().map(|c| c.name.clone()).filter(|name| !has(name)).collect(),
            removed: installed.components.iter().map(|c| c.name.clone()).filter(|name| !keeps(name)).collect(),
            is_major: major(&newest.version) != major(version),
        })
    }

    async fn access(state: &AppState, name: &ModuleName, detail: &ModuleDetail) -> Result<AccessView> {
        let stored = state.acl.list(AclType::Components).await?;
        let rules = StoredRule::rules(&stored);
        let components: Vec<(&str, bool)> =
            detail.components.iter().map(|component| (component.name.as_str(), component.private)).collect();
        let audience = acl::audience(&rules, name, &components);
        Ok(AccessView {
            sentence: audience.sentence(),
            is_open: acl::open_to_users(&rules, name, &components),
            roles: audience.roles.clone(),
            rules: audience.applying.iter().filter_map(|at| rules.get(*at).cloned()).collect(),
        })
    }
}
