//! Messages arrive once each, in order, one at a time, with what they passed on their way.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use stockroom::server::engine::host::Method;

use super::world::{ACTION, TRIGGER, World, node};

#[tokio::test]
async fn a_port_gets_its_messages_one_at_a_time_and_in_order() {
    let world = World::new().await;
    world.script("a", |invocation, calls| {
        Box::pin(async move {
            if invocation.method == Method::Receive {
                for n in 0..200 {
                    calls.call("send".into(), json!({ "port": "out", "content": { "n": n } })).await.expect("sends");
                }
            }
            Ok(Value::Null)
        })
    });
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    for component in ["b", "c"] {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        world.script(component, move |invocation, _| {
            let (now, most) = (Arc::clone(&now), Arc::clone(&most));
            Box::pin(async move {
                if invocation.context["componentId"] == "b" {
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    now.fetch_sub(1, Ordering::SeqCst);
                }
                Ok(Value::Null)
            })
        });
    }
    let flow =
        world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]), "c": node(ACTION, &["a"]) })).await;
    world.poke(&flow, "a", json!({})).await;
    for component in ["b", "c"] {
        let runs = world.until_runs(component, Method::Receive, 200).await;
        let order: Vec<Value> = runs.iter().map(|run| run.context["input"]["content"]["n"].clone()).collect();
        assert_eq!(order, (0..200).map(Value::from).collect::<Vec<_>>(), "{component}");
    }
    world.until_quiet(&flow).await;
    assert_eq!(world.runs("b", Method::Receive).len(), 200);
    assert_eq!(most.load(Ordering::SeqCst), 1, "never two at once");
}

#[tokio::test]
async fn a_message_carries_its_scope_its_sender_and_its_correlation() {
    let world = World::new().await;
    for component in ["a", "b"] {
        world.passes_on(component);
    }
    let flow =
        world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]), "c": node(ACTION, &["b"]) })).await;
    world.poke(&flow, "a", json!({ "n": 1, "correlationId": "mine" })).await;
    let run = world.until_runs("c", Method::Receive, 1).await.remove(0);
    let (context, input) = (&run.context, &run.context["input"]);
    assert_eq!(input["port"], "in");
    assert_eq!(input["kind"], "port");
    assert_eq!(input["content"]["n"], 1);
    assert_eq!(input["sender"], json!({ "componentId": "b", "port": "out" }));
    assert_eq!(input["scope"]["a"]["out"]["n"], 1);
    assert_eq!(input["scope"]["b"]["out"]["n"], 1);
    assert_eq!(input["scope"]["_walkthrough"][1]["targetId"], "c");
    assert_eq!(context["correlationId"], "mine");
    assert_eq!(context["flowId"], json!(flow));
    assert_eq!(context["manifest"]["name"], ACTION);
    assert_eq!(context["flow"]["c"]["type"], ACTION);
    assert_eq!(context["config"], json!({}));
    assert_eq!(context["limits"]["messageBytes"], 15_728_640);
}

#[tokio::test]
async fn a_service_that_hangs_holds_up_no_other_and_a_host_that_panics_no_message() {
    let world = World::new().await;
    let mut nodes = serde_json::Map::new();
    for n in 0..40 {
        let id = format!("hangs{n}");
        world.script(&id, |invocation, _| {
            Box::pin(async move {
                if invocation.method == Method::Receive {
                    std::future::pending::<()>().await;
                }
                Ok(Value::Null)
            })
        });
        nodes.insert(id, node(ACTION, &[]));
    }
    nodes.insert("other".to_owned(), node(TRIGGER, &[]));
    world.script("other", |invocation, _| {
        Box::pin(async move {
            assert_ne!(invocation.context["input"]["content"]["data"], json!("panic"), "as asked");
            Ok(Value::Null)
        })
    });
    let flow = world.running(Value::Object(nodes)).await;
    for n in 0..40 {
        world.poke(&flow, &format!("hangs{n}"), json!({})).await;
    }
    for data in ["panic", "go on"] {
        world.poke(&flow, "other", json!(data)).await;
    }
    let runs = world.until_runs("other", Method::Receive, 2).await;
    assert_eq!(runs[1].context["input"]["content"]["data"], "go on");
    assert_eq!(world.reports()[0].err["message"], "The host of the components failed.");
}
