//! Messages, timers and signals that a component sends.

use std::sync::atomic::Ordering;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, ComponentCalls, internal};
use crate::server::{
    engine::{
        host::{CallError, Method},
        queue::Letter,
    },
    settings::{MESSAGE_MAX_BYTES, WAITING_QUEUE_MIN_TIMEOUT},
    store::{
        self,
        flow_log::Line,
        queue::{Body, Kind, Message, Sender},
    },
};

/// Longest timer: 31 days, in milliseconds.
const TIMER_MAX: i64 = 31 * 24 * 3_600_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Send {
    port: String,
    #[serde(default)]
    content: Value,
    #[serde(default)]
    scope: Option<Value>,
    #[serde(default)]
    correlation_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timer {
    #[serde(default)]
    content: Value,
    ms: f64,
    #[serde(default)]
    scope: Option<Value>,
    #[serde(default)]
    correlation_id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct TimerId {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Signal {
    #[serde(default)]
    content: Value,
}

impl ComponentCalls {
    pub(super) async fn send(&self, send: Send) -> Answer {
        self.check_size(&send.content)?;
        let own = &self.origin.component_id;
        let to = self.origin.loaded.descriptor.destinations(own, &send.port);
        // One correlation for all copies, as for one message.
        let correlation_id = self.correlation(send.correlation_id);
        let scope = send.scope.unwrap_or_else(|| self.origin.scope.clone());
        let copies = to
            .into_iter()
            .map(|to| {
                let letter = Letter {
                    body: Body { content: send.content.clone(), scope: scope.clone() },
                    correlation_id: Some(correlation_id.clone()),
                    sender: Some(Sender { component_id: own.clone(), port: send.port.clone() }),
                    delay: 0,
                };
                self.engine.message(&self.origin.loaded, &to.component_id, Kind::Port, &to.port, letter)
            })
            .collect();
        self.accept(copies, &format!("sent to its port {}", send.port)).await?;
        Ok(Value::Null)
    }

    pub(super) async fn set_timeout(&self, timer: Timer) -> Answer {
        self.check_size(&timer.content)?;
        let shortest = i64::try_from(self.engine.inner.settings.number(WAITING_QUEUE_MIN_TIMEOUT)).unwrap_or(i64::MAX);
        if timer.ms > TIMER_MAX as f64 {
            return Err(CallError::new("A timer is at most 31 days long."));
        }
        let letter = Letter {
            body: Body { content: timer.content, scope: timer.scope.unwrap_or_else(|| self.origin.scope.clone()) },
            correlation_id: Some(self.correlation(timer.correlation_id)),
            sender: None,
            delay: (timer.ms as i64).max(shortest),
        };
        let own = &self.origin.component_id;
        let message = self.engine.message(&self.origin.loaded, own, Kind::Timeout, Kind::Timeout.as_str(), letter);
        let id = message.id.clone();
        self.accept(vec![message], "set as a timer").await?;
        Ok(Value::from(id))
    }

    pub(super) async fn clear_timeout(&self, timer: TimerId) -> Answer {
        let Some(id) = timer.id else { return Ok(Value::Null) };
        let (flow_id, component_id) = (self.origin.flow_id().to_owned(), self.origin.component_id.clone());
        self.engine
            .inner
            .store
            .write("clear a timer", move |tx| store::queue::clear_timer(tx, &flow_id, &component_id, &id))
            .await
            .map_err(internal)?;
        Ok(Value::Null)
    }

    pub(super) async fn send_signal(&self, signal: Signal) -> Answer {
        self.check_size(&signal.content)?;
        let correlation_id = self.correlation(None);
        let copies = self
            .origin
            .loaded
            .descriptor
            .nodes
            .keys()
            .map(|id| {
                let letter = Letter {
                    body: Body { content: signal.content.clone(), scope: self.origin.scope.clone() },
                    correlation_id: Some(correlation_id.clone()),
                    sender: None,
                    delay: 0,
                };
                self.engine.message(&self.origin.loaded, id, Kind::Signal, Kind::Signal.as_str(), letter)
            })
            .collect();
        self.accept(copies, "sent as a signal").await?;
        Ok(Value::Null)
    }

    fn correlation(&self, given: Option<String>) -> String {
        given.or_else(|| self.origin.correlation_id.clone()).unwrap_or_else(|| uuid::Uuid::new_v4().to_string())
    }

    fn check_size(&self, content: &Value) -> Result<(), CallError> {
        let most = self.engine.inner.settings.number(MESSAGE_MAX_BYTES);
        let size = content.to_string().len() as u64;
        if size <= most {
            return Ok(());
        }
        Err(CallError {
            code: Some("tooBig".to_owned()),
            name: Some("MessageTooBigError".to_owned()),
            message: format!("The message is too big: it has {size} bytes, and at most {most} are allowed."),
        })
    }

    /// Accepts messages of a component that still runs, in a flow that still does; else they are dropped, and that is
    /// written down.
    async fn accept(&self, messages: Vec<Message>, what: &str) -> Result<(), CallError> {
        let count = messages.len();
        let why = if self.has_ended.load(Ordering::Acquire) {
            "the method had ended"
        } else if self.origin.method != Method::Stop && self.engine.enqueue(messages).await.map_err(internal)? {
            return Ok(());
        } else {
            "the flow is being stopped"
        };
        if count == 0 {
            return Ok(());
        }
        let text = json!(format!("What the component has {what} was dropped, because {why}."));
        let line = Line {
            correlation_id: self.origin.correlation_id.clone(),
            ..self.engine.line(&self.origin.loaded, &self.origin.component_id, "warn", text)
        };
        self.engine.write_line(line).await.map_err(internal)
    }
}
