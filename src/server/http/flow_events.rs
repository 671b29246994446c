//! Tells a flow's page when it would look otherwise, as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::{Path, Query, State},
    http::HeaderMap,
    response::sse::{Event as Sse, KeepAlive},
};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::watch;

use crate::server::{access::AdminActor, error::Result, state::AppState};

/// The least time between two events: a busy flow changes all the time.
const PACE: Duration = Duration::from_millis(500);
/// How often it is looked at without a new line in the log: messages come and go without one.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
pub(super) struct Parameters {
    /// What the page shows, as [`sight_of`](crate::server::engine::Engine::sight_of) says it.
    seen: Option<String>,
}

struct Watcher {
    state: AppState,
    actor: AdminActor,
    id: String,
    lines: watch::Receiver<i64>,
    seen: String,
}

impl Watcher {
    /// Waits until the page would look otherwise; `None` at the end of the server or of the flow.
    async fn next(mut self) -> Option<(std::result::Result<Sse, Infallible>, Self)> {
        loop {
            self.lines.borrow_and_update();
            let sight = match self.state.engine.sight_of(&self.actor, &self.id).await {
                Ok(sight) => sight,
                Err(_) if self.seen.is_empty() => return None,
                // The page says that the flow is gone.
                Err(_) => String::new(),
            };
            if sight != self.seen {
                self.seen = sight;
                return Some((Ok(Sse::default().id(&self.seen).data("changed")), self));
            }
            tokio::select! {
                _ = self.lines.changed() => tokio::time::sleep(PACE).await,
                () = tokio::time::sleep(LOOK) => {}
                () = self.state.stopping.cancelled() => return None,
            }
        }
    }
}

/// An event each time that the flow, or what is installed, has changed. Its id says what the page then shows.
pub(super) async fn stream(
    State(state): State<AppState>,
    actor: AdminActor,
    Path(id): Path<String>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Result<axum::response::sse::Sse<impl Stream<Item = std::result::Result<Sse, Infallible>>>> {
    let sight = state.engine.sight_of(&actor, &id).await?;
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let (seen, lines) = (resumed.or(parameters.seen).unwrap_or(sight), state.engine.watch_log());
    let events = futures::stream::unfold(Watcher { state, actor, id, lines, seen }, Watcher::next);
    Ok(axum::response::sse::Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}
