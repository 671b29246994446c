//! Requests from outside to the routes of plugins.

use std::{net::IpAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Engine, Running, is_elsewhere,
    routes::{self, Auth},
    stream,
};
use crate::server::{
    engine::host::{Failure, FailureKind, Method},
    error::{Result, ServerError},
    settings::PLUGIN_REQUEST_TIMEOUT,
};

/// How often a plugin is looked for that has just been started again.
const ATTEMPTS: usize = 3;
/// For a process that does not answer to say that it is there, in milliseconds.
const PING_MS: u64 = 10_000;

/// What is asked of a plugin.
#[derive(Clone, Debug)]
pub struct PluginRequest {
    /// Upper case.
    pub method: String,
    /// Below `/plugins`, as it came.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    /// By name in lower case.
    pub headers: Map<String, Value>,
    pub hostname: String,
    pub address: IpAddr,
    pub body: Bytes,
    /// Id and e-mail address of whoever asks, where they have shown a token.
    pub user: Option<(String, String)>,
}

/// What a plugin answers.
#[derive(Debug)]
pub struct PluginAnswer {
    pub status: u16,
    pub headers: Map<String, Value>,
    pub body: PluginBody,
}

/// A body as a whole, or bit by bit until either end closes it or the server ends.
#[derive(Debug)]
pub enum PluginBody {
    Whole(Bytes),
    Stream(mpsc::Receiver<Bytes>, CancellationToken),
}

/// As the process says it.
#[derive(Deserialize)]
struct Said {
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    encoding: Option<String>,
}

impl Engine {
    /// Asks the plugin that a path is of.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] for a route that is not there, [`ServerError::Unauthorized`] where it wants somebody who is
    /// signed in, [`ServerError::Unavailable`] with the plugin's name when it does not run or does not answer. What the
    /// plugin refuses is an answer.
    pub async fn plugin_request(&self, asked: PluginRequest) -> Result<PluginAnswer> {
        let nothing = || ServerError::NotFound("There is no such route of a plugin.".to_owned());
        let parts: Vec<&str> = routes::parts_of(&asked.path).collect();
        let name = self.inner.plugins.named(&parts).ok_or_else(nothing)?;
        let below = &parts[name.split('.').count()..];
        for _ in 0..ATTEMPTS {
            let running = self.running_plugin(&name).await.map_err(ServerError::Unavailable)?.ok_or_else(nothing)?;
            let (route, params) = routes::choose(&running.routes, &asked.method, below).ok_or_else(nothing)?;
            if route.auth == Auth::Required && asked.user.is_none() {
                return Err(ServerError::Unauthorized("Sign in first: this route wants a token.".to_owned()));
            }
            let user = asked.user.as_ref().filter(|_| route.auth != Auth::None);
            let context = json!({
                "route": route.number,
                "request": {
                    "method": asked.method,
                    "path": format!("/plugins/{}", asked.path.trim_start_matches('/')),
                    "query": asked.query,
                    "params": params,
                    "headers": asked.headers,
                    "hostname": asked.hostname,
                    "address": asked.address,
                    "body": STANDARD.encode(&asked.body),
                    "user": user.map(|(id, email)| json!({ "id": id, "email": email })),
                },
            });
            match self.answer_of(&running, context).await? {
                Ok(answer) => return Ok(answer),
                Err(failure) if is_elsewhere(&failure) => {}
                Err(failure) => return Err(ServerError::Unavailable(told(&name, failure))),
            }
        }
        Err(ServerError::Unavailable(format!("The process of the plugin {name} ends as soon as it is started.")))
    }

    async fn answer_of(&self, running: &Arc<Running>, context: Value) -> Result<Result<PluginAnswer, Failure>> {
        let name = &running.plugin.name;
        let Ok(_room) = running.room.try_acquire() else {
            return Err(ServerError::Unavailable(format!("The plugin {name} has too much to do. Try again later.")));
        };
        let patience = self.inner.settings.number(PLUGIN_REQUEST_TIMEOUT).max(1);
        let (stream, begins, goes_on) = stream::open();
        let (this, asked) = (self.clone(), Arc::clone(running));
        // What comes bit by bit outlives this request.
        let mut asking = tokio::spawn(async move {
            let stream = Arc::new(stream);
            let streaming = Some(Arc::clone(&stream));
            // Its process is not ended because one of its handlers hangs.
            let limit = u64::from(u32::MAX);
            let answer = this.ask_plugin_streaming(&asked, Method::Route, limit, context, streaming).await;
            stream.close();
            answer
        });
        tokio::select! {
            // Both may be there: then the answer has come bit by bit, and is ended already.
            biased;
            Ok(head) = begins => {
                let body = PluginBody::Stream(goes_on, self.inner.stopping.clone());
                return Ok(Ok(PluginAnswer { status: head.status, headers: head.headers, body }));
            }
            answer = &mut asking => return Ok(match answer? {
                Ok(value) => Ok(read(name, value)?),
                Err(failure) => Err(failure),
            }),
            () = tokio::time::sleep(Duration::from_millis(patience)) => asking.abort(),
        }
        let (this, still) = (self.clone(), Arc::clone(running));
        self.inner.tasks.spawn(async move {
            // Where nothing at all is answered, the host ends the process, and the plugin is started again.
            let _ = this.ask_plugin(&still, Method::Ping, PING_MS, json!({})).await;
        });
        let seconds = patience as f64 / 1000.0;
        Err(ServerError::Unavailable(format!("The plugin {name} did not answer within {seconds} s.")))
    }
}

fn told(name: &str, failure: Failure) -> String {
    match failure.kind {
        FailureKind::Crashed | FailureKind::TimedOut => {
            format!("The process of the plugin {name} ended before it answered. {}", failure.message)
        }
        _ => format!("The plugin {name} failed: {}", failure.message),
    }
}

fn read(name: &str, value: Value) -> Result<PluginAnswer> {
    let wrong = || ServerError::Unavailable(format!("The plugin {name} answered what is no answer."));
    let said: Said = serde_json::from_value(value).map_err(|_| wrong())?;
    let body = match (said.body, said.encoding.as_deref()) {
        (None, _) => Bytes::new(),
        (Some(text), Some("base64")) => STANDARD.decode(text).map_err(|_| wrong())?.into(),
        (Some(text), _) => text.into(),
    };
    Ok(PluginAnswer { status: said.status, headers: said.headers, body: PluginBody::Whole(body) })
}
