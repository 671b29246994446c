//! Apps, components and bundles as clients see them: shapes, visibility, downloads by selector, removal, hostile paths.

use std::io::{Cursor, Read};

use crate::support::{
    client::{self, Answer, Headers, ZIP, exchange, get, head, post, post_chunked},
    ended,
    folder::{Folders, column, installed},
    module::{Module, noise},
    server::TestServer,
};
use serde_json::{Value, json};
use stockroom::server::access::SudoActor;

/// `acme.pay` with `core.Send`, `core.Secret` (private) and, in a module with a manifest of its own, `bills.List`.
fn pay() -> Module {
    Module::new("acme.pay", "1.0.0")
        .with("acme/pay/auth.js", "module.exports = { type: 'apiKey' };\n")
        .with(
            "acme/pay/core/Secret/component.json",
            r#"{"name":"acme.pay.core.Secret","private":true,"inPorts":["in"]}"#,
        )
        .with("acme/pay/core/Secret/Secret.js", "module.exports = {};\n")
        .with(
            "acme/pay/bills/module.json",
            r#"{"name":"acme.pay.bills","label":"Bills","category":"money","description":"Lists."}"#,
        )
        .with(
            "acme/pay/bills/List/component.json",
            r#"{"name":"acme.pay.bills.List","trigger":true,"outPorts":["out"]}"#,
        )
        .with("acme/pay/bills/List/List.js", "module.exports = {};\n")
}

struct World {
    folders: Folders,
    server: TestServer,
}

impl World {
    async fn new(modules: &[Module]) -> Self {
        let folders = Folders::new();
        let server = TestServer::start(&folders.data(), &[]).await;
        for module in modules {
            server.install(module).await;
        }
        Self { folders, server }
    }

    /// The header of somebody with these scopes and vendors.
    async fn person(&self, email: &str, scopes: &[&str], vendors: &[&str]) -> String {
        self.server.add_person(email, scopes, vendors).await;
        format!("Bearer {}", self.server.token(email).await)
    }

    async fn open(&self, module: &Module) {
        let acl = &self.server.state.acl;
        acl.open_to_users(&SudoActor::command_line(), &module.module_name()).await.expect("adds the rule");
    }

    async fn get(&self, path: &str, who: &str) -> Answer {
        get(self.server.address, path, &[("Authorization", who)]).await
    }

    async fn admin(&self, path: &str) -> Answer {
        self.server.get(path).await
    }

    async fn delete(&self, path: &str, headers: Headers<'_>) -> Answer {
        exchange(self.server.address, head(self.server.address, "DELETE", path, headers).as_bytes()).await
    }

    /// Publishes and gives what the ticket says in the end.
    async fn publish(&self, path: &str, headers: Headers<'_>, zip: &[u8]) -> Value {
        let answer = post(self.server.address, path, &[ZIP, headers].concat(), zip).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
        ended(&self.server.state.registry, &ticket).await;
        self.admin(&format!("/components/uploader/{ticket}")).await.json()
    }

    async fn names(&self) -> Value {
        self.admin("/components").await.json()
    }
}

fn entries(zip: &[u8]) -> Vec<String> {
    let archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut names: Vec<String> = archive.file_names().map(|name| name.expect("UTF-8").into_owned()).collect();
    names.sort_unstable();
    names
}

fn content(zip: &[u8], path: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).expect("a zip");
    let mut text = String::new();
    archive.by_name(path).expect("is in it").read_to_string(&mut text).expect("reads");
    text
}

fn part(files: &[(&str, &str)]) -> Vec<u8> {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Module { name: String::new(), files: files.collect() }.zip()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn apps_are_services_and_modules_with_a_manifest_of_their_own() {
    let bare = Module { name: "acme.bare".to_owned(), files: Vec::new() }
        .with("acme/bare/bundle.json", r#"{"name":"acme.bare","version":"1.0.0"}"#)
        .with("acme/bare/core/Do/component.json", r#"{"name":"acme.bare.core.Do","inPorts":["in"]}"#)
        .with("acme/bare/core/Do/Do.js", "module.exports = {};");
    let world = World::new(&[pay(), bare]).await;
    let apps = world.admin("/apps").await;
    assert!(apps.header("content-type").is_some_and(|kind| kind.starts_with("application/json")));
    let apps = apps.json();
    let names: Vec<&String> = apps.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["acme.bare", "acme.pay", "acme.pay.bills"]);
    assert_eq!(
        apps["acme.pay.bills"],
        json!({ "name": "acme.pay.bills", "label": "Bills", "category": "money", "description": "Lists.", "icon": "" })
    );
    assert!(apps["acme.pay"]["icon"].as_str().is_some_and(|icon| icon.starts_with("data:image/")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn manifests_come_in_full_and_an_unknown_app_has_none() {
    let world = World::new(&[pay()]).await;
    let manifests = world.admin("/apps/components?app=acme.pay.bills").await.json();
    assert_eq!(manifests, json!([{ "name": "acme.pay.bills.List", "trigger": true, "outPorts": ["out"] }]));
    for unknown in ["acme.pa", "acme.nothing", "..", "%00", "acme.pay%2f..%2f..", "acme.*"] {
        assert_eq!(world.admin(&format!("/apps/components?app={unknown}")).await.json(), json!([]), "{unknown}");
    }
    assert_eq!(world.admin("/apps/components").await.status, 400);
    assert_eq!(world.admin("/components?manifest=yes&selector=acme.pay.bills").await.json(), manifests);
    assert_eq!(world.admin("/components?manifest=maybe").await.status, 400);
    assert_eq!(world.admin("/components?manifest=no").await.json(), world.names().await);
    assert_eq!(world.admin("/components?selector=acme.pay.core").await.json(), json!(["acme.pay.core.Send"]));
    assert_eq!(world.admin("/components?selector=acme.p").await.json(), json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_no_rule_shows_does_not_exist() {
    let world = World::new(&[pay()]).await;
    let user = world.person("user@example.com", &["user"], &[]).await;
    let tester = world.person("tester@example.com", &["tester"], &[]).await;
    for who in [&user, &tester] {
        assert_eq!(world.get("/apps", who).await.json(), json!({}));
        for path in ["/components", "/components?manifest=yes", "/apps/components?app=acme.pay", "/bundles"] {
            assert_eq!(world.get(path, who).await.json(), json!([]), "{path}");
        }
    }
    world.open(&pay()).await;
    let shown = json!(["acme.pay.bills.List", "acme.pay.core.Send"]);
    assert_eq!(world.get("/components", &user).await.json(), shown);
    assert_eq!(world.get("/apps/components?app=acme.pay", &user).await.json().as_array().map(Vec::len), Some(2));
    assert_eq!(world.get("/apps", &user).await.json().as_object().map(serde_json::Map::len), Some(2));
    assert_eq!(world.get("/components", &tester).await.json(), json!([]));
    // Private components are for nobody whose rule does not say so, administrators included.
    assert_eq!(world.names().await, shown);
    assert_eq!(get(world.server.address, "/components", &[client::NOBODY]).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bundles_have_name_and_version() {
    let world = World::new(&[pay(), Module::new("acme.other", "2.1.0")]).await;
    let bundles = world.admin("/bundles").await.json();
    assert_eq!(bundles[1]["bundleId"], "acme.pay");
    assert_eq!((&bundles[1]["name"], &bundles[1]["version"]), (&json!("acme.pay"), &json!("1.0.0")));
    assert_eq!((&bundles[0]["bundleId"], &bundles[0]["version"]), (&json!("acme.other"), &json!("2.1.0")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_selector_gives_the_archive_or_a_part_of_it() {
    let world = World::new(&[pay()]).await;
    let whole = world.admin("/components/acme.pay").await;
    assert_eq!((whole.status, whole.header("content-type")), (200, Some("application/zip")));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"acme.pay.zip\""));
    assert_eq!(whole.body, pay().zip());

    let module = world.admin("/components/acme.pay.bills").await.body;
    assert_eq!(
        entries(&module),
        ["acme/pay/bills/List/List.js", "acme/pay/bills/List/component.json", "acme/pay/bills/module.json"]
    );
    let component = world.admin("/components/acme.pay.core.Secret").await.body;
    assert_eq!(entries(&component), ["acme/pay/core/Secret/Secret.js", "acme/pay/core/Secret/component.json"]);
    assert_eq!(component, world.admin("/components/acme.pay.core.Secret").await.body);

    let file = world.admin("/components/acme.pay/auth.js").await;
    assert_eq!((file.status, entries(&file.body)), (200, vec!["acme/pay/auth.js".to_owned()]));
    assert!(content(&file.body, "acme/pay/auth.js").contains("apiKey"));
    let file = world.admin("/components/acme.pay.core.Send/Send.js").await.body;
    assert_eq!(entries(&file), ["acme/pay/core/Send/Send.js"]);
    for nothing in ["acme.pay/Send.js", "acme.pay/core", "acme.p", "acme.pay.bill", "acme.pay.core.Sen", "acme", "x.y"]
    {
        assert_eq!(world.admin(&format!("/components/{nothing}")).await.status, 404, "{nothing}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_service_of_several_modules_is_packed_from_all() {
    let gmail = Module::new("acme.google.gmail", "1.0.0").with("acme/google/auth.js", "// shared");
    let drive = Module::new("acme.google.drive", "1.0.0").with("acme/google/auth.js", "// shared");
    let world = World::new(&[gmail, drive, Module::new("acme.googleContacts", "1.0.0")]).await;
    let names = entries(&world.admin("/components/acme.google").await.body);
    assert!(names.contains(&"acme/google/auth.js".to_owned()), "{names:?}");
    assert!(names.iter().any(|name| name.starts_with("acme/google/gmail/")));
    assert!(names.iter().any(|name| name.starts_with("acme/google/drive/")));
    assert!(names.iter().all(|name| name.starts_with("acme/google/")), "{names:?}");
    assert_eq!(entries(&world.admin("/components/acme.google/auth.js").await.body), ["acme/google/auth.js"]);
    assert_eq!(world.delete("/components/acme.google", &[]).await.status, 200);
    assert_eq!(world.names().await, json!(["acme.googleContacts.core.Send"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_the_vendors_publishers_and_administrators_download_and_remove() {
    let world = World::new(&[pay()]).await;
    let own = world.person("own@example.com", &["user"], &["acme"]).await;
    let other = world.person("other@example.com", &["user"], &["globex"]).await;
    let user = world.person("user@example.com", &["user"], &[]).await;
    for who in [&other, &user] {
        for path in ["/components/acme.pay", "/components/acme.pay/auth.js", "/components/acme.nothing"] {
            let answer = world.get(path, who).await;
            assert_eq!(answer.status, 403, "{path}");
            assert_eq!(answer.json()["message"], "You are not a developer of acme.");
        }
        let answer = world.delete("/components/acme.pay", &[("Authorization", who)]).await;
        assert_eq!(answer.status, 403);
    }
    // What no rule shows them is theirs all the same.
    assert_eq!(world.get("/components/acme.pay", &own).await.body, pay().zip());
    assert_eq!(world.get("/components", &own).await.json(), json!([]));
    let answer = world.delete("/components/acme.pay", &[("Authorization", &own)]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    assert_eq!(installed(&world.folders.data(), "acme.pay"), None);
    assert_eq!(world.delete("/components/acme.pay", &[]).await.status, 404);
    assert_eq!(column(&world.folders.data(), "SELECT action FROM audit WHERE action = 'module.remove'").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn removing_a_component_keeps_the_others() {
    let world = World::new(&[pay()]).await;
    for nothing in ["acme.pay.core.Sen", "acme.pay.nothing", "acme.other", "acme"] {
        assert_eq!(world.delete(&format!("/components/{nothing}"), &[]).await.status, 404, "{nothing}");
    }
    let answer = world.delete("/components/acme.pay.core.Send", &[]).await;
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    assert_eq!(world.names().await, json!(["acme.pay.bills.List"]));
    let left = entries(&world.admin("/components/acme.pay").await.body);
    assert!(
        left.contains(&"acme/pay/core/Secret/Secret.js".to_owned()) && left.contains(&"acme/pay/auth.js".to_owned())
    );
    assert!(!left.iter().any(|path| path.contains("Send")));

    assert_eq!(world.delete("/components/acme.pay.bills", &[]).await.status, 200);
    // The last one takes the module with it.
    assert_eq!(world.delete("/components/acme.pay.core", &[]).await.status, 200);
    assert_eq!(installed(&world.folders.data(), "acme.pay"), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_is_laid_over_the_installed_module() {
    let world = World::new(&[pay()]).await;
    let manifest = r#"{"name":"acme.pay.core.Refund","inPorts":["in"]}"#;
    let refund = [
        ("acme/pay/core/Refund/component.json", manifest),
        ("acme/pay/core/Refund/Refund.js", "module.exports = {};"),
        ("acme/pay/core/Refund/old.js", "// old"),
    ];
    let body = world.publish("/components", &[], &part(&refund)).await;
    assert_eq!(body["installed"]["name"], "acme.pay", "{body}");
    assert_eq!(world.names().await, json!(["acme.pay.bills.List", "acme.pay.core.Refund", "acme.pay.core.Send"]));

    // What is missing stays, unless the sender says otherwise.
    world.publish("/components", &[], &part(&refund[..2])).await;
    assert_eq!(entries(&world.admin("/components/acme.pay.core.Refund").await.body).len(), 3);
    world.publish("/components?replaceAll=true", &[], &part(&refund[..2])).await;
    assert_eq!(entries(&world.admin("/components/acme.pay.core.Refund").await.body).len(), 2);
    assert!(entries(&world.admin("/components/acme.pay").await.body).contains(&"acme/pay/bundle.json".to_owned()));

    // One module's folder with its service's files, as the official client packs it.
    let bundle = pay().files.into_iter().find(|(path, _)| path == "acme/pay/bundle.json").expect("has one").1;
    let module = r#"{"name":"acme.pay.bills","label":"Bills","category":"money","description":"New."}"#;
    let list = r#"{"name":"acme.pay.bills.List","trigger":true,"outPorts":["out","err"]}"#;
    let bills = part(&[
        ("acme/pay/bundle.json", &bundle),
        ("acme/pay/auth.js", "// new"),
        ("acme/pay/bills/module.json", module),
        ("acme/pay/bills/List/component.json", list),
    ]);
    world.publish("/components", &[], &bills).await;
    assert_eq!(world.names().await.as_array().map(Vec::len), Some(3));
    let whole = world.admin("/components/acme.pay").await.body;
    assert_eq!(content(&whole, "acme/pay/auth.js"), "// new");
    assert!(entries(&whole).contains(&"acme/pay/bills/List/List.js".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_of_somebody_elses_module_changes_nothing() {
    let world = World::new(&[pay()]).await;
    let other = world.person("other@example.com", &["user"], &["globex"]).await;
    let send = part(&[
        ("acme/pay/core/Send/component.json", r#"{"name":"acme.pay.core.Send"}"#),
        ("acme/pay/core/Send/Send.js", "evil()"),
    ]);
    let body = world.publish("/components", &[("Authorization", &other)], &send).await;
    assert_eq!(body["err"], "You are not a developer of acme.");
    assert_eq!(world.admin("/components/acme.pay").await.body, pay().zip());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_finishes_with_err_and_places() {
    let world = World::new(&[pay()]).await;
    let bad = part(&[("acme/pay/core/Send/component.json", "{"), ("acme/pay/core/Send/Send.js", "")]);
    let body = world.publish("/components", &[], &bad).await;
    assert!(body["finished"].is_string() && body["err"].is_string(), "{body}");
    assert_eq!(body["data"][0]["dataPath"], "acme/pay/core/Send/component.json");
    assert_eq!(world.admin("/components/acme.pay").await.body, pay().zip());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_part_cannot_carry_a_module_over_the_limit() {
    let folders = Folders::new();
    let module = pay().with("acme/pay/noise.txt", &noise(40_000));
    let server = TestServer::with_limit(&folders.data(), &[], module.zip().len() as u64 + 10_000).await;
    server.install(&module).await;
    let more = part(&[
        ("acme/pay/core/Big/component.json", r#"{"name":"acme.pay.core.Big"}"#),
        ("acme/pay/core/Big/Big.js", &format!("// {}", noise(20_000))),
    ]);
    let answer = post_chunked(server.address, "/components", ZIP, &more).await;
    assert_eq!((answer.status, answer.json()["limit"].is_u64()), (413, true), "{}", answer.text());
    let large = pay().with("acme/pay/noise.txt", &noise(200_000)).zip();
    assert_eq!(post_chunked(server.address, "/components", ZIP, &large).await.status, 413);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_address_leads_out_of_what_is_installed() {
    let world = World::new(&[pay()]).await;
    let paths = [
        "..",
        "%2e%2e",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e%2f%2e%2e",
        "..%5c..",
        "%00",
        "acme.pay%00",
        "%252e%252e",
        "acme.pay%2f..%2f..%2fstockroom.db",
        "acme%2fpay",
        "acme.pay%0d%0aX: y",
        "acme.pay%ff",
        "acme..pay",
        "acme.pay.",
    ];
    for path in paths {
        for place in [format!("/components/{path}"), format!("/components/acme.pay/{path}"), format!("/modules/{path}")]
        {
            let answer = world.admin(&place).await;
            assert!(matches!(answer.status, 400 | 404), "{place}: {}", answer.status);
            assert!(!answer.text().contains("root:") && !answer.text().contains("SQLite"), "{place}");
            assert_eq!(answer.header("x"), None);
        }
        let answer = world.delete(&format!("/components/{path}"), &[]).await;
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
    }
    assert_eq!(world.admin("/components/acme.pay").await.body, pay().zip());
}
