//! Who may do what: every way into the server, tried by everybody (attack ids A1, C4).

mod table;
mod world;

use std::collections::BTreeSet;

use self::table::{Effect, FUNCTIONS, OTHERS, PAGES, REST, Role, Row};
use self::world::World;
use crate::support::{
    client::{NOBODY, get, post},
    ended,
    folder::everything,
    module::Module,
};
use futures::StreamExt;
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::generate_route_list;
use stockroom::app::App;

fn named(rows: &[Row]) -> BTreeSet<(String, String)> {
    let names: BTreeSet<_> = rows.iter().map(|row| (row.method.to_owned(), row.route.to_owned())).collect();
    assert_eq!(names.len(), rows.len(), "a way in has two rows");
    names
}

/// The routes that are written by hand, read off the code, so that none is forgotten here.
fn written() -> BTreeSet<(String, String)> {
    let code =
        concat!(include_str!("../../../src/server/http/mod.rs"), include_str!("../../../src/server/http/rest/mod.rs"));
    let routes = code.split(".route(").skip(1).flat_map(|rest| {
        let path = rest.split('"').nth(1).expect("a path").to_owned();
        let line = rest.split(".route(").next().unwrap_or_default();
        let call = line.split("\n        .").next().unwrap_or_default();
        let methods = [("GET", "get("), ("POST", "post("), ("PUT", "put("), ("DELETE", "delete("), ("PATCH", "patch(")];
        let used: Vec<_> = methods.into_iter().filter(|(_, word)| call.contains(word)).collect();
        assert!(!used.is_empty(), "a route without a method: {path}");
        used.into_iter().map(move |(method, _)| (method.to_owned(), path.clone())).collect::<Vec<_>>()
    });
    // The server functions have rows of their own.
    routes.filter(|(_, path)| path != "/backoffice/api/{*name}").collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_way_in_has_its_row() {
    let world = World::new().await;
    let document = get(world.server.address, "/openapi.json", &[NOBODY]).await.json();
    let operations = document["paths"].as_object().expect("paths").iter().flat_map(|(path, methods)| {
        let methods = methods.as_object().expect("operations").keys();
        methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
    });
    assert_eq!(named(REST), operations.collect());
    let functions = server_fn_paths().map(|(path, method)| (method.to_string(), path.to_owned()));
    assert_eq!(named(FUNCTIONS), functions.collect());
    assert_eq!(named(OTHERS), written());
    let pages = generate_route_list(App).into_iter().map(|page| ("GET".to_owned(), page.path().to_owned()));
    assert_eq!(named(PAGES), pages.collect());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a1_whoever_is_refused_changes_nothing() {
    let world = World::new().await;
    let before = everything(&world.data());
    let mut wrong = Vec::new();
    for row in table::all() {
        for role in Role::ALL.into_iter().filter(|role| !row.who.lets(*role) && row.expected(*role) != 0) {
            let status = world.status(&world.server, row, role).await;
            if status != row.expected(role) {
                wrong.push(format!("{} {} as {role:?}: {status}", row.method, row.path));
            }
            let after = everything(&world.data());
            let changed: Vec<_> = after.symmetric_difference(&before).collect();
            assert!(changed.is_empty(), "{} {} as {role:?} changed {changed:#?}", row.method, row.path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c4_whoever_looks_gets_an_answer_and_changes_nothing() {
    let world = World::new().await;
    // That secrets were read, and the trail itself, is written down.
    let without_trail = || -> BTreeSet<String> {
        everything(&world.data()).into_iter().filter(|line| !line.starts_with("audit: ")).collect()
    };
    let before = without_trail();
    let mut wrong = Vec::new();
    for row in table::all().filter(|row| row.effect != Effect::Changes) {
        for role in Role::ALL.into_iter().filter(|role| row.who.lets(*role)) {
            // This renews the proof, after all; tests/it/people.rs has it.
            if role == Role::Stale && row.route.ends_with("/prove") {
                continue;
            }
            let is_page = PAGES.iter().any(|page| page.route == row.route);
            let status =
                if is_page { world.page(row.path, role).await.0 } else { world.status(&world.server, row, role).await };
            if status != row.expected(role) {
                wrong.push(format!("{} {} as {role:?}: {status}", row.method, row.path));
            }
            let after = without_trail();
            let changed: Vec<_> = after.symmetric_difference(&before).collect();
            assert!(changed.is_empty(), "{} {} as {role:?} changed {changed:#?}", row.method, row.path);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_is_let_in_makes_their_change() {
    let world = World::new().await;
    let cases = table::all()
        .filter(|row| row.effect == Effect::Changes)
        .flat_map(|row| Role::ALL.into_iter().filter(|role| row.who.lets(*role)).map(move |role| (row, role)));
    let world = &world;
    let wrong: Vec<Option<String>> = futures::stream::iter(cases)
        .map(|(row, role)| async move {
            let (data, server) = world.copied().await;
            let before = everything(data.path());
            let status = world.status(&server, row, role).await;
            let is_as_before = everything(data.path()) == before;
            let is_wrong = status != row.expected(role) || is_as_before;
            is_wrong.then(|| format!("{} {} as {role:?}: {status}, same: {is_as_before}", row.method, row.path))
        })
        .buffer_unordered(8)
        .collect()
        .await;
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c1_an_administrators_browser_on_another_site_changes_nothing() {
    let world = World::new().await;
    let before = everything(&world.data());
    for row in table::all().filter(|row| row.method != "GET") {
        for site in [
            ("Origin", "https://evil.example"),
            ("Origin", "null"),
            ("Origin", "http://127.0.0.1:1"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ] {
            let status = world.by_site(&world.server, row, site).await;
            assert_eq!(status, 403, "{} {} {site:?}", row.method, row.path);
            assert_eq!(everything(&world.data()), before, "{} {} {site:?}", row.method, row.path);
        }
    }
    // It was the site that mattered.
    let row = REST.iter().find(|row| row.method == "DELETE" && row.route == "/modules/{name}").expect("a row");
    let own = format!("http://{}", world.server.address);
    assert_eq!(world.by_site(&world.server, row, ("Origin", &own)).await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_browser_is_led_to_where_it_may_be() {
    let world = World::new().await;
    for row in PAGES {
        for role in [Role::Nobody, Role::User, Role::Publisher, Role::Stale] {
            let (status, to) = world.page(row.path, role).await;
            let to = to.unwrap_or_default();
            match (row.who.lets(role), role) {
                (true, _) => assert_eq!(status, row.status, "{} as {role:?}", row.path),
                (false, Role::Nobody) => {
                    assert_eq!(status, 303, "{}", row.path);
                    assert!(to.starts_with("/backoffice/sign-in?next="), "{}: {to}", row.path);
                }
                (false, _) => {
                    assert_eq!((status, to.as_str()), (303, "/backoffice/account?refused=admin"), "{}", row.path);
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a1_a_strangers_archive_is_received_and_installed_by_nobody() {
    let world = World::new().await;
    // The job and its events say what became of it.
    let modules = || -> BTreeSet<String> {
        let told = ["jobs: ", "events: ", "audit: ", "tokens: "];
        everything(&world.data()).into_iter().filter(|line| !told.iter().any(|table| line.starts_with(table))).collect()
    };
    let token = format!("Bearer {}", world.server.token("stranger@example.com").await);
    let before = modules();
    for module in [Module::new("acme.pay", "3.0.0"), Module::new("acme.other", "1.0.0")] {
        let headers = [("Authorization", token.as_str()), ("Content-Type", "application/octet-stream")];
        let answer = post(world.server.address, "/components", &headers, &module.zip()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let job = ended(&world.server.state.registry, answer.json()["ticket"].as_str().expect("a ticket")).await;
        assert!(job.failure.is_some_and(|failure| failure.message.contains("acme")));
        assert_eq!(modules(), before);
    }
}
