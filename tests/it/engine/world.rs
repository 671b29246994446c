//! A server with modules, an engine on it, and a host that runs scripts in place of components' code.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::future::BoxFuture;
use rusqlite::Transaction;
use serde_json::{Map, Value, json};
use stockroom::server::{
    access::{SudoActor, UserActor},
    engine::{
        Change, Engine, ErrorReport, ManualClock, Notice, Notices, Parts,
        host::{Calls, ComponentHost, Failure, FailureKind, Invocation, Method},
    },
    error::Result as ServerResult,
    http,
    state::AppState,
    store::{queue::Queued, unprocessed::Unprocessed},
};

use crate::support::{
    eventually,
    folder::Folders,
    module::Module,
    server::{ADMIN, TestServer},
};

/// Whatever has not ended after this will not.
const HANGS: Duration = Duration::from_secs(2);
/// When every test begins, in milliseconds since the Unix epoch.
pub const START: i64 = 1_800_000_000_000;
pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;
/// A component with an input port.
pub const ACTION: &str = "acme.pay.core.Send";
/// A component that is ticked.
pub const TRIGGER: &str = "acme.poll.core.Send";

pub type Outcome = Result<Value, Failure>;
type Script = Arc<dyn Fn(Invocation, Arc<dyn Calls>) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// An invocation that has begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub component: String,
    pub method: Method,
    pub context: Value,
    pub at: i64,
}

/// Runs the script of each component; one without a script does nothing.
pub struct ScriptedHost {
    clock: ManualClock,
    scripts: Mutex<HashMap<String, Script>>,
    runs: Mutex<Vec<Run>>,
    /// What every `quota.js` says.
    rules: Mutex<Outcome>,
}

impl ComponentHost for ScriptedHost {
    fn invoke(&self, mut invocation: Invocation, calls: Arc<dyn Calls>) -> BoxFuture<'_, Outcome> {
        use stockroom::server::engine::Clock;
        for (name, part) in &invocation.shared {
            invocation.context[*name] = part.value();
        }
        let component = invocation.context["componentId"].as_str().unwrap_or(&invocation.component).to_owned();
        let run = Run {
            component: component.clone(),
            method: invocation.method,
            context: invocation.context.clone(),
            at: self.clock.now(),
        };
        self.runs.lock().expect("a lock").push(run);
        if invocation.method == Method::Quota {
            let rules = self.rules.lock().expect("a lock").clone();
            return Box::pin(async { rules });
        }
        let script = self.scripts.lock().expect("a lock").get(&component).cloned();
        match script {
            Some(script) => script(invocation, calls),
            None => Box::pin(async { Ok(Value::Null) }),
        }
    }
}

/// Keeps every notice, and passes it on to whoever else listens.
#[derive(Default)]
pub struct Heard {
    pub notices: Mutex<Vec<Notice>>,
    pub other: Mutex<Option<Arc<dyn Notices>>>,
}

impl Notices for Heard {
    fn keep(&self, tx: &Transaction<'_>, notice: &Notice, now: i64) -> ServerResult<()> {
        self.notices.lock().expect("a lock").push(notice.clone());
        self.other.lock().expect("a lock").as_ref().map_or(Ok(()), |other| other.keep(tx, notice, now))
    }

    fn kept(&self) {
        if let Some(other) = &*self.other.lock().expect("a lock") {
            other.kept();
        }
    }
}

pub struct World {
    pub server: TestServer,
    pub engine: Engine,
    pub clock: ManualClock,
    pub host: Arc<ScriptedHost>,
    pub heard: Arc<Heard>,
    pub owner: UserActor,
    pub folders: Folders,
}

impl World {
    /// With both modules installed, and the engine at work.
    pub async fn new() -> Self {
        let folders = Folders::new();
        let server = TestServer::start(&folders.data(), &[]).await;
        server.install(&action_module()).await;
        server.install(&trigger_module()).await;
        server.add_person("owner@example.com", &["user"], &[]).await;
        let owner = actor(&server, "owner@example.com").await;
        let clock = ManualClock::new(START);
        let host = Arc::new(ScriptedHost {
            clock: clock.clone(),
            scripts: Mutex::default(),
            runs: Mutex::default(),
            rules: Mutex::new(Ok(Value::Null)),
        });
        let heard = Arc::<Heard>::default();
        let engine = engine(&server, &clock, &host, &heard).await;
        Self { server, engine, clock, host, heard, owner, folders }
    }

    /// Another engine on the same store. What hangs in a component of the old one is never ended.
    pub async fn restart(&mut self) {
        // As after the end of a process, the old one may not write any more: a message that it took now would stay taken.
        let _ = tokio::time::timeout(HANGS, self.engine.stop()).await;
        let now = {
            use stockroom::server::engine::Clock;
            self.clock.now()
        };
        self.clock = ManualClock::new(now);
        let scripts = self.host.scripts.lock().expect("a lock").clone();
        let rules = self.host.rules.lock().expect("a lock").clone();
        self.host = Arc::new(ScriptedHost {
            clock: self.clock.clone(),
            scripts: Mutex::new(scripts),
            runs: Mutex::default(),
            rules: Mutex::new(rules),
        });
        self.engine = engine(&self.server, &self.clock, &self.host, &self.heard).await;
    }

    /// From now on this component does this.
    pub fn script<F>(&self, component: &str, script: F)
    where
        F: Fn(Invocation, Arc<dyn Calls>) -> BoxFuture<'static, Outcome> + Send + Sync + 'static,
    {
        self.host.scripts.lock().expect("a lock").insert(component.to_owned(), Arc::new(script));
    }

    /// What every `quota.js` says from now on.
    pub fn rules(&self, rules: Outcome) {
        *self.host.rules.lock().expect("a lock") = rules;
    }

    /// Lets components reach the REST interface for as long as the value is kept.
    pub fn serve(&self) -> axum::Router {
        http::router(AppState { engine: self.engine.clone(), ..self.server.state.clone() })
    }

    /// From now on every `receive` of this component fails.
    pub fn fails(&self, component: &str, kind: FailureKind) {
        self.script(component, move |invocation, _| {
            Box::pin(
                async move { if invocation.method == Method::Receive { Err(failure(kind)) } else { Ok(Value::Null) } },
            )
        });
    }

    /// From now on this component passes everything that it is given on to its port `out`.
    pub fn passes_on(&self, component: &str) {
        self.script(component, |invocation, calls| {
            Box::pin(async move {
                let input = &invocation.context["input"];
                if invocation.method == Method::Receive {
                    let content =
                        if input["kind"] == "webhook" { &input["content"]["data"] } else { &input["content"] };
                    let args = json!({ "port": "out", "content": content });
                    calls.call("send".to_owned(), args).await.expect("sends");
                }
                Ok(Value::Null)
            })
        });
    }

    /// What has begun of a method of a component.
    pub fn runs(&self, component: &str, method: Method) -> Vec<Run> {
        let runs = self.host.runs.lock().expect("a lock");
        runs.iter().filter(|run| run.component == component && run.method == method).cloned().collect()
    }

    /// Waits until a method of a component has begun so many times.
    pub async fn until_runs(&self, component: &str, method: Method, count: usize) -> Vec<Run> {
        eventually(&format!("{component} runs {method:?} {count} times"), async || {
            let runs = self.runs(component, method);
            (runs.len() >= count).then_some(runs)
        })
        .await
    }

    /// Makes a flow of the owner's.
    pub async fn flow(&self, descriptor: Value) -> String {
        let change =
            Change { name: Some("A flow".to_owned()), descriptor: Some(object(descriptor)), ..Change::default() };
        self.engine.create_flow(&self.owner, change).await.expect("makes a flow")
    }

    /// Makes a flow and starts it.
    pub async fn running(&self, descriptor: Value) -> String {
        let id = self.flow(descriptor).await;
        self.engine.start_flow(&self.owner, &id).await.expect("starts");
        id
    }

    /// Gives something to a component from outside, without waiting for an answer.
    pub async fn poke(&self, flow: &str, component: &str, data: Value) {
        let call = stockroom::server::engine::Webhook { method: "POST".to_owned(), data, ..Default::default() };
        self.engine.webhook(flow, component, call, true).await.expect("is accepted");
    }

    /// What is on its way in a flow.
    pub async fn queued(&self, flow: &str) -> Vec<Queued> {
        self.engine.messages(&self.owner, flow, 1_000).await.expect("asks")
    }

    /// Waits until nothing of a flow is on its way.
    pub async fn until_quiet(&self, flow: &str) {
        eventually("everything is delivered", async || self.queued(flow).await.is_empty().then_some(())).await;
    }

    /// Waits until the only message of a flow waits to be tried again after so many failures.
    pub async fn until_failed(&self, flow: &str, failures: u32) -> Queued {
        eventually(&format!("{failures} failures"), async || {
            let queued = self.queued(flow).await;
            queued.into_iter().find(|queued| queued.state == "waiting" && queued.attempts == failures)
        })
        .await
    }

    pub async fn unprocessed(&self) -> Vec<Unprocessed> {
        self.engine.unprocessed(&self.owner, Default::default(), 100, 0).await.expect("asks")
    }

    pub async fn until_unprocessed(&self, count: usize) -> Vec<Unprocessed> {
        eventually("unprocessed messages", async || {
            let letters = self.unprocessed().await;
            (letters.len() >= count).then_some(letters)
        })
        .await
    }

    pub fn reports(&self) -> Vec<ErrorReport> {
        let notices = self.heard.notices.lock().expect("a lock");
        notices
            .iter()
            .filter_map(|notice| match notice {
                Notice::ComponentFailed(report) => Some(report.clone()),
                Notice::FlowStopped(_) => None,
            })
            .collect()
    }

    pub async fn remove(&self, module: &Module) {
        let publisher = SudoActor::command_line().publisher();
        self.server.state.registry.remove(&publisher, &module.module_name()).await.expect("removes");
    }

    pub async fn set(&self, key: &str, value: u64) {
        self.server.state.settings.set(&SudoActor::command_line(), key, json!(value)).await.expect("sets");
    }

    pub async fn admin(&self) -> UserActor {
        actor(&self.server, ADMIN).await
    }
}

async fn engine(server: &TestServer, clock: &ManualClock, host: &Arc<ScriptedHost>, heard: &Arc<Heard>) -> Engine {
    let state = &server.state;
    let engine = Engine::open(Parts {
        store: state.store.clone(),
        registry: state.registry.clone(),
        files: state.files.clone(),
        settings: state.settings.clone(),
        connectors: state.connectors.clone(),
        accounts: state.accounts.clone(),
        events: state.events.clone(),
        host: Arc::clone(host) as _,
        clock: Arc::new(clock.clone()),
        notices: Arc::clone(heard) as _,
        api_url: "http://127.0.0.1".to_owned(),
    })
    .await
    .expect("opens");
    engine.resume().await.expect("resumes");
    engine.spawn();
    engine
}

pub async fn actor(server: &TestServer, email: &str) -> UserActor {
    let token = server.token(email).await;
    server.state.door.by_token(&token, IpAddr::V4(Ipv4Addr::LOCALHOST)).expect("is let in")
}

pub fn action_module() -> Module {
    Module::new("acme.pay", "1.0.0")
}

pub fn trigger_module() -> Module {
    let manifest = json!({ "name": TRIGGER, "tick": true, "outPorts": ["out"], "state": { "persistent": true } });
    Module::new("acme.poll", "1.0.0").with("acme/poll/core/Send/component.json", &manifest.to_string())
}

/// A node of a component that gets what these send to their ports `out`.
pub fn node(component: &str, senders: &[&str]) -> Value {
    let source: Map<String, Value> = senders.iter().map(|&sender| (sender.to_owned(), json!(["out"]))).collect();
    json!({ "type": component, "source": if source.is_empty() { json!({}) } else { json!({ "in": source }) }, "config": {} })
}

pub fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

pub fn failure(kind: FailureKind) -> Failure {
    let text = "It broke.".to_owned();
    Failure { kind, message: text, name: None, code: Some(json!("E_BROKEN")), stack: None, error: None }
}
