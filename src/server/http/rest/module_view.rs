//! Modules and jobs as the routes show them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::get_module::{AccessView, ModuleDetail},
    domain::{
        acl::{RoleAccess, Rule},
        finding::Finding,
        job::{Job, JobFailure, JobKind, JobState, Outcome, Step},
        module::{AuthKind, ComponentKind, ConfigurationReason, Manifest},
    },
    server::{markup, time::iso},
};

/// A module. Texts that end in `Html` are sanitised.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ModuleView {
    name: String,
    label: String,
    vendor: String,
    /// The installed version, else the newest that the catalogue offers.
    version: String,
    category: String,
    description_html: String,
    readme_html: Option<String>,
    /// SHA-256 of the icon's bytes.
    icon: Option<String>,
    #[schema(value_type = String)]
    auth: AuthKind,
    /// Empty when it works as soon as it is installed.
    #[schema(value_type = Vec<String>)]
    needs_configuration: Vec<ConfigurationReason>,
    documentation: Option<String>,
    /// The range of engine versions that it asks for.
    engine: Option<String>,
    components: Vec<ComponentView>,
    changelog: Vec<ChangeView>,
    installed: Option<String>,
    /// For administrators alone.
    #[serde(flatten)]
    administration: Option<Administration>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ComponentView {
    name: String,
    label: String,
    description_html: String,
    #[schema(value_type = String)]
    kind: ComponentKind,
    private: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangeView {
    version: String,
    changes_html: Vec<String>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Administration {
    /// Bytes of the archive.
    size: u64,
    sha256: String,
    source: String,
    versions: Vec<VersionView>,
    update: Option<UpdateView>,
    /// It was removed and can be brought back.
    can_undo: bool,
    /// Why the catalogue's module cannot be installed.
    #[schema(value_type = Vec<Object>)]
    broken: Vec<Finding>,
    /// An installation that runs, or the last one if it came to nothing.
    job: Option<JobView>,
    access: Access,
}

#[derive(Serialize, ToSchema)]
struct VersionView {
    version: String,
    sha256: String,
    source: String,
    installed: bool,
    offered: bool,
}

/// What an update would bring.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UpdateView {
    version: String,
    changes: Vec<ChangeView>,
    added: Vec<String>,
    removed: Vec<String>,
    is_major: bool,
}

/// Who can see the module.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Access {
    sentence: String,
    /// Users may use all of it already.
    is_open: bool,
    /// What each role that sees it has of it.
    #[schema(value_type = Vec<Object>)]
    roles: Vec<RoleAccess>,
    /// The rules that apply to it.
    #[schema(value_type = Vec<Object>)]
    rules: Vec<Rule>,
}

impl From<AccessView> for Access {
    fn from(view: AccessView) -> Self {
        let AccessView { rules, sentence, is_open, roles } = view;
        Self { sentence, is_open, roles, rules }
    }
}

/// An installation.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobView {
    id: String,
    #[schema(value_type = String)]
    kind: JobKind,
    module: Option<String>,
    version: Option<String>,
    #[schema(value_type = String)]
    state: JobState,
    /// The step that runs, or the one at which it ended.
    #[schema(value_type = String)]
    step: Step,
    /// Share of the running step, 0 to 100.
    percent: Option<u8>,
    /// One sentence for a person.
    sentence: String,
    started: String,
    finished: Option<String>,
    #[schema(value_type = Option<Object>)]
    outcome: Option<Outcome>,
    #[schema(value_type = Option<Object>)]
    failure: Option<JobFailure>,
}

impl From<Job> for JobView {
    fn from(job: Job) -> Self {
        Self {
            sentence: job.sentence(),
            id: job.id,
            kind: job.kind,
            module: job.module.map(String::from),
            version: job.version,
            state: job.state,
            step: job.step,
            percent: job.percent,
            started: iso(job.started_at),
            finished: job.finished_at.map(iso),
            outcome: job.outcome,
            failure: job.failure,
        }
    }
}

impl From<crate::api::get_module::ChangeView> for ChangeView {
    fn from(change: crate::api::get_module::ChangeView) -> Self {
        Self { version: change.version, changes_html: change.changes_html }
    }
}

impl From<ModuleDetail> for ModuleView {
    fn from(detail: ModuleDetail) -> Self {
        let changes = |list: Vec<crate::api::get_module::ChangeView>| list.into_iter().map(ChangeView::from).collect();
        let components = detail.components.into_iter().map(|component| ComponentView {
            name: component.name,
            label: component.label,
            description_html: component.description_html,
            kind: component.kind,
            private: component.private,
        });
        let versions = detail.versions.into_iter().map(|version| VersionView {
            version: version.version,
            sha256: version.sha256,
            source: version.source,
            installed: version.installed,
            offered: version.offered,
        });
        let update = detail.update.map(|update| UpdateView {
            version: update.version,
            changes: changes(update.changes),
            added: update.added,
            removed: update.removed,
            is_major: update.is_major,
        });
        Self {
            name: detail.name,
            label: detail.label,
            vendor: detail.vendor,
            version: detail.version,
            category: detail.category,
            description_html: detail.description_html,
            readme_html: detail.readme_html,
            icon: detail.icon,
            auth: detail.auth,
            needs_configuration: detail.needs_configuration,
            documentation: detail.documentation,
            engine: detail.engine,
            components: components.collect(),
            changelog: changes(detail.changelog),
            installed: detail.installed,
            administration: Some(Administration {
                size: detail.size,
                sha256: detail.sha256,
                source: detail.source,
                versions: versions.collect(),
                update,
                can_undo: detail.can_undo,
                broken: detail.broken,
                job: detail.job.map(JobView::from),
                access: detail.access.into(),
            }),
        }
    }
}

/// An installed module, narrowed to what somebody who is no administrator may use of it.
impl From<Manifest> for ModuleView {
    fn from(manifest: Manifest) -> Self {
        let components = manifest.components.into_iter().map(|component| ComponentView {
            name: component.name,
            label: component.label,
            description_html: markup::to_html(&component.description),
            kind: component.kind,
            private: component.private,
        });
        let changelog = manifest.changelog.into_iter().map(|entry| ChangeView {
            version: entry.version,
            changes_html: entry.changes.iter().map(|text| markup::to_html(text)).collect(),
        });
        Self {
            vendor: manifest.name.vendor().to_owned(),
            name: manifest.name.into(),
            label: manifest.label,
            installed: Some(manifest.version.clone()),
            version: manifest.version,
            category: manifest.category,
            description_html: markup::to_html(&manifest.description),
            readme_html: manifest.readme.as_deref().map(markup::to_html),
            icon: manifest.icon,
            auth: manifest.auth,
            needs_configuration: manifest.needs_configuration,
            documentation: manifest.documentation,
            engine: manifest.engine,
            components: components.collect(),
            changelog: changelog.collect(),
            administration: None,
        }
    }
}
