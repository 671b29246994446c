//! The services of a running server, put together once and shared by every request.

use std::{path::Path, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;

use super::{
    access::{Acl, Door, People, SecretKey, SetUp, Trail},
    archive::Limits,
    blobs::Blobs,
    catalogue::{Catalogue, Source},
    config::{Config, NO_NODE, Surroundings},
    data::DataFolder,
    engine::{
        self, Engine,
        host::{ComponentHost, HostOptions, NoHost, NodeHost},
    },
    events::Events,
    files::Files,
    registry::{Parts, Registry},
    runtime::{Node, Npm, Runtime},
    settings::{Accounts, Connectors, Settings},
    store::{self, Store},
    time::now_ms,
    webhook::{self, SystemWebhook},
};

/// Everything that a way in may ask for.
#[derive(Clone)]
pub struct AppState {
    pub store: Store,
    pub catalogue: Catalogue,
    pub registry: Registry,
    pub files: Files,
    pub acl: Acl,
    pub people: People,
    pub door: Door,
    pub settings: Settings,
    pub connectors: Connectors,
    pub accounts: Accounts,
    pub set_up: SetUp,
    pub trail: Trail,
    pub key: SecretKey,
    /// What this server is told about the network around it.
    pub surroundings: Surroundings,
    pub events: Events,
    /// Idle until it is told to work: see [`Engine::resume`] and [`Engine::spawn`].
    pub engine: Engine,
    /// Keeps what is to be told; calls nobody until [`SystemWebhook::spawn`].
    pub webhook: SystemWebhook,
    pub assets: Arc<super::http::Assets>,
    pub page_cache: super::http::PageCache,
    /// When this process began, in milliseconds since the Unix epoch.
    pub started_at: i64,
    /// Cancelled when the server is to end: streams that have no end of their own stop then.
    pub stopping: CancellationToken,
}

impl AppState {
    /// Opens the data folder and everything in it, and takes up what an earlier process left in its midst. The list of
    /// modules comes last: see [`AppState::loaded`].
    ///
    /// # Errors
    /// A line for the terminal that says what to do.
    pub async fn open(config: &Config) -> Result<Self, String> {
        let sources = config
            .catalogue
            .value
            .iter()
            .map(|text| Source::parse(text, config.allow_private_addresses.value))
            .collect::<Result<Vec<_>, _>>()?;
        check_apart(&config.data.value, &sources)?;
        let data = DataFolder::open(&config.data.value)?;
        let key = match &config.key {
            Some(text) => SecretKey::parse(text).ok_or("STOCKROOM_KEY is no key: give 32 random bytes in base64")?,
            None => SecretKey::open(&config.key_file.value.clone().unwrap_or_else(|| data.key()))?,
        };
        let (files, temporary) = (Blobs::local(&data.files()).map_err(|cause| cause.to_string())?, data.temporary());
        let (npm, host) = (npm(&config.node.value), host(config, &data));
        let node = Node { npm, host: Arc::clone(&host) };
        let parts = open_parts(data, sources, config.limits(), node).await?;
        let (store, catalogue, events) = (parts.store.clone(), parts.catalogue.clone(), parts.events.clone());
        let settings = parts.settings.clone();
        let acl = Acl::open(store.clone()).await.map_err(|cause| cause.to_string())?;
        let people = People::new(store.clone());
        open_door(config, &people).await?;
        let registry = Registry::new(parts);
        let files = Files::open(store.clone(), settings.clone(), files, temporary);
        let connectors = Connectors::new(store.clone(), key.clone());
        let accounts = Accounts::new(store.clone(), key.clone());
        let webhook = SystemWebhook::new(webhook::Parts {
            store: store.clone(),
            settings: settings.clone(),
            key: key.clone(),
            clock: Arc::new(engine::SystemClock),
            allow_private_addresses: config.allow_private_addresses.value,
        });
        let engine = Engine::open(engine::Parts {
            store: store.clone(),
            registry: registry.clone(),
            files: files.clone(),
            settings: settings.clone(),
            connectors: connectors.clone(),
            accounts: accounts.clone(),
            events: events.clone(),
            host,
            clock: Arc::new(engine::SystemClock),
            notices: Arc::new(webhook.clone()),
            api_url: config.api_url(),
        })
        .await
        .map_err(|cause| cause.to_string())?;
        registry.resume().await.map_err(|cause| cause.to_string())?;
        Ok(Self {
            store: store.clone(),
            catalogue,
            registry,
            files,
            acl,
            people,
            door: Door::new(store.clone(), key.clone()),
            settings,
            connectors,
            accounts,
            engine,
            webhook,
            set_up: SetUp::default(),
            trail: Trail::new(store.clone()),
            key,
            surroundings: config.surroundings(),
            events,
            assets: Arc::default(),
            page_cache: super::http::PageCache::default(),
            started_at: now_ms(),
            stopping: CancellationToken::new(),
        })
    }

    /// Waits until the list shows what is known.
    ///
    /// # Errors
    /// A line for the terminal that says what to do.
    pub async fn loaded(&self) -> Result<(), String> {
        self.catalogue.loaded().await.map_err(|cause| cause.to_string())?;
        self.catalogue.read_embedded().await;
        Ok(())
    }

    /// Begins to read catalogues, and to keep the data folder free of what nobody needs: once requests are answered, for which
    /// this must not be in the way.
    pub fn spawn_keepers(&self) {
        self.catalogue.spawn_readers();
        self.registry.spawn_keeper();
        self.files.spawn_keeper();
    }
}

/// How long one `package.json` may take to install.
const NPM_TIMEOUT: Duration = Duration::from_secs(600);

/// What runs components.
fn host(config: &Config, data: &DataFolder) -> Arc<dyn ComponentHost> {
    let program = config.node.value.as_str();
    if program == NO_NODE {
        let reason = "Flows cannot run: the server was started with --node off.".to_owned();
        return Arc::new(NoHost { reason });
    }
    let trusted = config.trust_module.value.clone();
    for module in &trusted {
        tracing::warn!(%module, "the module is trusted: its code may start programs and load compiled code");
    }
    let options = HostOptions { node: program.into(), trusted, ..HostOptions::new(data.temporary().join("host")) };
    Arc::new(NodeHost::new(options))
}

/// The npm that lies beside a Node.js given by its path; else the one on the `PATH`.
fn npm(program: &str) -> Npm {
    let beside = Path::new(program).parent().filter(|folder| !folder.as_os_str().is_empty());
    Npm::new(beside.map_or_else(|| "npm".into(), |folder| folder.join("npm")), NPM_TIMEOUT)
}

/// Keeps catalogues and the data folder apart: what is written into the one would be offered, or served, by the other
/// (attack id T5).
///
/// # Errors
/// A line for the terminal that says what to do.
fn check_apart(data: &Path, sources: &[Source]) -> Result<(), String> {
    let absolute = std::path::absolute(data).map_err(|cause| format!("{}: {cause}", data.display()))?;
    // The folder may be yet to be made, so links are resolved in the part of its path that is there.
    let resolved = absolute
        .ancestors()
        .find_map(|there| Some(there.canonicalize().ok()?.join(absolute.strip_prefix(there).ok()?)))
        .unwrap_or(absolute);
    let overlapping = sources.iter().find_map(|source| match source {
        Source::Directory(folder) => (folder.starts_with(&resolved) || resolved.starts_with(folder)).then_some(folder),
        Source::Starter | Source::Remote(_) => None,
    });
    overlapping.map_or(Ok(()), |folder| {
        Err(format!(
            "the catalogue folder {} and the data folder {} lie one inside the other: point --catalogue or --data \
             elsewhere",
            folder.display(),
            resolved.display()
        ))
    })
}

/// Makes the first administrator where the environment names one, and keeps a server without users off the network.
///
/// # Errors
/// A line for the terminal that says what to do.
async fn open_door(config: &Config, people: &People) -> Result<(), String> {
    let text = |cause: super::error::ServerError| cause.public().message;
    if !people.is_empty().await.map_err(text)? {
        return Ok(());
    }
    if let Some((email, password)) = config.first_administrator.clone() {
        let person = people.add_first_administrator(email, password).await.map_err(|cause| {
            format!("STOCKROOM_ADMIN_EMAIL and STOCKROOM_ADMIN_PASSWORD will not do: {}", text(cause))
        })?;
        tracing::info!(email = person.email, "the first administrator was made");
        return Ok(());
    }
    let address = config.listen.value;
    if address.ip().is_loopback() {
        return Ok(());
    }
    Err(format!(
        "refusing to listen on {address} while there is no user: set STOCKROOM_ADMIN_EMAIL and STOCKROOM_ADMIN_PASSWORD, \
         or run `stockroom user add --admin EMAIL` first"
    ))
}

/// What a registry is built on, out of an opened data folder.
///
/// # Errors
/// A line for the terminal that says what to do.
pub async fn open_parts(data: DataFolder, sources: Vec<Source>, limits: Limits, node: Node) -> Result<Parts, String> {
    let text = |cause: super::error::ServerError| cause.to_string();
    let store = Store::open(&data.database()).await.map_err(|cause| cause.to_string())?;
    let blobs = Blobs::local(&data.blobs()).map_err(text)?;
    let settings = Settings::open(store.clone()).await.map_err(text)?;
    let events = Events::new(store.read(store::events::latest).await.map_err(text)?);
    let runtime = Runtime::new(data.modules(), data.ready(), data.temporary(), node);
    let catalogue = Catalogue::open(store.clone(), events.clone(), sources, limits.clone(), data.temporary())
        .await
        .map_err(text)?;
    Ok(Parts { store, blobs, catalogue, events, data, limits, settings, runtime })
}
