//! The log of each flow, for its owner: what its components say, and what became of its messages.

use serde_json::Value;
use tokio::sync::watch;

use super::{Engine, Loaded, flows::nothing};
use crate::server::{
    access::{AdminActor, UserActor},
    error::Result,
    store::{
        self,
        flow_log::{Filter, Line},
    },
};

/// Longest text of one line, in bytes of JSON; longer ones are cut.
const MESSAGE_MAX: usize = 64 * 1024;

impl Engine {
    /// A line about a component of a flow.
    pub(super) fn line(&self, loaded: &Loaded, component_id: &str, severity: &str, message: Value) -> Line {
        let component_type = loaded.descriptor.nodes.get(component_id).map(|node| node.component.clone());
        Line {
            component_id: Some(component_id.to_owned()),
            component_type,
            ..self.flow_line(loaded, severity, message)
        }
    }

    /// A line about a flow.
    pub(super) fn flow_line(&self, loaded: &Loaded, severity: &str, message: Value) -> Line {
        Line {
            at: self.now(),
            flow_id: loaded.flow.id.clone(),
            severity: severity.to_owned(),
            message: cut(message),
            ..Line::default()
        }
    }

    /// Writes a line; a flow that is gone has no log.
    pub(super) async fn write_line(&self, line: Line) -> Result<()> {
        let id = self
            .inner
            .store
            .write("flow log", move |tx| match store::flows::pulse(tx, &line.flow_id)? {
                Some(_) => store::flow_log::append(tx, &line),
                None => Ok(0),
            })
            .await?;
        self.announce_line(id);
        Ok(())
    }

    /// Says that the line with this id is committed.
    pub(super) fn announce_line(&self, id: i64) {
        self.inner.newest_line.send_if_modified(|newest| {
            let is_later = id > *newest;
            *newest = id.max(*newest);
            is_later
        });
    }

    /// Lines of flows that the actor may see.
    ///
    /// # Errors
    /// What the store says.
    pub async fn log(&self, actor: &UserActor, mut filter: Filter) -> Result<Vec<Line>> {
        if !actor.is_admin() {
            filter.user_id = Some(actor.person().id.clone());
        }
        self.inner.store.read(move |connection| store::flow_log::list(connection, &filter)).await
    }

    /// What a flow's page shows, in short: as long as this text is the same, so is the page.
    ///
    /// # Errors
    /// [`ServerError::NotFound`](crate::server::error::ServerError::NotFound) where the flow is gone.
    pub async fn sight_of(&self, _: &AdminActor, id: &str) -> Result<String> {
        let (id, event) = (id.to_owned(), self.inner.events.newest());
        self.inner
            .store
            .read(move |connection| {
                let pulse = store::flows::pulse(connection, &id)?.ok_or_else(nothing)?;
                let line = store::flow_log::newest(connection, &id)?;
                let waiting = store::queue::count(connection, &id)?;
                Ok(format!("{}.{}.{line}.{waiting}.{event}", pulse.stage, pulse.revision))
            })
            .await
    }

    /// The id of the newest line of all flows, for those who wait for the next.
    pub fn watch_log(&self) -> watch::Receiver<i64> {
        self.inner.newest_line.subscribe()
    }
}

/// What is kept of a long message.
fn cut(message: Value) -> Value {
    let text = message.to_string();
    if text.len() <= MESSAGE_MAX {
        return message;
    }
    let mut end = MESSAGE_MAX;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    Value::from(format!("{}…", &text[..end]))
}
