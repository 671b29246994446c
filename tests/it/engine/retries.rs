//! A message that fails is tried again at exact times, then kept.

use serde_json::{Value, json};
use stockroom::{
    domain::flow::Stage,
    server::engine::{
        host::{FailureKind, Method},
        public_shape,
    },
};

use super::world::{ACTION, MINUTE, START, World, node};

async fn failing(world: &World) -> String {
    world.passes_on("a");
    world.fails("b", FailureKind::Thrown);
    world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]), "marker": node(ACTION, &[]) })).await
}

#[tokio::test]
async fn the_schedule_is_kept_to_the_millisecond_and_ends_in_a_dead_letter() {
    let world = World::new().await;
    let flow = failing(&world).await;
    world.poke(&flow, "a", json!({ "n": 1 })).await;
    let mut at = START;
    for (failures, minutes) in [1, 2, 4, 8, 16, 32].into_iter().chain([60; 23]).enumerate() {
        let failures = failures + 1;
        let failed = world.until_failed(&flow, u32::try_from(failures).expect("small")).await;
        assert_eq!(failed.due_at, at + minutes * MINUTE, "after failure {failures}");
        world.clock.advance(minutes * MINUTE - 1);
        // Whatever is due now has been delivered before this is.
        world.poke(&flow, "marker", json!({})).await;
        world.until_runs("marker", Method::Receive, failures).await;
        assert_eq!(world.runs("b", Method::Receive).len(), failures, "not a millisecond too early");
        world.clock.advance(1);
        at += minutes * MINUTE;
        assert_eq!(world.until_runs("b", Method::Receive, failures + 1).await[failures].at, at);
    }
    let letter = world.until_unprocessed(1).await.remove(0);
    assert_eq!(world.runs("b", Method::Receive).len(), 30);
    assert_eq!(world.reports().len(), 30);
    let ids: std::collections::BTreeSet<String> =
        world.runs("b", Method::Receive).iter().map(|run| run.context["id"].to_string()).collect();
    assert_eq!(ids.len(), 1, "one message, one id");
    assert_eq!(letter.reason, "thrown");
    assert_eq!((letter.module.as_deref(), letter.version.as_deref()), (Some("acme.pay"), Some("1.0.0")));
    let shape = public_shape(&letter);
    assert_eq!(shape["flowId"], json!(flow));
    assert_eq!(shape["componentId"], "b");
    let message = &shape["messages"]["in"][0];
    assert_eq!(message["content"]["n"], 1);
    assert_eq!(message["scope"]["a"]["out"]["n"], 1);
    assert_eq!(message["properties"]["sender"], json!({ "componentId": "a", "type": ACTION, "outputPort": "out" }));
    let err: Value = serde_json::from_str(shape["err"].as_str().expect("text")).expect("JSON");
    assert_eq!((&err["message"], &err["code"]), (&json!("It broke."), &json!("E_BROKEN")));
}

#[tokio::test]
async fn the_settings_hold_from_the_next_failure_on() {
    let world = World::new().await;
    let flow = failing(&world).await;
    world.set("RETRY_INIT_EXP", 500).await;
    world.set("RETRY_MAX_EXP", 700).await;
    world.poke(&flow, "a", json!({})).await;
    assert_eq!(world.until_failed(&flow, 1).await.due_at, START + 500);
    world.clock.advance(500);
    assert_eq!(world.until_failed(&flow, 2).await.due_at, START + 500 + 700);
    world.set("RETRY_MAX_COUNT", 3).await;
    world.clock.advance(700);
    assert_eq!(world.until_unprocessed(1).await[0].message.attempts, 3);
}

#[tokio::test]
async fn one_that_waits_to_be_tried_again_holds_up_nobody() {
    let world = World::new().await;
    world.passes_on("a");
    world.script("b", |invocation, _| {
        Box::pin(async move {
            let is_bad = invocation.context["input"]["content"]["bad"] == true;
            if is_bad { Err(super::world::failure(FailureKind::Thrown)) } else { Ok(Value::Null) }
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    world.poke(&flow, "a", json!({ "bad": true })).await;
    world.until_failed(&flow, 1).await;
    world.poke(&flow, "a", json!({ "bad": false })).await;
    world.until_runs("b", Method::Receive, 2).await;
    assert_eq!(world.until_failed(&flow, 1).await.attempts, 1);
}

#[tokio::test]
async fn a_dead_letter_is_put_back_into_a_running_flow_alone() {
    let world = World::new().await;
    let flow = failing(&world).await;
    world.set("RETRY_MAX_COUNT", 1).await;
    world.poke(&flow, "a", json!({ "n": 7 })).await;
    let letter = world.until_unprocessed(1).await.remove(0);
    let ids = vec![letter.message.id.clone()];
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    let refused = world.engine.retry(&world.owner, ids.clone()).await.expect_err("is refused");
    assert!(refused.public().status == 409 && refused.to_string().contains("Start the flow"), "{refused}");
    assert_eq!(world.unprocessed().await.len(), 1, "nothing is lost");
    world.passes_on("b");
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    world.engine.retry(&world.owner, ids.clone()).await.expect("is put back");
    let run = world.until_runs("b", Method::Receive, 2).await.remove(1);
    assert_eq!(run.context["id"], json!(letter.message.id));
    assert_eq!(run.context["input"]["content"]["n"], 7);
    assert_eq!(run.context["input"]["scope"]["a"]["out"]["n"], 7);
    assert_eq!(world.unprocessed().await, []);
    assert_eq!(world.engine.retry(&world.owner, ids).await.expect_err("is gone").public().status, 404);
    assert_eq!(world.engine.flow(&world.owner, &flow).await.expect("is there").stage, Stage::Running);
}

#[tokio::test]
async fn nobody_sees_the_dead_letters_of_others() {
    let world = World::new().await;
    let flow = failing(&world).await;
    world.set("RETRY_MAX_COUNT", 1).await;
    world.poke(&flow, "a", json!({})).await;
    let id = world.until_unprocessed(1).await.remove(0).message.id;
    world.server.add_person("other@example.com", &["user"], &[]).await;
    let other = super::world::actor(&world.server, "other@example.com").await;
    assert_eq!(world.engine.unprocessed(&other, Default::default(), 10, 0).await.expect("asks"), []);
    let refused = world.engine.delete_unprocessed(&other, vec![id.clone()]).await.expect_err("is refused");
    assert_eq!(refused.public().status, 404);
    world.engine.delete_unprocessed(&world.admin().await, vec![id]).await.expect("an administrator may");
    assert_eq!(world.unprocessed().await, []);
}
