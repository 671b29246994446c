//! Components that hear of what their service's plugin is told.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::{Answer, PluginCalls};
use crate::server::{
    engine::{
        Engine, Webhook,
        calls::{Origin, internal},
        host::{CallError, Method},
    },
    error::ServerError,
    store::{self, plugins::Listener},
};

/// How long a plugin may think about a listener, in milliseconds.
const LISTENER_MS: u64 = 60_000;
/// Longest name of an event, in bytes.
const EVENT_MAX: usize = 500;

/// What a component wants to hear of.
#[derive(Deserialize)]
pub(in crate::server::engine) struct Wanted {
    event: String,
    #[serde(default)]
    params: Value,
}

#[derive(Deserialize)]
pub(super) struct Named {
    event: String,
}

#[derive(Deserialize)]
pub(super) struct Told {
    event: String,
    targets: Vec<Target>,
    #[serde(default)]
    payload: Value,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Target {
    flow_id: String,
    component_id: String,
}

impl Engine {
    /// Lets a component hear of an event, if its plugin agrees.
    pub(in crate::server::engine) async fn add_listener(&self, origin: &Origin, wanted: Wanted) -> Answer {
        let Wanted { event, params } = wanted;
        if event.is_empty() || event.len() > EVENT_MAX {
            return Err(CallError::new(format!("The name of an event is 1 to {EVENT_MAX} bytes long.")));
        }
        let flow = &origin.loaded.flow;
        let parts: Vec<&str> = origin.component_type.split('.').take(3).collect();
        let none =
            || CallError::new(format!("No plugin is installed that tells {} of {event:?}.", origin.component_type));
        let name = self.inner.plugins.named(&parts).ok_or_else(none)?;
        let running = self.running_plugin(&name).await.map_err(CallError::new)?.ok_or_else(none)?;
        let mut listener = Listener {
            flow_id: flow.id.clone(),
            component_id: origin.component_id.clone(),
            event,
            plugin: name,
            params,
        };
        if running.hears_listeners {
            let context = json!({ "listener": {
                "eventName": listener.event,
                "params": listener.params,
                "flowId": listener.flow_id,
                "componentId": listener.component_id,
                "userId": flow.user_id,
            } });
            let agreed = self.ask_plugin(&running, Method::Listener, LISTENER_MS, context).await;
            let mut agreed =
                agreed.map_err(|failure| CallError { name: failure.name, ..CallError::new(failure.message) })?;
            listener.params = agreed["params"].take();
        }
        let kept = self.inner.store.write("keep a listener", move |tx| store::plugins::listen(tx, &listener));
        kept.await.map_err(internal)?;
        Ok(Value::Null)
    }

    /// One that is not there is no error.
    pub(in crate::server::engine) async fn remove_listener(&self, origin: &Origin, wanted: Wanted) -> Answer {
        let (flow_id, component_id) = (origin.loaded.flow.id.clone(), origin.component_id.clone());
        let removing = self
            .inner
            .store
            .write("forget a listener", move |tx| store::plugins::unlisten(tx, &flow_id, &component_id, &wanted.event));
        removing.await.map_err(internal)?;
        Ok(Value::Null)
    }
}

impl PluginCalls {
    async fn heard_by(&self, event: &str) -> Result<Vec<Listener>, CallError> {
        let (plugin, event) = (self.plugin.name.clone(), event.to_owned());
        let reading = self.engine.inner.store.read(move |tx| store::plugins::listeners(tx, &plugin, &event));
        reading.await.map_err(internal)
    }

    /// Who hears of an event, for the plugin to choose from.
    pub(super) async fn listeners(&self, named: Named) -> Answer {
        let listeners = self.heard_by(&named.event).await?;
        let shown = listeners.into_iter().map(|listener| {
            let Listener { flow_id, component_id, event, params, .. } = listener;
            json!({ "flowId": flow_id, "componentId": component_id, "eventName": event, "params": params })
        });
        Ok(shown.collect())
    }

    /// Tells those of the listeners; gives how many took it. Flows that do not run are left out.
    pub(super) async fn fire(&self, told: Told) -> Answer {
        let mut count = 0;
        for Listener { flow_id, component_id, event, .. } in self.heard_by(&told.event).await? {
            let target = Target { flow_id: flow_id.clone(), component_id: component_id.clone() };
            if !told.targets.contains(&target) {
                continue;
            }
            let call = Webhook {
                method: "POST".to_owned(),
                data: told.payload.clone(),
                query: Map::new(),
                headers: Map::new(),
                hostname: String::new(),
            };
            match self.engine.webhook(&flow_id, &component_id, call, true).await {
                Ok(_) => count += 1,
                // The component was taken out of its flow.
                Err(ServerError::NotFound(_)) => {
                    let forgetting = self.engine.inner.store.write("forget a listener", move |tx| {
                        store::plugins::unlisten(tx, &flow_id, &component_id, &event)
                    });
                    forgetting.await.map_err(internal)?;
                }
                Err(ServerError::Conflict(_)) => {}
                Err(cause) => return Err(internal(cause)),
            }
        }
        Ok(json!(count))
    }
}
