//! Every way in gives the same verdict, and the public upload protocol is kept to the letter.

use std::{collections::BTreeSet, fs, sync::mpsc::channel};

use crate::support::{
    DEADLINE,
    client::{self, Answer, ZIP, exchange, head, post, post_chunked, post_form},
    ended, eventually,
    folder::{Folders, column, installed, kept},
    module::{Module, noise, sha256, with_symlink},
    server::TestServer,
};
use serde_json::json;
use stockroom::{
    domain::{
        job::Job,
        module::{AuthKind, Manifest},
    },
    server::{access::SudoActor, registry::Checkpoint},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

const LIMIT: u64 = 64 * 1024;

fn good() -> Module {
    Module::new("acme.pay", "1.0.0")
}

/// Accepted, or the codes of everything that is wrong.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Accepted,
    Refused(BTreeSet<String>),
}

fn refused(code: &str) -> Verdict {
    Verdict::Refused([code.to_owned()].into())
}

impl Verdict {
    fn of_job(job: Job) -> Self {
        match job.failure {
            None => Self::Accepted,
            // Found before the archive was read: the same thing under the installer's word for it.
            Some(failure) if failure.code == "too-large" => refused("archive-too-large"),
            Some(failure) if failure.findings.is_empty() => refused(&failure.code),
            Some(failure) => Self::Refused(failure.findings.into_iter().map(|finding| finding.code).collect()),
        }
    }

    fn of_status(status: u16) -> Self {
        match status {
            413 => refused("archive-too-large"),
            415 => refused("not-a-zip"),
            other => panic!("no verdict: {other}"),
        }
    }
}

async fn of_answer(server: &TestServer, answer: Answer) -> Verdict {
    if answer.status != 200 {
        return Verdict::of_status(answer.status);
    }
    let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
    Verdict::of_job(ended(&server.state.registry, &ticket).await)
}

async fn by_length(zip: &[u8], before: Option<&Module>) -> Verdict {
    let folders = Folders::new();
    let server = server(&folders, &[], before).await;
    let answer = server.upload(zip).await;
    of_answer(&server, answer).await
}

async fn by_chunks(zip: &[u8], before: Option<&Module>) -> Verdict {
    let folders = Folders::new();
    let server = server(&folders, &[], before).await;
    let answer = post_chunked(server.address, "/components", ZIP, zip).await;
    of_answer(&server, answer).await
}

async fn by_form(zip: &[u8], before: Option<&Module>) -> Verdict {
    let folders = Folders::new();
    let server = server(&folders, &[], before).await;
    let answer = post_form(server.address, "/backoffice/upload", &[("allowDowngrade", "false")], zip).await;
    assert_eq!(answer.status, 303);
    let place = answer.header("location").expect("leads somewhere").to_owned();
    if let Some(status) = place.strip_prefix("/backoffice/upload?refused=") {
        return Verdict::of_status(status.parse().expect("a status"));
    }
    let id = place.strip_prefix("/backoffice/jobs/").expect("leads to the job");
    Verdict::of_job(ended(&server.state.registry, id).await)
}

async fn by_directory(zip: &[u8], before: Option<&Module>) -> Verdict {
    let folders = Folders::new();
    fs::create_dir(folders.catalogue().join("acme")).expect("makes a folder");
    fs::write(folders.catalogue().join("acme/pay.zip"), zip).expect("writes");
    let catalogue = folders.catalogue();
    let server = server(&folders, &[catalogue.to_str().expect("UTF-8")], before).await;
    by_catalogue(&server).await
}

async fn by_index(zip: &[u8], before: Option<&Module>) -> Verdict {
    let folders = Folders::new();
    let site = index_with(zip, "archives/pay.zip").await;
    let server = server(&folders, &[&site], before).await;
    by_catalogue(&server).await
}

async fn server(folders: &Folders, catalogues: &[&str], before: Option<&Module>) -> TestServer {
    let server = TestServer::with_limit(&folders.data(), catalogues, LIMIT).await;
    if let Some(module) = before {
        server.install(module).await;
    }
    server
}

async fn by_catalogue(server: &TestServer) -> Verdict {
    let name = good().module_name();
    let offer = eventually("the catalogue is read", async || {
        server.state.catalogue.offers(&name).await.expect("asks").into_iter().next()
    })
    .await;
    if offer.manifest.is_none() {
        return Verdict::Refused(offer.findings.into_iter().map(|finding| finding.code).collect());
    }
    let job = server.state.registry.install(&SudoActor::command_line(), &name, None).await.expect("is started");
    Verdict::of_job(ended(&server.state.registry, &job.id).await)
}

/// Serves an index that says nothing but good of this archive.
async fn index_with(zip: &[u8], place: &str) -> String {
    let manifest = Manifest {
        name: good().module_name(),
        version: "1.0.0".to_owned(),
        label: "Pay".to_owned(),
        description: String::new(),
        category: String::new(),
        icon: None,
        engine: None,
        auth: AuthKind::None,
        needs_configuration: Vec::new(),
        configuration_keys: Vec::new(),
        service_id: String::new(),
        documentation: None,
        readme: None,
        changelog: Vec::new(),
        components: Vec::new(),
    };
    let mut listed = serde_json::to_value(manifest).expect("is JSON");
    listed["archive"] = json!(place);
    listed["sha256"] = json!(sha256(zip));
    listed["size"] = json!(zip.len());
    let index = json!({ "format": 1, "modules": [listed] }).to_string();
    let zip = zip.to_vec();
    let router = axum::Router::new()
        .route("/index.json", axum::routing::get(|| async { index }))
        .route("/archives/pay.zip", axum::routing::get(|| async { zip }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("listens");
    let address = listener.local_addr().expect("has an address");
    tokio::spawn(axum::serve(listener, router).into_future());
    format!("http://{address}/index.json")
}

/// Sends the archive in by every way, each to a server of its own, on which `before` is installed.
async fn assert_verdict(zip: &[u8], before: Option<&Module>, expected: Verdict) {
    assert_eq!(by_length(zip, before).await, expected, "POST with a length");
    assert_eq!(by_chunks(zip, before).await, expected, "POST in chunks");
    assert_eq!(by_form(zip, before).await, expected, "the form");
    assert_eq!(by_directory(zip, before).await, expected, "a directory");
    assert_eq!(by_index(zip, before).await, expected, "an index");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_accepts_a_good_archive() {
    assert_verdict(&good().zip(), None, Verdict::Accepted).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_broken_json() {
    let zip = good().with("acme/pay/bundle.json", "{").zip();
    assert_verdict(&zip, None, refused("invalid-json")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_a_link() {
    assert_verdict(&with_symlink(&good()), None, refused("symlink")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_a_name_that_is_a_path() {
    let zip = good().with("acme/pay/bundle.json", r#"{"name":"acme.../../pay","version":"1.0.0"}"#).zip();
    assert_verdict(&zip, None, refused("invalid-name")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_an_archive_over_the_limit() {
    let zip = good().with("acme/pay/noise.txt", &noise(2 * LIMIT as usize)).zip();
    assert!(zip.len() as u64 > LIMIT);
    assert_verdict(&zip, None, refused("archive-too-large")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_what_is_no_zip() {
    assert_verdict(b"<!DOCTYPE html><title>Sign in</title>", None, refused("not-a-zip")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_refuses_a_component_that_another_module_owns() {
    let owner = Module::new("acme.pay.core", "1.0.0");
    assert_verdict(&good().zip(), Some(&owner), refused("component-conflict")).await;
}

// The protocol.

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a6_another_content_type_is_refused() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    for headers in [&[("Content-Type", "application/json")][..], &[("Content-Type", "multipart/form-data")], &[]] {
        let answer = post(server.address, "/components", headers, &good().zip()).await;
        assert_eq!(answer.status, 415, "{headers:?}");
        assert_eq!(answer.json()["statusCode"], 415);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_length_over_the_limit_is_refused_before_the_body_is_sent() {
    let folders = Folders::new();
    let server = TestServer::with_limit(&folders.data(), &[], LIMIT).await;
    let length = (LIMIT + 1).to_string();
    let headers = [("Content-Type", "application/octet-stream"), ("Content-Length", &length)];
    let answer = exchange(server.address, head(server.address, "POST", "/components", &headers).as_bytes()).await;
    assert_eq!((answer.status, answer.json()["limit"].as_u64()), (413, Some(LIMIT)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_archive_of_just_the_limit_is_accepted() {
    let zip = good().zip();
    let folders = Folders::new();
    let server = TestServer::with_limit(&folders.data(), &[], zip.len() as u64).await;
    assert_eq!(server.upload(&zip).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a5_what_is_refused_on_the_way_in_leaves_no_file() {
    let folders = Folders::new();
    let server = TestServer::with_limit(&folders.data(), &[], LIMIT).await;
    let before = kept(&folders.data());
    let large = good().with("acme/pay/noise.txt", &noise(2 * LIMIT as usize)).zip();
    assert_eq!(post_chunked(server.address, "/components", ZIP, &large).await.status, 413);
    assert_eq!(server.upload(b"no zip at all").await.status, 415);
    assert_eq!(server.upload(b"PK").await.status, 415);
    assert_eq!(kept(&folders.data()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_that_breaks_off_leaves_no_file() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    let zip = good().zip();
    let length = zip.len().to_string();
    let headers = [("Content-Type", "application/octet-stream"), ("Content-Length", &length)];
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(head(server.address, "POST", "/components", &headers).as_bytes()).await.expect("sends");
    stream.write_all(&zip[..zip.len() / 2]).await.expect("sends");
    let files = || kept(&folders.data()).len();
    eventually("the upload has begun", async || (files() == 1).then_some(())).await;
    drop(stream);
    eventually("its file is gone", async || (files() == 0).then_some(())).await;
    assert_eq!(column(&folders.data(), "SELECT id FROM jobs"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_upload_whose_sender_goes_away_after_the_last_byte_is_installed_all_the_same() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    let zip = good().zip();
    let length = zip.len().to_string();
    let headers = [("Content-Type", "application/octet-stream"), ("Content-Length", &length)];
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(head(server.address, "POST", "/components", &headers).as_bytes()).await.expect("sends");
    stream.write_all(&zip).await.expect("sends");
    eventually("the job is known", async || (!column(&folders.data(), "SELECT id FROM jobs").is_empty()).then_some(()))
        .await;
    drop(stream);
    eventually("it is installed", async || installed(&folders.data(), "acme.pay")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_ticket_is_known_before_the_post_is_answered_and_says_that_it_runs() {
    let folders = Folders::new();
    let (go, wait) = channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let checkpoint = Checkpoint::new(move |point| {
        if point == "started" {
            let _ = tokio::task::block_in_place(|| wait.lock().expect("is sound").recv_timeout(DEADLINE));
        }
    });
    let server = TestServer::with_checkpoint(&folders.data(), checkpoint).await;
    let answer = server.upload(&good().zip()).await;
    let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
    let body = server.get(&format!("/components/uploader/{ticket}")).await.json();
    go.send(()).expect("the job waits");
    assert!(body["started"].as_str().is_some_and(|at| at.ends_with('Z')), "{body}");
    assert_eq!((body.get("finished"), body.get("err")), (None, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_ticket_of_a_success_says_what_is_installed() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    let body = ticket_after(&server, &good().zip(), "/components").await;
    assert!(body["finished"].is_string());
    assert_eq!(body.get("err"), None);
    assert_eq!(body["installed"], json!({ "name": "acme.pay", "version": "1.0.0", "unchanged": false }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_ticket_of_a_failure_names_file_and_field() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    let zip = good().with("acme/pay/bundle.json", r#"{"name":"acme.pay","version":"/../1"}"#).zip();
    let body = ticket_after(&server, &zip, "/components").await;
    assert!(body["finished"].is_string() && body["err"].is_string(), "{body}");
    let first = &body["data"].as_array().expect("an array")[0];
    assert_eq!(
        (&first["keyword"], &first["dataPath"]),
        (&json!("invalid-version"), &json!("acme/pay/bundle.json#/version"))
    );
    assert!(first["message"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_ticket_is_not_found() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    for ticket in ["0", "..%2f..", "a194d145-3768-4a8a-84a4-4f1e4e08c4ad"] {
        assert_eq!(server.get(&format!("/components/uploader/{ticket}")).await.status, 404, "{ticket}");
    }
}

async fn ticket_after(server: &TestServer, zip: &[u8], path: &str) -> serde_json::Value {
    let answer = client::post(server.address, path, ZIP, zip).await;
    let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
    ended(&server.state.registry, &ticket).await;
    server.get(&format!("/components/uploader/{ticket}")).await.json()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_bytes_again_change_nothing() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    server.install(&good()).await;
    let rows = "SELECT name || sha256 || installed_at FROM installs";
    let before = (column(&folders.data(), rows), kept(&folders.data()));
    let body = ticket_after(&server, &good().zip(), "/components").await;
    assert_eq!(body["installed"]["unchanged"], true);
    assert_eq!((column(&folders.data(), rows), kept(&folders.data())), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lower_version_is_refused_unless_the_sender_says_so() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    server.install(&Module::new("acme.pay", "2.0.0")).await;
    let answer = server.upload(&good().zip()).await;
    let job = ended(&server.state.registry, answer.json()["ticket"].as_str().expect("a ticket")).await;
    assert_eq!(job.failure.expect("fails").code, "downgrade");
    let body = ticket_after(&server, &good().zip(), "/components?allowDowngrade=true").await;
    assert_eq!(body["installed"]["version"], "1.0.0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_form_can_allow_a_lower_version_too() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    server.install(&Module::new("acme.pay", "2.0.0")).await;
    let fields = [("allowDowngrade", "true")];
    let answer = post_form(server.address, "/backoffice/upload", &fields, &good().zip()).await;
    let id = answer.header("location").and_then(|place| place.strip_prefix("/backoffice/jobs/")).expect("a job");
    assert_eq!(ended(&server.state.registry, id).await.failure, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_without_a_file_says_so() {
    let folders = Folders::new();
    let server = TestServer::start(&folders.data(), &[]).await;
    let body = b"--edge\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--edge--\r\n";
    let headers = [("Content-Type", "multipart/form-data; boundary=edge")];
    let answer = post(server.address, "/backoffice/upload", &headers, body).await;
    assert_eq!(answer.header("location"), Some("/backoffice/upload?refused=400"));
}
