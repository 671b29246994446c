//! Where modules come from: folders that change, indexes that lie or are silent, and what stays known of both.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use crate::support::{
    ended, eventually,
    folder::{Folders, installed},
    module::{ICON, Module, sha256},
    server::TestServer,
};
use axum::{
    Router,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use stockroom::{
    domain::{icons, job::Job, name::ModuleName, search::Card},
    server::{access::SudoActor, archive::Limits, catalogue::write_index},
};
use tokio::net::TcpListener;

fn pay(version: &str) -> Module {
    Module::new("acme.pay", version)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn card(server: &TestServer, name: &str) -> Option<Card> {
    server.state.catalogue.listing().with(|index| index.cards().iter().find(|card| card.name == name).cloned())
}

async fn listed(server: &TestServer, name: &str) -> Card {
    eventually("it is listed", async || card(server, name)).await
}

async fn on_folder(folders: &Folders) -> TestServer {
    TestServer::start(&folders.data(), &[text(&folders.catalogue())]).await
}

async fn install(server: &TestServer, module: &Module) -> Job {
    let registry = &server.state.registry;
    let job = registry.install(&SudoActor::command_line(), &module.module_name(), None).await.expect("is started");
    ended(registry, &job.id).await
}

// Folders.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn trees_and_zips_in_a_folder_are_listed() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    folders.offer(&Module::new("acme.tools.hammer", "1.0.0"));
    fs::create_dir(folders.catalogue().join("zips")).expect("makes a folder");
    fs::write(folders.catalogue().join("zips/mail.zip"), Module::new("acme.mail", "3.0.0").zip()).expect("writes");
    let server = on_folder(&folders).await;
    assert_eq!(listed(&server, "acme.pay").await.version, "1.0.0");
    assert_eq!(listed(&server, "acme.tools.hammer").await.version, "1.0.0");
    assert_eq!(listed(&server, "acme.mail").await.version, "3.0.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_broken_module_is_listed_with_its_reason_and_hurts_nobody_else() {
    let folders = Folders::new();
    folders.offer(&Module::new("acme.mail", "1.0.0").with("acme/mail/bundle.json", "{"));
    folders.offer(&pay("1.0.0"));
    let server = on_folder(&folders).await;
    let broken = listed(&server, "acme.mail").await.broken.expect("is broken");
    assert!(broken.contains("bundle.json"), "{broken}");
    assert_eq!(install(&server, &pay("1.0.0")).await.failure, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_module_that_breaks_in_another_way_gets_another_reason() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0").with("acme/pay/bundle.json", "{"));
    let server = on_folder(&folders).await;
    let first = listed(&server, "acme.pay").await.broken.expect("is broken");
    folders.offer(&pay("1.0.0").with("acme/pay/bundle.json", r#"{"name": 1}"#));
    eventually("the reason is another one", async || {
        server.state.catalogue.refresh();
        card(&server, "acme.pay").and_then(|card| card.broken).filter(|reason| *reason != first)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_in_a_tree_is_noticed() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let server = on_folder(&folders).await;
    listed(&server, "acme.pay").await;
    folders.offer(&pay("1.1.0"));
    server.state.catalogue.refresh();
    eventually("the new version is listed", async || card(&server, "acme.pay").filter(|card| card.version == "1.1.0"))
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_are_noticed_without_being_asked_for() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let server = on_folder(&folders).await;
    listed(&server, "acme.pay").await;
    let becomes = async |version: &str| {
        eventually("the new version is listed", async || {
            card(&server, "acme.pay").filter(|card| card.version == version)
        })
        .await;
    };
    folders.offer(&pay("1.1.0"));
    becomes("1.1.0").await;
    // Under the same name lies another folder, and that changes, too.
    fs::remove_dir_all(folders.catalogue().join("acme/pay")).expect("removes");
    folders.offer(&pay("1.2.0"));
    becomes("1.2.0").await;
    folders.offer(&pay("1.3.0"));
    becomes("1.3.0").await;
    folders.offer(&Module::new("beta.mail", "1.0.0"));
    eventually("a new vendor's module is listed", async || card(&server, "beta.mail")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_folder_that_is_removed_is_listed_no_more() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    folders.offer(&Module::new("acme.mail", "1.0.0"));
    let server = on_folder(&folders).await;
    listed(&server, "acme.pay").await;
    fs::remove_dir_all(folders.catalogue().join("acme/pay")).expect("removes");
    server.state.catalogue.refresh();
    eventually("it is gone", async || card(&server, "acme.pay").is_none().then_some(())).await;
    assert!(card(&server, "acme.mail").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_root_that_vanishes_keeps_what_was_known_and_says_so() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let server = on_folder(&folders).await;
    listed(&server, "acme.pay").await;
    fs::remove_dir_all(folders.catalogue()).expect("removes");
    let problem = eventually("the problem is known", async || {
        server.state.catalogue.refresh();
        server.state.catalogue.problems().expect("asks").into_iter().next()
    })
    .await;
    assert!(problem.contains("not there"), "{problem}");
    assert!(card(&server, "acme.pay").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_has_the_same_sha256_at_every_reading() {
    let mut found = Vec::new();
    for _ in 0..2 {
        let folders = Folders::new();
        folders.offer(&pay("1.0.0"));
        let server = on_folder(&folders).await;
        found.push(server.offered(&pay("1.0.0"), "1.0.0").await.sha256);
    }
    assert_eq!(found, [pay("1.0.0").sha256(), pay("1.0.0").sha256()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_tree_that_changed_after_it_was_listed_is_not_installed_in_silence() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let server = on_folder(&folders).await;
    server.offered(&pay("1.0.0"), "1.0.0").await;
    folders.offer(&pay("1.0.0").with("acme/pay/lib.js", "other();"));
    let failure = install(&server, &pay("1.0.0")).await.failure.expect("fails");
    assert!(failure.message.contains("SHA-256"), "{failure:?}");
    assert_eq!(installed(&folders.data(), "acme.pay"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_newer_version_in_the_catalogue_is_shown_as_an_update() {
    let folders = Folders::new();
    folders.offer(&pay("2.0.0"));
    let server = on_folder(&folders).await;
    server.install(&pay("1.0.0")).await;
    let card =
        eventually("both are known", async || card(&server, "acme.pay").filter(|card| card.update.is_some())).await;
    assert_eq!((card.installed.as_deref(), card.update.as_deref()), (Some("1.0.0"), Some("2.0.0")));
}

// Indexes.

/// A web server over a folder, with tags, which counts what it answers and can fall silent.
#[derive(Clone)]
struct Site {
    folder: Arc<Path>,
    not_modified: Arc<AtomicUsize>,
    is_down: Arc<AtomicBool>,
    address: String,
}

impl Site {
    async fn over(folder: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let site = Self {
            folder: folder.into(),
            not_modified: Arc::default(),
            is_down: Arc::default(),
            address: format!("http://{}/index.json", listener.local_addr().expect("has an address")),
        };
        let router = Router::new().fallback(file).with_state(site.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        site
    }

    /// Indexes `modules` and serves them.
    async fn with(folders: &Folders, modules: &[Module]) -> Self {
        for module in modules {
            folders.offer(module);
        }
        let folder = folders.catalogue();
        let writing = tokio::task::spawn_blocking(move || write_index(&folder, &Limits::default()));
        writing.await.expect("is not broken off").expect("writes");
        Self::over(&folders.catalogue()).await
    }
}

async fn file(State(site): State<Site>, request: Request) -> Response {
    if site.is_down.load(Ordering::Relaxed) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let path = request.uri().path().trim_start_matches('/').replace("%20", " ");
    let Ok(bytes) = fs::read(site.folder.join(path)) else { return StatusCode::NOT_FOUND.into_response() };
    let tag = format!("\"{}\"", sha256(&bytes));
    if request.headers().get("if-none-match").is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        site.not_modified.fetch_add(1, Ordering::Relaxed);
        return StatusCode::NOT_MODIFIED.into_response();
    }
    ([("etag", tag)], bytes).into_response()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_index_that_was_written_here_is_listed_and_installed_from_there() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    assert_eq!(listed(&server, "acme.pay").await.components, 1);
    assert_eq!(install(&server, &pay("1.0.0")).await.failure, None);
    assert_eq!(installed(&folders.data(), "acme.pay"), Some(pay("1.0.0").sha256()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_zip_whose_name_has_blanks_can_be_installed_from_an_index() {
    let folders = Folders::new();
    fs::write(folders.catalogue().join("pay (1).zip"), pay("1.0.0").zip()).expect("writes");
    let site = Site::with(&folders, &[]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    listed(&server, "acme.pay").await;
    assert_eq!(install(&server, &pay("1.0.0")).await.failure, None);
}

#[test]
fn everybody_may_read_what_an_index_names() {
    use std::os::unix::fs::PermissionsExt;
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    write_index(&folders.catalogue(), &Limits::default()).expect("writes");
    let archive =
        fs::read_dir(folders.catalogue().join("archives")).expect("lists").next().expect("one").expect("reads");
    for path in [archive.path(), folders.catalogue().join("index.json")] {
        let mode = fs::metadata(&path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o444, 0o444, "{}", path.display());
    }
}

#[test]
fn an_index_written_twice_is_the_same() {
    let folders = Folders::new();
    folders.offer(&pay("1.0.0"));
    let write = || {
        write_index(&folders.catalogue(), &Limits::default()).expect("writes");
        fs::read_to_string(folders.catalogue().join("index.json")).expect("is written")
    };
    assert_eq!(write(), write());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t1_an_archive_other_than_the_announced_one_is_refused() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let archive =
        fs::read_dir(folders.catalogue().join("archives")).expect("lists").next().expect("one").expect("reads");
    fs::write(archive.path(), pay("1.0.0").with("acme/pay/lib.js", "evil();").zip()).expect("writes");
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    listed(&server, "acme.pay").await;
    let failure = install(&server, &pay("1.0.0")).await.failure.expect("fails");
    assert!(failure.message.contains("not the one that the catalogue announced"), "{failure:?}");
    assert_eq!(installed(&folders.data(), "acme.pay"), None);
}

/// Serves pay 1.0.0 with one word of its index replaced.
async fn with_index_changed(folders: &Folders, from: &str, to: &str) -> TestServer {
    let site = Site::with(folders, &[pay("1.0.0")]).await;
    let index = folders.catalogue().join("index.json");
    let json = fs::read_to_string(&index).expect("is written");
    assert!(json.contains(from), "{json}");
    fs::write(&index, json.replace(from, to)).expect("writes");
    TestServer::start(&folders.data(), &[&site.address]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn s7_an_index_that_gives_a_path_for_a_sha256_deletes_nothing() {
    let folders = Folders::new();
    let victim = folders.root.path().join("victim");
    fs::create_dir(&victim).expect("makes a folder");
    fs::write(victim.join("file"), "precious").expect("writes");
    let server = with_index_changed(&folders, &pay("1.0.0").sha256(), text(&victim)).await;
    assert!(listed(&server, "acme.pay").await.broken.is_some());
    let name = ModuleName::parse("acme.pay").expect("a name");
    assert!(server.state.registry.install(&SudoActor::command_line(), &name, None).await.is_err());
    assert!(victim.join("file").exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n3_an_index_that_gives_a_header_for_a_version_is_listed_as_broken() {
    let folders = Folders::new();
    let server =
        with_index_changed(&folders, r#""version": "1.0.0""#, r#""version": "1\"; filename=\"evil.exe""#).await;
    assert!(listed(&server, "acme.pay").await.broken.is_some());
    assert_eq!(server.get("/backoffice/modules/acme.pay/download").await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_archive_that_is_not_beside_its_index_is_not_asked_for() {
    let folders = Folders::new();
    let server = with_index_changed(&folders, r#""archive": "archives/"#, r#""archive": "../archives/"#).await;
    listed(&server, "acme.pay").await;
    let failure = install(&server, &pay("1.0.0")).await.failure.expect("fails");
    assert!(failure.message.contains("not beside it"), "{failure:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_index_that_has_not_changed_is_not_sent_again() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    listed(&server, "acme.pay").await;
    eventually("it is asked with a tag", async || {
        server.state.catalogue.refresh();
        (site.not_modified.load(Ordering::Relaxed) > 0).then_some(())
    })
    .await;
    assert!(card(&server, "acme.pay").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_index_that_is_down_leaves_its_modules_listed_with_a_line_that_says_so() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    listed(&server, "acme.pay").await;
    site.is_down.store(true, Ordering::Relaxed);
    eventually("the problem is known", async || {
        server.state.catalogue.refresh();
        (!server.state.catalogue.problems().expect("asks").is_empty()).then_some(())
    })
    .await;
    assert!(card(&server, "acme.pay").is_some());
    assert_eq!(server.get("/backoffice/modules").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn w3_an_index_that_never_answers_does_not_delay_the_list() {
    let folders = Folders::new();
    let hole = TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = format!("http://{}/index.json", hole.local_addr().expect("has an address"));
    let (swallowed, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let hole = tokio::spawn(async move {
        while let Ok((stream, _)) = hole.accept().await {
            // Kept open, never answered.
            let _ = swallowed.send(stream);
        }
    });
    let server = TestServer::start(&folders.data(), &[&address, "starter"]).await;
    let stream = seen.recv().await.expect("the index is asked for");
    let begun = Instant::now();
    let answer = server.get("/backoffice/modules").await;
    assert_eq!(answer.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // So that the reader does not hold up the end of the test.
    hole.abort();
    drop((stream, seen));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_icon_beside_an_index_is_fetched_when_it_is_asked_for_and_kept() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    let icon = listed(&server, "acme.pay").await.icon.expect("has an icon");
    let path = format!("/backoffice/icons/{icon}");
    assert_eq!(server.get(&path).await.text(), ICON);
    site.is_down.store(true, Ordering::Relaxed);
    assert_eq!(server.get(&path).await.text(), ICON);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_gets_an_icon_from_beside_an_index_by_the_beginning_of_its_name() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    let icon = listed(&server, "acme.pay").await.icon.expect("has an icon");
    let address = icons::sheet([icons::id(&icon)]);
    let sheet = server.get(&address).await.text();
    assert!(sheet.contains(&format!("id=\"i{}\"", icons::id(&icon))), "{sheet}");
    site.is_down.store(true, Ordering::Relaxed);
    assert_eq!(server.get(&address).await.text(), sheet);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_icon_with_other_bytes_than_announced_is_not_shown() {
    let folders = Folders::new();
    let site = Site::with(&folders, &[pay("1.0.0")]).await;
    for icon in fs::read_dir(folders.catalogue().join("icons")).expect("lists") {
        fs::write(icon.expect("reads").path(), "<svg>other</svg>").expect("writes");
    }
    let server = TestServer::start(&folders.data(), &[&site.address]).await;
    let icon = listed(&server, "acme.pay").await.icon.expect("has an icon");
    assert_eq!(server.get(&format!("/backoffice/icons/{icon}")).await.status, 404);
}
