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
