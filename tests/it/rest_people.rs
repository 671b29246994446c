//! Sign-in and users over the wire: shapes, statuses, and who is let in.

use crate::support::{
    client::{Answer, NOBODY, get, post, send},
    server::{ADMIN, PASSWORD, TestServer},
};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn start() -> (TempDir, TestServer) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start(folder.path(), &[]).await;
    (folder, server)
}

async fn sign_in(server: &TestServer, body: Value) -> Answer {
    send(server.address, "POST", "/user/auth", &[NOBODY], &body.to_string()).await
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

#[track_caller]
fn is_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    let body = answer.json();
    assert_eq!(body["statusCode"], status);
    assert!(body["error"].is_string() && body["message"].is_string(), "{body}");
}

#[tokio::test]
async fn signing_in_takes_either_name_and_gives_a_token() {
    let (_folder, server) = start().await;
    for name in ["email", "username"] {
        let answer = sign_in(&server, json!({ name: ADMIN, "password": PASSWORD })).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let body = answer.json();
        assert_eq!(body["user"]["email"], ADMIN);
        assert_eq!(body["user"]["isActive"], true);
        let own =
            get(server.address, "/user", &[("Authorization", &bearer(body["token"].as_str().expect("text")))]).await;
        assert_eq!(own.json()["id"], body["user"]["id"]);
        assert_eq!(own.json()["scope"], json!(["admin", "user"]));
    }
    is_problem(&sign_in(&server, json!({ "email": ADMIN, "password": "wrong wrong wrong" })).await, 401);
    is_problem(&sign_in(&server, json!({ "email": "nobody@example.com", "password": PASSWORD })).await, 401);
    is_problem(&sign_in(&server, json!({ "password": PASSWORD })).await, 400);
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let (_folder, server) = start().await;
    server.add_person("ann@example.com", &["user"], &[]).await;
    let mut last = 0;
    for _ in 0..10 {
        let answer = sign_in(&server, json!({ "email": "ann@example.com", "password": "wrong wrong wrong" })).await;
        last = answer.status;
        if last == 429 {
            assert!(answer.header("retry-after").is_some());
            break;
        }
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_token_is_of_no_use_once_signed_out_or_disabled() {
    let (_folder, server) = start().await;
    let ann = server.add_person("ann@example.com", &["user"], &[]).await;
    let (one, other) = (bearer(&server.token("ann@example.com").await), bearer(&server.token("ann@example.com").await));
    let own = async |token: &str| get(server.address, "/user", &[("Authorization", token)]).await;
    assert_eq!(send(server.address, "POST", "/user/sign-out", &[("Authorization", &one)], "").await.status, 200);
    is_problem(&own(&one).await, 401);
    assert_eq!(own(&other).await.status, 200);
    let answer =
        send(server.address, "PUT", &format!("/users/{}", ann.id), &[], &json!({ "isActive": false }).to_string())
            .await;
    assert_eq!(answer.json()["isActive"], false, "{}", answer.text());
    is_problem(&own(&other).await, 401);
    is_problem(&sign_in(&server, json!({ "email": "ann@example.com", "password": PASSWORD })).await, 401);
}

#[tokio::test]
async fn users_are_added_changed_listed_and_deleted() {
    let (_folder, server) = start().await;
    let new =
        json!({ "username": "bob@example.com", "password": PASSWORD, "metadata": { "a": "b" }, "scope": ["acme1"] });
    let answer = send(server.address, "POST", "/user", &[], &new.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let id = answer.json()["user"]["id"].as_str().expect("an id").to_owned();
    assert!(id.len() == 24 && answer.json()["token"].is_string());

    let found = server.get(&format!("/users/{id}")).await.json();
    assert_eq!((&found["id"], &found["userId"]), (&json!(id), &json!(id)));
    assert_eq!(found["metadata"], json!({ "a": "b" }));
    for (query, count) in [
        ("filter=scope:acme1", 1),
        ("filter%5B%5D=scope%3Aacme1&filter%5B%5D=email%3Abob@example.com", 1),
        ("filter=scope:acme1&filter=scope:admin", 0),
        ("pattern=BOB", 1),
        ("", 2),
    ] {
        assert_eq!(
            server.get(&format!("/users?{query}")).await.json().as_array().map(Vec::len),
            Some(count),
            "{query}"
        );
        assert_eq!(server.get(&format!("/users/count?{query}")).await.json(), json!({ "count": count }), "{query}");
    }
    let newest = server.get("/users?sort=created:-1&limit=1&offset=0").await.json();
    assert_eq!(newest[0]["id"], id.as_str());
    for bad in ["filter=x", "filter=x:y", "sort=x:1", "limit=-1", "limit=x"] {
        is_problem(&server.get(&format!("/users?{bad}")).await, 400);
    }

    let path = format!("/users/{id}");
    for (vendor, kept) in [(json!("acme"), json!(["acme"])), (json!(["acme", "bolt"]), json!(["acme", "bolt"]))] {
        let answer = send(server.address, "PUT", &path, &[], &json!({ "vendor": vendor }).to_string()).await;
        assert_eq!(answer.json()["vendor"], kept, "{}", answer.text());
        assert_eq!(answer.json()["scope"], json!(["acme1"]));
    }

    let ticket =
        send(server.address, "DELETE", &path, &[], "").await.json()["ticket"].as_str().expect("text").to_owned();
    let status = server.get(&format!("{path}/delete-status/{ticket}")).await.json();
    assert_eq!(status, json!({ "status": "completed", "stepsDone": 1, "stepsTotal": 1 }));
    is_problem(&server.get(&format!("{path}/delete-status/{}", uuid::Uuid::new_v4())).await, 404);
    is_problem(&server.get(&path).await, 404);
    is_problem(&send(server.address, "DELETE", &path, &[], "").await, 404);
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let (_folder, server) = start().await;
    let me = server.get("/user").await.json()["id"].as_str().expect("an id").to_owned();
    let path = format!("/users/{me}");
    is_problem(&send(server.address, "DELETE", &path, &[], "").await, 409);
    for change in [json!({ "scope": ["user"] }), json!({ "isActive": false })] {
        is_problem(&send(server.address, "PUT", &path, &[], &change.to_string()).await, 409);
    }
    assert_eq!(server.get("/users").await.status, 200);
}

#[tokio::test]
async fn who_may_add_users_is_a_setting() {
    let (_folder, server) = start().await;
    let body =
        |name: &str| json!({ "email": name, "password": PASSWORD, "scope": ["admin"], "vendor": "acme" }).to_string();
    is_problem(&send(server.address, "POST", "/user", &[NOBODY], &body("a@example.com")).await, 401);
    let set = json!({ "key": "API_USER_CREATE_SCOPE", "value": "" }).to_string();
    assert_eq!(send(server.address, "POST", "/config", &[], &set).await.status, 200);
    let answer = send(server.address, "POST", "/user", &[NOBODY], &body("a@example.com")).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["user"]["scope"], json!(["user"]));
    assert_eq!(answer.json()["user"]["vendor"], json!([]));
    is_problem(&send(server.address, "POST", "/user", &[NOBODY], &body("a@example.com")).await, 409);
    let set = json!({ "key": "API_USER_CREATE_SCOPE", "value": "admin,tester" }).to_string();
    send(server.address, "POST", "/config", &[], &set).await;
    let user = bearer(&server.token("a@example.com").await);
    is_problem(&send(server.address, "POST", "/user", &[("Authorization", &user)], &body("b@example.com")).await, 403);
}

#[tokio::test]
async fn passwords_are_changed_and_reset_but_not_mailed() {
    let (_folder, server) = start().await;
    server.add_person("ann@example.com", &["user"], &[]).await;
    let token = bearer(&server.token("ann@example.com").await);
    let change = |old: &str| json!({ "oldPassword": old, "newPassword": "another good one" }).to_string();
    let headers = [("Authorization", token.as_str())];
    is_problem(&send(server.address, "POST", "/user/change-password", &headers, &change("wrong wrong")).await, 403);
    let answer = send(server.address, "POST", "/user/change-password", &headers, &change(PASSWORD)).await;
    assert_eq!((answer.status, answer.text()), (200, "{}".to_owned()));
    let reset = json!({ "email": "ann@example.com", "password": "a third good one" }).to_string();
    assert_eq!(send(server.address, "POST", "/user/reset-password", &[], &reset).await.status, 200);
    let answer = sign_in(&server, json!({ "email": "ann@example.com", "password": "a third good one" })).await;
    assert_eq!(answer.status, 200);
    let forgot = async |email: &str| {
        let body = json!({ "email": email }).to_string();
        send(server.address, "POST", "/user/forgot-password", &[NOBODY], &body).await
    };
    let (known, unknown) = (forgot("ann@example.com").await, forgot("zoe@example.com").await);
    is_problem(&known, 501);
    assert_eq!(known.text(), unknown.text());
}

#[tokio::test]
async fn others_than_administrators_are_kept_out_of_everything() {
    let (_folder, server) = start().await;
    server.add_person("ann@example.com", &["user"], &[]).await;
    let token = bearer(&server.token("ann@example.com").await);
    for (method, path) in [
        ("GET", "/users"),
        ("GET", "/users/count"),
        ("GET", "/users/1"),
        ("PUT", "/users/1"),
        ("DELETE", "/users/1"),
        ("GET", "/users/1/delete-status/1"),
        ("POST", "/user"),
        ("POST", "/user/reset-password"),
        ("GET", "/acl-types"),
        ("GET", "/acl/components"),
        ("POST", "/acl/components"),
        ("GET", "/acl/routes/resources"),
        ("GET", "/acl/routes/actions"),
        ("GET", "/acl/routes/resource/%2A/attributes"),
        ("GET", "/acl/routes/rules"),
        ("POST", "/acl/routes/rules"),
        ("PUT", "/acl/routes/rules/1"),
        ("DELETE", "/acl/routes/rules/1"),
        ("GET", "/config"),
        ("POST", "/config"),
        ("DELETE", "/config/A"),
        ("GET", "/service-config"),
        ("POST", "/service-config"),
        ("GET", "/service-config/acme:git"),
        ("PUT", "/service-config/acme:git"),
        ("DELETE", "/service-config/acme:git"),
    ] {
        let answer = send(server.address, method, path, &[("Authorization", &token)], "{}").await;
        assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text());
        is_problem(&send(server.address, method, path, &[NOBODY], "{}").await, 401);
    }
    for (method, path) in [("GET", "/user"), ("POST", "/user/sign-out"), ("GET", "/unprocessed-messages")] {
        is_problem(&send(server.address, method, path, &[NOBODY], "").await, 401);
    }
}

#[tokio::test]
async fn hostile_bodies_are_refused_or_harmless() {
    let (_folder, server) = start().await;
    let deep = format!("{{\"email\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for body in [
        "",
        "null",
        "[]",
        "{",
        deep.as_str(),
        r#"{"email":1e999,"password":"x"}"#,
        r#"{"email":"a@b.c","email":"d@e.f","password":"correct horse battery"}"#,
        r#"{"email":"a@b.c","password":["correct horse battery"]}"#,
        r#"{"email":"a@b.c","password":"correct horse battery","metadata":[]}"#,
        "{\"email\":\"\u{0}\",\"password\":\"correct horse battery\"}",
    ] {
        is_problem(&send(server.address, "POST", "/user", &[], body).await, 400);
    }
    let proto =
        r#"{"email":"p@example.com","password":"correct horse battery","metadata":{"__proto__":{"isAdmin":true}}}"#;
    let answer = send(server.address, "POST", "/user", &[], proto).await;
    assert_eq!(answer.json()["user"]["metadata"], json!({ "__proto__": { "isAdmin": true } }), "{}", answer.text());
    is_problem(&post(server.address, "/user", &[("Content-Type", "text/plain")], b"{}").await, 415);
    is_problem(&post(server.address, "/user", &[], b"{}").await, 415);
    let long = format!("{{\"email\":\"{}\"}}", "a".repeat(2 * 1024 * 1024));
    is_problem(&send(server.address, "POST", "/user", &[], &long).await, 413);
    is_problem(&server.get("/users/%ff").await, 400);
    is_problem(&send(server.address, "PATCH", "/users", &[], "{}").await, 405);
}

#[tokio::test]
async fn no_flow_runs_so_no_message_waits() {
    let (_folder, server) = start().await;
    assert_eq!(server.get("/unprocessed-messages?limit=1").await.json(), json!([]));
    for (method, path) in [("GET", "/1"), ("DELETE", "/1"), ("POST", "/1"), ("POST", "/1/retry")] {
        is_problem(&send(server.address, method, &format!("/unprocessed-messages{path}"), &[], "").await, 404);
    }
}

#[tokio::test]
async fn every_route_is_in_the_document_under_a_name_of_its_own() {
    let (_folder, server) = start().await;
    let document = get(server.address, "/openapi.json", &[NOBODY]).await.json();
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    assert_eq!(document["info"]["title"], "Stockroom");
    assert_eq!(document["components"]["securitySchemes"]["bearer"]["bearerFormat"], "JWT");
    let mut ids = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("paths") {
        for (method, operation) in operations.as_object().expect("operations") {
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
            assert!(operation["responses"].as_object().is_some_and(|known| !known.is_empty()), "{method} {path}");
            ids.push(operation["operationId"].to_string());
        }
    }
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), all);
    // What is referred to is there.
    let text = document.to_string();
    for name in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(document["components"]["schemas"][name].is_object(), "{name}");
    }
}
