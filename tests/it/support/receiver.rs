//! A receiver of webhooks on a free port.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, http::HeaderMap};
use serde_json::Value;
use tokio::net::TcpListener;

use super::eventually;

/// A call that a receiver got.
#[derive(Clone, Debug)]
pub struct Call {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).expect("a header").to_str().expect("a text")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let receiver = Self { address, calls: Arc::default(), status: Arc::new(Mutex::new(200)) };
        let router = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        receiver
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn answer(&self, status: u16) {
        *self.status.lock().expect("a lock") = status;
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("a lock").clone()
    }

    pub async fn until(&self, count: usize) -> Vec<Call> {
        eventually("calls", async || {
            let calls = self.calls();
            (calls.len() >= count).then_some(calls)
        })
        .await
    }
}

async fn take(
    State(receiver): State<Receiver>,
    request: axum::extract::Request,
) -> (axum::http::StatusCode, [(&'static str, &'static str); 1], &'static str) {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("a body");
    let call = Call {
        path: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).expect("a text"),
    };
    receiver.calls.lock().expect("a lock").push(call);
    let status = *receiver.status.lock().expect("a lock");
    (axum::http::StatusCode::from_u16(status).expect("a status"), [("location", "/elsewhere")], "Not today.")
}
