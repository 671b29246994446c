//! What running components ask of the server, a group of calls a file. Names and arguments are those of docs/ENGINE.md.

mod api;
mod cache;
mod file;
mod lock;
pub(super) mod path;
mod send;
mod state;
mod static_call;
mod store;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

pub(super) use cache::Cache;
pub(super) use lock::Locks;

use super::{
    Engine, Loaded, by_engine,
    host::{CallError, Calls, Method},
    owner::ActsFor,
    webhooks::WebhookAnswer,
};
use crate::server::{error::ServerError, store::flow_log::Line};

type Answer = Result<Value, CallError>;

/// Who is asking.
pub(super) struct Origin {
    /// The flow as it was when the invocation began.
    pub loaded: Arc<Loaded>,
    pub component_id: String,
    pub component_type: String,
    pub method: Method,
    /// With which the message has come.
    pub scope: Value,
    /// Of the message; none where nothing has come.
    pub correlation_id: Option<String>,
    /// Of a static call: for whom, and how deep it lies in others.
    pub statically: Option<(ActsFor, u8)>,
}

/// What only a component that runs in its flow can ask for.
const OF_RUNS: [&str; 10] = [
    "addListener",
    "removeListener",
    "send",
    "setTimeout",
    "clearTimeout",
    "sendSignal",
    "response",
    "stopFlow",
    "store.registerWebhook",
    "store.unregisterWebhook",
];

impl Origin {
    /// `vendor:service`, which locks and service states are kept by.
    fn service(&self) -> String {
        self.component_type.split('.').take(2).collect::<Vec<_>>().join(":")
    }

    /// Whose service state it is: a plugin has one of its own, if it is of a module and not of a service.
    fn state_service(&self) -> String {
        if self.method == Method::Plugin { self.component_type.replace('.', ":") } else { self.service() }
    }

    fn flow_id(&self) -> &str {
        &self.loaded.flow.id
    }

    fn acts_for(&self) -> ActsFor {
        let owner =
            || ActsFor::Owner { user_id: self.loaded.flow.user_id.clone(), flow_id: self.loaded.flow.id.clone() };
        self.statically.as_ref().map_or_else(owner, |(who, _)| who.clone())
    }

    fn depth(&self) -> u8 {
        self.statically.as_ref().map_or(0, |(_, depth)| *depth)
    }
}

/// The calls of one invocation.
pub(super) struct ComponentCalls {
    engine: Engine,
    origin: Origin,
    has_ended: AtomicBool,
    files: file::Open,
    /// The locks that it has got; nothing once it is gone.
    locks: Mutex<Option<Vec<String>>>,
}

impl Calls for ComponentCalls {
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Answer> {
        Box::pin(async move { self.dispatch(&name, args).await })
    }

    /// Nobody is left who could give them back.
    fn gone(&self) {
        if let Some(locks) = self.locks.lock().take() {
            self.engine.inner.locks.free(&locks);
        }
    }
}

impl ComponentCalls {
    pub fn new(engine: Engine, origin: Origin) -> Self {
        Self {
            engine,
            origin,
            has_ended: AtomicBool::new(false),
            files: file::Open::default(),
            locks: Mutex::new(Some(Vec::new())),
        }
    }

    /// The invocation has ended: what is sent from now on is dropped.
    pub fn end(&self) {
        self.has_ended.store(true, Ordering::Release);
    }

    async fn dispatch(&self, name: &str, args: Value) -> Answer {
        if self.origin.statically.is_some() && OF_RUNS.contains(&name) {
            return Err(CallError::new(format!("{name} is not there in a static call: its flow does not run it.")));
        }
        match name {
            "addListener" => self.engine.add_listener(&self.origin, read(name, args)?).await,
            "removeListener" => self.engine.remove_listener(&self.origin, read(name, args)?).await,
            "api" => self.api(read(name, args)?).await,
            "staticCall" => self.static_call(read(name, args)?).await,
            "send" => self.send(read(name, args)?).await,
            "setTimeout" => self.set_timeout(read(name, args)?).await,
            "clearTimeout" => self.clear_timeout(read(name, args)?).await,
            "sendSignal" => self.send_signal(read(name, args)?).await,
            "response" => self.respond(read(name, args)?),
            "log" => self.log(read(name, args)?).await,
            "stopFlow" => {
                let component_id = &self.origin.component_id;
                self.engine.stop_soon(self.origin.flow_id(), by_engine(format!("its component {component_id}")));
                Ok(Value::Null)
            }
            "lock" => self.lock(read(name, args)?).await,
            "lock.extend" => self.extend(read(name, args)?),
            "lock.unlock" => self.unlock(read(name, args)?),
            "cache.get" => self.cached(read(name, args)?),
            "cache.set" => self.cache(read(name, args)?),
            "cache.remove" => self.uncache(read(name, args)?),
            _ => match name.split_once('.') {
                Some(("state", verb)) => self.state(verb, read(name, args)?).await,
                Some(("store", verb)) => self.store(verb, read(name, args)?).await,
                Some(("file", verb)) => self.file(verb, name, args).await,
                _ => Err(unknown(name)),
            },
        }
    }

    /// Answers the call from outside that this correlation began with, if somebody still waits.
    fn respond(&self, response: Response) -> Answer {
        let own = self.origin.correlation_id.clone();
        if let Some(correlation_id) = response.correlation_id.or(own) {
            let answer = WebhookAnswer::Answered {
                status: response.status.unwrap_or(200),
                headers: response.headers.unwrap_or_default(),
                body: response.body.unwrap_or_else(|| json!({})),
            };
            self.engine.inner.pending.answer(self.origin.flow_id(), &correlation_id, answer);
        }
        Ok(Value::Null)
    }

    async fn log(&self, entry: Entry) -> Answer {
        let severity = match entry.level.as_deref() {
            Some(level @ ("debug" | "warn" | "error")) => level,
            Some("warning") => "warn",
            _ => "info",
        };
        let loaded = &self.origin.loaded;
        let line = Line {
            correlation_id: self.origin.correlation_id.clone(),
            ..self.engine.line(loaded, &self.origin.component_id, severity, entry.content)
        };
        self.engine.write_line(line).await.map_err(internal)?;
        Ok(Value::Null)
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(default)]
    body: Option<Value>,
    #[serde(default)]
    status: Option<u16>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    correlation_id: Option<String>,
}

#[derive(serde::Deserialize)]
struct Entry {
    #[serde(default)]
    level: Option<String>,
    #[serde(default)]
    content: Value,
}

fn read<T: DeserializeOwned>(name: &str, args: Value) -> Result<T, CallError> {
    serde_json::from_value(args).map_err(|fault| CallError::new(format!("The arguments of {name} are wrong: {fault}.")))
}

fn unknown(name: &str) -> CallError {
    CallError {
        code: Some("NOT_SUPPORTED".to_owned()),
        ..CallError::new(format!("This server does not support the call {name:?}."))
    }
}

pub(super) fn internal(cause: ServerError) -> CallError {
    CallError::new(cause.public().message)
}
