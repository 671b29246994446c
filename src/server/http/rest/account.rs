//! Whoever asks: sign in and out, register, look at oneself, passwords.

use axum::{Json, extract::State, http::HeaderMap};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    json::{ApiJson, Nothing, OneOrMany},
    problem::{Conflict, ForAdmins, NotFound, NotImplemented, OfJson, TooMany, Unauthorized},
    shapes::{self, NewPassword},
    users::User,
};
use crate::{
    domain::person::has_scope,
    server::{
        access::{Credentials, NewPerson, SudoActor, UserActor},
        error::{Result, ServerError},
        http::identity::Identity,
        settings::{USER_CREATE_SCOPE, USER_VENDOR},
        state::AppState,
        store::audit::By,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(own, create))
        .routes(routes!(sign_in))
        .routes(routes!(sign_out))
        .routes(routes!(change_password))
        .routes(routes!(reset_password))
        .routes(routes!(forgot_password))
        .routes(routes!(forgot_password_reset))
}

/// Name and password; either name will do. [`shapes::SignIn`] documents it.
#[derive(Deserialize)]
struct SignIn {
    username: Option<String>,
    email: Option<String>,
    password: String,
}

#[derive(Serialize, ToSchema)]
struct SignedIn {
    user: User,
    /// A JWT for the header `Authorization: Bearer`, good for 30 days unless it is revoked.
    token: String,
}

/// Signs in and gives a token.
#[utoipa::path(post, path = "/user/auth", tag = "account", operation_id = "signIn", security(()),
    request_body = shapes::SignIn,
    responses((status = 200, description = "The user and a token", body = SignedIn), OfJson, Unauthorized, TooMany))]
async fn sign_in(
    State(state): State<AppState>,
    identity: Identity,
    headers: HeaderMap,
    ApiJson(body): ApiJson<SignIn>,
) -> Result<Json<SignedIn>> {
    let login = body
        .email
        .or(body.username)
        .ok_or_else(|| ServerError::Invalid("Send email (or username) and password.".to_owned()))?;
    let agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned();
    let who = Credentials { login, password: body.password, address: identity.address, agent };
    let (person, token) = state.door.token_for(who).await?;
    Ok(Json(SignedIn { user: User::from(person), token }))
}

/// Revokes the token (or ends the session) that the request came with.
#[utoipa::path(post, path = "/user/sign-out", tag = "account", operation_id = "signOut",
    responses((status = 200, description = "It is of no use any more", body = Nothing), Unauthorized))]
async fn sign_out(State(state): State<AppState>, actor: UserActor) -> Result<Json<Nothing>> {
    state.door.sign_out(&actor).await?;
    Ok(Json(Nothing {}))
}

/// Whoever asks.
#[utoipa::path(get, path = "/user", tag = "account", operation_id = "getUser",
    responses((status = 200, description = "Whoever asks, with the scopes of this token", body = User), Unauthorized))]
async fn own(actor: UserActor) -> Json<User> {
    Json(User { scope: actor.scopes().to_vec(), ..User::from(actor.person().clone()) })
}

/// Somebody to add. [`shapes::NewUser`] documents it.
#[derive(Deserialize)]
struct NewUser {
    username: Option<String>,
    email: Option<String>,
    password: String,
    metadata: Option<Map<String, Value>>,
    scope: Option<OneOrMany>,
    vendor: Option<OneOrMany>,
}

/// Adds a user.
///
/// For administrators, and for the scopes that the configuration names in `API_USER_CREATE_SCOPE`; when that is empty,
/// for anybody. Whom others than administrators add has the scope `user` and no vendor.
#[utoipa::path(post, path = "/user", tag = "account", operation_id = "createUser", request_body = shapes::NewUser,
    responses((status = 200, description = "The new user and a token", body = SignedIn), OfJson, ForAdmins, Conflict))]
async fn create(
    State(state): State<AppState>,
    creator: Creator,
    ApiJson(body): ApiJson<NewUser>,
) -> Result<Json<SignedIn>> {
    let username = body.username.unwrap_or_default();
    let mut new = NewPerson {
        email: body.email.unwrap_or_else(|| username.clone()),
        username,
        password: body.password,
        scopes: body.scope.map(Vec::from).unwrap_or_default(),
        vendors: body.vendor.map(Vec::from).unwrap_or_default(),
        metadata: body.metadata.unwrap_or_default(),
    };
    let (by, person) = match creator {
        Creator::Admin(actor) => {
            if new.vendors.is_empty() {
                new.vendors = vec![state.settings.text(USER_VENDOR)];
            }
            (actor.by(), state.people.add(&actor, new).await?)
        }
        Creator::Other(by) => (by.clone(), state.people.register(by, new).await?),
    };
    let token = state.door.first_token(&by, &person).await?;
    Ok(Json(SignedIn { user: User::from(person), token }))
}

/// Somebody who may add users; found before the body is read.
enum Creator {
    Admin(SudoActor),
    Other(By),
}

impl axum::extract::FromRequestParts<AppState> for Creator {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &AppState) -> Result<Self> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let allowed = state.settings.text(USER_CREATE_SCOPE);
        let is_open = allowed.trim().is_empty();
        match identity.user() {
            Ok(actor) if actor.is_admin() => Ok(Self::Admin(actor.admin()?.sudo()?)),
            Ok(actor) if is_open || allowed.split(',').any(|scope| has_scope(actor.scopes(), scope.trim())) => {
                Ok(Self::Other(actor.by()))
            }
            Ok(_) => Err(ServerError::Forbidden("You may not add users.".to_owned())),
            Err(ServerError::Unauthorized(_)) if is_open => Ok(Self::Other(By {
                user_id: None,
                actor: "nobody".to_owned(),
                via: "registration".to_owned(),
                address: Some(identity.address.to_string()),
            })),
            Err(error) => Err(error),
        }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ChangePassword {
    old_password: String,
    #[schema(value_type = NewPassword)]
    new_password: String,
}

/// Changes one's own password. Other sessions, and the tokens that clients got by the old one, end.
#[utoipa::path(post, path = "/user/change-password", tag = "account", operation_id = "changePassword",
    request_body = ChangePassword,
    responses((status = 200, description = "It is changed", body = Nothing), OfJson, ForAdmins, TooMany))]
async fn change_password(
    State(state): State<AppState>,
    actor: UserActor,
    identity: Identity,
    ApiJson(body): ApiJson<ChangePassword>,
) -> Result<Json<Nothing>> {
    state.door.change_password(&actor, body.old_password, body.new_password, identity.address).await?;
    Ok(Json(Nothing {}))
}

#[derive(Deserialize, ToSchema)]
struct ResetPassword {
    email: String,
    #[schema(value_type = NewPassword)]
    password: String,
}

/// Gives somebody another password and signs them out everywhere.
#[utoipa::path(post, path = "/user/reset-password", tag = "account", operation_id = "resetPassword",
    request_body = ResetPassword,
    responses((status = 200, description = "It is changed", body = Nothing), OfJson, ForAdmins, NotFound))]
async fn reset_password(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiJson(body): ApiJson<ResetPassword>,
) -> Result<Json<Nothing>> {
    let person = state.people.by_login(&actor, &body.email).await?;
    state.people.reset_password(&actor, &person.id, body.password).await?;
    Ok(Json(Nothing {}))
}

/// Not done here: this server sends no mail. The answer is the same for every address.
#[utoipa::path(post, path = "/user/forgot-password", tag = "account", operation_id = "forgotPassword", security(()),
    responses(NotImplemented))]
async fn forgot_password() -> ServerError {
    sends_no_mail()
}

/// Not done here: this server sends no mail.
#[utoipa::path(post, path = "/user/forgot-password/reset", tag = "account", operation_id = "forgotPasswordReset",
    security(()), responses(NotImplemented))]
async fn forgot_password_reset() -> ServerError {
    sends_no_mail()
}

fn sends_no_mail() -> ServerError {
    ServerError::NotImplemented("This server sends no mail. An administrator can give you another password.".to_owned())
}
