//! Flows start as a whole or not at all, and stop without a trace.

use serde_json::{Value, json};
use stockroom::{
    domain::flow::Stage,
    server::{
        engine::{
            Change,
            host::{FailureKind, Method},
        },
        store::queue::Kind,
    },
};

use super::world::{ACTION, TRIGGER, World, failure, node, object};
use crate::support::eventually;

#[tokio::test]
async fn what_is_sent_in_start_is_held_until_every_start_has_ended() {
    let world = World::new().await;
    world.script("a", |invocation, calls| {
        Box::pin(async move {
            if invocation.method == Method::Start {
                calls.call("send".into(), json!({ "port": "out", "content": 1 })).await.expect("sends");
            }
            Ok(Value::Null)
        })
    });
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let held = std::sync::Arc::clone(&gate);
    world.script("z", move |_, _| {
        let held = std::sync::Arc::clone(&held);
        Box::pin(async move {
            held.notified().await;
            Ok(Value::Null)
        })
    });
    let flow = world.flow(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]), "z": node(ACTION, &[]) })).await;
    world.engine.start_flow_in_background(&world.owner, &flow).await.expect("begins");
    eventually("it is held", async || {
        world.queued(&flow).await.first().is_some_and(|queued| queued.state == "held").then_some(())
    })
    .await;
    let status = world.engine.coordinator_status(&world.owner, &flow).await.expect("asks");
    assert_eq!(status.status, "in-progress");
    assert_eq!(world.runs("b", Method::Receive), []);
    gate.notify_one();
    world.until_runs("b", Method::Receive, 1).await;
    assert_eq!(world.runs("b", Method::Start).len(), 1);
    assert_eq!(world.engine.coordinator_status(&world.owner, &flow).await.expect("asks").status, "completed");
}

#[tokio::test]
async fn a_start_that_throws_fails_the_start_of_the_flow() {
    let world = World::new().await;
    world.script("b", |invocation, _| {
        Box::pin(async move {
            if invocation.method == Method::Start { Err(failure(FailureKind::Thrown)) } else { Ok(Value::Null) }
        })
    });
    let flow = world.flow(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    let refused = world.engine.start_flow(&world.owner, &flow).await.expect_err("does not start");
    assert!(refused.to_string().contains("It broke.") && refused.public().status == 409, "{refused}");
    assert_eq!(world.engine.flow(&world.owner, &flow).await.expect("is there").stage, Stage::Stopped);
    assert_eq!(world.runs("a", Method::Stop).len(), 1, "what had started is stopped");
    assert_eq!(world.reports().len(), 1);
    let log = world.engine.log(&world.owner, filter(&flow)).await.expect("asks");
    assert!(log.iter().any(|line| line.severity == "error" && line.message["error"]["message"] == "It broke."));
    world.passes_on("b");
    world.engine.start_flow(&world.owner, &flow).await.expect("starts now");
}

#[tokio::test]
async fn a_start_that_hangs_is_called_off_by_a_stop() {
    let world = World::new().await;
    world.script("a", |invocation, _| {
        Box::pin(async move {
            if invocation.method == Method::Start {
                std::future::pending::<()>().await;
            }
            Ok(Value::Null)
        })
    });
    let flow = world.flow(json!({ "a": node(ACTION, &[]) })).await;
    world.engine.start_flow_in_background(&world.owner, &flow).await.expect("begins");
    world.until_runs("a", Method::Start, 1).await;
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    assert_eq!(world.engine.flow(&world.owner, &flow).await.expect("is there").stage, Stage::Stopped);
}

#[tokio::test]
async fn a_stop_drops_what_is_on_its_way_and_forgets_what_does_not_persist() {
    let world = World::new().await;
    for component in ["a", "t"] {
        world.script(component, |invocation, calls| {
            Box::pin(async move {
                match invocation.method {
                    Method::Receive => {
                        calls.call("state.set".into(), json!({ "key": "n", "value": 1 })).await.expect("sets");
                        let of_flow = json!({ "of": "flow", "key": "n", "value": 1 });
                        calls.call("state.set".into(), of_flow).await.expect("sets");
                        calls.call("setTimeout".into(), json!({ "content": {}, "ms": 1 })).await.expect("sets");
                    }
                    Method::Stop => {
                        assert_eq!(invocation.context["state"]["n"], 1, "stop still reads it");
                        calls.call("send".into(), json!({ "port": "out", "content": 1 })).await.expect("is dropped");
                    }
                    _ => {}
                }
                Ok(Value::Null)
            })
        });
    }
    let flow =
        world.running(json!({ "a": node(ACTION, &[]), "t": node(TRIGGER, &[]), "b": node(ACTION, &["a"]) })).await;
    for component in ["a", "t"] {
        world.poke(&flow, component, json!({})).await;
    }
    eventually("both timers wait", async || {
        let queued = world.queued(&flow).await;
        (queued.len() == 2 && queued.iter().all(|queued| queued.kind == Kind::Timeout)).then_some(())
    })
    .await;
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    assert_eq!(world.queued(&flow).await, []);
    let log = world.engine.log(&world.owner, filter(&flow)).await.expect("asks");
    assert!(log.iter().any(|line| line.severity == "warn" && line.message.to_string().contains("was dropped")));
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    let state = |component: &str| world.runs(component, Method::Start).remove(1).context["state"].clone();
    assert_eq!((state("a"), state("t")), (json!({}), json!({ "n": 1 })));
    world.until_quiet(&flow).await;
    assert_eq!(world.runs("b", Method::Receive), []);
}

#[tokio::test]
async fn a_flow_is_its_owners() {
    let world = World::new().await;
    world.server.add_person("other@example.com", &["user"], &[]).await;
    let other = super::world::actor(&world.server, "other@example.com").await;
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    let change = || Change { name: Some("Mine".to_owned()), ..Change::default() };
    for refused in [
        world.engine.flow(&other, &flow).await.err(),
        world.engine.stop_flow(&other, &flow).await.err(),
        world.engine.start_flow(&other, &flow).await.err(),
        world.engine.delete_flow(&other, &flow).await.err(),
        world.engine.clone_flow(&other, &flow).await.err(),
        world.engine.put_flow(&other, &flow, change(), true).await.err(),
        world.engine.messages(&other, &flow, 1).await.err(),
    ] {
        assert_eq!(refused.expect("is refused").public().status, 404);
    }
    assert_eq!(world.engine.count_flows(&other, stockroom::server::engine::Visible::Own).await.expect("asks"), 0);
    let admin = world.admin().await;
    let copy = world.engine.clone_flow(&admin, &flow).await.expect("an administrator may");
    assert_eq!(world.engine.flow(&admin, &copy).await.expect("is there").stage, Stage::Stopped);
    world.engine.delete_flow(&world.owner, &flow).await.expect("deletes");
    assert_eq!(world.engine.flow(&world.owner, &flow).await.expect_err("is gone").public().status, 404);
    let did: Vec<String> = crate::support::folder::column(
        &world.folders.data(),
        "SELECT action FROM audit WHERE action LIKE 'flow.%' ORDER BY id",
    );
    assert_eq!(did, ["flow.create", "flow.start", "flow.create", "flow.stop", "flow.delete"]);
}

#[tokio::test]
async fn a_running_flow_is_changed_only_by_force_and_only_where_it_differs() {
    let world = World::new().await;
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    let mut other = node(ACTION, &["a"]);
    other["config"] = json!({ "properties": { "x": 1 } });
    let descriptor = json!({ "a": node(ACTION, &[]), "b": other, "c": node(TRIGGER, &[]) });
    let change = || Change { descriptor: Some(object(descriptor.clone())), ..Change::default() };
    let refused = world.engine.put_flow(&world.owner, &flow, change(), false).await.expect_err("is refused");
    assert_eq!(refused.public().status, 409);
    assert!(!world.engine.put_flow(&world.owner, &flow, change(), true).await.expect("changes"));
    let count = |component: &str, method| world.runs(component, method).len();
    assert_eq!((count("a", Method::Start), count("a", Method::Stop)), (1, 0));
    assert_eq!((count("b", Method::Start), count("b", Method::Stop)), (2, 1));
    assert_eq!(count("c", Method::Start), 1);
    world.clock.advance(super::world::MINUTE);
    world.until_runs("c", Method::Tick, 1).await;
}

#[tokio::test]
async fn what_is_no_flow_is_refused() {
    let world = World::new().await;
    for bad in [json!({ "a": 1 }), json!({ "a": { "type": "x" } }), json!({ "a": { "type": "v.s.m.C", "source": 1 } })]
    {
        let change = Change { descriptor: Some(object(bad)), ..Change::default() };
        let refused = world.engine.create_flow(&world.owner, change).await.expect_err("is refused");
        assert_eq!(refused.public().status, 400);
    }
    for id in ["", "../x", &"x".repeat(65)] {
        let refused = world.engine.put_flow(&world.owner, id, Change::default(), false).await.expect_err("is refused");
        assert_eq!(refused.public().status, 400);
    }
    let flow = world.flow(json!({ "a": node("no.such.module.Here", &["x"]) })).await;
    let faults = world.engine.validate(&world.owner, &flow).await.expect("asks");
    assert!(faults[0].contains("no.such") && faults[1].contains("linked to x"), "{faults:?}");
}

fn filter(flow: &str) -> stockroom::server::store::flow_log::Filter {
    stockroom::server::store::flow_log::Filter { flow_id: Some(flow.to_owned()), limit: 100, ..Default::default() }
}

#[tokio::test]
async fn what_a_page_shows_is_told_apart_from_what_it_showed() {
    let world = World::new().await;
    world.fails("b", FailureKind::Thrown);
    let flow = world.flow(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    world.passes_on("a");
    let admin = world.admin().await.admin().expect("is one");
    let sight = async || world.engine.sight_of(&admin, &flow).await.expect("asks");
    let stopped = sight().await;
    assert_eq!(sight().await, stopped);
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    let running = sight().await;
    assert_ne!(running, stopped);
    world.poke(&flow, "a", json!(1)).await;
    world.until_failed(&flow, 1).await;
    let failed = sight().await;
    assert_ne!(failed, running);
    world.remove(&super::world::trigger_module()).await;
    assert_ne!(sight().await, failed);
    world.engine.delete_flow(&world.owner, &flow).await.expect("is deleted");
    assert!(world.engine.sight_of(&admin, &flow).await.is_err());
}
