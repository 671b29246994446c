//! Odd input on every route: nothing breaks, nothing is told, nothing is changed (N1, N2, N4, X5).

use leptos::server_fn::axum::server_fn_paths;
use serde_json::json;
use stockroom::domain::job::JobState;

use crate::support::{
    client::{Answer, JSON, NOBODY, exchange, get, head, post},
    ended,
    folder::{everything, kept},
    module::Module,
    server::{TestServer, fresh, with_installed},
};

#[track_caller]
fn assert_says_nothing(what: &str, data: &str, answer: &Answer) {
    let text = answer.text();
    assert_ne!(answer.status, 500, "{what}: {text}");
    for leak in [data, "/src/", ".rs:", "panicked", "SELECT ", "sqlite", "SQLITE", "backtrace", "root:x:"] {
        assert!(!text.contains(leak), "{what} tells {leak}: {text}");
    }
}

/// The operations of the protocol but those that sign the asker out, or have no end.
async fn operations(server: &TestServer) -> Vec<(String, String)> {
    let document = get(server.address, "/openapi.json", &[NOBODY]).await.json();
    let paths = document["paths"].as_object().expect("paths").iter();
    paths
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("operations").keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        })
        .filter(|(_, path)| path != "/user/sign-out" && path != "/events")
        .collect()
}

/// A path with this in the place of every name in it.
fn with_names(path: &str, name: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { name } else { part });
    parts.collect::<Vec<_>>().join("/")
}

async fn ask(server: &TestServer, method: &str, path: &str, body: &str) -> Answer {
    let length = body.len().to_string();
    let headers = [JSON, ("Content-Length", length.as_str()), ("If-Match", "\"1'--\"")];
    exchange(server.address, (head(server.address, method, path, &headers) + body).as_bytes()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n2_x5_odd_names_and_queries_break_no_route() {
    let (folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let data = folders.data().to_str().expect("UTF-8").to_owned();
    let long = "a".repeat(5000);
    let names = [
        "%00",
        "%ff",
        "..%2f..%2f..%2fetc%2fpasswd",
        "%252e%252e%252fetc%252fpasswd",
        "..%5c..%5cx",
        "'%20OR%201=1--",
        "%F0%9F%92%A9",
        "-1",
        "99999999999999999999",
        "%7B%7D",
        "%0d%0a",
        long.as_str(),
    ];
    let all = operations(&server).await;
    for (method, path) in &all {
        for name in names.iter().filter(|_| path.contains('{')) {
            let path = with_names(path, name);
            assert_says_nothing(&format!("{method} {path}"), &data, &ask(&server, method, &path, "{}").await);
        }
        for query in ["%00", "a=%ff", "limit=-1&offset=x&sort=%00", "filter[]=&filter=%00:%00", "manifest=%00&app=%00"]
        {
            let path = format!("{}?{query}", with_names(path, "acme.nothing"));
            let answer = ask(&server, method, &path, "null").await;
            assert_says_nothing(&format!("{method} {path}"), &data, &answer);
        }
    }
    for (path, method) in server_fn_paths().filter(|(path, _)| !path.ends_with("/sign_out")) {
        for name in names.iter().copied().chain(["", "x"]) {
            let fields = ["name", "id", "q", "person", "from", "key", "email", "acl_type", "revision", "role"];
            let form: Vec<String> = fields.iter().map(|field| format!("{field}={name}")).collect();
            let form = form.join("&");
            let kind = ("Content-Type", "application/x-www-form-urlencoded");
            let answer = match method.as_str() {
                "GET" => get(server.address, &format!("{path}?{form}"), &[]).await,
                _ => post(server.address, path, &[kind], form.as_bytes()).await,
            };
            assert_says_nothing(&format!("{method} {path} {form:.80}"), &data, &answer);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n4_x5_odd_bodies_break_no_route() {
    let (folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let data = folders.data().to_str().expect("UTF-8").to_owned();
    let deep = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    let keyed = format!("{{\"__proto__\":{deep}}}");
    let bodies = [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "1e999",
        "[null]",
        r#"{"__proto__":{"isAdmin":true},"constructor":{"prototype":{}}}"#,
        r#"{"key":"A","key":"B","value":1e999}"#,
        r#"{"email":1,"password":[],"scope":{},"vendor":1,"serviceId":[],"role":null,"version":{}}"#,
        r#"[{"role":1,"resource":null,"action":"use","attributes":{}}]"#,
        "{\"email\":\"\\ud800\",\"key\":\"\\u0000\",\"serviceId\":\"\\u0000:\\u0000\"}",
        deep.as_str(),
        keyed.as_str(),
    ];
    for (method, path) in operations(&server).await.iter().filter(|(method, _)| method != "GET") {
        for name in ["acme.nothing", "acme:nothing", "components", "1"] {
            let path = with_names(path, name);
            for body in bodies {
                let answer = ask(&server, method, &path, body).await;
                assert_says_nothing(&format!("{method} {path} {body:.80}"), &data, &answer);
                assert_ne!(answer.status, 201, "{method} {path}");
            }
            if !path.contains(name) {
                break;
            }
        }
    }
    for (path, method) in server_fn_paths().filter(|(path, method)| method == "POST" && !path.ends_with("/sign_out")) {
        for (kind, body) in [
            ("application/x-www-form-urlencoded", &b"\xff\xfe=\xff"[..]),
            ("application/x-www-form-urlencoded", b"id[a][b][c]=1&name[]=1&scopes[99999999]=x&keys=1"),
            ("application/json", b"{"),
            ("multipart/form-data; boundary=edge", b"--edge"),
            ("text/plain", b"name=acme.pay"),
        ] {
            let answer = post(server.address, path, &[("Content-Type", kind)], body).await;
            assert_says_nothing(&format!("{method} {path} {kind}"), &data, &answer);
        }
    }
    assert_eq!(server.get("/user").await.json()["isAdmin"], json!(null));
    assert_eq!(server.get("/backoffice/modules/acme.pay").await.status, 200);
}

const SHELL: [&str; 9] = [
    "acme.pay;touch was-run",
    "acme.$(touch was-run)",
    "acme.`touch was-run`",
    "acme.pay|touch was-run",
    "acme.pay&&touch was-run",
    "acme.pay\ntouch was-run",
    "--registry=http://evil",
    "acme.pay>was-run",
    "acme.'\"\\pay",
];

fn encoded(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n1_a_name_with_shell_characters_is_no_name() {
    let (folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let before = everything(&folders.data());
    for name in SHELL.map(encoded) {
        for (method, path) in [
            ("GET", format!("/modules/{name}")),
            ("DELETE", format!("/modules/{name}")),
            ("POST", format!("/modules/{name}/install")),
            ("POST", format!("/modules/{name}/update")),
            ("POST", format!("/modules/{name}/undo-remove")),
            ("POST", format!("/modules/{name}/access")),
            ("GET", format!("/modules/{name}/download")),
            ("GET", format!("/components/{name}")),
            ("DELETE", format!("/components/{name}")),
            ("GET", format!("/backoffice/modules/{name}")),
            ("GET", format!("/backoffice/modules/{name}/download")),
        ] {
            let answer = ask(&server, method, &path, "").await;
            assert!(matches!(answer.status, 400 | 404), "{method} {path}: {} {}", answer.status, answer.text());
        }
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        for function in ["install_module", "remove_module", "undo_remove_module", "open_module"] {
            let path = format!("/backoffice/api/{function}");
            let answer = post(server.address, &path, &[kind], format!("name={name}").as_bytes()).await;
            assert_eq!(answer.status, 404, "{function} {name}");
        }
    }
    assert_eq!(everything(&folders.data()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn n1_an_archive_with_shell_characters_in_its_names_is_refused() {
    let (folders, server) = fresh().await;
    for name in SHELL {
        let bundle = json!({ "name": name, "version": "1.0.0" }).to_string();
        let module = Module::new("acme.pay", "1.0.0").with("acme/pay/bundle.json", &bundle);
        let version = json!({ "name": "acme.pay", "version": format!("1.0.0-{name}") }).to_string();
        let component = json!({ "name": format!("acme.pay.core.{name}") }).to_string();
        for zip in [
            module.zip(),
            module.with("acme/pay/bundle.json", &version).zip(),
            Module::new("acme.pay", "1.0.0").with("acme/pay/core/Send/component.json", &component).zip(),
        ] {
            let answer = server.upload(&zip).await;
            let ticket = answer.json()["ticket"].as_str().expect("a ticket").to_owned();
            assert_eq!(ended(&server.state.registry, &ticket).await.state, JobState::Failed, "{name}");
        }
    }
    assert_eq!(kept(&folders.data()), Default::default());
    assert!(!std::path::Path::new("was-run").exists());
}
