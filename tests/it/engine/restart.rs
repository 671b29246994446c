//! What was accepted survives the end of the process.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use stockroom::{
    domain::flow::Stage,
    server::engine::host::{Failure, FailureKind, Method},
};

use super::world::{ACTION, MINUTE, START, World, node};
use crate::support::eventually;

#[tokio::test]
async fn what_was_being_delivered_is_delivered_again_under_the_same_id() {
    let mut world = World::new().await;
    world.passes_on("a");
    world.script("b", |invocation, _| {
        Box::pin(async move {
            if invocation.method == Method::Receive {
                std::future::pending::<()>().await;
            }
            Ok(Value::Null)
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    world.poke(&flow, "a", json!({ "n": 1 })).await;
    world.poke(&flow, "a", json!({ "n": 2 })).await;
    let first = world.until_runs("b", Method::Receive, 1).await.remove(0);
    eventually("the second waits", async || (world.queued(&flow).await.len() == 2).then_some(())).await;
    world.passes_on("b");
    world.restart().await;
    let again = world.until_runs("b", Method::Receive, 2).await;
    assert_eq!(again[0].context["id"], first.context["id"]);
    assert_eq!(again[0].context["input"], first.context["input"]);
    assert_eq!(again[1].context["input"]["content"], json!({ "n": 2 }));
    world.until_quiet(&flow).await;
    assert_eq!(world.runs("b", Method::Start), [], "the flow was running all the time");
}

#[tokio::test]
async fn timers_last_a_minute_at_least_and_survive() {
    let mut world = World::new().await;
    world.script("a", |invocation, calls| {
        Box::pin(async move {
            let input = &invocation.context["input"];
            if input["kind"] == "webhook" {
                let ms = &input["content"]["data"]["ms"];
                let id = calls.call("setTimeout".into(), json!({ "content": { "ms": ms }, "ms": ms })).await;
                let id = id.map_err(|error| Failure::new(FailureKind::Invalid, error.message))?;
                if ms == 100_000 {
                    calls.call("clearTimeout".into(), json!({ "id": id })).await.expect("clears");
                }
                calls.call("clearTimeout".into(), json!({ "id": null })).await.expect("is fine");
                calls.call("clearTimeout".into(), json!({ "id": "unknown" })).await.expect("is fine");
            }
            Ok(Value::Null)
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    for ms in [5_000, 100_000, 300_000] {
        world.poke(&flow, "a", json!({ "ms": ms })).await;
    }
    world.until_runs("a", Method::Receive, 3).await;
    eventually("two timers wait", async || {
        let queued = world.queued(&flow).await;
        let due: Vec<i64> =
            queued.iter().filter(|queued| queued.state == "waiting").map(|queued| queued.due_at).collect();
        (due == [START + MINUTE, START + 5 * MINUTE]).then_some(())
    })
    .await;
    world.restart().await;
    world.clock.advance(MINUTE);
    let first = world.until_runs("a", Method::Receive, 1).await.remove(0);
    let input = &first.context["input"];
    assert_eq!((&input["kind"], &input["port"]), (&json!("timeout"), &json!("timeout")));
    assert_eq!(input["content"], json!({ "ms": 5_000 }));
    assert_eq!(input["timeoutId"], first.context["id"]);
    world.clock.advance(4 * MINUTE);
    world.until_runs("a", Method::Receive, 2).await;
    world.until_quiet(&flow).await;
    world.poke(&flow, "a", json!({ "ms": 32_i64 * 24 * 3_600_000 })).await;
    let report = eventually("it is refused", async || world.reports().pop()).await;
    assert!(report.err["message"].as_str().expect("text").contains("31 days"));
}

#[tokio::test]
async fn a_start_that_was_cut_short_is_made_anew() {
    let mut world = World::new().await;
    world.script("a", |_, _| Box::pin(std::future::pending()));
    let flow = world.flow(json!({ "a": node(ACTION, &[]) })).await;
    world.engine.start_flow_in_background(&world.owner, &flow).await.expect("begins");
    world.until_runs("a", Method::Start, 1).await;
    world.passes_on("a");
    world.restart().await;
    eventually("it runs", async || {
        let flow = world.engine.flow(&world.owner, &flow).await.expect("is there");
        (flow.stage == Stage::Running).then_some(())
    })
    .await;
    assert_eq!(world.runs("a", Method::Start).len(), 1);
}

#[tokio::test]
async fn a_call_that_was_accepted_while_a_flow_started_is_not_lost_with_that_start() {
    let mut world = World::new().await;
    for component in ["a", "b"] {
        world.script(component, |_, _| Box::pin(std::future::pending()));
    }
    let flow = world.flow(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &[]), "c": node(ACTION, &["b"]) })).await;
    world.engine.start_flow_in_background(&world.owner, &flow).await.expect("begins");
    world.until_runs("a", Method::Start, 1).await;
    world.poke(&flow, "b", json!({ "n": 1 })).await;
    let before = world.until_runs("b", Method::Receive, 1).await.remove(0);
    world.passes_on("a");
    world.passes_on("b");
    world.restart().await;
    let after = world.until_runs("b", Method::Receive, 1).await.remove(0);
    assert_eq!(after.context["id"], before.context["id"]);
    let passed_on = world.until_runs("c", Method::Receive, 1).await.remove(0);
    assert_eq!(passed_on.context["input"]["content"], json!({ "n": 1 }));
    world.until_quiet(&flow).await;
}

#[tokio::test]
async fn the_end_of_the_server_waits_for_what_runs() {
    let world = World::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let opens = std::sync::Arc::clone(&gate);
    world.script("a", move |invocation, _| {
        let opens = std::sync::Arc::clone(&opens);
        Box::pin(async move {
            if invocation.method == Method::Receive {
                opens.notified().await;
            }
            Ok(Value::Null)
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    world.poke(&flow, "a", json!({})).await;
    world.poke(&flow, "a", json!({})).await;
    world.until_runs("a", Method::Receive, 1).await;
    let engine = world.engine.clone();
    let ending = tokio::spawn(async move { engine.stop().await });
    tokio::task::yield_now().await;
    assert!(!ending.is_finished());
    gate.notify_one();
    ending.await.expect("ends");
    let left = world.queued(&flow).await;
    assert_eq!(left.iter().map(|queued| queued.state.as_str()).collect::<Vec<_>>(), ["waiting"]);
}

#[tokio::test]
async fn nothing_is_lost_under_load_with_failures_and_restarts() {
    const MESSAGES: u64 = 300;
    let mut world = World::new().await;
    world.set("RETRY_INIT_EXP", 0).await;
    let (failed, arrived) = (Arc::<Mutex<BTreeSet<u64>>>::default(), Arc::<Mutex<BTreeSet<u64>>>::default());
    world.passes_on("a");
    let once = Arc::clone(&failed);
    world.script("b", move |invocation, calls| {
        let once = Arc::clone(&once);
        Box::pin(async move {
            if invocation.method == Method::Receive {
                let content = invocation.context["input"]["content"].clone();
                if once.lock().expect("a lock").insert(content["n"].as_u64().expect("a number")) {
                    return Err(super::world::failure(FailureKind::Thrown));
                }
                let sent = calls.call("send".into(), json!({ "port": "out", "content": content })).await;
                sent.map_err(|error| Failure::new(FailureKind::Thrown, error.message))?;
            }
            Ok(Value::Null)
        })
    });
    let all = Arc::clone(&arrived);
    world.script("c", move |invocation, _| {
        if let Some(n) = invocation.context["input"]["content"]["n"].as_u64() {
            all.lock().expect("a lock").insert(n);
        }
        Box::pin(async { Ok(Value::Null) })
    });
    let flow =
        world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]), "c": node(ACTION, &["b"]) })).await;
    for n in 0..MESSAGES {
        world.poke(&flow, "a", json!({ "n": n })).await;
        if n % 100 == 50 {
            world.restart().await;
        }
    }
    world.until_quiet(&flow).await;
    assert_eq!(*arrived.lock().expect("a lock"), (0..MESSAGES).collect());
    assert_eq!(world.unprocessed().await, []);
}
