//! The table of ACL rules: list, add, edit, delete, presets, and the tester.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::ApiError;
use crate::domain::acl::{AclType, Explanation, StoredRule};

/// The table of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclTable {
    pub rules: Vec<StoredRule>,
    /// Changes with every change of the table.
    pub tag: String,
    pub presets: Vec<PresetView>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetView {
    pub id: String,
    pub label: String,
    pub description: String,
}

/// All rules of a type.
#[server(prefix = "/backoffice/api", endpoint = "list_acl_rules", input = GetUrl)]
pub async fn list_acl_rules(acl_type: AclType) -> Result<AclTable, ApiError> {
    use super::server::{admin, fail, state};
    admin()?;
    let rules = state().acl.list(acl_type).await.map_err(fail)?;
    let presets = crate::domain::acl::presets(acl_type)
        .into_iter()
        .map(|preset| PresetView {
            id: preset.id.to_owned(),
            label: preset.label.to_owned(),
            description: preset.description.to_owned(),
        })
        .collect();
    Ok(AclTable { tag: crate::server::access::table_tag(&rules), rules, presets })
}

/// Adds a rule (`id` 0), or replaces the one that was seen at `revision`. Lists are separated by commas.
#[server(prefix = "/backoffice/api", endpoint = "save_acl_rule")]
pub async fn save_acl_rule(
    acl_type: AclType,
    #[server(default)] id: i64,
    #[server(default)] revision: i64,
    role: String,
    resource: String,
    action: String,
    #[server(default)] attributes: String,
) -> Result<(), ApiError> {
    use super::server::{fail, state, sudo};
    use crate::{domain::acl::Rule, server::error::ServerError};

    let words =
        |text: &str| text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let rule = Rule {
        role: role.trim().to_owned(),
        resource: resource.trim().to_owned(),
        action: words(&action),
        attributes: words(&attributes),
    };
    let acl = state().acl;
    if id == 0 {
        if !acl.add(&sudo()?, acl_type, rule).await.map_err(fail)? {
            return Err(fail(ServerError::Conflict(
                "This rule is in the table already. Nothing was changed.".to_owned(),
            )));
        }
    } else {
        acl.replace(&sudo()?, acl_type, id, revision, rule).await.map_err(fail)?;
    }
    leptos_axum::redirect(&format!("/backoffice/acl?type={}", acl_type.as_str()));
    Ok(())
}

/// Deletes the rule that was seen at `revision`.
#[server(prefix = "/backoffice/api", endpoint = "delete_acl_rule")]
pub async fn delete_acl_rule(id: i64, revision: i64) -> Result<(), ApiError> {
    use super::server::{fail, state, sudo};
    state().acl.delete(&sudo()?, id, revision).await.map_err(fail)
}

/// Replaces the table, which was seen with this tag, by a preset.
#[server(prefix = "/backoffice/api", endpoint = "apply_acl_preset")]
pub async fn apply_acl_preset(acl_type: AclType, preset: String, tag: String) -> Result<(), ApiError> {
    use super::server::{fail, state, sudo};
    state().acl.apply_preset(&sudo()?, acl_type, &preset, tag).await.map_err(fail)?;
    leptos_axum::redirect(&format!("/backoffice/acl?type={}", acl_type.as_str()));
    Ok(())
}

/// Whether a role may use a component, and which rules say so.
#[server(prefix = "/backoffice/api", endpoint = "test_acl", input = GetUrl)]
pub async fn test_acl(
    #[server(default)] role: String,
    #[server(default)] component: String,
) -> Result<Option<AclAnswer>, ApiError> {
    use super::server::{admin, fail, state};
    use crate::domain::acl::{Subject, explain};

    admin()?;
    let (role, component) = (role.trim().to_owned(), component.trim().to_owned());
    if role.is_empty() || component.is_empty() {
        return Ok(None);
    }
    let state = state();
    let stored = state.acl.list(AclType::Components).await.map_err(fail)?;
    let known = state.registry.component(&component).await.map_err(fail)?;
    let rules = StoredRule::rules(&stored);
    let explanation = explain(&rules, &Subject::role(&role), &component, known.unwrap_or(false));
    let deciding = explanation.deciding.iter().filter_map(|at| Some(rules.get(*at)?.to_string())).collect();
    Ok(Some(AclAnswer { explanation, deciding, is_installed: known.is_some() }))
}

/// What the tester says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclAnswer {
    pub explanation: Explanation,
    /// The rules that decide, in words.
    pub deciding: Vec<String>,
    pub is_installed: bool,
}
