//! What happens, as server-sent events: each open page hears of every job and module, and misses nothing over a broken
//! connection.

use std::{collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{Query, State},
    http::HeaderMap,
    response::sse::{Event as Sse, KeepAlive},
};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::watch;

use crate::{
    domain::job::Event,
    server::{access::AdminActor, state::AppState, store},
};

#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Parameters {
    /// The id of the last event that the page knows of.
    after: Option<i64>,
}

struct Cursor {
    state: AppState,
    newest: watch::Receiver<i64>,
    sent: i64,
    waiting: VecDeque<(i64, Event)>,
}

/// Streams the events after `Last-Event-ID`, else after `after`, else those that are still to come.
pub(super) async fn stream(
    State(state): State<AppState>,
    _: AdminActor,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> axum::response::sse::Sse<impl Stream<Item = Result<Sse, Infallible>>> {
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let sent = resumed.or(parameters.after).unwrap_or_else(|| state.events.newest());
    let newest = state.events.watch();
    // A page has opened, or a client is about to follow what it does.
    state.registry.stand_by().await;
    let cursor = Cursor { state, newest, sent, waiting: VecDeque::new() };
    let events = futures::stream::unfold(cursor, |mut cursor| async move {
        loop {
            if let Some((id, event)) = cursor.waiting.pop_front() {
                let Ok(data) = serde_json::to_string(&event) else { continue };
                return Some((Ok(Sse::default().id(id.to_string()).data(data)), cursor));
            }
            // Seen before the store is read, so that an event in between wakes us again.
            let (after, last) = (cursor.sent, *cursor.newest.borrow_and_update());
            match cursor.state.store.read(move |connection| store::events::after(connection, after, last)).await {
                Ok((on, events)) => {
                    cursor.sent = on;
                    cursor.waiting = events.into();
                }
                Err(cause) => {
                    tracing::error!(%cause, "events cannot be read");
                    return None;
                }
            }
            if cursor.waiting.is_empty() {
                tokio::select! {
                    changed = cursor.newest.changed() => changed.ok()?,
                    () = cursor.state.stopping.cancelled() => return None,
                }
            }
        }
    });
    axum::response::sse::Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
}
