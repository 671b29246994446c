//! The ACL over the wire: exact shapes, and no change lost to another.

use crate::support::{
    client::{Answer, get, send},
    server::TestServer,
};
use serde_json::{Value, json};
use tempfile::TempDir;

async fn start() -> (TempDir, TestServer) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start(folder.path(), &[]).await;
    (folder, server)
}

async fn put_table(server: &TestServer, tag: Option<&str>, rules: &Value) -> Answer {
    let headers: Vec<(&str, &str)> = tag.map(|tag| ("If-Match", tag)).into_iter().collect();
    send(server.address, "POST", "/acl/components", &headers, &rules.to_string()).await
}

#[tokio::test]
async fn lists_are_as_documented() {
    let (_folder, server) = start().await;
    for (path, body) in [
        ("/acl-types", json!(["routes", "components"])),
        ("/acl/routes/resources", json!(["*", "flows"])),
        ("/acl/components/resources", json!(["*"])),
        (
            "/acl/routes/actions",
            json!(["*", "read", "!read", "create", "!create", "update", "!update", "delete", "!delete"]),
        ),
        ("/acl/components/actions", json!(["*", "use"])),
        ("/acl/components/resource/acme.git.%2A/attributes", json!(["*", "private", "non-private"])),
    ] {
        assert_eq!(server.get(path).await.json(), body, "{path}");
    }
    for path in ["/acl/x", "/acl/x/resources", "/acl/x/actions", "/acl/x/rules", "/acl/x/resource/a/attributes"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
    assert_eq!(send(server.address, "POST", "/acl/x", &[], "[]").await.status, 404);
}

#[tokio::test]
async fn a_table_is_replaced_as_a_whole_and_never_holds_null() {
    let (_folder, server) = start().await;
    let rules = json!([
        { "role": "admin", "resource": "*", "action": ["*"] },
        { "role": "user", "resource": "acme.*", "action": ["use"], "attributes": null },
    ]);
    let answer = put_table(&server, None, &rules).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = json!([
        { "role": "admin", "resource": "*", "action": ["*"], "attributes": ["non-private"] },
        { "role": "user", "resource": "acme.*", "action": ["use"], "attributes": ["non-private"] },
    ]);
    assert_eq!(answer.json(), expected);
    assert_eq!(server.get("/acl/components").await.json(), expected);
    for bad in [json!([{ "role": "", "resource": "*", "action": ["*"] }]), json!({}), json!([1]), json!([null])] {
        assert_eq!(put_table(&server, None, &bad).await.status, 400, "{bad}");
    }
    assert_eq!(server.get("/acl/components").await.json(), expected);
}

#[tokio::test]
async fn a_table_that_has_changed_since_is_not_replaced() {
    let (_folder, server) = start().await;
    let seen = get(server.address, "/acl/components", &[]).await.header("etag").expect("a tag").to_owned();
    let mine = json!([{ "role": "mine", "resource": "*", "action": ["*"], "attributes": ["*"] }]);
    let theirs = json!([{ "role": "theirs", "resource": "*", "action": ["*"], "attributes": ["*"] }]);
    let answer = put_table(&server, Some(&seen), &mine).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_ne!(answer.header("etag"), Some(seen.as_str()));
    let late = put_table(&server, Some(&seen), &theirs).await;
    assert_eq!((late.status, &late.json()["error"]), (412, &json!("Precondition Failed")));
    assert_eq!(server.get("/acl/components").await.json(), mine);
    assert_eq!(put_table(&server, Some("*"), &theirs).await.status, 200);
}

#[tokio::test]
async fn rules_are_changed_one_by_one() {
    let (_folder, server) = start().await;
    let rule = |role: &str| json!({ "role": role, "resource": "acme.*", "action": ["use"] });
    let answer = send(server.address, "POST", "/acl/components/rules", &[], &rule("one").to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let (added, tag) = (answer.json(), answer.header("etag").expect("a tag").to_owned());
    assert_eq!(added["attributes"], json!(["non-private"]));
    assert_eq!(send(server.address, "POST", "/acl/components/rules", &[], &rule("one").to_string()).await.status, 409);

    let path = format!("/acl/components/rules/{}", added["id"]);
    let put = async |headers: &[(&str, &str)], role: &str| {
        send(server.address, "PUT", &path, headers, &rule(role).to_string()).await
    };
    assert_eq!(put(&[], "two").await.status, 400);
    assert_eq!(put(&[("If-Match", "\"7\"")], "two").await.status, 412);
    let changed = put(&[("If-Match", &tag)], "two").await;
    assert_eq!((changed.status, &changed.json()["role"]), (200, &json!("two")), "{}", changed.text());
    assert_eq!(put(&[("If-Match", &tag)], "three").await.status, 412);
    let listed = server.get("/acl/components/rules").await.json();
    assert!(listed.as_array().expect("a list").contains(&changed.json()), "{listed}");

    assert_eq!(send(server.address, "DELETE", &path, &[("If-Match", &tag)], "").await.status, 412);
    let tag = changed.header("etag").expect("a tag");
    let elsewhere = path.replace("components", "routes");
    assert_eq!(send(server.address, "DELETE", &elsewhere, &[("If-Match", tag)], "").await.status, 404);
    assert_eq!(send(server.address, "DELETE", &path, &[("If-Match", tag)], "").await.text(), "{}");
    assert_eq!(send(server.address, "DELETE", &path, &[("If-Match", tag)], "").await.status, 404);
}
