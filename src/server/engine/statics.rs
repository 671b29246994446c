//! Static calls: a component's `receive`, run once outside of any run, for what it sends.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use serde_json::{Map, Value, json};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::{
    Engine, Loaded,
    calls::{ComponentCalls, Origin},
    components::Found,
    context::shared,
    host::{Failure, FailureKind, Invocation, Method},
    inspector,
    owner::ActsFor,
};
use crate::{
    domain::flow::{Descriptor, Flow, Stage},
    server::{
        access::UserActor,
        error::{Result, ServerError},
        settings::{COMPONENT_RECEIVE_TIMEOUT, MESSAGE_MAX_BYTES},
        store,
    },
};

/// Static calls from outside at the same time.
const PARALLEL: usize = 32;
/// How long somebody outside waits.
const PATIENCE: Duration = Duration::from_secs(60);
/// How deep static calls may lie in one another.
pub(super) const DEPTH_MAX: u8 = 5;

/// What a component is to be called with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StaticCall {
    /// `vendor.service.module.Component`.
    pub component: String,
    /// Whose content is wanted; the first one where none is named.
    pub out_port: Option<String>,
    /// A content for each port, or for a part of one: `port/path`.
    pub messages: Map<String, Value>,
    pub properties: Map<String, Value>,
    /// `./File#function`, which what was sent goes through.
    pub transform: Option<String>,
    /// The component of a flow that asks; what it has filled in may be named in `messages` and `properties`.
    pub caller: Option<String>,
    /// Its flow, where several have a component of this id.
    pub flow_id: Option<String>,
}

/// For whom, and in what.
pub(super) struct Frame {
    pub loaded: Arc<Loaded>,
    pub component_id: String,
    pub correlation_id: Option<String>,
    pub acts_for: ActsFor,
    pub depth: u8,
}

/// What is kept of those that are under way.
pub(super) struct Statics {
    room: Arc<Semaphore>,
}

impl Default for Statics {
    fn default() -> Self {
        Self { room: Arc::new(Semaphore::new(PARALLEL)) }
    }
}

impl Engine {
    /// Calls a component for somebody outside; whether they may has been asked.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for a component or a flow of theirs that is not there, [`ServerError::Invalid`] with what
    /// the component throws, [`ServerError::Unavailable`] when it could not run to its end.
    pub async fn static_call(&self, actor: &UserActor, mut call: StaticCall) -> Result<Value> {
        let frame = self.frame_of(actor, &call).await?;
        if let Some(node) = frame.loaded.flow.descriptor.get(&frame.component_id) {
            call.messages = inspector::filled(call.messages, node);
            call.properties = inspector::filled(call.properties, node);
        }
        let called = async {
            let _room = self.inner.statics.room.acquire().await;
            self.call_statically(frame, call).await
        };
        let outcome = tokio::time::timeout(PATIENCE, called).await;
        let late = || ServerError::Unavailable("The component did not answer in time.".to_owned());
        outcome.map_err(|_| late())??.map_err(|failure| match failure.kind {
            FailureKind::Missing => ServerError::NotFound(failure.message),
            FailureKind::Thrown | FailureKind::Cancelled | FailureKind::Invalid | FailureKind::TooBig => {
                ServerError::Invalid(failure.message)
            }
            FailureKind::Crashed | FailureKind::TimedOut => ServerError::Unavailable(failure.message),
        })
    }

    /// The actor's flow that the caller is in; where there is none, one that is nowhere.
    async fn frame_of(&self, actor: &UserActor, call: &StaticCall) -> Result<Frame> {
        let user_id = actor.person().id.clone();
        let found = match (&call.flow_id, &call.caller) {
            (None, None) => None,
            (Some(id), _) => Some(id.clone()),
            (None, Some(component)) => {
                let (user_id, component) = (user_id.clone(), component.clone());
                self.inner.store.read(move |connection| store::flows::having(connection, &user_id, &component)).await?
            }
        };
        let own = match &found {
            Some(id) => self.load(id).await?.filter(|loaded| loaded.flow.user_id == user_id),
            None => None,
        };
        if call.flow_id.is_some() && own.is_none() {
            return Err(super::flows::nothing());
        }
        Ok(Frame {
            loaded: own.unwrap_or_else(|| Arc::new(nowhere(user_id))),
            component_id: call.caller.clone().unwrap_or_default(),
            correlation_id: None,
            acts_for: ActsFor::Caller(actor.clone()),
            depth: 0,
        })
    }

    /// Runs a component; what it sends goes nowhere but to the one who asks.
    pub(super) async fn call_statically(&self, frame: Frame, call: StaticCall) -> Result<Result<Value, Failure>> {
        let Some(found) = self.find(&call.component).await? else {
            return Ok(Err(Failure::new(FailureKind::Missing, not_installed(&call.component))));
        };
        let invocation = self.static_invocation(&frame, &call, &found).await?;
        let calls = Arc::new(ComponentCalls::new(
            self.clone(),
            Origin {
                loaded: frame.loaded,
                component_id: frame.component_id,
                component_type: call.component,
                method: Method::Receive,
                scope: json!({}),
                correlation_id: frame.correlation_id,
                statically: Some((frame.acts_for, frame.depth)),
            },
        ));
        let running = self.inner.host.invoke(invocation, Arc::clone(&calls) as _);
        let result = AssertUnwindSafe(running).catch_unwind().await;
        calls.end();
        Ok(match result {
            Ok(result) => result,
            Err(_) => Err(Failure::new(FailureKind::Crashed, "The host of the components failed.")),
        })
    }

    async fn static_invocation(&self, frame: &Frame, call: &StaticCall, found: &Found) -> Result<Invocation> {
        let inner = &self.inner;
        let flow = &frame.loaded.flow;
        let config = self.config_of(found, &call.component)?;
        let (flow_id, component_id) = (flow.id.clone(), frame.component_id.clone());
        let account = inner
            .store
            .read(move |connection| store::accounts::of_component(connection, &flow_id, &component_id))
            .await?;
        let (auth, profile) = self.auth(account, found, &config)?;
        let out_port = call.out_port.clone().or_else(|| first_out_port(&found.manifest));
        let context = json!({
            "flowId": (!is_nowhere(flow)).then_some(&flow.id),
            "flowName": flow.name,
            "userId": flow.user_id,
            "customFields": flow.custom_fields,
            "componentId": (!frame.component_id.is_empty()).then_some(&frame.component_id),
            "runId": flow.run_id,
            "id": Uuid::new_v4().to_string(),
            "correlationId": frame.correlation_id.clone().unwrap_or_else(|| Uuid::new_v4().to_string()),
            "node": { "type": call.component, "config": { "properties": call.properties } },
            "state": {},
            "config": config,
            "auth": auth,
            "profileInfo": profile,
            "input": null,
            "staticCall": {
                "outPort": out_port,
                "messages": inspector::joined(&call.messages),
                "transform": call.transform,
            },
            "apiUrl": inner.api_url,
            "limits": {
                "receiveMs": inner.settings.number(COMPONENT_RECEIVE_TIMEOUT),
                "messageBytes": inner.settings.number(MESSAGE_MAX_BYTES),
            },
        });
        Ok(Invocation {
            module: found.module.clone(),
            root: found.root.clone(),
            folder: found.folder.clone(),
            component: call.component.clone(),
            method: Method::Receive,
            context,
            shared: shared(&frame.loaded, found),
        })
    }
}

/// What is said of a component that is not there, and of one that is hidden.
pub fn not_installed(component: &str) -> String {
    format!("The component {component} is not installed.")
}

fn first_out_port(manifest: &Value) -> Option<String> {
    let port = manifest["outPorts"].get(0)?;
    port.as_str().or_else(|| port["name"].as_str()).map(str::to_owned)
}

/// Its id is nobody's flow, and another for each user: what components keep by it is theirs alone.
const NOWHERE: &str = "nowhere:";

/// Stands where a call has no flow.
pub(super) fn nowhere(user_id: String) -> Loaded {
    let flow = Flow {
        id: format!("{NOWHERE}{user_id}"),
        user_id,
        name: String::new(),
        description: None,
        kind: String::new(),
        stage: Stage::Stopped,
        descriptor: Map::new(),
        custom_fields: Map::new(),
        thumbnail: None,
        created_at: 0,
        modified_at: 0,
        started_at: None,
        run_id: None,
    };
    Loaded::new(flow, Descriptor::default(), 0)
}

pub(super) fn is_nowhere(flow: &Flow) -> bool {
    flow.id.starts_with(NOWHERE)
}
