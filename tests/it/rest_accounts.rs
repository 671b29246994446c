//! Accounts: each person's own, used by components, shown without what is in them.

use serde_json::{Value, json};

use crate::support::{
    client::{self, Answer, get, send},
    folder::{Folders, column},
    module::Module,
    server::TestServer,
};

const SERVICE: &str = "acme:pay";

struct World {
    folders: Folders,
    server: TestServer,
    ann: String,
    bob: String,
}

impl World {
    async fn new() -> Self {
        let folders = Folders::new();
        let server = TestServer::start(&folders.data(), &[]).await;
        let manifest = json!({ "name": "acme.pay.core.Send", "inPorts": ["in"], "auth": { "service": SERVICE } });
        let module = Module::new("acme.pay", "1.0.0").with("acme/pay/core/Send/component.json", &manifest.to_string());
        server.install(&module).await;
        let mut tokens = Vec::new();
        for email in ["ann@example.com", "bob@example.com"] {
            server.add_person(email, &["user"], &[]).await;
            tokens.push(format!("Bearer {}", server.token(email).await));
        }
        let bob = tokens.pop().expect("a token");
        Self { folders, server, ann: tokens.pop().expect("a token"), bob }
    }

    async fn ask(&self, who: &str, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("Authorization", who)];
        if method == "GET" {
            return get(self.server.address, path, &headers).await;
        }
        send(self.server.address, method, path, &headers, &body.to_string()).await
    }

    async fn account(&self, service: &str) -> String {
        let body = json!({ "service": service, "token": { "apiKey": "top-secret" }, "profileInfo": { "mail": "a@b" } });
        let made = self.ask(&self.ann, "POST", "/accounts", body).await;
        assert_eq!(made.status, 200, "{}", made.text());
        made.json()["accountId"].as_str().expect("an id").to_owned()
    }

    async fn flow(&self) -> String {
        let flow = json!({ "name": "F", "flow": { "p": { "type": "acme.pay.core.Send", "source": {} } } });
        let made = self.ask(&self.ann, "POST", "/flows", flow).await;
        made.json()["flowId"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_account_is_made_shown_without_its_token_renamed_and_deleted() {
    let world = World::new().await;
    let id = world.account(SERVICE).await;
    let shown = world.ask(&world.ann, "GET", "/accounts", Value::Null).await;
    assert!(!shown.text().contains("top-secret"), "{}", shown.text());
    let account = &shown.json()[0];
    assert_eq!(account["accountId"], id.as_str());
    assert_eq!((&account["service"], &account["name"]), (&json!(SERVICE), &json!(SERVICE)));
    assert_eq!(account["profileInfo"], json!({ "mail": "a@b" }));
    let kept = column(&world.folders.data(), "SELECT token FROM accounts");
    assert!(!kept[0].contains("top-secret") && !kept[0].contains("apiKey"), "{kept:?}");
    let trail = column(&world.folders.data(), "SELECT coalesce(after, '') FROM audit WHERE action = 'account.create'");
    assert!(trail[0].contains("apiKey") && !trail[0].contains("top-secret"), "{trail:?}");

    let path = format!("/accounts/{id}");
    assert_eq!(world.ask(&world.ann, "PUT", &path, json!({ "displayName": "Mine" })).await.status, 200);
    let named = world.ask(&world.ann, "GET", "/accounts", Value::Null).await.json();
    assert_eq!(named[0]["displayName"], "Mine");
    assert_eq!(world.ask(&world.ann, "DELETE", &path, Value::Null).await.status, 200);
    assert_eq!(world.ask(&world.ann, "GET", "/accounts", Value::Null).await.json(), json!([]));
    assert_eq!(world.ask(&world.ann, "DELETE", &path, Value::Null).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_or_uses_anothers_account() {
    let world = World::new().await;
    let (id, flow) = (world.account(SERVICE).await, world.flow().await);
    for who in [world.bob.clone(), format!("Bearer {}", world.server.token(crate::support::server::ADMIN).await)] {
        assert_eq!(world.ask(&who, "GET", "/accounts", Value::Null).await.json(), json!([]));
        for (method, path) in [
            ("PUT", format!("/accounts/{id}")),
            ("DELETE", format!("/accounts/{id}")),
            ("GET", format!("/accounts/{id}/flows")),
            ("PUT", format!("/auth/component/p/{id}?flowId={flow}")),
        ] {
            assert_eq!(world.ask(&who, method, &path, json!({})).await.status, 404, "{method} {path}");
        }
    }
    assert_eq!(get(world.server.address, "/accounts", &[client::NOBODY]).await.status, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_component_takes_an_account_of_its_own_service_and_a_copy_of_its_flow_keeps_it() {
    let world = World::new().await;
    let (id, other, flow) = (world.account(SERVICE).await, world.account("acme:other").await, world.flow().await);
    let wrong = world.ask(&world.ann, "PUT", &format!("/auth/component/p/{other}"), json!({})).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("signs in with an account of acme:pay"), "{}", wrong.text());
    let nowhere = world.ask(&world.ann, "PUT", &format!("/auth/component/nowhere/{id}"), json!({})).await;
    assert_eq!(nowhere.status, 404);
    let attach = format!("/auth/component/p/{id}");
    assert_eq!(world.ask(&world.ann, "PUT", &attach, json!({})).await.status, 200);
    let copy = world.ask(&world.ann, "POST", &format!("/flows/{flow}/clone"), json!({})).await.json();
    let flows = world.ask(&world.ann, "GET", &format!("/accounts/{id}/flows"), Value::Null).await.json();
    let ids: Vec<&str> = flows.as_array().expect("flows").iter().filter_map(|flow| flow["flowId"].as_str()).collect();
    assert!(ids.contains(&flow.as_str()) && ids.contains(&copy["cloneId"].as_str().expect("an id")), "{flows}");
    let detach = format!("{attach}?flowId={flow}");
    assert_eq!(world.ask(&world.ann, "DELETE", &detach, json!({})).await.status, 200);
    let flows = world.ask(&world.ann, "GET", &format!("/accounts/{id}/flows"), Value::Null).await.json();
    assert_eq!(flows.as_array().expect("flows").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_will_not_do_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let long = "x".repeat(70_000);
    for (body, status) in [
        (json!({}), 400),
        (json!({ "service": "acme", "token": { "a": 1 } }), 400),
        (json!({ "service": SERVICE }), 400),
        (json!({ "service": SERVICE, "token": {} }), 400),
        (json!({ "service": SERVICE, "token": "x" }), 400),
        (json!({ "service": SERVICE, "token": { "a": 1 }, "name": "a\nb" }), 400),
        (json!({ "service": SERVICE, "token": { "a": long } }), 413),
    ] {
        assert_eq!(world.ask(&world.ann, "POST", "/accounts", body.clone()).await.status, status, "{body}");
    }
    assert_eq!(column(&world.folders.data(), "SELECT id FROM accounts"), [""; 0]);
}
