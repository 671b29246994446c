//! The whole server on a free port, on folders of the test.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use stockroom::{
    domain::person::Person,
    server::{
        access::{Acl, Credentials, Door, NewPerson, People, SecretKey, SetUp, SudoActor, Trail},
        archive::Limits,
        blobs::Blobs,
        catalogue::Source,
        config::{Config, Origin, Setting, Surroundings},
        data::DataFolder,
        engine::{self, Engine, SystemClock, host::NoHost},
        files::Files,
        http,
        registry::{Checkpoint, Registry},
        runtime::{Node, Npm},
        settings::{Accounts, Connectors},
        state::{AppState, open_parts},
        store::catalogue::Offer,
        time::now_ms,
        webhook::{self, SystemWebhook},
    },
};
use tokio::net::TcpListener;

use super::{
    client::{self, Answer},
    ended, eventually,
    folder::Folders,
    module::Module,
};

/// The administrator of every test server, and everybody's password.
pub const ADMIN: &str = "admin@example.com";
pub const PASSWORD: &str = "correct horse battery";

pub struct TestServer {
    pub state: AppState,
    pub address: SocketAddr,
}

impl TestServer {
    /// Opens `data` as the program does, with these catalogues, which may be on this machine.
    pub async fn start(data: &Path, catalogues: &[&str]) -> Self {
        Self::with_limit(data, catalogues, Limits::default().archive_bytes).await
    }

    pub async fn with_limit(data: &Path, catalogues: &[&str], archive_bytes: u64) -> Self {
        let state = AppState::open(&config(data, catalogues, archive_bytes)).await.expect("opens");
        Self::serve(state).await
    }

    /// A server whose jobs tell `checkpoint` of the points that they reach.
    pub async fn with_checkpoint(data: &Path, checkpoint: Checkpoint) -> Self {
        Self::with(data, checkpoint, no_node()).await
    }

    /// A server that builds modules with `node`.
    pub async fn with_node(data: &Path, node: Node) -> Self {
        Self::with(data, Checkpoint::default(), node).await
    }

    async fn with(data: &Path, checkpoint: Checkpoint, node: Node) -> Self {
        let folder = data;
        let data = DataFolder::open(folder).expect("opens");
        let host = Arc::clone(&node.host);
        let (files, temporary) = (Blobs::local(&data.files()).expect("opens"), data.temporary());
        let parts = open_parts(data, Vec::<Source>::new(), Limits::default(), node).await.expect("opens");
        let (store, catalogue, events) = (parts.store.clone(), parts.catalogue.clone(), parts.events.clone());
        let key = SecretKey::open(&folder.join("secret.key")).expect("opens");
        let (settings, connectors) = (parts.settings.clone(), Connectors::new(store.clone(), key.clone()));
        let accounts = Accounts::new(store.clone(), key.clone());
        let registry = Registry::with_checkpoint(parts, checkpoint);
        let files = Files::open(store.clone(), settings.clone(), files, temporary);
        let webhook = SystemWebhook::new(webhook::Parts {
            store: store.clone(),
            settings: settings.clone(),
            key: key.clone(),
            clock: Arc::new(SystemClock),
            allow_private_addresses: true,
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
            clock: Arc::new(SystemClock),
            notices: Arc::new(webhook.clone()),
            api_url: String::new(),
        })
        .await
        .expect("opens");
        let state = AppState {
            people: People::new(store.clone()),
            door: Door::new(store.clone(), key.clone()),
            settings,
            connectors,
            accounts,
            engine,
            webhook,
            set_up: SetUp::default(),
            trail: Trail::new(store.clone()),
            key,
            surroundings: Surroundings::default(),
            acl: Acl::open(store.clone()).await.expect("opens"),
            registry,
            files,
            store,
            catalogue,
            events,
            assets: Arc::default(),
            page_cache: Default::default(),
            started_at: now_ms(),
            stopping: tokio_util::sync::CancellationToken::new(),
        };
        Self::serve(state).await
    }

    async fn serve(state: AppState) -> Self {
        let server = Self::listen(state).await;
        server.let_in().await;
        server
    }

    /// A server as it is before its set-up.
    pub async fn without_users(data: &Path) -> Self {
        let state = AppState::open(&config(data, &[], Limits::default().archive_bytes)).await.expect("opens");
        Self::listen(state).await
    }

    async fn listen(state: AppState) -> Self {
        state.loaded().await.expect("loads");
        state.spawn_keepers();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("has an address");
        let service = http::router(state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(axum::serve(listener, service).into_future());
        Self { state, address }
    }

    /// From now on requests are an administrator's, who is made where there is nobody.
    async fn let_in(&self) {
        if self.state.people.is_empty().await.expect("asks") {
            self.add_person(ADMIN, &["admin", "user"], &[]).await;
        }
        client::administer(self.address, self.token(ADMIN).await);
    }

    /// Adds somebody whose password is [`PASSWORD`].
    pub async fn add_person(&self, email: &str, scopes: &[&str], vendors: &[&str]) -> Person {
        let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect();
        let new = NewPerson {
            email: email.to_owned(),
            password: PASSWORD.to_owned(),
            scopes: texts(scopes),
            vendors: texts(vendors),
            ..NewPerson::default()
        };
        self.state.people.add(&SudoActor::command_line(), new).await.expect("adds somebody")
    }

    /// A token as a client gets it by signing in.
    pub async fn token(&self, email: &str) -> String {
        let who = Credentials {
            login: email.to_owned(),
            password: PASSWORD.to_owned(),
            address: [127, 0, 0, 1].into(),
            agent: String::new(),
        };
        self.state.door.token_for(who).await.expect("signs in").1
    }

    pub async fn get(&self, path: &str) -> Answer {
        client::get(self.address, path, &[]).await
    }

    pub async fn upload(&self, zip: &[u8]) -> Answer {
        client::post(self.address, "/components", client::ZIP, zip).await
    }

    /// Uploads a module and waits until it is installed.
    pub async fn install(&self, module: &Module) {
        let answer = self.upload(&module.zip()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let job = ended(&self.state.registry, answer.json()["ticket"].as_str().expect("a ticket")).await;
        assert_eq!(job.failure, None);
    }

    /// What the catalogue offers of a module, as soon as it offers it in this version (empty for a broken one).
    pub async fn offered(&self, module: &Module, version: &str) -> Offer {
        eventually("the catalogue has read it", async || {
            let offers = self.state.catalogue.offers(&module.module_name()).await.expect("asks");
            offers.into_iter().find(|offer| offer.version == version)
        })
        .await
    }
}

pub fn config(data: &Path, catalogues: &[&str], archive_bytes: u64) -> Config {
    fn set<T>(value: T) -> Setting<T> {
        Setting { value, origin: Origin::Default }
    }
    Config {
        listen: set(SocketAddr::from(([127, 0, 0, 1], 0))),
        data: set(data.to_owned()),
        catalogue: set(catalogues.iter().map(|&text| text.to_owned()).collect()),
        max_archive_bytes: set(archive_bytes),
        allow_private_addresses: set(true),
        public_url: set(None),
        trusted_proxy: set(Vec::new()),
        key_file: set(None),
        node: set("off".to_owned()),
        trust_module: set(Vec::new()),
        first_administrator: None,
        key: None,
    }
}

/// Runs no components.
pub fn no_node() -> Node {
    let host = NoHost { reason: "No component runs here.".to_owned() };
    Node { npm: Npm::new("npm", Duration::ZERO), host: Arc::new(host) }
}

/// A server without any catalogue.
pub async fn fresh() -> (Folders, TestServer) {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    (folders, server)
}

pub async fn with_installed(module: &Module) -> (Folders, TestServer) {
    let (folders, server) = fresh().await;
    server.install(module).await;
    (folders, server)
}
