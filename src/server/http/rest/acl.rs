//! The tables of ACL rules: whole, as the protocol has them, and rule by rule.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::IntoResponse,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, Nothing, if_match},
    problem::{Conflict, ForAdmins, Invalid, NotFound, OfJson, Stale},
};
use crate::{
    domain::acl::{AclType, Rule, StoredRule},
    server::{
        access::{AdminActor, SudoActor, table_tag},
        catalogue::hex,
        error::{Result, ServerError},
        state::AppState,
        store,
    },
};

/// Most rules of a table that are taken at once.
const RULES_MAX: usize = 5000;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(types))
        .routes(routes!(list, replace))
        .routes(routes!(resources))
        .routes(routes!(actions))
        .routes(routes!(attributes))
        .routes(routes!(rules, add))
        .routes(routes!(change, delete))
}

/// A rule: this role may do these actions with what the resource's pattern matches.
#[derive(Serialize, ToSchema)]
#[schema(as = AclRule)]
struct RuleBody {
    /// A scope, an e-mail address, or the domain of e-mail addresses.
    role: String,
    #[schema(example = "acme.git.*")]
    resource: String,
    action: Vec<String>,
    /// `non-private` for components where none are sent.
    attributes: Vec<String>,
}

impl From<Rule> for RuleBody {
    fn from(rule: Rule) -> Self {
        Self { role: rule.role, resource: rule.resource, action: rule.action, attributes: rule.attributes }
    }
}

/// A rule with its place in the table.
#[derive(Serialize, ToSchema)]
#[schema(as = StoredAclRule)]
struct StoredRuleBody {
    id: i64,
    /// To be sent as `If-Match` with a change.
    revision: i64,
    #[serde(flatten)]
    rule: RuleBody,
}

impl From<StoredRule> for StoredRuleBody {
    fn from(stored: StoredRule) -> Self {
        Self { id: stored.id, revision: stored.revision, rule: stored.rule.into() }
    }
}

fn type_of(word: &str) -> Result<AclType> {
    AclType::parse(word)
        .ok_or_else(|| ServerError::NotFound("There are the ACL types routes and components.".to_owned()))
}

/// The table with its tag, which changes with every change of it.
fn table(rules: Vec<StoredRule>) -> impl IntoResponse {
    let tag = tag_of(&rules);
    let body: Vec<RuleBody> = rules.into_iter().map(|stored| stored.rule.into()).collect();
    ([(header::ETAG, format!("\"{tag}\""))], Json(body))
}

fn tag_of(rules: &[StoredRule]) -> String {
    let mut tag = hex(&Sha256::digest(table_tag(rules)));
    tag.truncate(32);
    tag
}

/// The tables that there are.
#[utoipa::path(get, path = "/acl-types", tag = "acl", operation_id = "listAclTypes",
    responses((status = 200, description = "Their names", body = Vec<String>, example = json!(["routes", "components"])),
        ForAdmins))]
async fn types(_: AdminActor) -> Json<[&'static str; 2]> {
    Json([AclType::Routes.as_str(), AclType::Components.as_str()])
}

/// All rules of a table.
#[utoipa::path(get, path = "/acl/{type}", tag = "acl", operation_id = "listAclRules",
    params(("type" = String, Path, description = "`routes` or `components`")),
    responses((status = 200, description = "The rules", body = Vec<RuleBody>,
        headers(("ETag" = String, description = "To be sent as If-Match with a change"))), ForAdmins, NotFound))]
async fn list(
    State(state): State<AppState>,
    _: AdminActor,
    ApiPath(word): ApiPath<String>,
) -> Result<impl IntoResponse> {
    Ok(table(state.acl.list(type_of(&word)?).await?))
}

/// Replaces a whole table; with `If-Match`, only if it is still the one that was read.
#[utoipa::path(post, path = "/acl/{type}", tag = "acl", operation_id = "replaceAclRules", request_body = Vec<RuleBody>,
    params(("type" = String, Path, description = "`routes` or `components`"),
        ("If-Match" = Option<String>, Header, description = "The table's ETag")),
    responses((status = 200, description = "The rules as they are now", body = Vec<RuleBody>), OfJson, ForAdmins,
        NotFound, Stale))]
async fn replace(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(word): ApiPath<String>,
    headers: HeaderMap,
    ApiJson(rules): ApiJson<Vec<Rule>>,
) -> Result<impl IntoResponse> {
    let acl_type = type_of(&word)?;
    if rules.len() > RULES_MAX {
        return Err(ServerError::Invalid(format!("A table has at most {RULES_MAX} rules.")));
    }
    let seen = match if_match(&headers)? {
        None => None,
        Some(tag) => {
            let now = state.acl.list(acl_type).await?;
            if tag != tag_of(&now) {
                return Err(stale());
            }
            Some(table_tag(&now))
        }
    };
    let after = state.acl.replace_table(&actor, acl_type, rules, seen).await.map_err(|error| match error {
        // Changed between the look and the change.
        ServerError::Conflict(_) => stale(),
        other => other,
    })?;
    Ok(table(after))
}

fn stale() -> ServerError {
    ServerError::PreconditionFailed(
        "The table has changed since it was read, so nothing was changed. Read it again, then decide.".to_owned(),
    )
}

/// Patterns that a rule's resource may be.
#[utoipa::path(get, path = "/acl/{type}/resources", tag = "acl", operation_id = "listAclResources",
    params(("type" = String, Path, description = "`routes` or `components`")),
    responses((status = 200, description = "Patterns; for components, one for each installed module",
        body = Vec<String>), ForAdmins, NotFound))]
async fn resources(
    State(state): State<AppState>,
    _: AdminActor,
    ApiPath(word): ApiPath<String>,
) -> Result<Json<Vec<String>>> {
    let mut patterns = vec!["*".to_owned()];
    match type_of(&word)? {
        AclType::Routes => patterns.push("flows".to_owned()),
        AclType::Components => {
            let installed = state.store.read(store::modules::installed_entries).await?;
            patterns.extend(installed.iter().map(|entry| format!("{}.*", entry.card.name)));
        }
    }
    Ok(Json(patterns))
}

/// Words that a rule's actions may hold.
#[utoipa::path(get, path = "/acl/{type}/actions", tag = "acl", operation_id = "listAclActions",
    params(("type" = String, Path, description = "`routes` or `components`")),
    responses((status = 200, description = "The words", body = Vec<String>), ForAdmins, NotFound))]
async fn actions(_: AdminActor, ApiPath(word): ApiPath<String>) -> Result<Json<Vec<String>>> {
    Ok(Json(type_of(&word)?.actions()))
}

/// Words that a rule's attributes may hold.
#[utoipa::path(get, path = "/acl/{type}/resource/{resource}/attributes", tag = "acl",
    operation_id = "listAclAttributes",
    params(("type" = String, Path, description = "`routes` or `components`"),
        ("resource" = String, Path, description = "A pattern, percent-encoded")),
    responses((status = 200, description = "The words", body = Vec<String>), ForAdmins, NotFound))]
async fn attributes(
    _: AdminActor,
    ApiPath((word, _resource)): ApiPath<(String, String)>,
) -> Result<Json<&'static [&'static str]>> {
    Ok(Json(match type_of(&word)? {
        AclType::Components => &["*", "private", "non-private"],
        // The properties of a flow.
        AclType::Routes => &[
            "*",
            "flowId",
            "userId",
            "name",
            "description",
            "stage",
            "btime",
            "mtime",
            "started",
            "flow",
            "mode",
            "thumbnail",
            "sharedWith",
            "customFields",
            "type",
        ],
    }))
}

/// All rules of a table, with the ids and revisions by which they are changed one by one.
#[utoipa::path(get, path = "/acl/{type}/rules", tag = "acl", operation_id = "listStoredAclRules",
    params(("type" = String, Path, description = "`routes` or `components`")),
    responses((status = 200, description = "The rules", body = Vec<StoredRuleBody>), ForAdmins, NotFound))]
async fn rules(
    State(state): State<AppState>,
    _: AdminActor,
    ApiPath(word): ApiPath<String>,
) -> Result<Json<Vec<StoredRuleBody>>> {
    let rules = state.acl.list(type_of(&word)?).await?;
    Ok(Json(rules.into_iter().map(StoredRuleBody::from).collect()))
}

/// Adds a rule.
#[utoipa::path(post, path = "/acl/{type}/rules", tag = "acl", operation_id = "addAclRule", request_body = RuleBody,
    params(("type" = String, Path, description = "`routes` or `components`")),
    responses((status = 200, description = "The rule with its id", body = StoredRuleBody), OfJson, ForAdmins, NotFound,
        Conflict))]
async fn add(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(word): ApiPath<String>,
    ApiJson(rule): ApiJson<Rule>,
) -> Result<impl IntoResponse> {
    let acl_type = type_of(&word)?;
    if !state.acl.add(&actor, acl_type, rule.clone()).await? {
        return Err(ServerError::Conflict("This rule is in the table already. Nothing was changed.".to_owned()));
    }
    let identity = rule.normalise(acl_type).identity();
    let added = state.acl.list(acl_type).await?.into_iter().find(|stored| stored.rule.identity() == identity);
    added.map(one).ok_or_else(|| ServerError::Conflict("Somebody else has deleted this rule already.".to_owned()))
}

fn one(stored: StoredRule) -> impl IntoResponse {
    ([(header::ETAG, format!("\"{}\"", stored.revision))], Json(StoredRuleBody::from(stored)))
}

/// The rule that a change names, at the revision that it was seen at.
async fn seen(state: &AppState, acl_type: AclType, id: &str, headers: &HeaderMap) -> Result<StoredRule> {
    let absent = || ServerError::NotFound("There is no such rule.".to_owned());
    let id: i64 = id.parse().map_err(|_| absent())?;
    let stored = state.acl.list(acl_type).await?.into_iter().find(|stored| stored.id == id).ok_or_else(absent)?;
    if !headers.contains_key(header::IF_MATCH) {
        return Err(ServerError::Invalid(
            "Send If-Match with the rule's revision, so that nobody else's change is lost.".to_owned(),
        ));
    }
    match if_match(headers)? {
        Some(revision) if revision != stored.revision.to_string() => Err(ServerError::PreconditionFailed(
            "The rule has changed since it was read, so nothing was changed. Read it again, then decide.".to_owned(),
        )),
        _ => Ok(stored),
    }
}

/// Replaces one rule.
#[utoipa::path(put, path = "/acl/{type}/rules/{id}", tag = "acl", operation_id = "changeAclRule",
    request_body = RuleBody,
    params(("type" = String, Path, description = "`routes` or `components`"),
        ("id" = i64, Path, description = "The rule's id"),
        ("If-Match" = String, Header, description = "The rule's revision")),
    responses((status = 200, description = "The rule as it is now", body = StoredRuleBody), OfJson, ForAdmins, NotFound,
        Conflict, Stale))]
async fn change(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath((word, id)): ApiPath<(String, String)>,
    headers: HeaderMap,
    ApiJson(rule): ApiJson<Rule>,
) -> Result<impl IntoResponse> {
    let acl_type = type_of(&word)?;
    let before = seen(&state, acl_type, &id, &headers).await?;
    state.acl.replace(&actor, acl_type, before.id, before.revision, rule.clone()).await?;
    let rule = rule.normalise(acl_type);
    Ok(one(StoredRule { id: before.id, revision: before.revision + 1, rule }))
}

/// Deletes one rule.
#[utoipa::path(delete, path = "/acl/{type}/rules/{id}", tag = "acl", operation_id = "deleteAclRule",
    params(("type" = String, Path, description = "`routes` or `components`"),
        ("id" = i64, Path, description = "The rule's id"),
        ("If-Match" = String, Header, description = "The rule's revision")),
    responses((status = 200, description = "It is gone", body = Nothing), Invalid, ForAdmins, NotFound, Conflict, Stale))]
async fn delete(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath((word, id)): ApiPath<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Nothing>> {
    let before = seen(&state, type_of(&word)?, &id, &headers).await?;
    state.acl.delete(&actor, before.id, before.revision).await?;
    Ok(Json(Nothing {}))
}
