//! The users, as administrators see and change them.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    json::{ApiJson, ApiPath, ApiQuery, OneOrMany},
    problem::{Conflict, ForAdmins, Invalid, NotFound, OfJson},
    shapes::{Email, Scopes, UserFilter, Username, Vendors},
};
use crate::{
    domain::person::{Person, has_scope},
    server::{
        access::{AdminActor, Changes, SecretKey, SudoActor},
        error::{Result, ServerError},
        state::AppState,
        time::iso,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(count))
        .routes(routes!(get, change, delete))
        .routes(routes!(delete_status))
}

/// Somebody who may sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct User {
    /// 24 hex digits.
    pub id: String,
    /// The same again: some clients look for it here.
    pub user_id: String,
    pub username: String,
    pub email: String,
    pub is_active: bool,
    /// There are no plans here: always `free`.
    pub plan: &'static str,
    pub scope: Vec<String>,
    /// Vendors that the user may publish as.
    pub vendor: Vec<String>,
    #[schema(value_type = Object)]
    pub metadata: Map<String, Value>,
    /// ISO 8601.
    pub created: String,
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        Self {
            user_id: person.id.clone(),
            id: person.id,
            username: person.username,
            email: person.email,
            is_active: person.is_active,
            plan: "free",
            scope: person.scopes,
            vendor: person.vendors,
            metadata: person.metadata,
            created: iso(person.created_at),
        }
    }
}

/// Whom to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `field:value`; the fields are scope, vendor, username and email. All of them have to fit.
    #[param(inline, value_type = Vec<UserFilter>)]
    filter: Vec<String>,
    /// Part of the e-mail address or the name, without regard to letter case.
    pattern: Option<String>,
    /// `created`, `updated`, `username` or `email`, with `:1` or `:-1`.
    #[param(pattern = "^((created|btime|updated|mtime|username|email)(:-?1)?)?$")]
    sort: Option<String>,
    /// All, when it is missing.
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    limit: Option<u64>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    offset: Option<u64>,
}

impl Wanted {
    /// Everybody who fits, in the wanted order.
    fn of(&self, mut people: Vec<Person>) -> Result<Vec<Person>> {
        for filter in &self.filter {
            let Some((field, value)) = filter.split_once(':') else {
                return Err(ServerError::Invalid("A filter is written field:value, such as scope:admin.".to_owned()));
            };
            match field {
                "scope" => people.retain(|person| has_scope(&person.scopes, value)),
                "vendor" => people.retain(|person| person.vendors.iter().any(|vendor| vendor == value)),
                "username" => people.retain(|person| person.username == value),
                "email" => people.retain(|person| person.email == value.to_lowercase()),
                _ => {
                    return Err(ServerError::Invalid("Filter by one of scope, vendor, username and email.".to_owned()));
                }
            }
        }
        if let Some(pattern) = &self.pattern {
            let pattern = pattern.to_lowercase();
            people
                .retain(|person| person.email.contains(&pattern) || person.username.to_lowercase().contains(&pattern));
        }
        let Some(sort) = &self.sort else { return Ok(people) };
        let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
        match field {
            "created" | "btime" => people.sort_by_key(|person| person.created_at),
            "updated" | "mtime" => people.sort_by_key(|person| person.updated_at),
            "username" => people.sort_by(|a, b| a.username.cmp(&b.username)),
            "email" => people.sort_by(|a, b| a.email.cmp(&b.email)),
            _ => return Err(ServerError::Invalid("Sort by created, updated, username or email.".to_owned())),
        }
        match direction {
            "1" => {}
            "-1" => people.reverse(),
            _ => return Err(ServerError::Invalid("A sort ends in :1 or :-1.".to_owned())),
        }
        Ok(people)
    }
}

/// The users.
#[utoipa::path(get, path = "/users", tag = "users", operation_id = "listUsers", params(Wanted),
    responses((status = 200, description = "The users", body = Vec<User>), Invalid, ForAdmins))]
async fn list(
    State(state): State<AppState>,
    actor: AdminActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Vec<User>>> {
    let found = wanted.of(state.people.list(&actor).await?)?;
    let size = |number: Option<u64>, default| number.map_or(default, |n| usize::try_from(n).unwrap_or(usize::MAX));
    let (offset, limit) = (size(wanted.offset, 0), size(wanted.limit, usize::MAX));
    Ok(Json(found.into_iter().skip(offset).take(limit).map(User::from).collect()))
}

#[derive(Serialize, ToSchema)]
struct Count {
    count: usize,
}

/// How many users there are.
#[utoipa::path(get, path = "/users/count", tag = "users", operation_id = "countUsers", params(Wanted),
    responses((status = 200, description = "The number, whatever the limit", body = Count), Invalid, ForAdmins))]
async fn count(
    State(state): State<AppState>,
    actor: AdminActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
) -> Result<Json<Count>> {
    Ok(Json(Count { count: wanted.of(state.people.list(&actor).await?)?.len() }))
}

/// One user.
#[utoipa::path(get, path = "/users/{id}", tag = "users", operation_id = "getUserById",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = User), ForAdmins, NotFound))]
async fn get(State(state): State<AppState>, actor: AdminActor, ApiPath(id): ApiPath<String>) -> Result<Json<User>> {
    Ok(Json(state.people.get(&actor, &id).await?.into()))
}

/// What to change; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UserChanges {
    #[schema(value_type = Option<Email>)]
    email: Option<String>,
    #[schema(value_type = Option<Username>)]
    username: Option<String>,
    #[schema(value_type = Option<Scopes>)]
    scope: Option<OneOrMany>,
    /// Vendors that the user may publish as.
    #[schema(value_type = Option<Vendors>)]
    vendor: Option<OneOrMany>,
    #[schema(value_type = Option<Object>)]
    metadata: Option<Map<String, Value>>,
    /// Who is not is signed out everywhere and cannot sign in.
    is_active: Option<bool>,
}

/// Changes a user.
#[utoipa::path(put, path = "/users/{id}", tag = "users", operation_id = "changeUser", request_body = UserChanges,
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "The user as it is now", body = User), OfJson, ForAdmins, NotFound, Conflict))]
async fn change(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(id): ApiPath<String>,
    ApiJson(body): ApiJson<UserChanges>,
) -> Result<Json<User>> {
    let changes = Changes {
        email: body.email,
        username: body.username,
        is_active: body.is_active,
        scopes: body.scope.map(Vec::from),
        vendors: body.vendor.map(Vec::from),
        metadata: body.metadata,
    };
    Ok(Json(state.people.change(&actor, &id, changes).await?.into()))
}

#[derive(Serialize, ToSchema)]
struct Ticket {
    ticket: String,
}

/// Deletes a user with their sessions and tokens. It is done when the answer comes.
#[utoipa::path(delete, path = "/users/{id}", tag = "users", operation_id = "deleteUser",
    params(("id" = String, Path, description = "The user's id")),
    responses((status = 200, description = "A ticket that says so", body = Ticket), ForAdmins, NotFound, Conflict))]
async fn delete(State(state): State<AppState>, actor: SudoActor, ApiPath(id): ApiPath<String>) -> Result<Json<Ticket>> {
    state.people.delete(&actor, &id).await?;
    Ok(Json(Ticket { ticket: ticket_of(&state.key, &id).to_string() }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct DeleteStatus {
    /// Always `completed`: deletions do not take their time here.
    status: &'static str,
    steps_done: u32,
    steps_total: u32,
}

/// How a deletion stands.
#[utoipa::path(get, path = "/users/{id}/delete-status/{ticket}", tag = "users", operation_id = "getUserDeleteStatus",
    params(("id" = String, Path, description = "The user's id"), ("ticket" = String, Path, description = "The ticket")),
    responses((status = 200, description = "It is done", body = DeleteStatus), ForAdmins, NotFound))]
async fn delete_status(
    State(state): State<AppState>,
    actor: AdminActor,
    ApiPath((id, ticket)): ApiPath<(String, String)>,
) -> Result<Json<DeleteStatus>> {
    let is_ours = Uuid::parse_str(&ticket).is_ok_and(|ticket| ticket == ticket_of(&state.key, &id));
    match state.people.get(&actor, &id).await {
        Err(ServerError::NotFound(_)) if is_ours => {
            Ok(Json(DeleteStatus { status: "completed", steps_done: 1, steps_total: 1 }))
        }
        Err(ServerError::NotFound(_)) | Ok(_) => Err(ServerError::NotFound("There is no such ticket.".to_owned())),
        Err(error) => Err(error),
    }
}

/// The ticket of a deletion. It is signed instead of kept: nobody else can make it, and ids are never given twice.
fn ticket_of(key: &SecretKey, id: &str) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&key.sign(format!("deleted user {id}").as_bytes())[..16]);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
