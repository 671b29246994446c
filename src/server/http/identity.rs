//! Who sent a request: read once, before any route, from the cookie or the bearer token.

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, Request, State},
    http::{HeaderMap, header, request::Parts},
    middleware::Next,
    response::Response,
};
use cookie::Cookie;

use crate::server::{
    access::{AdminActor, Publisher, SESSION_COOKIE, SudoActor, UserActor},
    config::Surroundings,
    error::{Result, ServerError},
    state::AppState,
};

/// What the request says of its sender.
#[derive(Clone, Debug)]
pub struct Identity {
    who: Who,
    /// Where it came from; behind a trusted proxy, what that says.
    pub address: IpAddr,
}

#[derive(Clone, Debug)]
enum Who {
    Nobody,
    Somebody(UserActor),
    /// A cookie or token that is of no use, and why.
    Refused(String),
}

impl Identity {
    /// Of somebody who asks from inside this process.
    pub(super) fn of(actor: UserActor, address: IpAddr) -> Self {
        Self { who: Who::Somebody(actor), address }
    }

    /// # Errors
    /// [`ServerError::Unauthorized`] when nobody is signed in.
    pub fn user(&self) -> Result<UserActor> {
        match &self.who {
            Who::Somebody(actor) => Ok(actor.clone()),
            Who::Refused(reason) => Err(ServerError::Unauthorized(reason.clone())),
            Who::Nobody => Err(ServerError::Unauthorized("Sign in first.".to_owned())),
        }
    }
}

/// Puts the [`Identity`] into the request.
pub(super) async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Result<Response> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = address(request.headers(), peer, &state.surroundings);
    let found = if let Some(token) = bearer(request.headers()) {
        Some(state.door.by_token(token, address))
    } else if let Some(secret) = session_cookie(request.headers()) {
        Some(state.door.by_cookie(&secret, address))
    } else {
        None
    };
    let who = match found {
        None => Who::Nobody,
        Some(Ok(actor)) => Who::Somebody(actor),
        Some(Err(ServerError::Unauthorized(reason))) => Who::Refused(reason),
        Some(Err(error)) => return Err(error),
    };
    request.extensions_mut().insert(Identity { who, address });
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The value of the session's cookie.
pub fn session_cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(Cookie::split_parse)
        .filter_map(std::result::Result::ok)
        .find(|cookie| cookie.name() == SESSION_COOKIE)
        .map(|cookie| cookie.value().to_owned())
}

/// The sender's address: the last one before our own proxies, which nobody outside can forge.
fn address(headers: &HeaderMap, peer: Option<IpAddr>, surroundings: &Surroundings) -> IpAddr {
    let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1])).to_canonical();
    if !surroundings.trusted_proxies.contains(&peer) {
        return peer;
    }
    headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|address| address.trim().parse::<IpAddr>().ok())
        .map(|address| address.to_canonical())
        .rfind(|address| !surroundings.trusted_proxies.contains(address))
        .unwrap_or(peer)
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = ServerError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self> {
        parts.extensions.get().cloned().ok_or_else(|| ServerError::internal("a route without identity"))
    }
}

/// An actor as an argument of a route.
macro_rules! from_identity {
    ($($actor:ty: $make:expr),* $(,)?) => {
        $(impl<S: Send + Sync> FromRequestParts<S> for $actor {
            type Rejection = ServerError;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
                Identity::from_request_parts(parts, state).await?.user().and_then($make)
            }
        })*
    };
}

from_identity!(
    UserActor: Ok,
    AdminActor: UserActor::admin,
    SudoActor: |actor| actor.admin()?.sudo(),
    Publisher: UserActor::publisher,
);

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(forwarded: &[&'static str]) -> HeaderMap {
        forwarded
            .iter()
            .map(|value| ("x-forwarded-for".parse().expect("a name"), value.parse().expect("a value")))
            .collect()
    }

    #[test]
    fn only_our_own_proxy_is_believed() {
        let proxy = IpAddr::from([10, 0, 0, 1]);
        let behind = Surroundings { is_secure: true, trusted_proxies: vec![proxy] };
        let forged = headers(&["1.1.1.1, 203.0.113.9", "10.0.0.1"]);
        assert_eq!(address(&forged, Some(proxy), &behind), IpAddr::from([203, 0, 113, 9]));
        assert_eq!(address(&forged, Some(IpAddr::from([192, 0, 2, 7])), &behind), IpAddr::from([192, 0, 2, 7]));
        assert_eq!(address(&headers(&[]), Some(proxy), &behind), proxy);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "a=b; stockroom_session=xyz; c=d".parse().expect("a value"));
        assert_eq!(session_cookie(&headers).as_deref(), Some("xyz"));
    }
}
