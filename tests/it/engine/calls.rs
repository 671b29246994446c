//! What components ask of the server.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockroom::server::engine::host::{CallError, Calls, Method};

use super::world::{ACTION, MINUTE, SECOND, World, node};
use crate::support::eventually;

/// The calls of an invocation that never ends, of each of two nodes of one flow.
pub async fn asking(world: &World) -> (String, Vec<Arc<dyn Calls>>) {
    let asked: Arc<Mutex<Vec<Arc<dyn Calls>>>> = Arc::default();
    for component in ["a", "b"] {
        let asked = Arc::clone(&asked);
        world.script(component, move |invocation, calls| {
            if invocation.method == Method::Receive {
                asked.lock().expect("a lock").push(calls);
                return Box::pin(std::future::pending());
            }
            Box::pin(async { Ok(Value::Null) })
        });
    }
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    for (component, count) in [("a", 1), ("b", 2)] {
        world.poke(&flow, component, json!({})).await;
        eventually("it runs", async || (asked.lock().expect("a lock").len() == count).then_some(())).await;
    }
    let calls = asked.lock().expect("a lock").clone();
    (flow, calls)
}

pub async fn ask(calls: &Arc<dyn Calls>, name: &str, args: Value) -> Result<Value, CallError> {
    calls.call(name.to_owned(), args).await
}

#[tokio::test]
async fn states_are_documents_with_paths() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    let [a, b] = [&calls[0], &calls[1]];
    for (name, args, answer) in [
        ("state.get", json!({ "key": "x" }), json!(null)),
        ("state.set", json!({ "key": "x.y", "value": [1] }), json!(null)),
        ("state.get", json!({ "key": "x.y.0" }), json!(1)),
        ("state.load", json!({ "of": "component" }), json!({ "x": { "y": [1] } })),
        ("state.inc", json!({ "key": "n", "by": 2 }), json!({ "before": 0, "after": 2 })),
        ("state.inc", json!({ "key": "n" }), json!({ "before": 2, "after": 3 })),
        ("state.addToSet", json!({ "key": "s", "value": { "a": 1 } }), json!(null)),
        ("state.addToSet", json!({ "key": "s", "value": { "a": 1 } }), json!(null)),
        ("state.get", json!({ "key": "s" }), json!([{ "a": 1 }])),
        ("state.removeFromSet", json!({ "key": "s", "value": { "a": 1 } }), json!(null)),
        ("state.get", json!({ "key": "s" }), json!([])),
        ("state.unset", json!({ "key": "x" }), json!(null)),
        ("state.save", json!({ "value": { "z": 1 } }), json!(null)),
        ("state.load", json!({}), json!({ "z": 1 })),
        ("state.clear", json!({}), json!(null)),
        ("state.load", json!({}), json!({})),
        ("state.set", json!({ "of": "flow", "key": "f", "value": 1 }), json!(null)),
        ("state.set", json!({ "of": "service", "key": "v", "value": 2 }), json!(null)),
    ] {
        assert_eq!(ask(a, name, args.clone()).await, Ok(answer), "{name} {args}");
    }
    assert_eq!(ask(b, "state.load", json!({})).await, Ok(json!({})));
    assert_eq!(ask(b, "state.get", json!({ "of": "flow", "key": "f" })).await, Ok(json!(1)));
    assert_eq!(ask(b, "state.get", json!({ "of": "service", "key": "v" })).await, Ok(json!(2)));
    ask(a, "state.set", json!({ "key": "t", "value": "text" })).await.expect("sets");
    for bad in ["state.inc", "state.addToSet"] {
        assert!(ask(a, bad, json!({ "key": "t" })).await.is_err(), "{bad}");
    }
}

#[tokio::test]
async fn counting_together_loses_nothing() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    let each = (0..50).map(|n| {
        let calls = &calls[n % 2];
        async move { ask(calls, "state.inc", json!({ "of": "flow", "key": "n" })).await.expect("counts") }
    });
    futures::future::join_all(each).await;
    assert_eq!(ask(&calls[0], "state.get", json!({ "of": "flow", "key": "n" })).await, Ok(json!(50)));
}

#[tokio::test]
async fn locks_keep_others_out_until_they_are_given_back_or_run_out() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    let [a, b] = [&calls[0], &calls[1]];
    let once = json!({ "name": "l", "maxRetryCount": 0 });
    let lock = ask(a, "lock", json!({ "name": "l" })).await.expect("locks");
    assert!(ask(b, "lock", once.clone()).await.expect_err("is held").message.contains("\"l\""));
    let waits = {
        let b = Arc::clone(b);
        tokio::spawn(async move { ask(&b, "lock", json!({ "name": "l" })).await })
    };
    tokio::task::yield_now().await;
    for _ in 0..2 {
        ask(a, "lock.unlock", json!({ "lock": lock })).await.expect("a second time is no error");
    }
    let second = waits.await.expect("ends").expect("locks");
    ask(b, "lock.extend", json!({ "lock": second, "ms": 60_000 })).await.expect("extends");
    world.clock.advance(30 * SECOND);
    assert!(ask(a, "lock", once.clone()).await.is_err());
    world.clock.advance(MINUTE);
    ask(a, "lock", once).await.expect("it has run out");
    assert!(ask(b, "lock.extend", json!({ "lock": second, "ms": 1 })).await.is_err());
}

#[tokio::test]
async fn the_cache_is_the_flows_and_forgets() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    let [a, b] = [&calls[0], &calls[1]];
    ask(a, "cache.set", json!({ "key": "k", "value": { "v": 1 }, "ttl": 1_000 })).await.expect("keeps");
    ask(a, "cache.set", json!({ "key": "ever", "value": 2 })).await.expect("keeps");
    assert_eq!(ask(b, "cache.get", json!({ "key": "k" })).await, Ok(json!({ "v": 1 })));
    world.clock.advance(SECOND);
    assert_eq!(ask(b, "cache.get", json!({ "key": "k" })).await, Ok(Value::Null));
    assert_eq!(ask(b, "cache.get", json!({ "key": "ever" })).await, Ok(json!(2)));
    ask(b, "cache.remove", json!({ "key": "ever" })).await.expect("forgets");
    assert_eq!(ask(a, "cache.get", json!({ "key": "ever" })).await, Ok(Value::Null));
}

#[tokio::test]
async fn an_unknown_call_and_wrong_arguments_are_named() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    for (name, args) in [("no.such", json!({})), ("state.fold", json!({})), ("send", json!({ "port": 1 }))] {
        let error = ask(&calls[0], name, args).await.expect_err("is refused");
        assert!(error.message.contains(name), "{error:?}");
    }
    world.set("LIMIT_MESSAGE_MAX_BYTES", 10).await;
    let error = ask(&calls[0], "send", json!({ "port": "out", "content": "x".repeat(10) })).await;
    assert_eq!(error.expect_err("is too big").code.as_deref(), Some("tooBig"));
}

#[tokio::test]
async fn a_signal_reaches_every_component_and_a_log_line_its_owner() {
    let world = World::new().await;
    let (flow, calls) = asking(&world).await;
    ask(&calls[0], "sendSignal", json!({ "content": { "s": 1 } })).await.expect("signals");
    for component in ["a", "b"] {
        let run = world.until_runs(component, Method::Signal, 1).await.remove(0);
        assert_eq!(run.context["input"]["content"], json!({ "s": 1 }));
    }
    ask(&calls[0], "log", json!({ "level": "warn", "content": { "text": "hm" } })).await.expect("logs");
    let filter = stockroom::server::store::flow_log::Filter { text: "HM".to_owned(), limit: 10, ..Default::default() };
    let lines = world.engine.log(&world.owner, filter).await.expect("asks");
    assert_eq!(lines.len(), 1);
    assert_eq!((lines[0].flow_id.as_str(), lines[0].severity.as_str()), (flow.as_str(), "warn"));
    assert_eq!(lines[0].component_type.as_deref(), Some(ACTION));
    ask(&calls[0], "stopFlow", json!({})).await.expect("stops");
    eventually("it stops", async || {
        let flow = world.engine.flow(&world.owner, &flow).await.expect("is there");
        (flow.stage == stockroom::domain::flow::Stage::Stopped).then_some(())
    })
    .await;
    let late = ask(&calls[0], "state.set", json!({ "key": "x", "value": 1 })).await;
    assert!(late.expect_err("is refused").message.contains("runs no longer"));
}
