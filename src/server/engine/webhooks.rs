//! Calls from outside into a component of a running flow, and who waits for the answer.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use serde_json::{Map, Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{Engine, host::Failure, queue::Letter};
use crate::server::{
    error::{Result, ServerError},
    store::{
        self,
        queue::{Body, Kind, Message},
    },
};

/// How long a caller waits for a component's answer.
const PATIENCE: Duration = Duration::from_secs(100);

/// A call from outside.
#[derive(Clone, Debug, Default)]
pub struct Webhook {
    /// Upper case.
    pub method: String,
    /// The body.
    pub data: Value,
    pub query: Map<String, Value>,
    pub headers: Map<String, Value>,
    pub hostname: String,
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq)]
pub enum WebhookAnswer {
    /// What a component of the flow answers.
    Answered { status: u16, headers: Map<String, Value>, body: Value },
    /// The call is accepted; nobody answers it now: 202.
    Accepted,
    /// The component failed: 400. It is tried again all the same, where that can help.
    Failed { message: String, error: Value, component_id: String },
}

/// Calls that wait for an answer, by flow and correlation.
#[derive(Default)]
pub(super) struct Pending {
    waiting: Mutex<HashMap<(String, String), oneshot::Sender<WebhookAnswer>>>,
}

impl Pending {
    fn key(flow_id: &str, correlation_id: &str) -> (String, String) {
        (flow_id.to_owned(), correlation_id.to_owned())
    }

    fn wait(&self, message: &Message) -> oneshot::Receiver<WebhookAnswer> {
        let (answer, waits) = oneshot::channel();
        self.waiting.lock().insert(Self::key(&message.lane.flow_id, &message.correlation_id), answer);
        waits
    }

    /// Whether anybody waits for anything.
    pub fn is_any(&self) -> bool {
        !self.waiting.lock().is_empty()
    }

    /// Whether anybody waits for an answer to the correlation of a message; nobody does most of the time.
    pub fn is_waiting(&self, message: &Message) -> bool {
        let waiting = self.waiting.lock();
        !waiting.is_empty() && waiting.contains_key(&Self::key(&message.lane.flow_id, &message.correlation_id))
    }

    /// Answers whoever waits; nobody does most of the time.
    pub fn answer(&self, flow_id: &str, correlation_id: &str, answer: WebhookAnswer) {
        let waiting = self.waiting.lock().remove(&Self::key(flow_id, correlation_id));
        if let Some(waiting) = waiting {
            // Whoever called has gone.
            let _ = waiting.send(answer);
        }
    }

    pub fn fail(&self, message: &Message, failure: &Failure) {
        let answer = WebhookAnswer::Failed {
            message: failure.message.clone(),
            error: super::errors::shown(failure),
            component_id: message.lane.component_id.clone(),
        };
        self.answer(&message.lane.flow_id, &message.correlation_id, answer);
    }

    /// Lets the callers of a flow that was stopped go.
    pub fn forget_flow(&self, flow_id: &str) {
        self.waiting.lock().retain(|(flow, _), _| flow != flow_id);
    }
}

impl Engine {
    /// Gives a call to a component, and waits for its answer unless `enqueue_only`.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for a component that is not there, [`ServerError::Conflict`] when its flow does not run.
    pub async fn webhook(
        &self,
        flow_id: &str,
        component_id: &str,
        call: Webhook,
        enqueue_only: bool,
    ) -> Result<WebhookAnswer> {
        let nothing = || ServerError::NotFound("There is no such component.".to_owned());
        let loaded = self.load(flow_id).await?.ok_or_else(nothing)?;
        if !loaded.descriptor.nodes.contains_key(component_id) {
            return Err(nothing());
        }
        let given = |name: &str| {
            call.query.get(name).or_else(|| call.data.get(name)).and_then(Value::as_str).map(str::to_owned)
        };
        let correlation_id = given("correlationId").unwrap_or_else(|| Uuid::new_v4().to_string());
        let scope = match call.query.get("correlationInPort").and_then(Value::as_str) {
            Some(port) => self.remembered_scope(flow_id, component_id, &correlation_id, port).await?,
            None => json!({}),
        };
        let content = json!({
            "method": call.method,
            "data": call.data,
            "query": call.query,
            "headers": call.headers,
            "hostname": call.hostname,
        });
        let letter = Letter {
            body: Body { content, scope },
            correlation_id: Some(correlation_id.clone()),
            sender: None,
            delay: 0,
        };
        let message = self.message(&loaded, component_id, Kind::Webhook, Kind::Webhook.as_str(), letter);
        let answer = (!enqueue_only).then(|| self.inner.pending.wait(&message));
        match self.enqueue(vec![message]).await {
            Ok(true) => {}
            refused => {
                self.inner.pending.answer(flow_id, &correlation_id, WebhookAnswer::Accepted);
                refused?;
                return Err(ServerError::Conflict("The flow of this component is not running.".to_owned()));
            }
        }
        let Some(answer) = answer else { return Ok(WebhookAnswer::Accepted) };
        tokio::select! {
            answer = answer => Ok(answer.unwrap_or(WebhookAnswer::Accepted)),
            () = tokio::time::sleep(PATIENCE) => {
                self.inner.pending.answer(flow_id, &correlation_id, WebhookAnswer::Accepted);
                Ok(WebhookAnswer::Accepted)
            }
            () = self.inner.stopping.cancelled() => Ok(WebhookAnswer::Accepted),
        }
    }

    /// Keeps the scope of a message that comes to a component with a webhook, for calls that go on from it.
    pub(super) async fn remember_scope(&self, message: &Message, scope: &Value) -> Result<()> {
        if message.lane.kind != Kind::Port {
            return Ok(());
        }
        let (message, scope, now) = (message.clone(), scope.clone(), self.now());
        self.inner.store.write("remember a scope", move |tx| store::continuations::put(tx, &message, &scope, now)).await
    }

    async fn remembered_scope(
        &self,
        flow_id: &str,
        component_id: &str,
        correlation_id: &str,
        port: &str,
    ) -> Result<Value> {
        let [flow_id, component_id, correlation_id, port] =
            [flow_id, component_id, correlation_id, port].map(str::to_owned);
        let scope = self
            .inner
            .store
            .read(move |connection| {
                store::continuations::get(connection, &flow_id, &component_id, &correlation_id, &port)
            })
            .await?;
        Ok(scope.unwrap_or_else(|| json!({})))
    }
}
