//! What components may ask this server's REST interface for, and as whom.

use serde_json::{Value, json};

use super::{
    calls::{ask, asking},
    world::{World, node, object},
};
use crate::support::{
    folder::{column, execute},
    module::Module,
};
use stockroom::server::engine::{Change, host::CallError};

async fn api(world: &World, request: Value) -> Result<Value, CallError> {
    let (_, calls) = asking(world).await;
    ask(&calls[0], "api", request).await
}

#[tokio::test]
async fn a_component_gets_what_its_flows_owner_would_get() {
    let world = World::new().await;
    let _served = world.serve();
    let admin = world.admin().await;
    let change = Change { name: Some("Theirs".to_owned()), ..Change::default() };
    let theirs = world.engine.create_flow(&admin, change).await.expect("makes a flow");
    let (own, calls) = asking(&world).await;
    let tokens = || column(&world.folders.data(), "SELECT id FROM tokens");
    let before = tokens();
    let asked = ask(&calls[0], "api", json!({ "endPoint": "/flows", "method": "GET", "qs": { "limit": 10 } })).await;
    let asked = asked.expect("is answered");
    let ids: Vec<&Value> = asked.as_array().expect("a list").iter().map(|flow| &flow["flowId"]).collect();
    assert_eq!(ids, [&json!(own)]);
    let one = ask(&calls[0], "api", json!({ "endPoint": format!("flows/{own}") })).await.expect("is answered");
    assert_eq!(one["name"], "A flow");
    let error = ask(&calls[0], "api", json!({ "endPoint": format!("/flows/{theirs}") })).await.expect_err("is hidden");
    assert_eq!((error.code.as_deref(), error.name.as_deref()), (Some("404"), Some("Not Found")));
    assert_eq!(error.message, "There is no such flow.");
    assert_eq!(tokens(), before, "nothing that lasts");
}

#[tokio::test]
async fn what_is_not_listed_is_refused_even_to_an_administrators_component() {
    let world = World::new().await;
    let _served = world.serve();
    let (_, calls) = asking(&world).await;
    for (method, end_point) in [
        ("POST", "/components"),
        ("GET", "/service-config"),
        ("POST", "/config"),
        ("POST", "/user"),
        ("GET", "/flows/f/components/c"),
        ("DELETE", "/flows/f"),
        ("GET", "/"),
    ] {
        let asked = ask(&calls[0], "api", json!({ "endPoint": end_point, "method": method, "body": {} })).await;
        assert_eq!(asked.expect_err("is refused").code.as_deref(), Some("403"), "{method} {end_point}");
    }
}

#[tokio::test]
async fn an_owner_who_may_not_sign_in_is_asked_for_nothing() {
    let world = World::new().await;
    let _served = world.serve();
    let (_, calls) = asking(&world).await;
    execute(&world.folders.data(), "UPDATE users SET is_active = FALSE WHERE email = 'owner@example.com'");
    let error = ask(&calls[0], "api", json!({ "endPoint": "/flows" })).await.expect_err("is refused");
    assert!(error.message.contains("owner"), "{error:?}");
}

#[tokio::test]
async fn a_server_that_nobody_serves_says_so() {
    let world = World::new().await;
    let error = api(&world, json!({ "endPoint": "/flows" })).await.expect_err("is refused");
    assert!(error.message.contains("starting or ending"), "{error:?}");
}

#[tokio::test]
async fn system_components_reach_the_configuration_as_far_as_their_owner_does() {
    let world = World::new().await;
    let _served = world.serve();
    world.server.install(&Module::new("appmixer.system", "1.0.0")).await;
    let set = json!({ "endPoint": "/config", "method": "POST", "body": { "key": "MY_OWN", "value": "x,y" } });
    let outcomes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    world.script("s", {
        let outcomes = std::sync::Arc::clone(&outcomes);
        move |_, calls| {
            let (outcomes, set) = (std::sync::Arc::clone(&outcomes), set.clone());
            Box::pin(async move {
                let outcome = calls.call("api".to_owned(), set).await;
                outcomes.lock().expect("a lock").push(outcome);
                Ok(Value::Null)
            })
        }
    });
    let descriptor = json!({ "s": node("appmixer.system.core.Send", &[]) });
    let owners = world.running(descriptor.clone()).await;
    world.poke(&owners, "s", json!({})).await;
    world.until_quiet(&owners).await;
    let admin = world.admin().await;
    let change = Change { descriptor: Some(object(descriptor)), ..Change::default() };
    let admins = world.engine.create_flow(&admin, change).await.expect("makes a flow");
    world.engine.start_flow(&admin, &admins).await.expect("starts");
    world.engine.stop_flow(&world.owner, &owners).await.expect("stops");
    let outcomes = outcomes.lock().expect("a lock").clone();
    // Start and call of each, and stop.
    let of = |is_admin: bool| outcomes.iter().filter(move |outcome| outcome.is_ok() == is_admin);
    assert!(of(true).count() >= 1, "{outcomes:?}");
    for refused in of(false) {
        let error = refused.as_ref().expect_err("is refused");
        assert_eq!((error.code.as_deref(), error.message.as_str()), (Some("403"), "This is for administrators."));
    }
    assert!(of(false).count() >= 2, "{outcomes:?}");
    let via = column(&world.folders.data(), "SELECT via FROM audit WHERE action = 'config.set'");
    assert_eq!(via, [format!("flow {admins}")]);
}
