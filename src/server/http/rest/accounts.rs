//! One's own accounts with other services, and which component signs in with which.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, ApiPath, ApiQuery, Nothing},
    problem::{Conflict, Invalid, NotFound, OfJson, Unauthorized},
};
use crate::server::{
    access::UserActor,
    error::Result,
    settings::accounts::NewAccount,
    state::AppState,
    store::accounts::{Account, AccountUse},
    time::iso,
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(rename, delete))
        .routes(routes!(flows))
        .routes(routes!(attach, detach))
}

/// An account, without its token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountView {
    account_id: String,
    user_id: String,
    /// `vendor:service` or `vendor:service:module`.
    service: String,
    name: String,
    display_name: Option<String>,
    #[schema(value_type = Object)]
    profile_info: Map<String, Value>,
    /// When it was made; ISO 8601.
    btime: String,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            account_id: account.id,
            user_id: account.user_id,
            service: account.service,
            name: account.name,
            display_name: account.display_name,
            profile_info: account.profile,
            btime: iso(account.created_at),
        }
    }
}

/// One's own accounts, the oldest first. Their tokens are never shown.
#[utoipa::path(get, path = "/accounts", tag = "accounts", operation_id = "listAccounts",
    responses((status = 200, description = "The accounts", body = Vec<AccountView>), Unauthorized))]
async fn list(State(state): State<AppState>, actor: UserActor) -> Result<Json<Vec<AccountView>>> {
    Ok(Json(state.accounts.list(&actor).await?.into_iter().map(AccountView::from).collect()))
}

/// What an account is made of.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Body {
    /// `vendor:service` or `vendor:service:module`, as the manifests of its components have it in `auth.service`.
    #[schema(required)]
    service: String,
    #[schema(max_length = 200)]
    name: String,
    display_name: Option<String>,
    /// What the connector needs to sign in, such as `apiKey`. It is not tried here.
    #[schema(required, value_type = Object)]
    token: Map<String, Value>,
    #[schema(value_type = Object)]
    profile_info: Map<String, Value>,
}

/// Add an account.
#[utoipa::path(post, path = "/accounts", tag = "accounts", operation_id = "createAccount", request_body = Body,
    responses((status = 200, description = "The account", body = AccountView), OfJson, Unauthorized))]
async fn create(
    State(state): State<AppState>,
    actor: UserActor,
    ApiJson(body): ApiJson<Body>,
) -> Result<Json<AccountView>> {
    let Body { service, name, display_name, token, profile_info } = body;
    let new = NewAccount { service, name, display_name, token, profile: profile_info };
    Ok(Json(state.accounts.create(&actor, new).await?.into()))
}

/// The id of an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AccountId {
    account_id: String,
}

/// What to set of an account.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
struct Rename {
    /// What its owner calls it; missing, it has no such name any more.
    #[schema(min_length = 1, max_length = 200)]
    display_name: Option<String>,
}

/// Give an account a name of one's own.
#[utoipa::path(put, path = "/accounts/{id}", tag = "accounts", operation_id = "renameAccount", request_body = Rename,
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "Its id", body = AccountId), OfJson, Unauthorized, NotFound))]
async fn rename(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<Rename>,
) -> Result<Json<AccountId>> {
    state.accounts.rename(&actor, &id, body.display_name).await?;
    Ok(Json(AccountId { account_id: id }))
}

/// Delete an account. Refused while running flows use it.
#[utoipa::path(delete, path = "/accounts/{id}", tag = "accounts", operation_id = "deleteAccount",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "Its id", body = AccountId), Unauthorized, NotFound, Conflict))]
async fn delete(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<AccountId>> {
    state.accounts.delete(&actor, &id).await?;
    Ok(Json(AccountId { account_id: id }))
}

/// A flow that uses an account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Use {
    flow_id: String,
    name: String,
    /// `stopped`, `starting`, `running` or `stopping`.
    stage: &'static str,
}

impl From<AccountUse> for Use {
    fn from(flow: AccountUse) -> Self {
        Self { flow_id: flow.flow_id, name: flow.name, stage: flow.stage.as_str() }
    }
}

/// The flows that use an account, running ones first.
#[utoipa::path(get, path = "/accounts/{id}/flows", tag = "accounts", operation_id = "listFlowsOfAccount",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The flows", body = Vec<Use>), Unauthorized, NotFound))]
async fn flows(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(id): ApiPath<String>,
) -> Result<Json<Vec<Use>>> {
    Ok(Json(state.accounts.uses(&actor, &id).await?.into_iter().map(Use::from).collect()))
}

/// Which flow is meant.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", default)]
#[into_params(parameter_in = Query)]
struct Where {
    /// Where it is missing, every flow of one's own that has the component: copies of a flow share their components' ids.
    flow_id: Option<String>,
}

/// Let a component sign in with an account.
#[utoipa::path(put, path = "/auth/component/{component}/{account}", tag = "accounts", operation_id = "attachAccount",
    params(("component" = String, Path, description = "The component's id in its flow"),
           ("account" = String, Path, description = "The account's id"), Where),
    responses((status = 200, description = "It does", body = Nothing), Invalid, Unauthorized, NotFound))]
async fn attach(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath((component, account)): ApiPath<(String, String)>,
    ApiQuery(place): ApiQuery<Where>,
) -> Result<Json<Nothing>> {
    state.engine.attach_account(&actor, &component, &account, place.flow_id.as_deref()).await?;
    Ok(Json(Nothing {}))
}

/// Let a component sign in with an account no longer.
#[utoipa::path(delete, path = "/auth/component/{component}/{account}", tag = "accounts",
    operation_id = "detachAccount",
    params(("component" = String, Path, description = "The component's id in its flow"),
           ("account" = String, Path, description = "The account's id"), Where),
    responses((status = 200, description = "It does not", body = Nothing), Invalid, Unauthorized, NotFound))]
async fn detach(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath((component, account)): ApiPath<(String, String)>,
    ApiQuery(place): ApiQuery<Where>,
) -> Result<Json<Nothing>> {
    state.engine.detach_account(&actor, &component, &account, place.flow_id.as_deref()).await?;
    Ok(Json(Nothing {}))
}
