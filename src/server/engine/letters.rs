//! Unprocessed messages in bulk: which ones somebody wants, and all of them as a file.

use futures::{Stream, stream};
use serde::{Deserialize, Serialize};

use super::{
    Engine,
    unprocessed::{public_shape, within},
};
use crate::server::{
    access::UserActor,
    error::Result,
    store::{self, unprocessed::Filter},
    time::day,
};

/// Messages that an export reads at once.
const CHUNK: usize = 100;

/// Which messages, as somebody has typed it; an empty text is any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WantedLetters {
    /// Its id.
    pub flow: String,
    pub module: String,
    /// The kind of the last failure, as in `docs/ENGINE.md`.
    pub reason: String,
    /// Days in UTC such as `2026-03-01`, both included.
    pub from: String,
    pub to: String,
}

impl WantedLetters {
    /// # Errors
    /// [`ServerError::Invalid`](crate::server::error::ServerError::Invalid) for a day that is none.
    pub fn filter(&self) -> Result<Filter> {
        let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Filter {
            flow_id: text(&self.flow),
            module: text(&self.module),
            reason: text(&self.reason),
            from: day(&self.from, 0)?,
            to: day(&self.to, 1)?,
            ..Filter::default()
        })
    }
}

impl Engine {
    /// Those that match as JSON lines, in the order in which they were accepted, read as they are sent.
    pub fn export_unprocessed(
        &self,
        actor: &UserActor,
        filter: Filter,
    ) -> impl Stream<Item = Result<String>> + Send + 'static {
        let (store, filter) = (self.inner.store.clone(), within(actor, filter));
        stream::try_unfold(None, move |rest: Option<Vec<String>>| {
            let (store, filter) = (store.clone(), filter.clone());
            async move {
                let mut rest = match rest {
                    Some(rest) => rest,
                    None => {
                        let mut ids =
                            store.read(move |connection| store::unprocessed::ids(connection, &filter)).await?;
                        // The first are taken off the end.
                        ids.reverse();
                        ids
                    }
                };
                if rest.is_empty() {
                    return Ok(None);
                }
                let chunk = rest.split_off(rest.len().saturating_sub(CHUNK));
                let lines = store
                    .read(move |connection| {
                        let mut lines = String::new();
                        // One that was put back meanwhile is left out.
                        for id in chunk.iter().rev() {
                            if let Some(letter) = store::unprocessed::get(connection, id)? {
                                lines.push_str(&public_shape(&letter).to_string());
                                lines.push('\n');
                            }
                        }
                        Ok(lines)
                    })
                    .await?;
                Ok(Some((lines, Some(rest))))
            }
        })
    }
}
