//! The page "System webhook": who is told of failures and how that goes, a test, the signing secret, what was delivered.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::{
    api::webhook::{DeliveryState, DeliveryView, ReceiverView, SHOWN, SecretView, WebhookView, get_webhook},
    components::{
        error::{Failure, Refusal},
        moment::Moment,
        when::count,
    },
};

const HERE: &str = "/backoffice/system/webhook";

#[component]
pub fn WebhookPage() -> impl IntoView {
    let wants_secret = use_query_map().with_untracked(|query| query.get("secret").is_some());
    let content = Suspend::new(async move {
        match get_webhook(wants_secret).await {
            Ok(view) => view! { <Content view/> }.into_any(),
            Err(error) => view! { <Failure error/> }.into_any(),
        }
    });
    view! {
        <Title text="System webhook"/>
        <p class="crumbs"><a href="/backoffice/system">"System"</a></p>
        <h1>"System webhook"</h1>
        <p class="soft lead">"Tells other programs, by a signed request, of components that fail and of flows that were stopped."</p>
        <Refusal/>
        <Suspense>{content}</Suspense>
    }
}

#[component]
fn Content(view: WebhookView) -> impl IntoView {
    let WebhookView { receivers, secret, deliveries } = view;
    let can_test = receivers.iter().any(|receiver| receiver.hears_of_failures);
    view! {
        <section class="part after-lead" aria-labelledby="receivers-title">
            <h2 id="receivers-title">"Addresses"</h2>
            <p class="soft">
                "They are set in " <a href="/backoffice/system">"System"</a> ", as " <code>"WEBHOOK_FLOW_COMPONENT_ERROR"</code>
                " and " <code>"WEBHOOK_FLOW_STOPPED"</code> "."
            </p>
            <div id="receivers" data-live=""><Receivers receivers/></div>
            {can_test.then(|| view! {
                <form class="below" method="post" action="/backoffice/api/test_webhook" data-enhance="" data-done="A test is on its way to all that hear of failures.">
                    <button class="btn">"Send a test"</button>
                </form>
            })}
        </section>
        <section class="part" id="secret" aria-labelledby="secret-title">
            <h2 id="secret-title">"Signing secret"</h2>
            <p class="soft">
                "Receivers check with it that a request is from here: " <code>"Stockroom-Signature"</code>
                " has the HMAC-SHA256 of time and body."
            </p>
            <Secret secret/>
        </section>
        <section class="part" aria-labelledby="deliveries-title">
            <h2 id="deliveries-title">"Deliveries"</h2>
            <div id="deliveries" data-live=""><Deliveries deliveries/></div>
        </section>
    }
}

#[component]
fn Receivers(receivers: Vec<ReceiverView>) -> impl IntoView {
    if receivers.is_empty() {
        return view! { <p><b>"Nobody is told so far."</b></p> }.into_any();
    }
    let row = |receiver: ReceiverView| {
        let ReceiverView { url, hears_of_failures, hears_of_stops, waiting, last, delivered_at } = receiver;
        let hears = match (hears_of_failures, hears_of_stops) {
            (true, true) => "Hears of failures and of stopped flows",
            (true, false) => "Hears of failures",
            _ => "Hears of stopped flows",
        };
        let badge = match &last {
            Some(last) => view! { <StateBadge state=last.state/> }.into_any(),
            None => view! { <span class="badge busy">"Not called yet"</span> }.into_any(),
        };
        view! {
            <li>
                <div>
                    <p><code>{url}</code> " " {badge}</p>
                    <p class="soft">
                        {hears}
                        {delivered_at.map(|at| view! { " · last delivered " <Moment at/> })}
                        {(waiting > 0).then(|| format!(" · {} waiting", count(waiting as usize, "message")))}
                    </p>
                    {last.and_then(|last| last.error).map(|error| view! { <p class="bad-text">{error}</p> })}
                </div>
            </li>
        }
    };
    view! { <ul class="rows list">{receivers.into_iter().map(row).collect_view()}</ul> }.into_any()
}

#[component]
fn Secret(secret: SecretView) -> impl IntoView {
    match secret {
        SecretView::Hidden => {
            view! { <p class="below"><a class="btn" href=format!("{HERE}?secret=shown#secret")>"Show the secret"</a></p> }.into_any()
        }
        SecretView::NeedsProof => {
            let next = percent_encoding::utf8_percent_encode(HERE, percent_encoding::NON_ALPHANUMERIC).to_string();
            view! { <p class="below"><a class="btn" href=format!("/backoffice/prove?next={next}%3Fsecret%3Dshown")>"Confirm your password to see it"</a></p> }
                .into_any()
        }
        SecretView::Shown(secret) => view! {
            <textarea class="mono secret" readonly rows="2" aria-label="The signing secret">{secret}</textarea>
            <p class="below"><a class="btn" href=HERE>"Hide the secret"</a></p>
        }
        .into_any(),
    }
}

#[component]
fn Deliveries(deliveries: Vec<DeliveryView>) -> impl IntoView {
    if deliveries.is_empty() {
        return view! { <p class="soft">"Nothing was sent within the last seven days."</p> }.into_any();
    }
    let is_moving = deliveries.iter().any(|delivery| delivery.due_at.is_some());
    let is_cut = deliveries.len() >= SHOWN as usize;
    view! {
        <ul class="rows list">{deliveries.into_iter().map(|delivery| view! { <Row delivery/> }).collect_view()}</ul>
        {is_cut.then(|| view! { <p class="soft below">{format!("The last {SHOWN} are shown; all are kept for seven days.")}</p> })}
        {is_moving.then(|| view! { <p class="below"><a class="btn" href=HERE>"Look again"</a></p> })}
    }
    .into_any()
}

#[component]
fn Row(delivery: DeliveryView) -> impl IntoView {
    let last = delivery.tried_at.filter(|_| delivery.tries > 1).map(|at| view! { ", the last " <Moment at/> });
    view! {
        <li>
            <div>
                <p><b>{delivery.subject}</b> " " <StateBadge state=delivery.state/></p>
                <p class="soft">
                    <code>{delivery.url}</code> " · " <Moment at=delivery.created_at/>
                    {(delivery.tries > 0).then(|| format!(" · {}", count(delivery.tries as usize, "attempt")))}
                    {last}
                    {delivery.status.map(|status| format!(" · answered {status}"))}
                    {delivery.due_at.filter(|_| delivery.tries > 0).map(|at| view! { " · again " <Moment at/> })}
                </p>
                {delivery.error.map(|error| view! { <p class="bad-text">{error}</p> })}
            </div>
        </li>
    }
}

/// How far a delivery has come: a word and a shape.
#[component]
fn StateBadge(state: DeliveryState) -> impl IntoView {
    let (class, shape, word) = match state {
        DeliveryState::Waiting => ("badge busy", "…", "Waiting"),
        DeliveryState::Retried => ("badge up", "↻", "Retrying"),
        DeliveryState::Delivered => ("badge on", "✓", "Delivered"),
        DeliveryState::Failed => ("badge broken", "!", "Failed"),
        DeliveryState::Refused => ("badge broken", "!", "Refused"),
    };
    view! { <span class=class><span aria-hidden="true">{shape}</span>{word}</span> }
}
