//! Ticks come when they should, and never pile up.

use serde_json::{Value, json};
use stockroom::server::{
    engine::{Clock, host::Method},
    time::iso,
};

use super::world::{MINUTE, SECOND, START, TRIGGER, World, failure, node};
use crate::support::eventually;

#[tokio::test]
async fn a_tick_that_still_runs_is_not_joined_by_the_next() {
    let world = World::new().await;
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let opens = std::sync::Arc::clone(&gate);
    world.script("slow", move |invocation, _| {
        let opens = std::sync::Arc::clone(&opens);
        Box::pin(async move {
            if invocation.method == Method::Tick {
                opens.notified().await;
            }
            Ok(Value::Null)
        })
    });
    world.running(json!({ "slow": node(TRIGGER, &[]), "quick": node(TRIGGER, &[]) })).await;
    for tick in 1..=5 {
        world.clock.advance(MINUTE);
        world.until_runs("quick", Method::Tick, tick).await;
    }
    assert_eq!(world.runs("slow", Method::Tick).len(), 1);
    gate.notify_one();
    eventually("the slow one is ticked again, once", async || {
        world.clock.advance(SECOND);
        (world.runs("slow", Method::Tick).len() == 2).then_some(())
    })
    .await;
    let ticks = world.runs("quick", Method::Tick);
    assert_eq!(
        ticks[0].context["input"]["content"],
        json!({ "now": iso(START + MINUTE), "elapsed": 0, "lastTick": null })
    );
    let second = json!({ "now": iso(START + 2 * MINUTE), "elapsed": MINUTE, "lastTick": iso(START + MINUTE) });
    assert_eq!(ticks[1].context["input"]["content"], second);
}

#[tokio::test]
async fn the_interval_can_be_changed_at_any_time_and_a_failed_tick_is_only_written_down() {
    let world = World::new().await;
    world.script("t", |invocation, _| {
        Box::pin(async move {
            let is_tick = invocation.method == Method::Tick;
            if is_tick { Err(failure(stockroom::server::engine::host::FailureKind::Thrown)) } else { Ok(Value::Null) }
        })
    });
    let flow = world.running(json!({ "t": node(TRIGGER, &[]) })).await;
    world.set("COMPONENT_POLLING_INTERVAL", 2_000).await;
    world.clock.advance(2 * SECOND);
    world.until_runs("t", Method::Tick, 1).await;
    eventually("it is reported", async || (world.reports().len() == 1).then_some(())).await;
    assert_eq!(world.queued(&flow).await, []);
    eventually("it goes on", async || {
        world.clock.advance(2 * SECOND);
        (world.runs("t", Method::Tick).len() >= 3).then_some(())
    })
    .await;
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    world.clock.advance(10 * MINUTE);
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    let started = world.clock.now();
    let first = eventually("it is ticked as if for the first time", async || {
        world.clock.advance(SECOND / 10);
        let ticks = world.runs("t", Method::Tick);
        ticks.into_iter().skip(3).find(|run| run.context["input"]["content"]["lastTick"].is_null())
    })
    .await;
    assert!(first.at >= started + 2 * SECOND, "what was missed is not made up for");
}
