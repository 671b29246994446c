//! Messages over a quota wait, in order, and hold up nobody else.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value, json};
use stockroom::server::engine::{
    Change, Webhook, WebhookAnswer,
    host::{Failure, FailureKind, Method},
};
use tokio::sync::Semaphore;

use super::world::{ACTION, MINUTE, START, TRIGGER, World, failure, node, object};
use crate::support::{eventually, module::Module};

/// Of the same service, without a quota.
const FREE: &str = "acme.pay.core.Free";

fn limited(version: &str) -> Module {
    let quota = json!({ "manager": "acme:pay", "resources": "requests", "scope": { "userId": "{{userId}}" } });
    let manifest = json!({ "name": ACTION, "inPorts": ["in"], "quota": quota });
    Module::new("acme.pay", version)
        .with("acme/pay/core/Send/component.json", &manifest.to_string())
        .with("acme/pay/core/Free/component.json", &json!({ "name": FREE, "inPorts": ["in"] }).to_string())
        .with("acme/pay/core/Free/Free.js", "module.exports = {};\n")
        .with("acme/pay/quota.js", "module.exports = { rules: [] };\n")
}

fn sliding(limit: u32) -> Value {
    json!({ "rules": [{ "limit": limit, "window": MINUTE, "throttling": "window-sliding", "resource": "requests",
                        "scope": ["userId"] }] })
}

/// A world in which `acme.pay.core.Send` keeps to these rules.
async fn world(rules: Value) -> World {
    let world = World::new().await;
    world.rules(Ok(rules));
    world.server.install(&limited("1.1.0")).await;
    world
}

async fn poke(world: &World, flow: &str, component: &str, numbers: std::ops::RangeInclusive<u32>) {
    for n in numbers {
        world.poke(flow, component, json!({ "n": n })).await;
    }
}

async fn until_queued(world: &World, flow: &str, count: usize) {
    eventually("so many wait", async || (world.queued(flow).await.len() == count).then_some(())).await;
}

/// When each message was run, in its order, and its number.
fn received(world: &World, component: &str) -> Vec<(i64, u64)> {
    let runs = world.runs(component, Method::Receive);
    runs.iter().map(|run| (run.at - START, run.context["input"]["content"]["data"]["n"].as_u64().expect("n"))).collect()
}

#[tokio::test]
async fn what_is_over_the_quota_waits_for_its_window_and_keeps_its_order() {
    let world = world(sliding(2)).await;
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    poke(&world, &flow, "a", 1..=1).await;
    world.until_quiet(&flow).await;
    world.clock.advance(MINUTE / 2);
    poke(&world, &flow, "a", 2..=5).await;
    until_queued(&world, &flow, 3).await;
    world.clock.advance(MINUTE / 2 - 1);
    poke(&world, &flow, "a", 6..=6).await;
    until_queued(&world, &flow, 4).await;
    assert_eq!(received(&world, "a"), [(0, 1), (MINUTE / 2, 2)]);
    world.clock.advance(1);
    until_queued(&world, &flow, 3).await;
    world.clock.advance(MINUTE / 2);
    until_queued(&world, &flow, 2).await;
    world.clock.advance(MINUTE);
    until_queued(&world, &flow, 0).await;
    let half = MINUTE / 2;
    assert_eq!(received(&world, "a"), [(0, 1), (half, 2), (2 * half, 3), (3 * half, 4), (5 * half, 5), (5 * half, 6)]);
    assert_eq!(world.runs(ACTION, Method::Quota).len(), 1, "the rules are read once");
}

#[tokio::test]
async fn nobody_else_is_held_up_and_no_slot_is_kept() {
    let world = world(sliding(1)).await;
    // More lanes than may run of one service at once.
    let many: Map<String, Value> = (0..40).map(|n| (format!("a{n}"), node(ACTION, &[]))).collect();
    let mut descriptor = many.clone();
    descriptor.insert("free".to_owned(), node(FREE, &[]));
    descriptor.insert("other".to_owned(), node(TRIGGER, &[]));
    let flow = world.running(Value::Object(descriptor)).await;
    for component in many.keys() {
        poke(&world, &flow, component, 1..=1).await;
    }
    until_queued(&world, &flow, 39).await;
    for component in ["free", "other"] {
        poke(&world, &flow, component, 1..=1).await;
        world.until_runs(component, Method::Receive, 1).await;
    }
    // Somebody else's are counted apart.
    let admin = world.admin().await;
    let change = Change { descriptor: Some(object(json!({ "b": node(ACTION, &[]) }))), ..Change::default() };
    let theirs = world.engine.create_flow(&admin, change).await.expect("makes a flow");
    world.engine.start_flow(&admin, &theirs).await.expect("starts");
    world.poke(&theirs, "b", json!({ "n": 1 })).await;
    world.until_runs("b", Method::Receive, 1).await;
    until_queued(&world, &flow, 39).await;
    world.clock.advance(MINUTE);
    until_queued(&world, &flow, 38).await;
}

#[tokio::test]
async fn a_restart_forgets_neither_the_messages_nor_what_was_let_through() {
    let mut world = world(sliding(2)).await;
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    poke(&world, &flow, "a", 1..=3).await;
    until_queued(&world, &flow, 1).await;
    world.clock.advance(MINUTE / 2);
    world.restart().await;
    poke(&world, &flow, "a", 4..=4).await;
    until_queued(&world, &flow, 2).await;
    world.clock.advance(MINUTE / 2);
    until_queued(&world, &flow, 0).await;
    assert_eq!(received(&world, "a"), [(MINUTE, 3), (MINUTE, 4)]);
}

#[tokio::test]
async fn a_caller_from_outside_is_not_kept_waiting() {
    let world = world(sliding(1)).await;
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    poke(&world, &flow, "a", 1..=1).await;
    world.until_quiet(&flow).await;
    let call = Webhook { method: "POST".to_owned(), data: json!({ "n": 2 }), ..Webhook::default() };
    let answer = tokio::time::timeout(Duration::from_secs(60), world.engine.webhook(&flow, "a", call, false)).await;
    assert_eq!(answer.expect("is let go").expect("is accepted"), WebhookAnswer::Accepted);
    until_queued(&world, &flow, 1).await;
    assert_eq!(received(&world, "a"), [(0, 1)]);
}

#[tokio::test]
async fn so_many_at_once_and_the_next_when_one_ends() {
    let rules = json!({ "rules": [{ "limit": 2, "throttling": "limit-concurrency", "resource": "requests" }] });
    let world = world(rules).await;
    let (gate, now, most) = (Arc::new(Semaphore::new(0)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let components: Vec<String> = (0..6).map(|n| format!("a{n}")).collect();
    for component in &components {
        let (gate, now, most) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
        world.script(component, move |invocation, _| {
            let (gate, now, most) = (Arc::clone(&gate), Arc::clone(&now), Arc::clone(&most));
            Box::pin(async move {
                if invocation.method == Method::Receive {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    gate.acquire().await.expect("is open").forget();
                    now.fetch_sub(1, Ordering::SeqCst);
                }
                Ok(Value::Null)
            })
        });
    }
    let descriptor: Map<String, Value> = components.iter().map(|id| (id.clone(), node(ACTION, &[]))).collect();
    let flow = world.running(Value::Object(descriptor)).await;
    for component in &components {
        poke(&world, &flow, component, 1..=1).await;
    }
    for left in (0..6).rev() {
        eventually("as many run as may", async || (now.load(Ordering::SeqCst) == (left + 1).min(2)).then_some(()))
            .await;
        gate.add_permits(1);
        until_queued(&world, &flow, left).await;
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn rules_that_cannot_be_read_fail_the_message_and_another_version_is_read_anew() {
    let world = world(Value::Null).await;
    world.rules(Err(Failure { message: "acme/pay/quota.js: no".to_owned(), ..failure(FailureKind::Thrown) }));
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    poke(&world, &flow, "a", 1..=1).await;
    world.until_failed(&flow, 1).await;
    assert_eq!(world.reports()[0].err["message"], "acme/pay/quota.js: no");
    assert!(received(&world, "a").is_empty(), "it has not run");
    world.rules(Ok(sliding(1)));
    world.clock.advance(MINUTE);
    until_queued(&world, &flow, 0).await;
    poke(&world, &flow, "a", 2..=3).await;
    until_queued(&world, &flow, 2).await;
    // The next version gives more; who waits for the old one hears of it when its time has come, or with the next message.
    world.rules(Ok(sliding(3)));
    world.server.install(&limited("1.2.0")).await;
    poke(&world, &flow, "a", 4..=4).await;
    until_queued(&world, &flow, 1).await;
    assert_eq!(received(&world, "a"), [(MINUTE, 1), (MINUTE, 2), (MINUTE, 3)]);
    world.server.install(&Module::new("acme.pay", "2.0.0")).await;
    poke(&world, &flow, "a", 5..=5).await;
    until_queued(&world, &flow, 0).await;
}
