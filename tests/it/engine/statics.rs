//! Components that are called outside of a run, for what they send.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stockroom::server::{
    engine::{
        StaticCall,
        host::{CallError, FailureKind, Method},
    },
    error::ServerError,
};

use super::world::{ACTION, TRIGGER, World, failure, node, object};
use crate::support::client::send;

type Outcomes = Arc<Mutex<Vec<Result<Value, CallError>>>>;

/// From now on `caller` makes these calls when it gets a message, and gives what it was called with when it is called.
fn calling(world: &World, caller: &str, asks: Vec<(&'static str, Value)>) -> Outcomes {
    let outcomes = Outcomes::default();
    world.script(caller, {
        let outcomes = Arc::clone(&outcomes);
        move |invocation, calls| {
            let (outcomes, asks) = (Arc::clone(&outcomes), asks.clone());
            Box::pin(async move {
                let context = &invocation.context;
                if context["staticCall"].is_object() {
                    return Ok(json!({ "type": invocation.component, "call": context["staticCall"],
                        "properties": context["node"]["config"]["properties"], "flowId": context["flowId"],
                        "flow": context["flow"], "componentId": context["componentId"], "state": context["state"] }));
                }
                if invocation.method == Method::Receive {
                    for (name, args) in asks {
                        let outcome = calls.call(name.to_owned(), args).await;
                        outcomes.lock().expect("a lock").push(outcome);
                    }
                }
                Ok(Value::Null)
            })
        }
    });
    outcomes
}

fn call(component: &str) -> StaticCall {
    StaticCall { component: component.to_owned(), ..StaticCall::default() }
}

async fn run(world: &World, outcomes: &Outcomes) -> (String, Vec<Result<Value, CallError>>) {
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    world.poke(&flow, "a", json!({})).await;
    world.until_quiet(&flow).await;
    (flow, outcomes.lock().expect("a lock").clone())
}

#[tokio::test]
async fn a_component_calls_another_of_its_module_with_its_flow_around_it() {
    let world = World::new().await;
    let wanted = json!({ "type": ACTION, "outPort": "out", "messages": { "in": { "a": 1 } }, "properties": { "b": 2 },
        "transform": "./Send#list" });
    let outcomes = calling(&world, "a", vec![("staticCall", wanted)]);
    let (flow, outcomes) = run(&world, &outcomes).await;
    let answer = outcomes[0].clone().expect("is answered");
    assert_eq!(answer["type"], ACTION);
    let expected = json!({ "outPort": "out", "messages": { "in": { "a": 1 } }, "transform": "./Send#list" });
    assert_eq!(answer["call"], expected);
    assert_eq!((&answer["properties"], &answer["state"]), (&json!({ "b": 2 }), &json!({})));
    assert_eq!((&answer["flowId"], &answer["componentId"]), (&json!(flow), &json!("a")));
    assert_eq!(answer["flow"]["a"]["type"], ACTION);
}

#[tokio::test]
async fn components_of_other_modules_are_called_where_a_rule_shows_them() {
    let world = World::new().await;
    let _served = world.serve();
    let wanted = json!({ "type": TRIGGER, "outPort": "out" });
    let outcomes = calling(&world, "a", vec![("staticCall", wanted.clone())]);
    let (_, refused) = run(&world, &outcomes).await;
    assert_eq!(refused[0].clone().expect_err("is hidden").code.as_deref(), Some("COMPONENT_NOT_FOUND"));
    let rule = json!({ "role": "user", "resource": "acme.poll.*", "action": ["use"] });
    let added = send(world.server.address, "POST", "/acl/components/rules", &[], &rule.to_string()).await;
    assert_eq!(added.status, 200, "{}", added.text());
    let outcomes = calling(&world, "a", vec![("staticCall", wanted)]);
    let (_, answered) = run(&world, &outcomes).await;
    assert_eq!(answered[0].clone().expect("is answered")["type"], TRIGGER);
}

#[tokio::test]
async fn calls_in_calls_have_an_end() {
    let world = World::new().await;
    world.script("a", |invocation, calls| {
        Box::pin(async move {
            if invocation.method != Method::Receive {
                return Ok(Value::Null);
            }
            let again = calls.call("staticCall".to_owned(), json!({ "type": ACTION, "outPort": "out" })).await;
            Ok(match again {
                Ok(inner) => json!(inner.as_u64().expect("a depth") + 1),
                Err(error) => {
                    assert!(error.message.contains("at most 5"), "{error:?}");
                    json!(0)
                }
            })
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    world.poke(&flow, "a", json!({})).await;
    world.until_quiet(&flow).await;
    assert_eq!(world.runs("a", Method::Receive).len(), 6, "the message, and five in one another");
}

#[tokio::test]
async fn a_static_call_has_no_run_and_no_state() {
    let world = World::new().await;
    let refused = Arc::new(Mutex::new(Vec::new()));
    world.script("a", {
        let refused = Arc::clone(&refused);
        move |invocation, calls| {
            let refused = Arc::clone(&refused);
            Box::pin(async move {
                if invocation.context["staticCall"].is_object() {
                    for (name, args) in [
                        ("send", json!({ "port": "out" })),
                        ("setTimeout", json!({ "ms": 1 })),
                        ("sendSignal", json!({})),
                        ("stopFlow", json!({})),
                        ("state.get", json!({ "key": "k" })),
                    ] {
                        let outcome = calls.call(name.to_owned(), args).await;
                        refused.lock().expect("a lock").push((name, outcome.is_err()));
                    }
                    calls
                        .call("state.set".into(), json!({ "of": "service", "key": "k", "value": 1 }))
                        .await
                        .expect("sets");
                }
                Ok(Value::Null)
            })
        }
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    let wanted = StaticCall { caller: Some("a".to_owned()), ..call(ACTION) };
    world.engine.static_call(&world.owner, wanted).await.expect("runs");
    let refused = refused.lock().expect("a lock").clone();
    assert_eq!(refused.len(), 5);
    assert!(refused.iter().all(|(_, is_refused)| *is_refused), "{refused:?}");
    assert!(world.queued(&flow).await.is_empty());
}

#[tokio::test]
async fn an_inspector_asks_with_what_is_filled_in_there() {
    let world = World::new().await;
    let _outcomes = calling(&world, "c-1", Vec::new());
    let mut asking = node(ACTION, &[]);
    asking["config"] = json!({ "properties": { "sheet": "s-1" },
        "transform": { "in": { "x": { "out": { "lambda": { "base": "b-1" } } } } } });
    let flow = world.flow(json!({ "c-1": asking })).await;
    let wanted = StaticCall {
        messages: object(json!({ "in/base": "inputs/in/base", "in/all": true })),
        properties: object(json!({ "id": "properties/sheet", "kind": "plain" })),
        caller: Some("c-1".to_owned()),
        ..call(ACTION)
    };
    let answer = world.engine.static_call(&world.owner, wanted.clone()).await.expect("is answered");
    assert_eq!(answer["call"]["messages"], json!({ "in": { "base": "b-1", "all": true } }));
    assert_eq!(answer["properties"], json!({ "id": "s-1", "kind": "plain" }));
    assert_eq!((&answer["flowId"], &answer["componentId"]), (&json!(flow), &json!("c-1")));
    // To somebody else it is no flow, and what it holds is not theirs.
    let admin = world.admin().await;
    let answer = world.engine.static_call(&admin, wanted.clone()).await.expect("is answered");
    assert_eq!((&answer["flowId"], &answer["flow"]), (&Value::Null, &json!({})));
    assert_eq!(answer["properties"]["id"], "properties/sheet");
    let named = StaticCall { flow_id: Some(flow), ..wanted };
    assert!(matches!(world.engine.static_call(&admin, named).await, Err(ServerError::NotFound(_))));
}

#[tokio::test]
async fn what_goes_wrong_is_told() {
    let world = World::new().await;
    for (kind, is_told) in [
        (FailureKind::Thrown, true),
        (FailureKind::Cancelled, true),
        (FailureKind::Invalid, true),
        (FailureKind::Crashed, false),
        (FailureKind::TimedOut, false),
    ] {
        world.script(ACTION, move |_, _| Box::pin(async move { Err(failure(kind)) }));
        match world.engine.static_call(&world.owner, call(ACTION)).await {
            Err(ServerError::Invalid(text)) if is_told => assert_eq!(text, "It broke."),
            Err(ServerError::Unavailable(text)) if !is_told => assert_eq!(text, "It broke."),
            other => panic!("{kind:?}: {other:?}"),
        }
    }
    let gone = world.engine.static_call(&world.owner, call("acme.gone.core.Send")).await;
    assert!(matches!(gone, Err(ServerError::NotFound(_))), "{gone:?}");
}
