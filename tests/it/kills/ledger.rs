//! What came out at the end of the flow: each time that the last component did what it is there for.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Json, Router, extract::State, routing::post};
use serde::Deserialize;
use tokio::net::TcpListener;

/// A component that has worked on something: which delivery it was, and in which process.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Step {
    pub at: String,
    pub message: String,
    pub life: String,
}

#[derive(Clone, Debug, Deserialize)]
pub struct Receipt {
    pub id: String,
    pub path: Vec<Step>,
}

/// Written by a server of the test's own, which nobody kills.
#[derive(Clone, Default)]
pub struct Ledger {
    receipts: Arc<Mutex<Vec<Receipt>>>,
}

impl Ledger {
    /// Opens it, and gives the address to post to.
    pub async fn open() -> (Self, String) {
        let ledger = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().route("/", post(take)).with_state(ledger.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        (ledger, format!("http://{address}/"))
    }

    pub fn len(&self) -> usize {
        self.receipts.lock().expect("a lock").len()
    }

    /// By what was sent, in the order in which it came.
    pub fn by_id(&self) -> BTreeMap<String, Vec<Receipt>> {
        let mut by_id = BTreeMap::<String, Vec<Receipt>>::new();
        for receipt in self.receipts.lock().expect("a lock").iter() {
            by_id.entry(receipt.id.clone()).or_default().push(receipt.clone());
        }
        by_id
    }
}

async fn take(State(ledger): State<Ledger>, Json(receipt): Json<Receipt>) {
    ledger.receipts.lock().expect("a lock").push(receipt);
}

/// Why something came out twice: the component whose delivery was begun in one process and repeated in another.
/// Nothing where no process ended in its midst, so that there is no excuse.
pub fn repeated_at(first: &Receipt, second: &Receipt) -> Option<String> {
    for (one, other) in first.path.iter().zip(&second.path) {
        if one.message != other.message {
            // Sent twice by one and the same delivery of the component before.
            return None;
        }
        if one.life != other.life {
            return Some(one.at.clone());
        }
    }
    None
}
