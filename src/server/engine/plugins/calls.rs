//! What plugins ask of the server. It is answered in the name of the plugin, for nobody in particular.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Plugin, stream::Stream};
use crate::server::{
    engine::{
        Engine, Webhook, WebhookAnswer,
        calls::{ComponentCalls, Origin, internal},
        host::{CallError, Calls, Method},
        statics::nowhere,
    },
    error::ServerError,
};

pub(super) type Answer = Result<Value, CallError>;

/// Longest line of a plugin in the server's log, in bytes.
const LINE_MAX: usize = 4096;

pub(super) struct PluginCalls {
    pub engine: Engine,
    pub plugin: Plugin,
    start: u64,
    /// The plugin's own: when they are gone, so is it.
    is_own: bool,
    /// Where an answer goes that comes bit by bit.
    stream: Option<Arc<Stream>>,
    /// Answers what components ask in the same way.
    common: ComponentCalls,
}

#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    level: String,
    #[serde(default)]
    message: Value,
    #[serde(default)]
    data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Trigger {
    flow_id: String,
    component_id: String,
    #[serde(default)]
    data: Value,
    #[serde(default)]
    query: Map<String, Value>,
    #[serde(default)]
    method: String,
    #[serde(default)]
    hostname: String,
    #[serde(default)]
    headers: Map<String, Value>,
}

impl PluginCalls {
    pub fn new(engine: Engine, plugin: &Plugin, start: u64) -> Self {
        let origin = Origin {
            loaded: Arc::new(nowhere(String::new())),
            component_id: String::new(),
            component_type: plugin.name.clone(),
            method: Method::Plugin,
            scope: json!({}),
            correlation_id: None,
            statically: None,
        };
        let common = ComponentCalls::new(engine.clone(), origin);
        Self { engine, plugin: plugin.clone(), start, is_own: false, stream: None, common }
    }

    pub fn of_its_own(self) -> Self {
        Self { is_own: true, ..self }
    }

    pub fn answering(self, stream: Option<Arc<Stream>>) -> Self {
        Self { stream, ..self }
    }

    async fn dispatch(&self, name: &str, mut args: Value) -> Answer {
        match name {
            "log" => {
                self.log(read(name, args)?);
                Ok(Value::Null)
            }
            "lock" | "lock.extend" | "lock.unlock" => self.common.call(name.to_owned(), args).await,
            "answer.begin" | "answer.part" => match &self.stream {
                None => Err(CallError::new(format!("{name} is there for routes alone."))),
                Some(stream) if name == "answer.begin" => stream.begin(read(name, args)?),
                Some(stream) => stream.part(read(name, args)?).await,
            },
            "trigger" => self.trigger(read(name, args)?).await,
            _ => match name.split_once('.') {
                Some(("state", _)) => {
                    args["of"] = json!("service");
                    self.common.call(name.to_owned(), args).await
                }
                Some(("model", verb)) => self.model(verb, read(name, args)?).await,
                Some(("core", what)) => self.core(what, read(name, args)?).await,
                Some(("listeners", "list")) => self.listeners(read(name, args)?).await,
                Some(("listeners", "fire")) => self.fire(read(name, args)?).await,
                _ => Err(CallError {
                    code: Some("NOT_SUPPORTED".to_owned()),
                    ..CallError::new(format!("This server does not support the call {name:?} of plugins."))
                }),
            },
        }
    }

    fn log(&self, line: Line) {
        let plugin = self.plugin.name.as_str();
        let mut text = line.message.as_str().map_or_else(|| line.message.to_string(), str::to_owned);
        if !line.data.is_null() {
            text = format!("{text} {}", line.data);
        }
        if text.len() > LINE_MAX {
            let end = (0..=LINE_MAX).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            text.truncate(end);
        }
        // What a stranger writes must not look like lines of the server's own.
        let text = text.replace(|c: char| c.is_control(), " ");
        match line.level.as_str() {
            "error" | "fatal" => tracing::error!(plugin, "{text}"),
            "warn" | "warning" => tracing::warn!(plugin, "{text}"),
            "debug" | "trace" => tracing::debug!(plugin, "{text}"),
            _ => tracing::info!(plugin, "{text}"),
        }
    }

    /// Calls a component of the plugin's own service, as a webhook.
    async fn trigger(&self, trigger: Trigger) -> Answer {
        let Trigger { flow_id, component_id, data, query, method, hostname, headers } = trigger;
        let loaded = self.engine.load(&flow_id).await.map_err(internal)?;
        let nothing = || CallError {
            code: Some("404".to_owned()),
            ..CallError::new(format!("There is no component {component_id} of {} in this flow.", self.plugin.name))
        };
        let loaded = loaded.ok_or_else(nothing)?;
        let node = loaded.descriptor.nodes.get(&component_id).ok_or_else(nothing)?;
        let is_own = node.component.strip_prefix(&self.plugin.name).is_some_and(|rest| rest.starts_with('.'));
        if !is_own {
            return Err(nothing());
        }
        let enqueue_only = query.get("enqueueOnly").is_some_and(|value| value == "true" || value == true);
        let call = Webhook { method, data, query, headers, hostname };
        let answered = self.engine.webhook(&flow_id, &component_id, call, enqueue_only).await;
        Ok(match answered.map_err(refused)? {
            WebhookAnswer::Answered { status, headers, body } => {
                json!({ "statusCode": status, "headers": headers, "body": body })
            }
            WebhookAnswer::Accepted => json!({ "statusCode": 202, "headers": {}, "body": {} }),
            WebhookAnswer::Failed { message, error, component_id } => {
                let body = json!({ "message": message, "error": error, "componentId": component_id });
                json!({ "statusCode": 400, "headers": {}, "body": body })
            }
        })
    }
}

/// An error with its status as `code`.
pub(super) fn refused(cause: ServerError) -> CallError {
    let public = cause.public();
    CallError { code: Some(public.status.to_string()), ..CallError::new(public.message) }
}

impl Calls for PluginCalls {
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Answer> {
        Box::pin(async move { self.dispatch(&name, args).await })
    }

    fn gone(&self) {
        self.common.gone();
        if self.is_own {
            self.engine.inner.plugins.lost(&self.plugin.name, self.start);
        }
    }
}

fn read<T: DeserializeOwned>(name: &str, args: Value) -> Result<T, CallError> {
    serde_json::from_value(args).map_err(|fault| CallError::new(format!("The arguments of {name} are wrong: {fault}.")))
}
