//! Rendered answers that are asked for again and again, kept as they go over the wire until anything in them changes.
//!
//! Only what stands on the list in memory, on events and on who asks is kept: see [`KEPT`]. An answer brings the nonce of its
//! own rendering along; text that somebody put into the page later makes another rendering, and so another nonce.

use std::{collections::HashMap, sync::Arc};

use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};

use super::identity::Identity;
use crate::server::{catalogue::hex, error::Result, state::AppState};

/// The addresses whose answers are kept.
const KEPT: [&str; 2] = ["/backoffice/modules", "/backoffice/index"];
/// Bytes of all answers together; past them the cache begins anew.
const BYTES_MAX: usize = 8 << 20;

/// The answers, all of the same moment.
#[derive(Clone, Default)]
pub struct PageCache {
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    moment: Moment,
    bytes: usize,
    answers: HashMap<Key, Answer>,
}

/// What answers of one moment stand on: the list's revision and the newest event. Whatever changes what they show moves
/// one of the two, after it is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Moment {
    listing: u64,
    event: i64,
}

/// Who asks for what, in which coding.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    address: String,
    codings: String,
    email: String,
}

#[derive(Clone)]
struct Answer {
    headers: HeaderMap,
    body: Bytes,
}

impl PageCache {
    fn find(&self, now: Moment, key: &Key) -> Option<Answer> {
        let kept = self.kept.lock();
        (kept.moment == now).then(|| kept.answers.get(key).cloned()).flatten()
    }

    /// Keeps an answer that was begun at `begun`. One that took so long that others are newer is not kept.
    fn keep(&self, begun: Moment, now: Moment, key: Key, answer: Answer) {
        if begun != now {
            return;
        }
        let mut kept = self.kept.lock();
        if kept.moment != now || kept.bytes + answer.body.len() > BYTES_MAX {
            *kept = Kept { moment: now, ..Kept::default() };
        }
        kept.bytes += answer.body.len();
        if let Some(former) = kept.answers.insert(key, answer) {
            kept.bytes -= former.body.len();
        }
    }
}

/// Answers out of the cache where it can. What it takes from the routes comes compressed.
pub(super) async fn answer(State(state): State<AppState>, request: Request, next: Next) -> Result<Response> {
    let Some(key) = key(&request) else { return Ok(next.run(request).await) };
    let known = request.headers().get(header::IF_NONE_MATCH).cloned();
    let moment = || Moment { listing: state.catalogue.listing().revision(), event: state.events.newest() };
    let begun = moment();
    if let Some(answer) = state.page_cache.find(begun, &key) {
        return Ok(answer.to(known.as_ref()));
    }
    let (parts, body) = next.run(request).await.into_parts();
    if parts.status != StatusCode::OK || parts.headers.contains_key(header::SET_COOKIE) {
        return Ok(Response::from_parts(parts, body));
    }
    let body = to_bytes(body, usize::MAX).await.map_err(std::io::Error::other)?;
    let mut headers = parts.headers;
    if !headers.contains_key(header::ETAG)
        && let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", &hex(&Sha256::digest(&body))[..32]))
    {
        headers.insert(header::ETAG, tag);
    }
    let answer = Answer { headers, body };
    if answer.body.len() <= BYTES_MAX {
        state.page_cache.keep(begun, moment(), key, answer.clone());
    }
    Ok(answer.to(known.as_ref()))
}

fn key(request: &Request) -> Option<Key> {
    if request.method() != Method::GET || !KEPT.contains(&request.uri().path()) {
        return None;
    }
    let user = request.extensions().get::<Identity>()?.user().ok().filter(|user| user.is_admin())?;
    let codings = request.headers().get(header::ACCEPT_ENCODING).map_or("", |value| value.to_str().unwrap_or_default());
    Some(Key {
        address: request.uri().path_and_query()?.as_str().to_owned(),
        codings: codings.to_owned(),
        email: user.person().email.clone(),
    })
}

impl Answer {
    /// The whole answer, or that the one known as `known` still holds.
    fn to(self, known: Option<&HeaderValue>) -> Response {
        let Self { headers, body } = self;
        let mut answer = match (known, headers.get(header::ETAG)) {
            (Some(known), Some(tag)) if known == tag => StatusCode::NOT_MODIFIED.into_response(),
            _ => Response::new(Body::from(body)),
        };
        answer.headers_mut().extend(headers);
        answer
    }
}
