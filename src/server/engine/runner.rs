//! Delivers messages: one at a time for each lane, many lanes at once, and no service may take all the room.

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Engine, Loaded,
    calls::{ComponentCalls, Origin},
    components::Found,
    context::{Cause, scope_of},
    host::{Failure, FailureKind, Method},
    quotas::Gate,
};
use crate::{
    domain::flow::Stage,
    server::{
        error::Result,
        store::{
            self,
            queue::{Lane, Message},
            quotas::Taken,
        },
    },
};

/// Invocations at the same time, over all services and of one: a service that hangs must not hold up the others.
const PARALLEL: usize = 256;
const PARALLEL_OF_SERVICE: usize = 32;
/// Messages that one lane delivers before others have their turn.
const TURN: usize = 64;
/// Wait after the store has failed.
const PAUSE: Duration = Duration::from_secs(1);

/// What is being delivered.
pub(super) struct Runner {
    /// Lanes that somebody works on, and whether they are to be looked at once more.
    busy: Mutex<HashMap<Lane, bool>>,
    all: Arc<Semaphore>,
    services: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Default for Runner {
    fn default() -> Self {
        Self { busy: Mutex::default(), all: Arc::new(Semaphore::new(PARALLEL)), services: Mutex::default() }
    }
}

/// Leave to run something of one service.
pub(super) struct Permit {
    _of_service: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

/// How an attempt ended.
pub(super) struct Attempt {
    pub result: Result<(), Failure>,
    pub found: Option<Arc<Found>>,
    /// The module, or the one that is missing.
    pub module: Option<String>,
}

impl Engine {
    /// Leave to run a component of this type.
    pub(super) async fn permit(&self, component_type: &str) -> Option<Permit> {
        let service: String = component_type.split('.').take(2).collect::<Vec<_>>().join(".");
        let runner = &self.inner.runner;
        let of_service = {
            let mut services = runner.services.lock();
            let known = services.entry(service).or_insert_with(|| Arc::new(Semaphore::new(PARALLEL_OF_SERVICE)));
            Arc::clone(known)
        };
        let of_service = of_service.acquire_owned().await.ok()?;
        let of_all = Arc::clone(&runner.all).acquire_owned().await.ok()?;
        Some(Permit { _of_service: of_service, _of_all: of_all })
    }

    /// Sees to it that somebody delivers what is due in a lane.
    pub(super) fn wake(&self, lane: Lane) {
        if self.claim(&lane, true) {
            self.drain_soon(lane, None);
        }
    }

    /// Takes a lane that nobody works on: whoever gets `true` has to call [`Engine::drain_soon`]. If somebody does, they
    /// may be told to look at it once more.
    pub(super) fn claim(&self, lane: &Lane, once_more: bool) -> bool {
        if self.inner.stopping.is_cancelled() {
            return false;
        }
        let mut busy = self.inner.runner.busy.lock();
        if let Some(again) = busy.get_mut(lane) {
            *again |= once_more;
            return false;
        }
        busy.insert(lane.clone(), false);
        true
    }

    /// Delivers what is due in a lane that was claimed; `first` is taken already.
    pub(super) fn drain_soon(&self, lane: Lane, first: Option<Message>) {
        let this = self.clone();
        self.inner.tasks.spawn(async move { this.drain(lane, first).await });
    }

    /// Delivers what is due in a lane until there is nothing more.
    async fn drain(&self, lane: Lane, mut first: Option<Message>) {
        while !self.inner.stopping.is_cancelled() {
            let delivered = match first.take() {
                Some(first) => self.deliver_taken(&lane, first).await,
                None => self.deliver_next(&lane).await,
            };
            match delivered {
                Ok(true) => {}
                Ok(false) => {
                    let mut busy = self.inner.runner.busy.lock();
                    match busy.get_mut(&lane) {
                        Some(again) if *again => *again = false,
                        _ => {
                            busy.remove(&lane);
                            return;
                        }
                    }
                }
                Err(cause) => {
                    tracing::error!(%cause, flow = lane.flow_id, "a message could not be delivered");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Takes the first message of a lane that is due, and delivers it and those after it; `false` when there was none.
    async fn deliver_next(&self, lane: &Lane) -> Result<bool> {
        let Some(loaded) = self.load(&lane.flow_id).await? else { return Ok(false) };
        let permit = self.permit(&loaded.type_of(&lane.component_id)).await;
        if self.inner.stopping.is_cancelled() {
            return Ok(false);
        }
        let (leave, broken) = match self.gate(&loaded, lane).await? {
            Gate::Open => (None, None),
            Gate::Limited(leave) => (Some(leave), None),
            Gate::Broken(failure) => (None, Some(failure)),
            Gate::Full => {
                self.let_callers_go(lane).await?;
                return Ok(false);
            }
        };
        match self.take(lane, leave.as_ref()).await? {
            Taken::Message(message) => self.deliver_all(*message, permit, broken).await.map(|()| true),
            Taken::Nothing => Ok(false),
            Taken::NotBefore(at) => {
                self.hold(lane, at);
                self.let_callers_go(lane).await?;
                Ok(false)
            }
        }
    }

    /// Delivers a message that was taken when it was accepted, and those after it.
    async fn deliver_taken(&self, lane: &Lane, message: Message) -> Result<bool> {
        // As it was last read will do: this is about whose room it takes.
        let component_type = self.last_known(&lane.flow_id).map(|loaded| loaded.type_of(&lane.component_id));
        let permit = self.permit(&component_type.unwrap_or_default()).await;
        self.deliver_all(message, permit, None).await.map(|()| true)
    }

    /// Delivers a message and those after it that are due. With `broken` the component is not run for the first one, but has
    /// failed so.
    async fn deliver_all(&self, first: Message, mut permit: Option<Permit>, mut broken: Option<Failure>) -> Result<()> {
        let lane = first.lane.clone();
        let mut next = Some(first);
        let mut delivered = 0_usize;
        while let Some(message) = next.take().filter(|_| !self.inner.stopping.is_cancelled()) {
            let (id, attempts) = (message.id.clone(), message.attempts);
            match self.deliver(message, broken.take()).await {
                Ok(following) => next = following,
                Err(cause) => {
                    self.give_back(id, attempts).await;
                    return Err(cause);
                }
            }
            delivered += 1;
            if next.is_some() && delivered.is_multiple_of(TURN) {
                // To the end of the line: other lanes of the service have waited.
                drop(permit);
                let component_type = self.last_known(&lane.flow_id).map(|loaded| loaded.type_of(&lane.component_id));
                permit = self.permit(&component_type.unwrap_or_default()).await;
            }
        }
        drop(permit);
        Ok(())
    }

    /// Lets a message wait again that was taken but could not be ended.
    pub(super) async fn give_back(&self, id: String, attempts: u32) {
        while !self.inner.stopping.is_cancelled() {
            let (id, now) = (id.clone(), self.now());
            let given = self
                .inner
                .store
                .write("give a message back", move |tx| store::queue::put_back(tx, &id, now, attempts))
                .await;
            match given {
                Ok(_) => return,
                Err(cause) => tracing::error!(%cause, "a message could not be given back"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Delivers a message and ends it; gives the next of its lane, already taken. With `broken` the component is not run,
    /// but has failed so.
    async fn deliver(&self, message: Message, broken: Option<Failure>) -> Result<Option<Message>> {
        let loaded = self.load(&message.lane.flow_id).await?;
        let Some(loaded) = loaded.filter(|loaded| loaded.flow.run_id == Some(message.run_id)) else {
            return self.drop_message(message, "its flow runs no longer").await;
        };
        if !matches!(loaded.flow.stage, Stage::Running | Stage::Starting) {
            // Whoever stops the flow drops it with the others.
            return Ok(None);
        }
        let Some(node) = loaded.descriptor.nodes.get(&message.lane.component_id) else {
            return self.drop_message(message, "its component is no longer in the flow").await;
        };
        let scope = scope_of(&message);
        let cause = Cause::of_message(&message, &scope);
        let origin = Origin {
            component_id: message.lane.component_id.clone(),
            component_type: node.component.clone(),
            method: cause.method,
            scope: scope.clone(),
            correlation_id: Some(message.correlation_id.clone()),
            statically: None,
            loaded: Arc::clone(&loaded),
        };
        let attempt = match self.find(&node.component).await? {
            Some(found) if broken.is_some() => {
                let module = Some(found.module.to_string());
                Attempt { result: broken.map_or(Ok(()), Err), found: Some(found), module }
            }
            Some(found) => {
                if found.has_webhook() {
                    self.remember_scope(&message, &scope).await?;
                }
                self.attempt(&loaded, found, cause, origin).await
            }
            None => {
                let (failure, module) =
                    self.missing(&loaded.flow.id, &message.lane.component_id, &node.component).await?;
                Attempt { result: Err(failure), found: None, module: Some(module) }
            }
        };
        if attempt.result.as_ref().is_err_and(|failure| self.ends_with_server(failure)) {
            return Ok(None);
        }
        self.settle(&loaded, message, &scope, attempt).await
    }

    /// Runs a component that is installed.
    pub(super) async fn attempt(&self, loaded: &Loaded, found: Arc<Found>, cause: Cause, origin: Origin) -> Attempt {
        let module = Some(found.module.to_string());
        let component_id = origin.component_id.clone();
        let result = match self.invocation(loaded, &component_id, &found, cause) {
            Ok(invocation) => {
                let calls = Arc::new(ComponentCalls::new(self.clone(), origin));
                let running = self.inner.host.invoke(invocation, Arc::clone(&calls) as _);
                // A fault of the host's must not leave the lane without anybody who works on it.
                let result = AssertUnwindSafe(running).catch_unwind().await;
                calls.end();
                match result {
                    Ok(result) => result.map(|_| ()),
                    Err(_) => Err(Failure::new(FailureKind::Crashed, "The host of the components failed.")),
                }
            }
            // Nothing of the component's: tried again like a crash.
            Err(cause) => Err(Failure::new(FailureKind::Crashed, cause.public().message)),
        };
        Attempt { result, found: Some(found), module }
    }

    /// Runs a method of a component that no message asks for.
    pub(super) async fn run_method(
        &self,
        loaded: &Arc<Loaded>,
        component_id: &str,
        method: Method,
        input: serde_json::Value,
    ) -> Result<Attempt> {
        let Some(node) = loaded.descriptor.nodes.get(component_id) else {
            return Ok(Attempt { result: Ok(()), found: None, module: None });
        };
        let Some(found) = self.find(&node.component).await? else {
            let (failure, module) = self.missing(&loaded.flow.id, component_id, &node.component).await?;
            return Ok(Attempt { result: Err(failure), found: None, module: Some(module) });
        };
        let origin = Origin {
            component_id: component_id.to_owned(),
            component_type: node.component.clone(),
            method,
            scope: serde_json::json!({}),
            correlation_id: None,
            statically: None,
            loaded: Arc::clone(loaded),
        };
        let cause = Cause { input, ..Cause::of_method(method) };
        Ok(self.attempt(loaded, found, cause, origin).await)
    }
}
