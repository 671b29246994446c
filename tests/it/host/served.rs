//! Components in real processes, on a real server: what they ask it for, static calls, and the quotas of their module.

use std::{net::IpAddr, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};
use stockroom::server::{
    access::UserActor,
    engine::{
        Change, Webhook, WebhookAnswer,
        host::{HostOptions, NodeHost},
    },
    runtime::{Node, Npm},
};

use crate::support::{
    client::{Answer, EventStream, send},
    eventually,
    folder::{Folders, column},
    module::Module,
    server::{ADMIN, TestServer},
};

pub struct Served {
    pub folders: Folders,
    pub server: TestServer,
    pub actor: UserActor,
}

impl Served {
    /// A server with the module, and its engine at work.
    pub async fn with(module: &Module) -> Self {
        let (folders, server) = without_modules().await;
        server.install(module).await;
        server.state.engine.resume().await.expect("resumes");
        server.state.engine.spawn();
        let token = server.token(ADMIN).await;
        let actor = server.state.door.by_token(&token, IpAddr::from([127, 0, 0, 1])).expect("is let in");
        Self { folders, server, actor }
    }

    pub async fn running(&self, descriptor: Value) -> String {
        let descriptor: Option<Map<String, Value>> = descriptor.as_object().cloned();
        let change = Change { name: Some("Served".to_owned()), descriptor, ..Change::default() };
        let engine = &self.server.state.engine;
        let flow = engine.create_flow(&self.actor, change).await.expect("makes a flow");
        engine.start_flow(&self.actor, &flow).await.expect("starts");
        flow
    }

    pub async fn call(&self, flow: &str, enqueue_only: bool) -> WebhookAnswer {
        let call = Webhook { method: "POST".to_owned(), data: json!({}), ..Webhook::default() };
        self.server.state.engine.webhook(flow, "a", call, enqueue_only).await.expect("is accepted")
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        send(self.server.address, "POST", path, &[], &body.to_string()).await
    }
}

async fn without_modules() -> (Folders, TestServer) {
    let folders = Folders::new();
    let node = Node { npm: Npm::new("npm", Duration::from_secs(60)), host: host(&folders) };
    let server = TestServer::with_node(&folders.data(), node).await;
    (folders, server)
}

/// A host with a folder of its own.
pub fn host(folders: &Folders) -> Arc<NodeHost> {
    let options = HostOptions::new(folders.data().with_file_name(format!("host-{}", uuid::Uuid::new_v4())));
    std::fs::create_dir_all(&options.folder).expect("the host's folder");
    Arc::new(NodeHost::new(options))
}

pub fn component(name: &str, manifest: Value, code: &str) -> Module {
    let place = format!("acme/pay/core/{name}");
    let mut full = json!({ "name": format!("acme.pay.core.{name}"), "inPorts": ["in"], "outPorts": ["out"] });
    full.as_object_mut().expect("an object").extend(manifest.as_object().cloned().unwrap_or_default());
    Module::new("acme.pay", "1.0.0")
        .with(&format!("{place}/component.json"), &full.to_string())
        .with(&format!("{place}/{name}.js"), code)
}

const LIST: &str = "module.exports = {
    async receive(context) {
        if (context.properties.fail) throw new context.CancelError('No list today.');
        await context.sendJson([context.messages.in.content.base, context.properties.sheet], 'out');
    },
    options: items => items.map(value => ({ value }))
};";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_process_waits_for_a_module_once_somebody_follows_what_happens() {
    let (_folders, server) = without_modules().await;
    let waiting = || {
        let homes = std::fs::read_dir("/proc").expect("there are processes").flatten().filter(|process| {
            let own = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
            own.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1))
                == Some(&std::process::id().to_string())
        });
        homes
            .filter_map(|process| std::fs::read_link(process.path().join("cwd")).ok())
            .find(|home| home.to_string_lossy().contains("no-module-yet"))
    };
    assert_eq!(waiting(), None);
    let _page = EventStream::open(server.address, "/backoffice/events", &[]).await;
    eventually("a process waits", async || waiting()).await;
}

#[tokio::test]
async fn a_component_asks_the_server_and_calls_a_helper_of_its_module() {
    let ask = "module.exports = { async receive(context) {
        const flows = await context.callAppmixer({ endPoint: '/flows', method: 'GET', qs: { limit: 5 } });
        const error = await context.callAppmixer({ endPoint: '/flows/none' }).catch(err => err);
        const refused = await context.callAppmixer({ endPoint: '/users', method: 'POST', body: {} }).catch(err => err);
        const list = await context.componentStaticCall('acme.pay.core.List', 'out', {
            messages: { in: { base: 'b' } }, properties: { sheet: 's' }, transform: './List#options' });
        await context.response({ names: flows.map(flow => flow.name), error: [error.message, error.code],
            refused: refused.code, list });
    } };";
    let list = json!({ "name": "acme.pay.core.List", "private": true, "inPorts": ["in"], "outPorts": ["out"] });
    let module = component("Ask", json!({ "webhook": true }), ask)
        .with("acme/pay/core/List/component.json", &list.to_string())
        .with("acme/pay/core/List/List.js", LIST);
    let served = Served::with(&module).await;
    let flow = served.running(json!({ "a": { "type": "acme.pay.core.Ask", "source": {} } })).await;
    let WebhookAnswer::Answered { body, .. } = served.call(&flow, false).await else { panic!("nobody answers") };
    let expected = json!({ "names": ["Served"], "error": ["There is no such flow.", "404"], "refused": "403",
        "list": [{ "value": "b" }, { "value": "s" }] });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_static_call_by_rest_runs_the_component() {
    let served = Served::with(&component("List", json!({ "private": true }), LIST)).await;
    let path = "/component/acme/pay/core/List?outPort=out";
    let body = json!({ "messages": { "in/base": "b" }, "properties": { "sheet": 1 } });
    let plain = served.post(path, body.clone()).await;
    assert_eq!((plain.status, plain.json()), (200, json!(["b", 1])), "{}", plain.text());
    let mut through = body.clone();
    through["transform"] = json!("./List#options");
    let through = served.post(path, through).await;
    assert_eq!(through.json(), json!([{ "value": "b" }, { "value": 1 }]));
    let asked =
        "/component/acme/pay/core/List?messages=%7B%22in%22%3A%7B%22base%22%3A2%7D%7D&properties=%7B%22sheet%22%3A3%7D";
    let asked = served.server.get(asked).await;
    assert_eq!((asked.status, asked.json()), (200, json!([2, 3])), "{}", asked.text());
    let failed = served.post(path, json!({ "properties": { "fail": true } })).await;
    assert_eq!((failed.status, &failed.json()["message"]), (400, &json!("No list today.")));
    let gone = served.post("/component/acme/pay/core/Gone", json!({})).await;
    assert_eq!(gone.status, 404);
    let broken = served.server.get("/component/acme/pay/core/List?messages=%7B").await;
    assert_eq!(broken.status, 400);
}

#[tokio::test]
async fn the_quota_of_a_module_is_read_and_kept() {
    let quota = json!({ "quota": { "manager": "acme:pay", "resources": "requests" }, "webhook": true });
    let module = component("Ask", quota, "module.exports = { async receive() {} };").with(
        "acme/pay/quota.js",
        "module.exports = { rules: [{ limit: 2, window: 1000 * 60 * 60, throttling: 'window-sliding', resource: 'requests' }] };",
    );
    let served = Served::with(&module).await;
    let flow = served.running(json!({ "a": { "type": "acme.pay.core.Ask", "source": {} } })).await;
    for _ in 0..3 {
        assert_eq!(served.call(&flow, true).await, WebhookAnswer::Accepted);
    }
    eventually("one is left", async || {
        let queued = served.server.state.engine.messages(&served.actor, &flow, 10).await.expect("asks");
        (queued.len() == 1).then_some(())
    })
    .await;
    assert_eq!(column(&served.folders.data(), "SELECT quota FROM quota_grants").len(), 2);
    // Whoever calls is not kept waiting for an hour.
    assert_eq!(served.call(&flow, false).await, WebhookAnswer::Accepted);
}
