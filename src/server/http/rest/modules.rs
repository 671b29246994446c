//! The catalogue and what is installed of it, for reading: the list, one module, its archive, who can see it.

use axum::{
    Json,
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    super::modules::{self as archives},
    json::{ApiPath, ApiQuery},
    module_view::{Access, ModuleView},
    problem::{Forbidden, Invalid, NotFound, Unauthorized},
    shapes::{SortWord, StatusWord},
};
use crate::{
    api::get_module::view,
    domain::{
        name::ModuleName,
        search::{Card, Entry, Index, Query as Search, Sort, Status},
    },
    server::{
        access::{AdminActor, SudoActor, UserActor},
        catalogue::{entry_of, hex},
        error::{Result, ServerError},
        state::AppState,
    },
};

/// Modules in one answer, unless fewer are asked for.
const LIMIT: usize = 100;
const LIMIT_MAX: usize = 500;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_modules))
        .routes(routes!(get_module))
        .routes(routes!(download_module))
        .routes(routes!(get_module_access, open_module_to_users))
}

/// Reads a module's name out of an address.
pub(super) fn module_name(text: &str) -> Result<ModuleName> {
    ModuleName::parse(text).map_err(|_| ServerError::NotFound("There is no such module.".to_owned()))
}

#[derive(Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Words that the module's texts or its components' names hold.
    search: String,
    /// `all`, `installed`, `not-installed` or `update`.
    #[param(inline, value_type = Option<StatusWord>)]
    status: String,
    category: String,
    /// `best`, `name`, `vendor` or `components`.
    #[param(inline, value_type = Option<SortWord>)]
    sort: String,
    /// 1 to 500; 100 otherwise.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    #[param(minimum = 0, maximum = 9007199254740991i64)]
    offset: Option<usize>,
}

/// One module of a list.
#[derive(Serialize, ToSchema)]
struct ModuleCard {
    name: String,
    label: String,
    /// The newest version that is known.
    version: String,
    description: String,
    category: String,
    /// Number of components.
    components: u32,
    /// SHA-256 of the icon's bytes.
    icon: Option<String>,
    installed: Option<String>,
    update: Option<String>,
    /// Why it cannot be installed.
    broken: Option<String>,
}

impl From<Card> for ModuleCard {
    fn from(card: Card) -> Self {
        let Card { name, label, version, description, category, components, icon, installed, update, broken } = card;
        Self { name, label, version, description, category, components, icon, installed, update, broken }
    }
}

#[derive(Serialize, ToSchema)]
struct ModuleList {
    items: Vec<ModuleCard>,
    /// Modules that match, whatever the limit.
    total: usize,
}

impl Wanted {
    fn search(&self) -> Result<Search> {
        let known = |word: &str, words: &[&str], what: &str| {
            if word.is_empty() || words.contains(&word) {
                return Ok(());
            }
            Err(ServerError::Invalid(format!("{what} is one of {}.", words.join(", "))))
        };
        known(&self.status, &Status::ALL.map(Status::word), "status")?;
        known(&self.sort, &Sort::ALL.map(Sort::word), "sort")?;
        Ok(Search::from_params(|key| {
            Some(match key {
                "q" => self.search.clone(),
                "status" => self.status.clone(),
                "category" => self.category.clone(),
                _ => self.sort.clone(),
            })
        }))
    }

    fn page(&self, index: &Index, search: &Search) -> Result<ModuleList> {
        let limit = self.limit.unwrap_or(LIMIT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(ServerError::Invalid(format!("limit is 1 to {LIMIT_MAX}.")));
        }
        let hits = index.search(search);
        let rows = hits.rows.iter().skip(self.offset.unwrap_or_default()).take(limit);
        let items = rows.filter_map(|row| index.cards().get(*row as usize).cloned()).map(ModuleCard::from);
        Ok(ModuleList { items: items.collect(), total: hits.rows.len() })
    }
}

/// For administrators the whole catalogue; for others what is installed and shown to them by the rules.
#[utoipa::path(
    get, path = "/modules", tag = "modules",
    summary = "Modules of the catalogue and installed ones",
    description = "Administrators see all; others what is installed and visible to them.",
    params(Wanted),
    responses((status = 200, description = "A page of the list, with an `ETag`.", body = ModuleList),
              (status = 304, description = "The caller knows this answer."), Invalid, Unauthorized)
)]
async fn list_modules(
    State(state): State<AppState>,
    actor: UserActor,
    ApiQuery(wanted): ApiQuery<Wanted>,
    headers: HeaderMap,
) -> Result<Response> {
    let search = wanted.search()?;
    let list = if actor.is_admin() {
        state.catalogue.listing().with(|index| wanted.page(index, &search))?
    } else {
        let sight = state.acl.sight(&actor).await?;
        let visible = state.registry.installed_manifests().await?.into_iter().filter_map(|known| sight.narrow(known));
        // Of their own, so that a search finds nothing by the name of something hidden.
        let index = Index::new(
            visible
                .map(|manifest| {
                    let Entry { card, component_names } = entry_of(&manifest);
                    Entry { card: Card { installed: Some(manifest.version), ..card }, component_names }
                })
                .collect(),
        );
        wanted.page(&index, &search)?
    };
    let body = serde_json::to_vec(&list)?;
    let tag = format!("\"{}\"", hex(&Sha256::digest(&body)));
    let common = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, common).into_response());
    }
    Ok((common, body).into_response())
}

/// Everything that is known of a module, or what somebody else than an administrator may see of an installed one.
#[utoipa::path(
    get, path = "/modules/{name}", tag = "modules",
    summary = "One module",
    description = "To others than administrators only what is installed and visible exists.",
    params(("name" = String, Path, description = "`vendor.service[.module]`")),
    responses((status = 200, description = "The module.", body = ModuleView), Unauthorized, NotFound)
)]
async fn get_module(
    State(state): State<AppState>,
    actor: UserActor,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<ModuleView>> {
    let name = module_name(&name)?;
    if actor.is_admin() {
        return Ok(Json(view::build(&state, &name).await?.into()));
    }
    let sight = state.acl.sight(&actor).await?;
    let known = state.registry.installed_manifests().await?.into_iter().find(|manifest| manifest.name == name);
    let visible = known.and_then(|manifest| sight.narrow(manifest));
    visible
        .map(|manifest| Json(manifest.into()))
        .ok_or_else(|| ServerError::NotFound(format!("There is no module {name}.")))
}

/// The archive byte for byte.
#[utoipa::path(
    get, path = "/modules/{name}/download", tag = "modules",
    summary = "A module's archive",
    description = "The installed one, else the catalogue's newest, unless another is asked for.",
    params(("name" = String, Path, description = "`vendor.service[.module]`"), archives::Parameters),
    responses((status = 200, description = "The zip, byte for byte.", content_type = "application/zip", body = Vec<u8>),
              (status = 304, description = "The caller knows this archive."), Unauthorized, Forbidden, NotFound)
)]
async fn download_module(
    state: State<AppState>,
    actor: AdminActor,
    ApiPath(name): ApiPath<String>,
    ApiQuery(parameters): ApiQuery<archives::Parameters>,
    headers: HeaderMap,
) -> Result<Response> {
    archives::download(state, actor, axum::extract::Path(name), Query(parameters), headers).await
}

/// Who can see a module, in words and by roles.
#[utoipa::path(
    get, path = "/modules/{name}/access", tag = "modules",
    summary = "Who can see a module",
    params(("name" = String, Path, description = "`vendor.service[.module]`")),
    responses((status = 200, description = "A sentence, the roles and the rules.", body = Access),
              Unauthorized, Forbidden, NotFound)
)]
async fn get_module_access(
    State(state): State<AppState>,
    _: AdminActor,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<Access>> {
    Ok(Json(view::build(&state, &module_name(&name)?).await?.access.into()))
}

/// Adds the rule that opens the module to users; where it is in effect already, nothing changes.
#[utoipa::path(
    post, path = "/modules/{name}/access", tag = "modules",
    summary = "Open a module to users",
    description = "Adds the rule that lets users use its components. Where it is there already, nothing changes.",
    params(("name" = String, Path, description = "`vendor.service[.module]`")),
    responses((status = 200, description = "Who can see it now.", body = Access), Unauthorized, Forbidden, NotFound)
)]
async fn open_module_to_users(
    State(state): State<AppState>,
    actor: SudoActor,
    ApiPath(name): ApiPath<String>,
) -> Result<Json<Access>> {
    let name = module_name(&name)?;
    view::build(&state, &name).await?;
    state.acl.open_to_users(&actor, &name).await?;
    Ok(Json(view::build(&state, &name).await?.access.into()))
}
