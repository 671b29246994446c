//! The REST interface as components reach it: in this process, as the people for whom they act, by the same rules.

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, header},
};
use futures::future::BoxFuture;
use serde_json::Value;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::{error, identity::Identity, rest};
use crate::server::{
    access::UserActor,
    engine::{ActsFor, ApiAnswer, ApiRequest, OwnApi},
    error::{Result, ServerError},
    state::AppState,
};

struct Inward {
    router: Router,
    state: AppState,
}

/// Lets the components of this server's engine in, for as long as the value is kept.
pub(super) fn open(state: &AppState) -> Arc<dyn OwnApi> {
    let router = rest::router()
        .with_state(state.clone())
        .fallback(error::not_found)
        .layer(CatchPanicLayer::custom(super::panicked));
    let api: Arc<dyn OwnApi> = Arc::new(Inward { router, state: state.clone() });
    state.engine.serve(&api);
    api
}

impl Inward {
    async fn actor(&self, who: ActsFor) -> Result<UserActor> {
        match who {
            ActsFor::Caller(actor) => Ok(actor),
            ActsFor::Owner { user_id, flow_id } => self.state.door.for_flow(&user_id, &flow_id),
        }
    }

    async fn answer(&self, who: ActsFor, asked: ApiRequest) -> Result<ApiAnswer> {
        let identity = Identity::of(self.actor(who).await?, IpAddr::from([127, 0, 0, 1]));
        let mut request = Request::builder().method(asked.method.as_str()).uri(&asked.path).extension(identity);
        let body = match asked.body {
            None => Body::empty(),
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(serde_json::to_vec(&body)?)
            }
        };
        let request =
            request.body(body).map_err(|fault| ServerError::Invalid(format!("The address will not do: {fault}.")))?;
        let response = self.router.clone().oneshot(request).await.map_err(ServerError::internal)?;
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), asked.answer_max)
            .await
            .map_err(|_| ServerError::TooLarge { limit: asked.answer_max as u64 })?;
        let body = match bytes.len() {
            0 => Value::Null,
            _ => serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())),
        };
        Ok(ApiAnswer { status, body })
    }
}

impl OwnApi for Inward {
    fn ask(&self, who: ActsFor, request: ApiRequest) -> BoxFuture<'_, Result<ApiAnswer>> {
        Box::pin(self.answer(who, request))
    }

    fn may_call(&self, who: ActsFor, component: String) -> BoxFuture<'_, Result<bool>> {
        Box::pin(async move {
            let actor = self.actor(who).await?;
            Ok(self.state.acl.sight(&actor).await?.can_call(&component))
        })
    }
}
