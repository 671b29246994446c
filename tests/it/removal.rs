//! Modules that flows use go, as people and clients see it: asked first, refused, done in one of three ways, written down.

use serde_json::{Value, json};

use crate::support::{
    client::{Answer, exchange, get, head, post, send},
    ended,
    folder::{Folders, column, execute, installed},
    module::Module,
    server::{ADMIN, TestServer},
};

const SEND: &str = "acme.pay.core.Send";

struct World {
    folders: Folders,
    server: TestServer,
}

impl World {
    /// With `acme.pay` 1.0.0 installed, and 2.0.0, which lacks `Send`, in the catalogue.
    async fn new() -> Self {
        let (folders, old) = (Folders::new(), Module::new("acme.pay", "1.0.0"));
        let mut new = Module::new("acme.pay", "2.0.0")
            .with("acme/pay/core/Pay/component.json", r#"{"name":"acme.pay.core.Pay"}"#)
            .with("acme/pay/core/Pay/Pay.js", "module.exports = {};");
        new.files.retain(|(path, _)| !path.contains("/Send/"));
        folders.offer(&new);
        let server = TestServer::start(&folders.data(), &[folders.catalogue().to_str().expect("UTF-8")]).await;
        server.install(&old).await;
        server.offered(&new, "2.0.0").await;
        Self { folders, server }
    }

    /// A flow that uses `Send`, as if it had this stage.
    async fn flow(&self, name: &str, stage: &str) -> String {
        let nodes = json!({
            "a": { "type": "acme.other.core.Send", "source": {} },
            "b": { "type": SEND, "source": { "in": { "a": ["out"] } } },
        });
        let body = json!({ "name": name, "flow": nodes }).to_string();
        let made = send(self.server.address, "POST", "/flows", &[], &body).await;
        let id = made.json()["flowId"].as_str().expect("an id").to_owned();
        if stage != "stopped" {
            let sql = format!("UPDATE flows SET stage = '{stage}', run_id = 1, started_at = 1000 WHERE id = '{id}'");
            execute(&self.folders.data(), &sql);
        }
        id
    }

    /// As a browser without scripts (`text/html`) or ours sends a form.
    async fn form(&self, function: &str, body: &str, accept: &str) -> Answer {
        let page = format!("http://{}/backoffice/modules/acme.pay?remove=", self.server.address);
        let headers =
            [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", accept), ("Referer", page.as_str())];
        post(self.server.address, &format!("/backoffice/api/{function}"), &headers, body.as_bytes()).await
    }

    async fn remove(&self, body: &str) -> Answer {
        self.form("remove_module", body, "application/json").await
    }

    async fn delete(&self, path: &str) -> Answer {
        exchange(self.server.address, head(self.server.address, "DELETE", path, &[]).as_bytes()).await
    }

    async fn page(&self, path: &str) -> String {
        let answer = get(self.server.address, path, &[("Accept", "text/html")]).await;
        assert_eq!(answer.status, 200, "{path}");
        answer.text()
    }

    fn is_installed(&self) -> bool {
        installed(&self.folders.data(), "acme.pay").is_some()
    }

    fn stage(&self, flow: &str) -> String {
        column(&self.folders.data(), &format!("SELECT stage FROM flows WHERE id = '{flow}'")).remove(0)
    }

    /// What the audit trail says was there before the latest of these deeds.
    fn before(&self, action: &str) -> Value {
        let sql = format!("SELECT before FROM audit WHERE action = '{action}' ORDER BY id");
        serde_json::from_str(&column(&self.folders.data(), &sql).pop().expect("is written down")).expect("JSON")
    }
}

fn message(answer: &Answer) -> String {
    answer.json()["message"].as_str().expect("a text").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn our_own_removal_is_refused_with_the_flows_unless_it_is_forced() {
    let world = World::new().await;
    let stopped = world.flow("A stopped one", "stopped").await;
    let running = world.flow("B running one", "running").await;
    let sql = format!(
        "INSERT INTO messages (id, flow_id, component_id, kind, port, run_id, state, due_at, attempts, correlation_id,
                               body, created_at)
         VALUES ('m', '{running}', 'b', 'port', 'in', 1, 'waiting', 1, 0, 'c', '{{}}', 1)"
    );
    execute(&world.folders.data(), &sql);
    for path in ["/modules/acme.pay", "/modules/acme.pay?force=false"] {
        let refused = world.delete(path).await;
        assert_eq!(refused.status, 409, "{path}");
        let body = refused.json();
        assert_eq!((&body["statusCode"], &body["error"]), (&json!(409), &json!("Conflict")));
        let first = json!({
            "flowId": running,
            "name": "B running one",
            "stage": "running",
            "userId": body["flows"][0]["userId"],
            "owner": ADMIN,
            "components": [{ "componentId": "b", "type": SEND }],
            "lastRun": "1970-01-01T00:00:01.000Z",
            "messagesWaiting": 1,
        });
        assert_eq!(body["flows"][0], first);
        assert_eq!((&body["flows"][1]["flowId"], &body["flows"][1]["lastRun"]), (&json!(stopped), &Value::Null));
        let text = message(&refused);
        assert!(text.contains("2 flows, 1 of them running: \"B running one\" and \"A stopped one\""), "{text}");
        assert!(world.is_installed());
    }
    assert_eq!(world.delete("/modules/acme.pay?force=perhaps").await.status, 400);
    assert!(world.is_installed());
    assert_eq!(world.delete("/modules/acme.pay?force=true").await.status, 200);
    assert!(!world.is_installed());
    assert_eq!(world.stage(&running), "running");
    assert_eq!(world.before("module.remove")["usedBy"]["running"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_protocols_removal_removes_and_the_audit_says_what_it_has_hit() {
    let world = World::new().await;
    world.flow("A stopped one", "stopped").await;
    let running = world.flow("B running one", "running").await;
    assert_eq!(world.delete("/components/acme.pay").await.status, 200);
    assert!(!world.is_installed());
    let used = world.before("module.remove")["usedBy"].clone();
    assert_eq!((&used["flows"], &used["running"]), (&json!(2), &json!(1)));
    assert_eq!(used["which"][0], json!({ "flowId": running, "name": "B running one", "stage": "running" }));
    assert_eq!(world.stage(&running), "running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_form_that_does_not_say_what_becomes_of_running_flows_removes_nothing() {
    let world = World::new().await;
    let flow = world.flow("Busy", "running").await;
    for (body, status) in [
        ("name=acme.pay", 409),
        ("name=acme.pay&way=", 409),
        ("name=acme.pay&way=anyway", 400),
        ("name=acme.pay&way=anyway&confirm=acme", 400),
        ("name=acme.pay&way=somehow", 400),
    ] {
        assert_eq!(world.remove(body).await.status, status, "{body}");
        assert!(world.is_installed(), "{body}");
        assert_eq!(world.stage(&flow), "running", "{body}");
    }
    assert!(message(&world.remove("name=acme.pay").await).contains("1 flow, running: \"Busy\""));
    assert_eq!(world.remove("name=acme.pay&way=anyway&confirm=+acme.pay+").await.status, 200);
    assert!(!world.is_installed());
    assert_eq!(world.stage(&flow), "running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_flows_that_run_are_stopped_and_the_module_removed() {
    let world = World::new().await;
    let flows = [world.flow("One", "running").await, world.flow("Two", "running").await];
    let other = world.flow("Three", "stopped").await;
    let answer = world.form("remove_module", "name=acme.pay&way=stop", "text/html").await;
    assert_eq!((answer.status, answer.header("location")), (302, Some("/backoffice/modules/acme.pay")));
    assert!(!world.is_installed());
    for flow in flows.iter().chain([&other]) {
        assert_eq!(world.stage(flow), "stopped");
    }
    let deeds = "SELECT action FROM audit WHERE action IN ('flow.stop', 'module.remove') ORDER BY id";
    assert_eq!(column(&world.folders.data(), deeds), ["flow.stop", "flow.stop", "module.remove"]);
    let used = world.before("module.remove")["usedBy"].clone();
    assert_eq!((&used["flows"], &used["running"]), (&json!(3), &json!(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_one_cannot_be_stopped_nothing_is_removed_and_the_reason_is_told() {
    let world = World::new().await;
    let first = world.flow("First", "running").await;
    // Somebody else is stopping it.
    let second = world.flow("Second", "stopping").await;
    let refused = world.remove("name=acme.pay&way=stop").await;
    assert_eq!(refused.status, 409);
    let text = message(&refused);
    assert!(text.starts_with("The flow \"Second\" could not be stopped, so nothing was removed."), "{text}");
    assert!(text.contains("is stopping now") && text.contains("Stopped before it: \"First\"."), "{text}");
    assert!(world.is_installed());
    assert_eq!((world.stage(&first), world.stage(&second)), ("stopped".to_owned(), "stopping".to_owned()));
    // A module that cannot be removed anyway costs no flow its run.
    let third = world.flow("Third", "running").await;
    assert_eq!(world.remove("name=acme.other&way=stop").await.status, 404);
    assert_eq!(world.stage(&third), "running");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_question_lists_and_draws_the_flows_and_offers_three_ways_when_some_run() {
    let world = World::new().await;
    world.flow("A stopped one", "stopped").await;
    let page = world.page("/backoffice/modules/acme.pay?remove=").await;
    assert!(page.contains("1 flow would lose components, none of them running:"));
    assert!(page.contains(">Remove<") && !page.contains("Remove anyway"), "nothing runs, so the question is short");
    assert_eq!(world.remove("name=acme.pay").await.status, 200);
    assert_eq!(world.form("undo_remove_module", "name=acme.pay", "application/json").await.status, 200);

    world.flow("B running one", "running").await;
    let page = world.page("/backoffice/modules/acme.pay?remove=").await;
    for text in [
        "2 flows would lose components, 1 of them running:",
        "Stop this flow and remove",
        "Remove anyway",
        r#"pattern="acme\.pay""#,
        "1 component: Send",
        ADMIN,
        "! would be missing",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let place = |text: &str| page.find(text).expect("is there");
    assert!(place("B running one") < place("A stopped one"));
    // Both flows, in the page, in the dialog, and in that of the update; what stays of them is not marked.
    assert_eq!(page.matches("class=\"graph small\"").count(), 6);
    assert_eq!(page.matches("! would be missing").count(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_update_that_takes_components_from_flows_says_so_first() {
    let world = World::new().await;
    let flow = world.flow("Busy", "running").await;
    let post = async |path: &str, body: &str| send(world.server.address, "POST", path, &[], body).await;
    for (path, body) in [("/modules/acme.pay/update", ""), ("/modules/acme.pay/install", r#"{"version":"2.0.0"}"#)] {
        let refused = post(path, body).await;
        assert_eq!((refused.status, &refused.json()["flows"][0]["flowId"]), (409, &json!(flow)), "{path}");
        assert_eq!(refused.json()["flows"][0]["components"], json!([{ "componentId": "b", "type": SEND }]));
    }
    let refused = world.form("install_module", "name=acme.pay", "application/json").await;
    assert_eq!(refused.status, 409);
    assert!(message(&refused).contains("Version 2.0.0 of acme.pay has no longer all the components"));
    assert_eq!(column(&world.folders.data(), "SELECT id FROM jobs").len(), 1, "nothing was begun");

    let page = world.page("/backoffice/modules/acme.pay?version=2.0.0").await;
    assert!(page.contains("Install anyway") && page.contains("1 flow would lose components:"));
    assert!(page.contains("! would be missing"));

    let begun = post("/modules/acme.pay/update?force=true", "").await;
    assert_eq!(begun.status, 202, "{}", begun.text());
    ended(&world.server.state.registry, begun.json()["ticket"].as_str().expect("a ticket")).await;
    let replaced = world.before("module.replace");
    assert_eq!((&replaced["version"], &replaced["usedBy"]["flows"]), (&json!("1.0.0"), &json!(1)));
    // Nothing is lost any more by what is lost already.
    assert!(!world.page("/backoffice/modules/acme.pay?version=2.0.0").await.contains("Install anyway"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_say_what_fails_while_the_module_is_missing_and_where_it_is() {
    let world = World::new().await;
    let flow = world.flow("Busy", "running").await;
    assert_eq!(world.delete("/components/acme.pay").await.status, 200);
    execute(
        &world.folders.data(),
        &format!("UPDATE flow_components SET is_ticking = 1 WHERE component_id = 'b' AND flow_id = '{flow}'"),
    );
    let page = world.page(&format!("/backoffice/flows/{flow}")).await;
    for text in ["fails at every tick, and recovers by itself", "Reinstall acme.pay", "Find its module"] {
        assert!(page.contains(text), "{text}");
    }
    assert!(page.contains(r#"href="/backoffice/modules/acme.pay""#));
    let page = world.page("/backoffice/modules/acme.pay").await;
    for text in [
        "1 flow cannot do without this module.",
        "1 of them goes on, and fails where it is missing: its triggers",
        "! not installed",
    ] {
        assert!(page.contains(text), "{text}");
    }
}
