//! The list and its index are rendered once for each state that they show, and never shown past it.

use crate::support::{
    client::{Answer, NOBODY, get, send},
    eventually,
    folder::Folders,
    module::Module,
    server::{TestServer, with_installed},
};

const LIST: &str = "/backoffice/modules";

fn pay(version: &str) -> Module {
    Module::new("acme.pay", version)
}

fn tag(answer: &Answer) -> String {
    answer.header("etag").expect("a tag").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_has_not_changed_is_sent_once() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    for path in [LIST, "/backoffice/index"] {
        let first = server.get(path).await;
        assert_eq!(server.get(path).await.body, first.body, "the same rendering: {path}");
        let again = get(server.address, path, &[("If-None-Match", &tag(&first))]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("cache-control"), Some("private, no-cache"), "{path}");
        assert_eq!(again.header("content-security-policy"), first.header("content-security-policy"), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_coding_is_an_answer_of_its_own() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    let plain = server.get(LIST).await;
    for _ in 0..2 {
        let small = get(server.address, LIST, &[("Accept-Encoding", "br")]).await;
        assert_eq!(small.header("content-encoding"), Some("br"));
        assert!(small.body.len() < plain.body.len() / 2);
        assert_ne!(tag(&small), tag(&plain));
    }
    assert_eq!(server.get(LIST).await.header("content-encoding"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_installation_a_removal_and_a_new_offer_show_at_once() {
    let folders = Folders::new();
    let catalogue = folders.catalogue();
    let server = TestServer::start(&folders.data(), &[catalogue.to_str().expect("UTF-8")]).await;
    let empty = server.get(LIST).await;
    assert!(!empty.text().contains("acme.pay"));
    server.install(&pay("1.0.0")).await;
    let is_listed = async || server.get(LIST).await.text().contains("acme.pay");
    eventually("it is listed", async || is_listed().await.then_some(())).await;
    assert_ne!(tag(&server.get(LIST).await), tag(&empty));
    let gone = send(server.address, "DELETE", "/modules/acme.pay", &[], "").await;
    assert_eq!(gone.status, 200, "{}", gone.text());
    assert!(!is_listed().await);
    folders.offer(&pay("2.0.0"));
    eventually("the offer is listed", async || is_listed().await.then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_catalogue_that_cannot_be_read_any_more_shows() {
    let folders = Folders::new();
    let catalogue = folders.catalogue();
    let server = TestServer::start(&folders.data(), &[catalogue.to_str().expect("UTF-8")]).await;
    folders.offer(&pay("1.0.0"));
    let says = async |text: &str| server.get(LIST).await.text().contains(text).then_some(());
    eventually("the offer is in the list", async || says("acme.pay").await).await;
    assert!(!server.get(LIST).await.text().contains("could not be read"));
    let aside = catalogue.with_extension("aside");
    std::fs::rename(&catalogue, &aside).expect("moves");
    server.state.catalogue.refresh();
    eventually("the list says so", async || says("could not be read").await).await;
    std::fs::rename(&aside, &catalogue).expect("moves back");
    server.state.catalogue.refresh();
    let well = async || (!server.get(LIST).await.text().contains("could not be read")).then_some(());
    eventually("the list does not say so any more", well).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn everybody_sees_a_page_of_their_own() {
    let (_folders, server) = with_installed(&pay("1.0.0")).await;
    server.add_person("bea@example.com", &["admin"], &[]).await;
    server.add_person("carl@example.com", &["user"], &[]).await;
    assert_eq!(server.get(LIST).await.status, 200);
    let as_person = async |email: &str| {
        let token = format!("Bearer {}", server.token(email).await);
        get(server.address, LIST, &[("Authorization", &token)]).await
    };
    let other = as_person("bea@example.com").await;
    assert!(other.text().contains("bea@example.com"));
    assert!(!server.get(LIST).await.text().contains("bea@example.com"));
    assert_eq!(as_person("carl@example.com").await.status, 403);
    let nobody = get(server.address, LIST, &[NOBODY]).await;
    assert_eq!(nobody.status, 401);
}
