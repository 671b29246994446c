//! A module goes away under a running flow, and comes back or does not.

use serde_json::json;
use stockroom::server::engine::host::Method;

use super::world::{ACTION, MINUTE, TRIGGER, World, action_module, node, trigger_module};
use crate::support::{client::get, eventually, folder::column};

#[tokio::test]
async fn a_trigger_fails_at_every_tick_and_recovers_by_itself() {
    let world = World::new().await;
    let flow = world.running(json!({ "t": node(TRIGGER, &[]) })).await;
    world.clock.advance(MINUTE);
    world.until_runs("t", Method::Tick, 1).await;
    world.remove(&trigger_module()).await;
    for failures in 1..=2 {
        world.clock.advance(MINUTE);
        let reports = eventually("the tick fails", async || {
            let reports = world.reports();
            (reports.len() >= failures).then_some(reports)
        })
        .await;
        let report = &reports[failures - 1];
        assert_eq!((report.component_id.as_str(), report.component_type.as_str()), ("t", TRIGGER));
        assert_eq!((report.flow_id.as_str(), report.flow_name.as_str()), (flow.as_str(), "A flow"));
        assert_eq!(report.module.as_deref(), Some("acme.poll"));
        assert!(report.err["message"].as_str().expect("text").contains("The module acme.poll is not installed"));
    }
    assert_eq!(world.runs("t", Method::Tick).len(), 1);
    world.server.install(&trigger_module()).await;
    world.clock.advance(MINUTE);
    world.until_runs("t", Method::Tick, 2).await;
    assert_eq!(world.reports().len(), 2);
    assert_eq!(world.queued(&flow).await, []);
}

#[tokio::test]
async fn a_trigger_goes_on_failing_and_recovers_after_a_restart_too() {
    let mut world = World::new().await;
    world.running(json!({ "t": node(TRIGGER, &[]) })).await;
    world.remove(&trigger_module()).await;
    world.restart().await;
    world.clock.advance(MINUTE);
    eventually("the tick fails", async || (!world.reports().is_empty()).then_some(())).await;
    world.server.install(&trigger_module()).await;
    world.clock.advance(MINUTE);
    world.until_runs("t", Method::Tick, 1).await;
}

async fn removed(world: &World) -> String {
    world.passes_on("a");
    let flow = world.running(json!({ "a": node(TRIGGER, &[]), "b": node(ACTION, &["a"]) })).await;
    world.remove(&action_module()).await;
    world.poke(&flow, "a", json!({ "n": 1 })).await;
    flow
}

#[tokio::test]
async fn an_action_recovers_when_the_module_is_back_in_time() {
    let world = World::new().await;
    let flow = removed(&world).await;
    for (failures, minutes) in [(1, 1), (2, 2), (3, 4)] {
        world.until_failed(&flow, failures).await;
        assert_eq!(world.reports().len(), failures as usize);
        world.clock.advance(minutes * MINUTE);
    }
    world.until_failed(&flow, 4).await;
    assert_eq!(world.runs("b", Method::Receive), []);
    world.server.install(&action_module()).await;
    world.clock.advance(8 * MINUTE);
    let runs = world.until_runs("b", Method::Receive, 1).await;
    assert_eq!(runs[0].context["input"]["content"]["n"], 1);
    world.until_quiet(&flow).await;
    assert_eq!(world.unprocessed().await, []);
    assert_eq!(world.reports().len(), 4);
}

#[tokio::test]
async fn an_action_ends_in_a_dead_letter_that_names_the_module_when_it_is_not() {
    let world = World::new().await;
    let flow = removed(&world).await;
    for failures in 1..30 {
        let failed = world.until_failed(&flow, failures).await;
        world.clock.advance(
            failed.due_at - {
                use stockroom::server::engine::Clock;
                world.clock.now()
            },
        );
    }
    let letter = world.until_unprocessed(1).await.remove(0);
    assert_eq!((letter.reason.as_str(), letter.module.as_deref()), ("missing", Some("acme.pay")));
    assert_eq!(letter.version, None);
    assert!(letter.error["message"].as_str().expect("text").contains("The module acme.pay is not installed"));
    assert_eq!(world.reports().len(), 30, "who listens hears of each failure");
    world.server.install(&action_module()).await;
    world.engine.retry(&world.owner, vec![letter.message.id]).await.expect("is put back");
    world.until_runs("b", Method::Receive, 1).await;
    world.until_quiet(&flow).await;
}

#[tokio::test]
async fn who_uses_a_module_is_known_while_it_is_there_and_when_it_is_gone() {
    let world = World::new().await;
    let admin = world.admin().await.admin().expect("is one");
    let stopped = world.flow(json!({ "x": node(ACTION, &[]) })).await;
    let running = removed(&world).await;
    let uses = world.engine.flows_using(&admin, &action_module().module_name()).await.expect("asks");
    let found: Vec<(&str, &str)> =
        uses.iter().map(|used| (used.flow_id.as_str(), used.components[0].id.as_str())).collect();
    assert_eq!(found, [(running.as_str(), "b"), (stopped.as_str(), "x")]);
    assert_eq!(uses[0].email, "owner@example.com");
    let refused = world.engine.start_flow(&world.owner, &stopped).await.expect_err("cannot start");
    assert!(refused.to_string().contains("The module acme.pay is not installed"), "{refused}");
}

#[tokio::test]
async fn what_ended_unprocessed_for_want_of_a_module_is_replayed_together_when_it_is_back() {
    let world = World::new().await;
    let admin = world.admin().await.admin().expect("is one");
    let name = action_module().module_name();
    world.set("RETRY_MAX_COUNT", 1).await;
    world.passes_on("a");
    let nodes = json!({ "a": node(TRIGGER, &[]), "b": node(ACTION, &["a"]) });
    let (running, stopped) = (world.running(nodes.clone()).await, world.running(nodes).await);
    world.remove(&action_module()).await;
    for flow in [&running, &stopped] {
        world.poke(flow, "a", json!({ "n": 1 })).await;
    }
    world.until_unprocessed(2).await;
    world.engine.stop_flow(&world.owner, &stopped).await.expect("stops");
    assert_eq!(world.engine.lost_letters(&admin, &name).await.expect("asks"), [], "it is not back yet");
    let refused = world.engine.replay(&admin, &name).await.expect_err("nothing to replay");
    assert!(refused.to_string().contains("nothing to replay"), "{refused}");

    world.server.install(&action_module()).await;
    let letters = world.engine.lost_letters(&admin, &name).await.expect("asks");
    let found: Vec<_> = letters.iter().map(|lost| (lost.flow_id.as_str(), lost.count, lost.homeless)).collect();
    assert_eq!(found, [(running.as_str(), 1, 0), (stopped.as_str(), 1, 0)]);
    let page = get(world.server.address, "/backoffice/modules/acme.pay", &[("Accept", "text/html")]).await.text();
    for text in ["2 messages ended unprocessed", "Replay 1 message", "not replayed: the flow does not run"] {
        assert!(page.contains(text), "{text}");
    }
    assert_eq!(world.engine.replay(&admin, &name).await.expect("replays"), 1);
    let runs = world.until_runs("b", Method::Receive, 1).await;
    assert_eq!(runs[0].context["input"]["content"]["n"], 1);
    world.until_quiet(&running).await;
    let left = world.unprocessed().await;
    assert_eq!((left.len(), &left[0].message.lane.flow_id), (1, &stopped));
    let deeds = column(&world.folders.data(), "SELECT after FROM audit WHERE action = 'unprocessed.replay'");
    assert_eq!(deeds, [json!({ "messages": 1, "byFlow": { (running.clone()): 1 } }).to_string()]);
    assert!(world.engine.replay(&admin, &name).await.is_err());
}
