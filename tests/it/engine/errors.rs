//! What a node wants done about its failures is done, and who listens is told.

use serde_json::{Value, json};
use stockroom::{
    domain::flow::Stage,
    server::engine::host::{FailureKind, Method},
};

use super::world::{ACTION, World, node};
use crate::support::eventually;

/// `a` gives to `b`, which fails and wants this done; `c` gets what leaves by `error`.
async fn running(world: &World, kind: FailureKind, handling: Value, is_connected: bool) -> String {
    world.passes_on("a");
    world.fails("b", kind);
    let mut failing = node(ACTION, &["a"]);
    failing["errorHandling"] = handling;
    let mut handler = node(ACTION, &[]);
    if is_connected {
        handler["source"] = json!({ "in": { "b": ["error"] } });
    }
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": failing, "c": handler })).await;
    world.poke(&flow, "a", json!({ "n": 1 })).await;
    flow
}

#[tokio::test]
async fn a_message_leaves_by_the_error_port_after_its_retries() {
    let world = World::new().await;
    let handling = json!({ "autoRetry": true, "maxRetries": 1, "onError": "errorPort" });
    let flow = running(&world, FailureKind::Thrown, handling, true).await;
    let failed = world.until_failed(&flow, 1).await;
    world.clock.advance(failed.due_at - super::world::START);
    let run = world.until_runs("c", Method::Receive, 1).await.remove(0);
    let input = &run.context["input"];
    let expected = json!({
        "error": { "message": "It broke.", "code": "E_BROKEN", "name": "Error" },
        "input": { "n": 1 },
    });
    assert_eq!(input["content"], expected);
    assert_eq!(input["sender"], json!({ "componentId": "b", "port": "error" }));
    assert_eq!(input["scope"]["a"]["out"], json!({ "n": 1 }));
    world.until_quiet(&flow).await;
    assert_eq!(world.unprocessed().await, []);
    assert_eq!(world.reports().len(), 2);
}

#[tokio::test]
async fn an_error_port_that_leads_nowhere_loses_nothing() {
    let world = World::new().await;
    running(&world, FailureKind::Invalid, json!({ "onError": "errorPort" }), false).await;
    assert_eq!(world.until_unprocessed(1).await[0].reason, "invalid");
}

#[tokio::test]
async fn a_flow_is_stopped_where_its_node_wants_that_and_the_message_is_kept() {
    let world = World::new().await;
    let flow = running(&world, FailureKind::Thrown, json!({ "autoRetry": false, "onError": "stopFlow" }), false).await;
    world.until_unprocessed(1).await;
    eventually("the flow stops", async || {
        let flow = world.engine.flow(&world.owner, &flow).await.expect("is there");
        (flow.stage == Stage::Stopped).then_some(())
    })
    .await;
    assert_eq!(world.runs("c", Method::Stop).len(), 1);
}

#[tokio::test]
async fn unprocessed_is_what_happens_unasked() {
    let world = World::new().await;
    running(&world, FailureKind::Thrown, json!({ "autoRetry": false }), false).await;
    let letter = world.until_unprocessed(1).await.remove(0);
    assert_eq!((letter.reason.as_str(), letter.message.attempts), ("thrown", 1));
}

#[tokio::test]
async fn what_cannot_be_mended_is_not_tried_again() {
    for (kind, kept) in [(FailureKind::Invalid, 1), (FailureKind::Cancelled, 0), (FailureKind::TooBig, 0)] {
        let world = World::new().await;
        let flow = running(&world, kind, Value::Null, false).await;
        world.until_runs("b", Method::Receive, 1).await;
        world.until_quiet(&flow).await;
        assert_eq!(world.unprocessed().await.len(), kept, "{kind:?}");
        assert_eq!(world.reports().len(), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_report_has_the_documented_shape() {
    let world = World::new().await;
    let flow = running(&world, FailureKind::Invalid, Value::Null, false).await;
    world.until_unprocessed(1).await;
    let report = serde_json::to_value(&world.reports()[0]).expect("JSON");
    let fields: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
    let documented = ["componentId", "componentType", "err", "flowId", "flowName", "inputMessages", "type", "userId"];
    assert_eq!(fields, documented);
    assert_eq!((&report["type"], &report["flowId"]), (&json!("component"), &json!(flow)));
    assert_eq!(report["inputMessages"]["in"][0]["content"], json!({ "n": 1 }));
    assert_eq!(report["err"]["message"], "It broke.");
}
