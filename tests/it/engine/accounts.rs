//! What a component signs in with.

use serde_json::{Map, Value, json};
use stockroom::server::{engine::host::Method, error::ServerError, settings::accounts::NewAccount};

use super::world::{ACTION, World, node, object};
use crate::support::module::Module;

#[tokio::test]
async fn a_component_gets_its_account_with_the_connectors_configuration_and_one_without_gets_nothing() {
    let world = World::new().await;
    let manifest = json!({ "name": ACTION, "inPorts": ["in"], "outPorts": ["out"], "auth": { "service": "acme:pay" } });
    let module = Module::new("acme.pay", "1.0.1").with("acme/pay/core/Send/component.json", &manifest.to_string());
    world.server.install(&module).await;
    let flow = world.flow(json!({ "with": node(ACTION, &[]), "without": node(ACTION, &["with"]) })).await;
    world.passes_on("with");
    let new = NewAccount {
        service: "acme:pay".to_owned(),
        token: object(json!({ "apiKey": "mine" })),
        profile: object(json!({ "mail": "a@b" })),
        ..NewAccount::default()
    };
    let accounts = &world.server.state.accounts;
    let account = accounts.create(&world.owner, new).await.expect("is made");
    world.engine.attach_account(&world.owner, "with", &account.id, None).await.expect("is attached");
    let configured = Map::from_iter([("clientId".to_owned(), Value::from("ours"))]);
    let service = stockroom::server::settings::connectors::ServiceId::parse("acme:pay").expect("a name");
    let sudo = stockroom::server::access::SudoActor::command_line();
    world.server.state.connectors.set_some(&sudo, &service, configured).await.expect("is set");

    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    world.poke(&flow, "with", json!(1)).await;
    let with = world.until_runs("with", Method::Receive, 1).await;
    let auth = json!({
        "clientId": "ours", "apiKey": "mine", "tokenId": account.id, "service": "acme:pay",
        "userId": world.owner.person().id, "profileInfo": { "mail": "a@b" },
    });
    assert_eq!(with[0].context["auth"], auth);
    assert_eq!(with[0].context["profileInfo"], json!({ "mail": "a@b" }));
    let without = world.until_runs("without", Method::Receive, 1).await;
    assert_eq!((&without[0].context["auth"], &without[0].context["profileInfo"]), (&json!({}), &json!({})));

    let refused = accounts.delete(&world.owner, &account.id).await;
    assert!(matches!(refused, Err(ServerError::Conflict(_))), "{refused:?}");
    world.engine.stop_flow(&world.owner, &flow).await.expect("stops");
    accounts.delete(&world.owner, &account.id).await.expect("is deleted");
}

#[tokio::test]
async fn a_flow_says_which_of_its_components_sign_in_and_with_what() {
    let world = World::new().await;
    let manifest = json!({ "name": ACTION, "inPorts": ["in"], "outPorts": ["out"], "auth": { "service": "acme:pay" } });
    let module = Module::new("acme.pay", "1.0.1").with("acme/pay/core/Send/component.json", &manifest.to_string());
    world.server.install(&module).await;
    let id = world.flow(json!({ "a": node(ACTION, &[]), "t": node(super::world::TRIGGER, &[]) })).await;
    let flow = world.engine.flow(&world.owner, &id).await.expect("is there");
    let new = |service: &str| NewAccount {
        service: service.to_owned(),
        display_name: Some(format!("At {service}")),
        token: object(json!({ "apiKey": "mine" })),
        ..NewAccount::default()
    };
    let accounts = &world.server.state.accounts;
    let fits = accounts.create(&world.owner, new("acme:pay")).await.expect("is made");
    accounts.create(&world.owner, new("acme:other")).await.expect("is made");
    let sign_ins = world.engine.sign_ins(&world.owner, &flow).await.expect("asks");
    assert_eq!(sign_ins.len(), 1);
    assert_eq!((sign_ins[0].component_id.as_str(), sign_ins[0].service.as_str()), ("a", "acme:pay"));
    assert_eq!(sign_ins[0].choices, Some(vec![(fits.id.clone(), "At acme:pay".to_owned())]));
    assert_eq!(sign_ins[0].account, None);
    world.engine.attach_account(&world.owner, "a", &fits.id, Some(&id)).await.expect("is attached");
    let seen = world.engine.sign_ins(&world.admin().await, &flow).await.expect("asks");
    assert_eq!((&seen[0].choices, &seen[0].account), (&None, &Some(fits.id)));
    assert!(world.engine.sign_out(&world.admin().await, &id, "a").await.is_err());
    world.engine.sign_out(&world.owner, &id, "a").await.expect("is put away");
    assert_eq!(world.engine.sign_ins(&world.owner, &flow).await.expect("asks")[0].account, None);
}

#[tokio::test]
async fn an_account_is_never_given_to_a_component_of_another_service() {
    let world = World::new().await;
    let version = |number: &str, service: &str| {
        let auth = json!({ "name": ACTION, "inPorts": ["in"], "outPorts": ["out"], "auth": { "service": service } });
        Module::new("acme.pay", number).with("acme/pay/core/Send/component.json", &auth.to_string())
    };
    world.server.install(&version("1.0.1", "acme:pay")).await;
    let flow = world.flow(json!({ "a": node(ACTION, &[]) })).await;
    let token = object(json!({ "apiKey": "mine" }));
    let new = NewAccount { service: "acme:pay".to_owned(), token, ..NewAccount::default() };
    let account = world.server.state.accounts.create(&world.owner, new).await.expect("is made");
    world.engine.attach_account(&world.owner, "a", &account.id, None).await.expect("is attached");
    world.server.install(&version("1.0.2", "acme:other")).await;
    world.engine.start_flow(&world.owner, &flow).await.expect("starts");
    world.poke(&flow, "a", json!(1)).await;
    let other = world.until_runs("a", Method::Receive, 1).await;
    assert_eq!(other[0].context["auth"], json!({}));
    world.server.install(&version("1.0.3", "acme:pay")).await;
    world.poke(&flow, "a", json!(2)).await;
    let own = world.until_runs("a", Method::Receive, 2).await;
    assert_eq!(own[1].context["auth"]["apiKey"], "mine");
}
