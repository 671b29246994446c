//! What components do in the name of people: asked of whoever serves this server's own REST interface.

use std::sync::{Arc, Weak};

use futures::future::BoxFuture;
use parking_lot::Mutex;
use serde_json::Value;

use super::Engine;
use crate::server::{access::UserActor, error::Result};

/// Who a component acts for.
#[derive(Clone, Debug)]
pub enum ActsFor {
    /// The owner of its flow.
    Owner { user_id: String, flow_id: String },
    /// Whoever has called it, with what they may do this time.
    Caller(UserActor),
}

/// A request to this server itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRequest {
    /// Upper case.
    pub method: String,
    /// With the query.
    pub path: String,
    pub body: Option<Value>,
    /// Longest answer, in bytes.
    pub answer_max: usize,
}

/// What this server answers.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiAnswer {
    pub status: u16,
    /// JSON; other text as it is.
    pub body: Value,
}

/// This server's REST interface, asked without a network.
pub trait OwnApi: Send + Sync {
    /// # Errors
    /// Where nobody can be asked for; what is refused is an answer.
    fn ask(&self, who: ActsFor, request: ApiRequest) -> BoxFuture<'_, Result<ApiAnswer>>;

    /// Whether the rules let somebody call a component; that it is private hinders nobody.
    ///
    /// # Errors
    /// What the store says.
    fn may_call(&self, who: ActsFor, component: String) -> BoxFuture<'_, Result<bool>>;
}

/// Where it is found: whoever serves it has it, and the engine with it.
#[derive(Default)]
pub(super) struct Served {
    by: Mutex<Option<Weak<dyn OwnApi>>>,
}

impl Engine {
    /// From now on components reach this server's REST interface here, for as long as somebody keeps it.
    pub fn serve(&self, api: &Arc<dyn OwnApi>) {
        *self.inner.served.by.lock() = Some(Arc::downgrade(api));
    }

    pub(super) fn own_api(&self) -> Option<Arc<dyn OwnApi>> {
        self.inner.served.by.lock().as_ref()?.upgrade()
    }
}
