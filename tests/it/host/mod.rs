//! The component host with real Node processes: components made on the spot, and those that come with Stockroom.

mod bounds;
mod calls;
mod components;
mod failures;
mod plugin_lives;
mod plugins;
mod served;
mod spares;
mod starter;
mod stores;
mod versions;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stockroom::{
    domain::name::ModuleName,
    server::engine::host::{
        CallError, Calls, ComponentHost, Failure, HostLimits, HostOptions, Invocation, Method, NodeHost,
    },
};
use tempfile::TempDir;

/// A host of its own, and modules made for it.
pub struct Bench {
    pub host: NodeHost,
    pub folder: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut HostOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = HostOptions::new(folder.path().join("host"));
        change(&mut options);
        std::fs::create_dir_all(&options.folder).expect("the host's folder");
        Self { host: NodeHost::new(options), folder }
    }

    pub fn with_limits(limits: HostLimits) -> Self {
        Self::with(|options| options.limits = limits)
    }

    /// Writes a component with this code into a version of a module, and gives an invocation of it.
    pub fn component(&self, version: &str, name: &str, code: &str) -> Component {
        let root = self.folder.path().join("modules").join(version);
        Component::write(root, name, code)
    }
}

/// A component on disk, and what it is run with.
#[derive(Clone)]
pub struct Component {
    pub root: PathBuf,
    pub name: String,
    pub folder: String,
    pub context: Value,
}

impl Component {
    fn write(root: PathBuf, name: &str, code: &str) -> Self {
        let folder = name.replace('.', "/");
        let place = root.join(&folder);
        std::fs::create_dir_all(&place).expect("a folder");
        let last = name.rsplit('.').next().expect("a name");
        std::fs::write(place.join(format!("{last}.js")), code).expect("written");
        let manifest = json!({"name": name, "inPorts": ["in"], "outPorts": ["out"]});
        Self::at(root, name, folder, manifest)
    }

    pub fn at(root: PathBuf, name: &str, folder: String, manifest: Value) -> Self {
        let context = json!({
            "flowId": "flow-1", "flowName": "A flow", "userId": "user-1", "componentId": "here", "runId": "run-1",
            "id": "message-1", "correlationId": "correlation-1", "node": {"type": name}, "flow": {}, "manifest": manifest,
            "state": {}, "config": {}, "auth": {}, "profileInfo": {}, "input": null, "apiUrl": "http://engine.example",
        });
        Self { root, name: name.to_owned(), folder, context }
    }

    pub fn set(mut self, pointer: &str, value: Value) -> Self {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        self.context.pointer_mut(parent).expect("is there")[key] = value;
        self
    }

    /// A message from the component `there`.
    pub fn input(self, content: Value) -> Self {
        let sender = json!({"componentId": "there", "port": "out"});
        self.set("/input", json!({"port": "in", "kind": "port", "content": content, "scope": {}, "sender": sender}))
    }

    pub fn invocation(&self, method: Method) -> Invocation {
        let module = self.name.rsplit_once('.').expect("a component's name").0;
        Invocation {
            module: ModuleName::parse(module).expect("a module's name"),
            root: self.root.clone(),
            folder: self.folder.clone(),
            component: self.name.clone(),
            method,
            context: self.context.clone(),
            shared: BTreeMap::new(),
        }
    }

    pub async fn run(&self, host: &NodeHost, method: Method, calls: &Arc<Script>) -> Result<Value, Failure> {
        host.invoke(self.invocation(method), calls.clone()).await
    }

    pub async fn receive(&self, host: &NodeHost, calls: &Arc<Script>) -> Result<Value, Failure> {
        self.run(host, Method::Receive, calls).await
    }
}

/// Answers calls, and keeps what was asked.
#[derive(Default)]
pub struct Script {
    pub asked: Mutex<Vec<(String, Value)>>,
    answer: Option<Answer>,
}

type Answer = Box<dyn Fn(&str, &Value) -> Result<Value, CallError> + Send + Sync>;

impl Script {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn answering(answer: impl Fn(&str, &Value) -> Result<Value, CallError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { asked: Mutex::default(), answer: Some(Box::new(answer)) })
    }

    /// The arguments of every call with this name.
    pub fn calls(&self, name: &str) -> Vec<Value> {
        self.asked.lock().iter().filter(|(asked, _)| asked == name).map(|(_, args)| args.clone()).collect()
    }

    /// What was sent to a port.
    pub fn sent(&self, port: &str) -> Vec<Value> {
        self.calls("send").into_iter().filter(|args| args["port"] == port).map(|args| args["content"].clone()).collect()
    }
}

impl Calls for Script {
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Result<Value, CallError>> {
        self.asked.lock().push((name.clone(), args.clone()));
        let answer = self.answer.as_ref().map_or(Ok(Value::Null), |answer| answer(&name, &args));
        Box::pin(async { answer })
    }
}

/// The modules that come with Stockroom.
pub fn starter_modules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modules")
}
