//! The catalogue's verbs as clients see them: list, detail, install, update, remove, undo, access, jobs, events.

use crate::support::{
    client::{self, Answer, EventStream, exchange, get, head, post, send},
    ended,
    folder::{Folders, column, installed},
    module::Module,
    server::TestServer,
};
use serde_json::{Value, json};
use stockroom::server::access::SudoActor;

const JSON: (&str, &str) = ("Content-Type", "application/json");

struct World {
    folders: Folders,
    server: TestServer,
}

impl World {
    /// A server whose catalogue offers `acme.pay` 1.0.0 and `acme.other` 1.0.0.
    async fn new() -> Self {
        let folders = Folders::new();
        for name in ["acme.pay", "acme.other"] {
            folders.offer(&Module::new(name, "1.0.0"));
        }
        let server = TestServer::start(&folders.data(), &[folders.catalogue().to_str().expect("UTF-8")]).await;
        for name in ["acme.pay", "acme.other"] {
            server.offered(&Module::new(name, "1.0.0"), "1.0.0").await;
        }
        Self { folders, server }
    }

    async fn person(&self, email: &str, scopes: &[&str]) -> String {
        self.server.add_person(email, scopes, &[]).await;
        format!("Bearer {}", self.server.token(email).await)
    }

    async fn admin(&self, path: &str) -> Answer {
        self.server.get(path).await
    }

    async fn get(&self, path: &str, who: &str) -> Answer {
        get(self.server.address, path, &[("Authorization", who)]).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        let headers = if body.is_empty() { &[][..] } else { &[JSON] };
        post(self.server.address, path, headers, body.as_bytes()).await
    }

    async fn send(&self, method: &str, path: &str, who: Option<&str>) -> Answer {
        let headers: Vec<(&str, &str)> = who.map(|who| ("Authorization", who)).into_iter().collect();
        exchange(self.server.address, head(self.server.address, method, path, &headers).as_bytes()).await
    }

    async fn install(&self, name: &str, body: &str) -> Value {
        let answer = self.post(&format!("/modules/{name}/install"), body).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
        let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
        ended(&self.server.state.registry, &ticket).await;
        self.admin(&format!("/jobs/{ticket}")).await.json()
    }
}

fn names(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let items = body["items"].as_array().expect("a list").iter();
    items.map(|card| card["name"].as_str().expect("a name").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_list_is_searched_filtered_and_paged() {
    let world = World::new().await;
    world.install("acme.pay", "").await;
    let all = world.admin("/modules").await;
    assert_eq!((names(&all).len(), &all.json()["total"]), (2, &json!(2)));
    assert_eq!(names(&world.admin("/modules?search=acme.pay").await), ["acme.pay"]);
    assert_eq!(names(&world.admin("/modules?status=installed").await), ["acme.pay"]);
    assert_eq!(
        names(&world.admin("/modules?status=not-installed&sort=name&category=applications").await),
        ["acme.other"]
    );
    let second = world.admin("/modules?sort=name&limit=1&offset=1").await;
    assert_eq!((names(&second).len(), &second.json()["total"]), (1, &json!(2)));
    assert_eq!(names(&world.admin("/modules?search=%25%00%27%22").await), [""; 0]);
    for bad in ["status=maybe", "sort=x", "limit=0", "limit=501", "limit=x", "offset=-1"] {
        let answer = world.admin(&format!("/modules?{bad}")).await;
        assert_eq!((answer.status, &answer.json()["error"]), (400, &json!("Bad Request")), "{bad}");
    }
    let tag = all.header("etag").expect("a tag").to_owned();
    let again = get(world.server.address, "/modules", &[("If-None-Match", &tag)]).await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    world.install("acme.other", "").await;
    assert_eq!(get(world.server.address, "/modules", &[("If-None-Match", &tag)]).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn others_than_administrators_see_what_is_installed_and_shown_to_them() {
    let world = World::new().await;
    let module = Module::new("acme.pay", "1.0.0")
        .with("acme/pay/core/Secret/component.json", r#"{"name":"acme.pay.core.Secret","private":true}"#)
        .with("acme/pay/core/Secret/Secret.js", "module.exports = {};");
    world.server.install(&module).await;
    let user = world.person("user@example.com", &["user"]).await;
    let tester = world.person("tester@example.com", &["tester"]).await;
    let hidden = world.get("/modules/acme.pay", &user).await;
    let absent = world.get("/modules/acme.nothing", &user).await;
    assert_eq!((hidden.status, absent.status), (404, 404));
    assert_eq!(hidden.text().replace("acme.pay", "acme.nothing"), absent.text());
    assert_eq!(names(&world.get("/modules", &user).await), [""; 0]);

    world.server.state.acl.open_to_users(&SudoActor::command_line(), &module.module_name()).await.expect("adds");
    assert_eq!(names(&world.get("/modules", &user).await), ["acme.pay"]);
    assert_eq!(world.get("/modules?search=secret", &user).await.json()["total"], 0);
    assert_eq!(world.get("/modules?status=not-installed", &user).await.json()["total"], 0);
    let shown = world.get("/modules/acme.pay", &user).await.json();
    assert_eq!((&shown["installed"], shown["components"].as_array().map(Vec::len)), (&json!("1.0.0"), Some(1)));
    for private in ["access", "versions", "sha256", "job", "source"] {
        assert_eq!(shown.get(private), None, "{private}");
    }
    // In the catalogue, not installed.
    assert_eq!(world.get("/modules/acme.other", &user).await.status, 404);
    assert_eq!(world.get("/modules/acme.pay", &tester).await.status, 404);

    for path in ["/modules/acme.pay/download", "/modules/acme.pay/access", "/jobs/x", "/events"] {
        assert_eq!(world.get(path, &user).await.status, 403, "{path}");
        assert_eq!(get(world.server.address, path, &[client::NOBODY]).await.status, 401, "{path}");
    }
    for (method, path) in [
        ("POST", "/modules/acme.other/install"),
        ("POST", "/modules/acme.pay/update"),
        ("DELETE", "/modules/acme.pay"),
        ("POST", "/modules/acme.pay/undo-remove"),
        ("POST", "/modules/acme.pay/access"),
        ("DELETE", "/jobs/x"),
    ] {
        assert_eq!(world.send(method, path, Some(&user)).await.status, 403, "{method} {path}");
    }
    assert!(installed(&world.folders.data(), "acme.pay").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_module_is_installed_updated_removed_and_brought_back() {
    let world = World::new().await;
    let job = world.install("acme.pay", r#"{"version":"1.0.0"}"#).await;
    assert_eq!((&job["state"], &job["module"]), (&json!("succeeded"), &json!("acme.pay")));
    assert!(job["finished"].as_str().is_some_and(|at| at.ends_with('Z')));
    assert_eq!(world.post("/modules/acme.pay/update", "").await.status, 409);

    world.folders.offer(&Module::new("acme.pay", "1.1.0"));
    world.server.state.catalogue.refresh();
    world.server.offered(&Module::new("acme.pay", "1.1.0"), "1.1.0").await;
    let detail = world.admin("/modules/acme.pay").await.json();
    assert_eq!((&detail["installed"], &detail["update"]["version"]), (&json!("1.0.0"), &json!("1.1.0")));
    assert_eq!(names(&world.admin("/modules?status=update").await), ["acme.pay"]);
    let answer = world.post("/modules/acme.pay/update", "").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
    ended(&world.server.state.registry, answer.json()["ticket"].as_str().expect("a ticket")).await;
    assert_eq!(world.admin("/modules/acme.pay").await.json()["installed"], "1.1.0");
    let zip = world.admin("/modules/acme.pay/download").await;
    assert_eq!(zip.header("content-disposition"), Some("attachment; filename=\"acme.pay-1.1.0.zip\""));
    assert_eq!(zip.body, Module::new("acme.pay", "1.1.0").zip());
    assert_eq!(
        world.admin("/modules/acme.pay/download?version=1.0.0").await.body,
        Module::new("acme.pay", "1.0.0").zip()
    );

    let gone = world.send("DELETE", "/modules/acme.pay", None).await;
    assert_eq!((gone.status, gone.json()), (200, json!({})));
    assert_eq!(world.send("DELETE", "/modules/acme.pay", None).await.status, 404);
    let back = world.post("/modules/acme.pay/undo-remove", "").await;
    assert_eq!((back.status, back.json()), (200, json!({ "name": "acme.pay", "version": "1.1.0" })));
    assert_eq!(world.post("/modules/acme.pay/undo-remove", "").await.status, 409);
    let deeds = column(&world.folders.data(), "SELECT action FROM audit WHERE module = 'acme.pay' ORDER BY id");
    assert_eq!(deeds, ["module.install", "module.replace", "module.remove", "module.undo-remove"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_wrong_request_changes_nothing() {
    let world = World::new().await;
    for (path, body, status) in [
        ("/modules/acme.pay/install", "{", 400),
        ("/modules/acme.pay/install", r#"{"verison":"1.0.0"}"#, 400),
        ("/modules/acme.pay/install", r#"{"version":"9.9.9"}"#, 404),
        ("/modules/acme.nothing/install", "", 404),
        ("/modules/acme.nothing/install", "null", 404),
        ("/modules/..%2f../install", "", 404),
        ("/modules/acme.pay/update", "", 404),
        ("/modules/acme.pay/undo-remove", "", 404),
        ("/modules/acme.nothing/access", "", 404),
    ] {
        let answer = world.post(path, body).await;
        assert_eq!((answer.status, &answer.json()["statusCode"]), (status, &json!(status)), "{path} {body}");
    }
    let headers = [("Content-Type", "text/plain")];
    assert_eq!(post(world.server.address, "/modules/acme.pay/install", &headers, b"{}").await.status, 415);
    assert_eq!(world.admin("/jobs/nothing").await.status, 404);
    assert_eq!(world.send("DELETE", "/jobs/nothing", None).await.status, 404);
    assert_eq!(column(&world.folders.data(), "SELECT id FROM jobs"), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn access_is_told_in_words_and_opened_once() {
    let world = World::new().await;
    world.install("acme.pay", "").await;
    let closed = world.admin("/modules/acme.pay/access").await.json();
    assert_eq!((&closed["isOpen"], closed["roles"].as_array().map(Vec::len)), (&json!(false), Some(1)));
    assert!(closed["sentence"].as_str().is_some_and(|sentence| sentence.contains("administrators")), "{closed}");
    for _ in 0..2 {
        let open = world.post("/modules/acme.pay/access", "").await;
        assert_eq!((open.status, &open.json()["isOpen"]), (200, &json!(true)));
    }
    assert_eq!(world.admin("/modules/acme.pay").await.json()["access"]["isOpen"], true);
    assert_eq!(column(&world.folders.data(), "SELECT action FROM audit WHERE action = 'acl.add'").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_tell_of_jobs_and_modules() {
    let world = World::new().await;
    let mut events = EventStream::open(world.server.address, "/events", &[]).await;
    world.install("acme.pay", "").await;
    loop {
        let (_, event) = events.next().await;
        if event["module"]["name"] == "acme.pay" {
            assert_eq!(event["module"]["installed"], "1.0.0");
            break;
        }
    }
    let ticket = column(&world.folders.data(), "SELECT id FROM jobs").pop().expect("a job");
    // One that has ended stays as it is.
    let cancelled = world.send("DELETE", &format!("/jobs/{ticket}"), None).await;
    assert_eq!((cancelled.status, &cancelled.json()["state"]), (200, &json!("succeeded")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_is_in_the_document_once() {
    let world = World::new().await;
    let document = world.admin("/openapi.json").await.json();
    let paths = document["paths"].as_object().expect("paths");
    for path in
        ["/apps", "/components/{selector}/{file}", "/bundles", "/modules/{name}/undo-remove", "/jobs/{id}", "/events"]
    {
        assert!(paths.contains_key(path), "{path}");
    }
    let operations = paths.values().flat_map(|methods| methods.as_object().into_iter().flat_map(|all| all.values()));
    let mut ids: Vec<&str> = operations.map(|one| one["operationId"].as_str().expect("an id")).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

/// A page that shows no installation under way is not asked for again by a browser without scripts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_without_an_installation_shows_what_the_last_one_brought() {
    let world = World::new().await;
    for time in 0..20 {
        let begun = send(world.server.address, "POST", "/modules/acme.pay/install", &[], "{}").await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let page = loop {
            let page = world.admin("/backoffice/modules/acme.pay").await.text();
            if !page.contains("http-equiv") {
                break page;
            }
        };
        assert!(page.contains("Remove this module"), "not installed, the time {time}");
        assert_eq!(send(world.server.address, "DELETE", "/modules/acme.pay", &[], "").await.status, 200);
    }
}
