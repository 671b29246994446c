//! What a component is run with: the `context` of an invocation, as docs/ENGINE.md has it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    Engine, Loaded,
    components::Found,
    host::{Invocation, Method, Shared},
};
use crate::{
    domain::flow::{Link, arriving_scope},
    server::{
        error::{Result, ServerError},
        settings::{COMPONENT_RECEIVE_TIMEOUT, MESSAGE_MAX_BYTES},
        store::{
            self,
            queue::{Kind, Message},
            states::Owner,
        },
    },
};

/// How long `stop` may take, in milliseconds: whoever stops a flow waits for it.
const STOP_MS: u64 = 60_000;

/// What an invocation is about.
pub(super) struct Cause {
    pub method: Method,
    /// Of the message; the same at every delivery.
    pub id: String,
    pub correlation_id: String,
    /// Null where nothing came in.
    pub input: Value,
}

impl Cause {
    /// One without a message.
    pub fn of_method(method: Method) -> Self {
        Self { method, id: Uuid::new_v4().to_string(), correlation_id: Uuid::new_v4().to_string(), input: Value::Null }
    }

    pub fn of_message(message: &Message, scope: &Value) -> Self {
        let method = if message.lane.kind == Kind::Signal { Method::Signal } else { Method::Receive };
        let mut input = json!({ "port": message.lane.port, "kind": message.lane.kind, "sender": message.sender });
        input["content"] = message.body.content.clone();
        input["scope"] = scope.clone();
        if message.lane.kind == Kind::Timeout {
            input["timeoutId"] = Value::from(message.id.clone());
        }
        Self { method, id: message.id.clone(), correlation_id: message.correlation_id.clone(), input }
    }
}

/// What all messages of a flow to a component have in common.
pub(super) fn shared(loaded: &Loaded, found: &Found) -> BTreeMap<&'static str, Arc<Shared>> {
    [("flow", Arc::clone(&loaded.shared)), ("manifest", Arc::clone(&found.shared))].into()
}

/// The scope that a message arrives with.
pub(super) fn scope_of(message: &Message) -> Value {
    match &message.sender {
        Some(sender) if message.lane.kind == Kind::Port => {
            let link = Link {
                sender: &sender.component_id,
                out_port: &sender.port,
                target: &message.lane.component_id,
                in_port: &message.lane.port,
            };
            arriving_scope(&message.body.scope, link, &message.body.content)
        }
        _ => message.body.scope.clone(),
    }
}

impl Engine {
    /// The configuration that a component gets.
    pub(super) fn config_of(&self, found: &Found, component_type: &str) -> Result<Map<String, Value>> {
        let mut config = Map::new();
        for service in found.service_ids(component_type) {
            config.extend(self.inner.connectors.for_component(&service)?);
        }
        Ok(config)
    }

    /// Puts an invocation together.
    pub(super) fn invocation(
        &self,
        loaded: &Loaded,
        component_id: &str,
        found: &Found,
        cause: Cause,
    ) -> Result<Invocation> {
        let inner = &self.inner;
        let flow = &loaded.flow;
        let Some(node) = loaded.descriptor.nodes.get(component_id) else {
            return Err(ServerError::internal(format!("flow {} has no component {component_id}", flow.id)));
        };
        let owner = Owner::Component { flow_id: flow.id.clone(), component_id: component_id.to_owned() };
        let (state, account) = inner.store.look(|connection| {
            let account = store::accounts::of_component(connection, &flow.id, component_id)?;
            Ok((store::states::get(connection, &owner)?, account))
        })?;
        let config = self.config_of(found, &node.component)?;
        let (auth, profile) = self.auth(account, found, &config)?;
        let receive_ms = inner.settings.number(COMPONENT_RECEIVE_TIMEOUT);
        let mut context = json!({
            "flowId": flow.id,
            "flowName": flow.name,
            "userId": flow.user_id,
            "customFields": flow.custom_fields,
            "componentId": component_id,
            "runId": flow.run_id,
            "id": cause.id,
            "correlationId": cause.correlation_id,
            "apiUrl": inner.api_url,
            "limits": {
                "receiveMs": if cause.method == Method::Stop { receive_ms.min(STOP_MS) } else { receive_ms },
                "messageBytes": inner.settings.number(MESSAGE_MAX_BYTES),
            },
        });
        // Moved, not copied: they may be large.
        context["input"] = cause.input;
        for (name, values) in [("state", state), ("config", config), ("auth", auth), ("profileInfo", profile)] {
            context[name] = Value::Object(values);
        }
        Ok(Invocation {
            module: found.module.clone(),
            root: found.root.clone(),
            folder: found.folder.clone(),
            component: node.component.clone(),
            method: cause.method,
            context,
            shared: shared(loaded, found),
        })
    }
}
