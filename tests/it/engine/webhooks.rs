//! Calls from outside are answered by the flow, or let go.

use serde_json::{Map, Value, json};
use stockroom::server::engine::{
    Webhook, WebhookAnswer,
    host::{FailureKind, Method},
};

use super::world::{ACTION, World, node, object};

fn call(data: Value) -> Webhook {
    Webhook { method: "POST".to_owned(), data, hostname: "here".to_owned(), ..Webhook::default() }
}

#[tokio::test]
async fn a_component_further_down_answers() {
    let world = World::new().await;
    world.passes_on("a");
    world.script("b", |_, calls| {
        Box::pin(async move {
            let answer = json!({ "body": { "ok": true }, "status": 201, "headers": { "x-y": "z" } });
            calls.call("response".into(), answer.clone()).await.expect("answers");
            calls.call("response".into(), answer).await.expect("a second one is no error");
            Ok(Value::Null)
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    let answer = world.engine.webhook(&flow, "a", call(json!({})), false).await.expect("is answered");
    let headers = object(json!({ "x-y": "z" }));
    assert_eq!(answer, WebhookAnswer::Answered { status: 201, headers, body: json!({ "ok": true }) });
    let input = world.runs("a", Method::Receive).remove(0).context["input"].clone();
    assert_eq!(input["content"]["method"], "POST");
    assert_eq!(input["content"]["hostname"], "here");
}

#[tokio::test]
async fn a_caller_whom_nobody_answers_is_let_go() {
    let world = World::new().await;
    world.passes_on("a");
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    let answer = world.engine.webhook(&flow, "a", call(json!({})), false).await.expect("is let go");
    assert_eq!(answer, WebhookAnswer::Accepted);
    assert_eq!(world.runs("b", Method::Receive).len(), 1, "not before all is done");
}

#[tokio::test]
async fn a_caller_hears_of_a_failure_and_the_call_is_tried_again() {
    let world = World::new().await;
    world.fails("a", FailureKind::Thrown);
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    let answer = world.engine.webhook(&flow, "a", call(json!({})), false).await.expect("is answered");
    let WebhookAnswer::Failed { message, component_id, .. } = answer else { panic!("{answer:?}") };
    assert_eq!((message.as_str(), component_id.as_str()), ("It broke.", "a"));
    world.until_failed(&flow, 1).await;
}

#[tokio::test]
async fn a_call_into_nowhere_is_refused() {
    let world = World::new().await;
    let flow = world.flow(json!({ "a": node(ACTION, &[]) })).await;
    for (flow, component, status) in [(flow.as_str(), "a", 409), (&flow, "x", 404), ("none", "a", 404)] {
        let refused = world.engine.webhook(flow, component, call(json!({})), false).await.expect_err("is refused");
        assert_eq!(refused.public().status, status);
    }
}

#[tokio::test]
async fn a_later_call_goes_on_with_the_scope_that_its_address_names() {
    let world = World::new().await;
    let manifest = json!({ "name": "acme.hook.core.Send", "webhook": true, "inPorts": ["in"] });
    let module = crate::support::module::Module::new("acme.hook", "1.0.0")
        .with("acme/hook/core/Send/component.json", &manifest.to_string());
    world.server.install(&module).await;
    world.passes_on("a");
    let flow = world.running(json!({ "a": node(ACTION, &[]), "h": node("acme.hook.core.Send", &["a"]) })).await;
    world.poke(&flow, "a", json!({ "n": 1, "correlationId": "c1" })).await;
    world.until_runs("h", Method::Receive, 1).await;
    let query: Map<String, Value> = object(json!({ "correlationId": "c1", "correlationInPort": "in" }));
    world.engine.webhook(&flow, "h", Webhook { query, ..call(json!({})) }, false).await.expect("is accepted");
    let run = world.runs("h", Method::Receive).remove(1);
    assert_eq!(run.context["correlationId"], "c1");
    assert_eq!(run.context["input"]["scope"]["a"]["out"]["n"], 1);
}
