//! System and connector configuration over the wire: shapes, limits that hold, and secrets that do not leak.

use crate::support::{
    client::{Answer, get, post, post_form, send},
    folder::column,
    module::Module,
    server::{ADMIN, PASSWORD, TestServer},
};
use serde_json::{Value, json};
use stockroom::server::access::{Credentials, SESSION_COOKIE};
use tempfile::TempDir;

async fn start() -> (TempDir, TestServer) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = TestServer::start(folder.path(), &[]).await;
    (folder, server)
}

async fn set(server: &TestServer, key: &str, value: Value) -> Answer {
    send(server.address, "POST", "/config", &[], &json!({ "key": key, "value": value }).to_string()).await
}

async fn save(server: &TestServer, headers: &[(&str, &str)], values: &Value) -> Answer {
    send(server.address, "POST", "/service-config", headers, &values.to_string()).await
}

async fn cookie(server: &TestServer) -> String {
    let who = Credentials {
        login: ADMIN.to_owned(),
        password: PASSWORD.to_owned(),
        address: [127, 0, 0, 1].into(),
        agent: String::new(),
    };
    let session = server.state.door.sign_in(who, None).await.expect("signs in");
    format!("{SESSION_COOKIE}={}", session.secret)
}

#[tokio::test]
async fn only_stored_values_are_listed() {
    let (folder, server) = start().await;
    assert_eq!(server.get("/config").await.json(), json!([]));
    let settings = &server.state.settings;
    assert_eq!(settings.number("RETRY_MAX_COUNT"), 30);
    assert_eq!(
        set(&server, "RETRY_MAX_COUNT", json!("5")).await.json(),
        json!({ "key": "RETRY_MAX_COUNT", "value": 5 })
    );
    assert_eq!(set(&server, "MY_OWN", json!({ "__proto__": [null] })).await.status, 200);
    assert_eq!(settings.number("RETRY_MAX_COUNT"), 5);
    for bad in [json!(-1), json!(1.5), json!("many"), json!(null), json!({})] {
        assert_eq!(set(&server, "RETRY_MAX_COUNT", bad.clone()).await.status, 400, "{bad}");
    }
    for body in
        [r#"{"key":"A"}"#, r#"{"key":"A","value":1e999}"#, r#"{"key":"","value":1}"#, r#"{"key":"a b","value":1}"#]
    {
        assert_eq!(send(server.address, "POST", "/config", &[], body).await.status, 400, "{body}");
    }
    let stored =
        json!([{ "key": "MY_OWN", "value": { "__proto__": [null] } }, { "key": "RETRY_MAX_COUNT", "value": 5 }]);
    assert_eq!(server.get("/config").await.json(), stored);
    for _ in 0..2 {
        let answer = send(server.address, "DELETE", "/config/RETRY_MAX_COUNT", &[], "").await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "ok": true })));
    }
    assert_eq!(settings.number("RETRY_MAX_COUNT"), 30);
    let deeds = column(folder.path(), "SELECT action FROM audit WHERE action LIKE 'config.%' ORDER BY id");
    assert_eq!(deeds, ["config.set", "config.set", "config.delete"]);
}

#[tokio::test]
async fn a_stored_size_limits_uploads() {
    let (_folder, server) = start().await;
    let zip = Module::new("acme.pay", "1.0.0").zip();
    set(&server, "LIMIT_CC_ARCHIVE_MAX_BYTES", json!(100)).await;
    let answer = server.upload(&zip).await;
    assert_eq!((answer.status, &answer.json()["limit"]), (413, &json!(100)));
    let answer = post_form(server.address, "/backoffice/upload", &[], &zip).await;
    assert_eq!(answer.header("location"), Some("/backoffice/upload?refused=413"));
    set(&server, "LIMIT_CC_ARCHIVE_MAX_BYTES", json!(20 * 1024 * 1024)).await;
    server.install(&Module::new("acme.pay", "1.0.0")).await;
}

#[tokio::test]
async fn a_connector_is_a_flat_object() {
    let (_folder, server) = start().await;
    assert_eq!(server.get("/service-config/acme:git").await.json(), json!({}));
    let values = json!({ "serviceId": "acme:git", "clientId": "id", "clientSecret": "s3cr3t", "n": 1 });
    assert_eq!(save(&server, &[], &values).await.json(), values);
    let more = json!({ "serviceId": "acme:git", "callbackUrl": "https://x", "n": 2 });
    let all = json!({
        "serviceId": "acme:git", "clientId": "id", "clientSecret": "s3cr3t", "callbackUrl": "https://x", "n": 2,
    });
    assert_eq!(save(&server, &[], &more).await.json(), all, "saving some keys leaves the others");
    assert_eq!(server.get("/service-config/acme%3Agit").await.json(), all);

    let put =
        send(server.address, "PUT", "/service-config/acme%3Agit:issues", &[], r#"{"a":"b","__proto__":"c"}"#).await;
    assert_eq!(put.json(), json!({ "serviceId": "acme:git:issues", "a": "b", "__proto__": "c" }), "{}", put.text());
    let put = send(server.address, "PUT", "/service-config/acme:git:issues", &[], r#"{"c":"d"}"#).await;
    assert_eq!(put.json(), json!({ "serviceId": "acme:git:issues", "c": "d" }));
    let ids = |answer: Answer| {
        let list = answer.json();
        list.as_array().expect("a list").iter().map(|one| one["serviceId"].to_string()).collect::<Vec<_>>()
    };
    for (query, expected) in [
        ("", vec!["\"acme:git\"", "\"acme:git:issues\""]),
        ("sort=serviceId:-1&limit=1", vec!["\"acme:git:issues\""]),
        ("offset=1", vec!["\"acme:git:issues\""]),
        ("pattern=ISSUES", vec!["\"acme:git:issues\""]),
        ("pattern=zoo", vec![]),
    ] {
        assert_eq!(ids(server.get(&format!("/service-config?{query}")).await), expected, "{query}");
    }
    assert_eq!(send(server.address, "DELETE", "/service-config/acme:git", &[], "").await.text(), "{}");
    assert_eq!(server.get("/service-config/acme:git").await.json(), json!({}));
    for bad in ["acme", "acme:git:a:b", "acme:", "..:x", "acme%2Fgit"] {
        assert_eq!(server.get(&format!("/service-config/{bad}")).await.status, 400, "{bad}");
    }
    for bad in [json!({ "a": 1 }), json!({ "serviceId": 1 }), json!({ "serviceId": "acme:git", "": 1 }), json!([])] {
        assert_eq!(save(&server, &[], &bad).await.status, 400, "{bad}");
    }
    let other = send(server.address, "PUT", "/service-config/acme:git", &[], r#"{"serviceId":"acme:pay"}"#).await;
    assert_eq!(other.status, 400);
}

#[tokio::test]
async fn a_browser_sees_no_secret_and_loses_none() {
    let (_folder, server) = start().await;
    save(&server, &[], &json!({ "serviceId": "acme:git", "clientId": "id", "clientSecret": "s3cr3t" })).await;
    let cookie = cookie(&server).await;
    let origin = format!("http://{}", server.address);
    let browser = [("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
    let seen = get(server.address, "/service-config/acme:git", &browser).await.json();
    assert_eq!(seen, json!({ "serviceId": "acme:git", "clientId": "id", "clientSecret": "********" }));
    let mut back = seen;
    back["clientId"] = json!("new");
    assert_eq!(save(&server, &browser, &back).await.json(), back);
    let clear = json!({ "serviceId": "acme:git", "clientId": "new", "clientSecret": "s3cr3t" });
    assert_eq!(server.get("/service-config/acme:git").await.json(), clear);
    let put = send(server.address, "PUT", "/service-config/acme:git", &[], r#"{"clientSecret":"********"}"#).await;
    assert_eq!(put.json(), json!({ "serviceId": "acme:git", "clientSecret": "s3cr3t" }));
    assert_eq!(put.status, 200);
}

#[tokio::test]
async fn a_form_is_kept_as_one_change() {
    let (folder, server) = start().await;
    let mut most = json!({ "serviceId": "acme:git", "clientId": "id", "clientSecret": "s3cr3t" });
    for n in 0..198 {
        most[format!("key{n}")] = json!(n);
    }
    save(&server, &[], &most).await;
    let cookie = cookie(&server).await;
    let origin = format!("http://{}", server.address);
    let send_form = async |fields: &str| {
        let form = [
            ("Cookie", cookie.as_str()),
            ("Origin", origin.as_str()),
            ("Content-Type", "application/x-www-form-urlencoded"),
            ("Accept", "application/json"),
        ];
        post(server.address, "/backoffice/api/save_connector", &form, fields.as_bytes()).await.status
    };
    // One key too many, with the secret deleted in the same breath: refused it deletes nothing.
    assert_eq!(send_form("id=acme:git&forget[]=clientSecret&new_key=a&new_value=1&keys[]=b&values[]=2").await, 400);
    assert_eq!(server.get("/service-config/acme:git").await.json(), most);
    // As many as were deleted fit, in one deed. What is written out wins over its own field that is empty.
    let fields =
        "id=acme:git&forget[]=clientSecret&keys[]=callbackUrl&values[]=&new_key=callbackUrl&new_value=https://x";
    assert_eq!(send_form(fields).await, 200);
    let mut changed = most;
    changed.as_object_mut().expect("an object").remove("clientSecret");
    changed["callbackUrl"] = json!("https://x");
    assert_eq!(server.get("/service-config/acme:git").await.json(), changed);
    let deeds = column(
        folder.path(),
        "SELECT action || coalesce(after, '') FROM audit
         WHERE action LIKE 'service-config.%' AND action NOT LIKE '%.read' ORDER BY id",
    );
    assert_eq!(deeds.len(), 2, "{deeds:?}");
    assert_eq!(deeds[1], r#"service-config.set{"deleted":["clientSecret"],"set":["callbackUrl"]}"#);
}

#[tokio::test]
async fn secrets_are_nowhere_in_clear() {
    let (folder, server) = start().await;
    let secret = "correct-zebra-battery-staple";
    save(&server, &[], &json!({ "serviceId": "acme:git", "clientSecret": secret })).await;
    set(&server, "SOME_SECRET_OF_MINE", json!("hidden-from-the-trail")).await;
    assert_eq!(server.get("/service-config/acme:git").await.json()["clientSecret"], secret);
    for entry in std::fs::read_dir(folder.path()).expect("lists").map(|entry| entry.expect("an entry")) {
        if entry.file_name().to_string_lossy().starts_with("stockroom.db") {
            let bytes = std::fs::read(entry.path()).expect("reads");
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{:?}", entry.path());
        }
    }
    let trail = column(
        folder.path(),
        "SELECT action || ' ' || coalesce(before, '') || coalesce(after, '') FROM audit WHERE action LIKE '%config.%'",
    );
    assert!(trail.iter().any(|line| line.starts_with("service-config.set")), "{trail:?}");
    assert!(trail.iter().any(|line| line.starts_with("service-config.read") && line.contains("clientSecret")));
    assert!(!trail.iter().any(|line| line.contains("hidden-from") || line.contains(secret)), "{trail:?}");
}

#[tokio::test]
async fn the_document_says_what_the_routes_demand() {
    let (_folder, server) = start().await;
    let document = get(server.address, "/openapi.json", &[]).await.json();
    let parameter = |path: &str, name: &str| {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().expect("parameters");
        parameters.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("{path} {name}")).clone()
    };
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["NewPassword"]["minLength"], 10);
    assert_eq!(schemas["ChangePassword"]["properties"]["newPassword"]["$ref"], "#/components/schemas/NewPassword");
    assert_eq!(schemas["SignIn"]["anyOf"][0]["required"], json!(["email", "password"]));
    assert_eq!(schemas["SignIn"]["anyOf"][1]["required"], json!(["username", "password"]));
    let words = json!(["all", "installed", "not-installed", "update", ""]);
    let status = parameter("/modules", "status")["schema"].to_string();
    assert!(status.contains(&words.to_string()), "{status}");
    let limit = &parameter("/modules", "limit")["schema"];
    assert_eq!((&limit["minimum"], &limit["maximum"]), (&json!(1), &json!(500)));
    let app = parameter("/apps/components", "app");
    assert_eq!((&app["required"], &app["schema"]["minLength"]), (&json!(true), &json!(1)));
    assert!(parameter("/service-config/{serviceId}", "serviceId")["schema"]["pattern"].is_string());
    // What is said is held to.
    let maximum = parameter("/service-config", "offset")["schema"]["maximum"].as_u64().expect("a maximum");
    for (offset, status) in [(maximum, 200), (maximum + 1, 400)] {
        let answer = get(server.address, &format!("/service-config?offset={offset}"), &[]).await;
        assert_eq!(answer.status, status, "{offset}");
    }
}
