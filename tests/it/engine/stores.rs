//! Data stores as components use them, and components that are told of changes.

use std::sync::Arc;

use serde_json::{Value, json};
use stockroom::server::engine::host::{Calls, Method};

use super::{
    calls::{ask, asking},
    world::{ACTION, Run, SECOND, World, node},
};
use crate::support::folder::execute;

const NOON: &str = "2027-01-15T08:00:00.000Z";
const LATER: &str = "2027-01-15T08:00:01.000Z";

async fn store(world: &World, name: &str) -> String {
    world.engine.create_data_store(&world.owner, name, None).await.expect("makes a store")
}

async fn put(world: &World, store: &str, key: &str, value: Value) {
    world.engine.put_record(&world.owner, store, key, value).await.expect("puts");
}

/// What a call that is refused says.
async fn refused(calls: &Arc<dyn Calls>, name: &str, args: Value) -> String {
    ask(calls, name, args.clone()).await.expect_err(&format!("{name} {args} is refused")).message
}

#[tokio::test]
async fn records_are_kept_by_their_keys() {
    let world = World::new().await;
    let (first, second) = (store(&world, "First").await, store(&world, "Second").await);
    let (_, calls) = asking(&world).await;
    let [a, b] = [&calls[0], &calls[1]];
    let missing = json!({ "key": "k", "storeId": first, "value": null });
    assert_eq!(ask(a, "store.get", json!({ "storeId": first, "key": "k" })).await, Ok(missing));
    let mut record = json!({
        "key": "k", "storeId": first, "value": { "n": 1 }, "oldValue": null, "createdAt": NOON, "updatedAt": NOON,
    });
    let set = |value: Value| json!({ "storeId": first, "key": "k", "value": value });
    assert_eq!(ask(a, "store.set", set(json!({ "n": 1 }))).await, Ok(record.clone()));
    world.clock.advance(SECOND);
    record["oldValue"] = json!({ "n": 1 });
    record["value"] = json!("two");
    record["updatedAt"] = json!(LATER);
    assert_eq!(ask(b, "store.set", set(json!("two"))).await, Ok(record.clone()));
    record.as_object_mut().expect("a record").remove("oldValue");
    assert_eq!(ask(a, "store.get", json!({ "storeId": first, "key": "k" })).await, Ok(record));
    ask(a, "store.set", json!({ "storeId": first, "key": 7, "value": null })).await.expect("a number is a key");
    for (name, args, answer) in [
        ("store.remove", json!({ "key": "7" }), json!({ "key": "7", "storeId": first, "oldValue": null })),
        ("store.remove", json!({ "key": "k" }), json!({ "key": "k", "storeId": first, "oldValue": "two" })),
        ("store.remove", json!({ "key": "k" }), json!({ "key": "k", "storeId": first, "oldValue": null })),
        ("store.clear", json!({}), json!({ "deletedCount": 0 })),
    ] {
        let mut args = args;
        args["storeId"] = json!(first);
        assert_eq!(ask(a, name, args.clone()).await, Ok(answer), "{name} {args}");
    }
    let listed = json!([{ "name": "First", "storeId": first }, { "name": "Second", "storeId": second }]);
    assert_eq!(ask(a, "store.list", json!({})).await, Ok(listed));
}

#[tokio::test]
async fn records_are_found_and_gone_through() {
    let world = World::new().await;
    let id = store(&world, "Found").await;
    for n in 0..7 {
        put(&world, &id, &format!("K{n}"), json!({ "n": n, "isEven": n % 2 == 0 })).await;
        world.clock.advance(SECOND);
    }
    let (_, calls) = asking(&world).await;
    let find = async |name: &str, args: Value| -> Vec<String> {
        let mut args = args;
        args["storeId"] = json!(id);
        let found = ask(&calls[0], name, args).await.expect("finds");
        found
            .as_array()
            .expect("a list")
            .iter()
            .map(|record| record["key"].as_str().expect("a key").to_owned())
            .collect()
    };
    let even = json!({ "query": { "value.isEven": true } });
    assert_eq!(find("store.find", json!({})).await.len(), 7);
    assert_eq!(find("store.find", json!({ "query": "k3" })).await, ["K3"]);
    assert_eq!(find("store.find", json!({ "query": even })).await, ["K0", "K2", "K4", "K6"]);
    assert_eq!(find("store.find", json!({ "query": { "query": { "key": { "$nin": [] } } } })).await.len(), 7);
    assert_eq!(find("store.page", json!({ "offset": 5, "limit": 10 })).await, ["K5", "K6"]);
    assert_eq!(find("store.page", json!({ "limit": 2, "sort": { "key": -1 } })).await, ["K6", "K5"]);
    assert_eq!(find("store.page", json!({ "query": even, "offset": 1, "limit": 2 })).await, ["K2", "K4"]);
    assert_eq!(find("store.page", json!({ "limit": 0 })).await, [""; 0]);
    for (query, count) in [(Value::Null, 7), (even, 4), (json!({ "value.n": { "$gt": 4 } }), 2)] {
        assert_eq!(ask(&calls[0], "store.count", json!({ "storeId": id, "query": query })).await, Ok(json!(count)));
    }
    for (name, args, word) in [
        ("store.find", json!({ "query": { "$where": "1" } }), "$where"),
        ("store.count", json!({ "query": 5 }), "object"),
        ("store.page", json!({ "sort": { "value": 1 } }), "updatedAt"),
        ("store.page", json!({ "sort": { "key": 2 } }), "-1"),
    ] {
        let mut args = args;
        args["storeId"] = json!(id);
        let told = refused(&calls[0], name, args).await;
        assert!(told.contains(word), "{told}");
    }
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
         INSERT INTO data_store_records (store_id, key, value, created_at, updated_at) SELECT '{id}', i, '1', 1, 1 FROM n"
    );
    execute(&world.folders.data(), &many);
    assert!(refused(&calls[0], "store.find", json!({ "storeId": id })).await.contains("cursor"));
    assert_eq!(ask(&calls[0], "store.count", json!({ "storeId": id })).await, Ok(json!(10_007)));
    assert_eq!(ask(&calls[0], "store.clear", json!({ "storeId": id })).await, Ok(json!({ "deletedCount": 10_007 })));
}

#[tokio::test]
async fn what_is_not_the_owners_or_will_not_do_is_refused() {
    let world = World::new().await;
    let (own, admin) = (store(&world, "Own").await, world.admin().await);
    let other = world.engine.create_data_store(&admin, "Other", None).await.expect("makes a store");
    world.engine.put_record(&admin, &other, "k", json!("kept")).await.expect("puts");
    let (_, calls) = asking(&world).await;
    for name in ["get", "set", "remove", "clear", "find", "page", "count", "registerWebhook"] {
        for id in [other.as_str(), "none"] {
            let told =
                refused(&calls[0], &format!("store.{name}"), json!({ "storeId": id, "key": "k", "value": 1 })).await;
            assert_eq!(told, format!("Store with {id} not found."), "{name}");
        }
        assert!(
            refused(&calls[0], &format!("store.{name}"), json!({ "key": "k" })).await.contains("storeId"),
            "{name}"
        );
    }
    let (_, kept) = world.engine.records(&admin, &other, Default::default(), 0, 10).await.expect("asks");
    assert_eq!(kept.iter().map(|record| &record.value).collect::<Vec<_>>(), [&json!("kept")]);
    for (name, args, word) in [
        ("store.get", json!({}), "a key"),
        ("store.set", json!({ "key": "" }), "a key"),
        ("store.set", json!({ "key": {} }), "a key"),
        ("store.set", json!({ "key": "x".repeat(1025) }), "1024"),
        ("store.registerWebhook", json!({ "events": ["insert", "drop"] }), "drop"),
        ("store.no", json!({}), "store.no"),
    ] {
        let mut args = args;
        args["storeId"] = json!(own);
        let told = refused(&calls[0], name, args).await;
        assert!(told.contains(word), "{name}: {told}");
    }
    world.set("LIMIT_MESSAGE_MAX_BYTES", 10).await;
    let told = refused(&calls[0], "store.set", json!({ "storeId": own, "key": "k", "value": "0123456789" })).await;
    assert!(told.contains("at most 10 bytes"), "{told}");
    assert_eq!(ask(&calls[0], "store.count", json!({ "storeId": own })).await, Ok(json!(0)));
}

/// A component that asks to be told of changes when its flow starts.
fn listens(world: &World, component: &str, args: &Value) {
    let args = args.clone();
    world.script(component, move |invocation, calls| {
        let args = args.clone();
        Box::pin(async move {
            match invocation.method {
                Method::Start => calls.call("store.registerWebhook".into(), args).await.expect("registers"),
                Method::Stop => calls.call("store.unregisterWebhook".into(), args).await.expect("unregisters"),
                _ => Value::Null,
            };
            Ok(Value::Null)
        })
    });
}

fn told(runs: &[Run]) -> Vec<Value> {
    let contents = runs.iter().map(|run| &run.context["input"]);
    contents
        .inspect(|input| assert_eq!((&input["kind"], &input["port"]), (&json!("webhook"), &json!("webhook"))))
        .map(|input| input["content"]["data"].clone())
        .collect()
}

#[tokio::test]
async fn a_component_that_registers_is_told_of_changes_in_order() {
    let world = World::new().await;
    let id = store(&world, "Told").await;
    listens(&world, "all", &json!({ "storeId": id }));
    listens(&world, "gone", &json!({ "storeId": id, "events": ["delete"] }));
    let flow = world.running(json!({ "all": node(ACTION, &[]), "gone": node(ACTION, &[]) })).await;
    // By its owner, and by another flow.
    put(&world, &id, "k", json!(1)).await;
    let (_, calls) = asking(&world).await;
    ask(&calls[0], "store.set", json!({ "storeId": id, "key": "k", "value": 2 })).await.expect("sets");
    ask(&calls[0], "store.remove", json!({ "storeId": id, "key": "none" })).await.expect("is no error");
    let change = world.engine.change_record(&world.owner, &id, "k", Some("l".to_owned()), None);
    change.await.expect("renames");
    ask(&calls[0], "store.clear", json!({ "storeId": id })).await.expect("clears");
    let runs = world.until_runs("all", Method::Receive, 5).await;
    let current = |key: &str, value: Value| json!({ "key": key, "storeId": id, "value": value, "createdAt": NOON, "updatedAt": NOON });
    let with = |mut current: Value, old: Value| {
        current["oldValue"] = old;
        current
    };
    let deletes = [
        json!({ "type": "delete", "currentValue": with(current("k", json!(null)), json!(2)) }),
        json!({ "type": "delete", "currentValue": with(current("l", json!(null)), json!(2)) }),
    ];
    let expected = [
        json!({ "type": "insert", "currentValue": current("k", json!(1)) }),
        json!({ "type": "update", "currentValue": with(current("k", json!(2)), json!(1)) }),
        deletes[0].clone(),
        json!({ "type": "insert", "currentValue": current("l", json!(2)) }),
        deletes[1].clone(),
    ];
    assert_eq!(told(&runs), expected);
    assert_eq!(told(&world.until_runs("gone", Method::Receive, 2).await), deletes);
    world.until_quiet(&flow).await;
    assert_eq!(world.runs("gone", Method::Receive).len(), 2);
}

#[tokio::test]
async fn whoever_has_stopped_or_unregistered_is_told_nothing() {
    let world = World::new().await;
    let id = store(&world, "Told").await;
    listens(&world, "a", &json!({ "storeId": id, "events": ["insert"] }));
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    put(&world, &id, "first", json!(1)).await;
    world.until_runs("a", Method::Receive, 1).await;
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    put(&world, &id, "second", json!(2)).await;
    assert_eq!(world.queued(&flow).await, []);
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    put(&world, &id, "second", json!(3)).await;
    put(&world, &id, "third", json!(4)).await;
    let runs = world.until_runs("a", Method::Receive, 2).await;
    let keys: Vec<_> = told(&runs).iter().map(|told| told["currentValue"]["key"].clone()).collect();
    assert_eq!(keys, ["first", "third"]);
    world.until_quiet(&flow).await;
    // A store that is gone takes those who listened with it, and they may still say that they do so no more.
    world.engine.delete_data_store(&world.owner, &id).await.expect("deletes");
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    assert_eq!(world.reports(), []);
    assert_eq!(world.runs("a", Method::Receive).len(), 2);
}

#[tokio::test]
async fn what_is_told_survives_a_restart() {
    let mut world = World::new().await;
    let id = store(&world, "Told").await;
    listens(&world, "a", &json!({ "storeId": id }));
    let flow = world.running(json!({ "a": node(ACTION, &[]) })).await;
    world.script("a", |_, _| Box::pin(std::future::pending()));
    put(&world, &id, "k", json!(1)).await;
    world.until_runs("a", Method::Receive, 1).await;
    listens(&world, "a", &json!({ "storeId": id }));
    world.restart().await;
    let runs = world.until_runs("a", Method::Receive, 1).await;
    assert_eq!(told(&runs)[0]["currentValue"]["key"], "k");
    put(&world, &id, "l", json!(2)).await;
    world.until_runs("a", Method::Receive, 2).await;
    world.until_quiet(&flow).await;
}
