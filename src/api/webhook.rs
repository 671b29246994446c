//! The page "System webhook": who is told of what and how that goes, the deliveries, a test, the signing secret.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};

use super::{
    ApiError,
    server::{admin, fail, state, sudo},
};
use crate::server::{
    store::deliveries::{Delivery, State},
    webhook::Receiver,
};

/// Deliveries that the page shows.
pub const SHOWN: u32 = 100;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WebhookView {
    pub receivers: Vec<ReceiverView>,
    pub secret: SecretView,
    /// Newest first, the last [`SHOWN`].
    pub deliveries: Vec<DeliveryView>,
}

/// The key of the signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecretView {
    /// Nobody has asked for it.
    Hidden,
    /// The password is to be given first.
    NeedsProof,
    Shown(String),
}

/// An address, and how its calls stand. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiverView {
    pub url: String,
    pub hears_of_failures: bool,
    pub hears_of_stops: bool,
    /// Deliveries that are yet to be made.
    pub waiting: u32,
    /// The one that was tried last.
    pub last: Option<DeliveryView>,
    pub delivered_at: Option<i64>,
}

impl From<Receiver> for ReceiverView {
    fn from(receiver: Receiver) -> Self {
        let Receiver { url, hears_of_failures, hears_of_stops, standing } = receiver;
        Self {
            url,
            hears_of_failures,
            hears_of_stops,
            waiting: standing.waiting,
            last: standing.last.map(DeliveryView::from),
            delivered_at: standing.delivered_at,
        }
    }
}

/// A message to a receiver. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryView {
    pub url: String,
    pub subject: String,
    pub state: DeliveryState,
    pub tries: u32,
    /// Why the last try did not succeed.
    pub error: Option<String>,
    /// Of the last answer.
    pub status: Option<u16>,
    pub created_at: i64,
    pub tried_at: Option<i64>,
    /// When it is tried (again), while it waits.
    pub due_at: Option<i64>,
}

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// It was not tried yet.
    Waiting,
    /// It was tried, and will be again.
    Retried,
    Delivered,
    /// It was tried often enough.
    Failed,
    /// Its address may not be called.
    Refused,
}

impl From<Delivery> for DeliveryView {
    fn from(delivery: Delivery) -> Self {
        let state = match delivery.state {
            State::Waiting if delivery.tries == 0 => DeliveryState::Waiting,
            State::Waiting => DeliveryState::Retried,
            State::Delivered => DeliveryState::Delivered,
            State::Failed => DeliveryState::Failed,
            State::Refused => DeliveryState::Refused,
        };
        Self {
            url: delivery.url,
            subject: delivery.subject,
            state,
            tries: delivery.tries,
            error: delivery.error,
            status: delivery.status,
            created_at: delivery.created_at,
            tried_at: delivery.tried_at,
            due_at: (delivery.state == State::Waiting).then_some(delivery.due_at),
        }
    }
}

/// The page; the secret only when `secret` asks for it.
#[server(prefix = "/backoffice/api", endpoint = "get_webhook", input = GetUrl)]
pub async fn get_webhook(#[server(default)] secret: bool) -> Result<WebhookView, ApiError> {
    let (actor, webhook) = (admin()?, state().webhook);
    let receivers = webhook.receivers(&actor).await.map_err(fail)?;
    let deliveries = webhook.deliveries(&actor, SHOWN).await.map_err(fail)?;
    let secret = match (secret, actor.sudo()) {
        (false, _) => SecretView::Hidden,
        (true, Ok(actor)) => SecretView::Shown(webhook.signing_secret(&actor)),
        (true, Err(_)) => SecretView::NeedsProof,
    };
    Ok(WebhookView {
        receivers: receivers.into_iter().map(ReceiverView::from).collect(),
        secret,
        deliveries: deliveries.into_iter().map(DeliveryView::from).collect(),
    })
}

/// Sends a test to everybody who hears of failures.
#[server(prefix = "/backoffice/api", endpoint = "test_webhook")]
pub async fn test_webhook() -> Result<(), ApiError> {
    state().webhook.send_test(&sudo()?).await.map_err(fail)?;
    leptos_axum::redirect("/backoffice/system/webhook");
    Ok(())
}
