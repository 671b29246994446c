//! Components that call other components for what they send.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Answer, ComponentCalls, internal};
use crate::server::engine::{
    host::CallError,
    statics::{DEPTH_MAX, Frame, StaticCall},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    #[serde(rename = "type")]
    component: String,
    #[serde(default)]
    out_port: Option<String>,
    #[serde(default)]
    messages: Map<String, Value>,
    #[serde(default)]
    properties: Map<String, Value>,
    #[serde(default)]
    transform: Option<String>,
}

impl ComponentCalls {
    pub(super) async fn static_call(&self, wanted: Wanted) -> Answer {
        let depth = self.origin.depth().saturating_add(1);
        if depth > DEPTH_MAX {
            return Err(CallError::new(format!("Static calls lie at most {DEPTH_MAX} deep in one another.")));
        }
        self.check_visible(&wanted.component).await?;
        let Wanted { component, out_port, messages, properties, transform } = wanted;
        let frame = Frame {
            loaded: self.origin.loaded.clone(),
            component_id: self.origin.component_id.clone(),
            correlation_id: self.origin.correlation_id.clone(),
            acts_for: self.origin.acts_for(),
            depth,
        };
        let call = StaticCall { component, out_port, messages, properties, transform, ..StaticCall::default() };
        // Boxed: a component that is called so may do the same.
        let called = Box::pin(self.engine.call_statically(frame, call));
        called.await.map_err(internal)?.map_err(|failure| CallError {
            message: failure.message,
            name: failure.name,
            code: failure.code.map(|code| code.as_str().map_or_else(|| code.to_string(), str::to_owned)),
        })
    }

    /// Of its own module a component may call anything; of others what the rules show to whom it acts for.
    async fn check_visible(&self, component: &str) -> Result<(), CallError> {
        let own = self.engine.find(&self.origin.component_type).await.map_err(internal)?;
        if own.is_some_and(|own| own.module.owns(component)) {
            return Ok(());
        }
        let may = match self.engine.own_api() {
            Some(api) => api.may_call(self.origin.acts_for(), component.to_owned()).await.map_err(internal)?,
            None => false,
        };
        if may {
            return Ok(());
        }
        Err(CallError {
            code: Some("COMPONENT_NOT_FOUND".to_owned()),
            name: Some("ComponentNotFoundError".to_owned()),
            message: format!("There is no component {component} for the owner of this flow."),
        })
    }
}
