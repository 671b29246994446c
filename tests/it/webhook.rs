//! The system webhook, with a receiver of its own and the clock under control.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use stockroom::server::{
    access::{Credentials, SecretKey, SudoActor},
    engine::{ErrorReport, FlowStopped, ManualClock, Notice, Notices},
    error::ServerError,
    settings::Settings,
    store::{
        Store,
        deliveries::{Delivery, State},
    },
    webhook::{Parts, SystemWebhook},
};

use crate::{
    engine::world::{self, ACTION, TRIGGER, action_module, node, trigger_module},
    support::{
        client::get,
        eventually,
        folder::{Folders, execute},
        receiver::Receiver,
        server::{ADMIN, PASSWORD, fresh},
    },
};

const START: i64 = 1_800_000_000_000;
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const ERRORS: &str = "WEBHOOK_FLOW_COMPONENT_ERROR";

/// A webhook on a store of its own.
struct World {
    folders: Folders,
    store: Store,
    settings: Settings,
    clock: ManualClock,
    webhook: SystemWebhook,
    receiver: Receiver,
}

impl World {
    async fn new() -> Self {
        Self::on(Folders::new(), START, true, Receiver::new().await).await
    }

    async fn on(folders: Folders, now: i64, allow_private_addresses: bool, receiver: Receiver) -> Self {
        std::fs::create_dir_all(folders.data()).expect("a folder");
        let store = Store::open(&folders.data().join("stockroom.db")).await.expect("opens");
        let settings = Settings::open(store.clone()).await.expect("opens");
        let clock = ManualClock::new(now);
        let webhook = SystemWebhook::new(Parts {
            store: store.clone(),
            settings: settings.clone(),
            key: key(),
            clock: Arc::new(clock.clone()),
            allow_private_addresses,
        });
        Self { folders, store, settings, clock, webhook, receiver }
    }

    async fn set(&self, key: &str, value: impl Into<Value>) {
        self.settings.set(&SudoActor::command_line(), key, value.into()).await.expect("sets");
    }

    async fn keep(&self, notices: Vec<Notice>) {
        use stockroom::server::engine::Clock;
        let (webhook, now) = (self.webhook.clone(), self.clock.now());
        self.store
            .write("test", move |tx| notices.iter().try_for_each(|notice| webhook.keep(tx, notice, now)))
            .await
            .expect("keeps");
        self.webhook.kept();
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.webhook.deliveries(&SudoActor::command_line(), 1_000).await.expect("lists")
    }

    /// The only delivery, as soon as it was tried so often.
    async fn tried(&self, tries: u32) -> Delivery {
        eventually("it is tried", async || {
            let delivery = self.deliveries().await.pop()?;
            (delivery.tries >= tries).then_some(delivery)
        })
        .await
    }
}

fn key() -> SecretKey {
    SecretKey::parse("BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("a key")
}

fn report(message: &str) -> ErrorReport {
    let input = json!({ "in": [{ "content": { "to": "nobody" } }] });
    ErrorReport {
        err: json!({ "message": message, "name": "Error", "code": "E_BROKEN" }),
        kind: "component",
        flow_id: "flow-1".to_owned(),
        flow_name: "Orders".to_owned(),
        user_id: "user-1".to_owned(),
        component_id: "component-1".to_owned(),
        component_type: "acme.pay.core.Send".to_owned(),
        input_messages: input.as_object().cloned().expect("an object"),
        module: Some("acme.pay".to_owned()),
    }
}

fn failed(message: &str) -> Notice {
    Notice::ComponentFailed(report(message))
}

#[tokio::test]
async fn each_address_gets_the_documented_body_signed() {
    let world = World::new().await;
    let (one, two) = (world.receiver.url("/one?enqueueOnly=true"), world.receiver.url("/two"));
    world.set(ERRORS, format!("{one}, {two},{one}")).await;
    world.webhook.spawn();
    world.keep(vec![failed("It broke.")]).await;
    let mut calls = world.receiver.until(2).await;
    calls.sort_by(|a, b| a.path.cmp(&b.path));
    assert_eq!(calls.iter().map(|call| call.path.as_str()).collect::<Vec<_>>(), ["/one?enqueueOnly=true", "/two"]);
    let secret = world.webhook.signing_secret(&SudoActor::command_line());
    assert_eq!(secret.len(), 64);
    for call in &calls {
        assert_eq!(call.header("content-type"), "application/json");
        assert_eq!(
            call.json(),
            json!({
                "err": { "message": "It broke.", "name": "Error", "code": "E_BROKEN" },
                "type": "component",
                "flowId": "flow-1",
                "flowName": "Orders",
                "userId": "user-1",
                "componentId": "component-1",
                "componentType": "acme.pay.core.Send",
                "inputMessages": { "in": [{ "content": { "to": "nobody" } }] },
            })
        );
        let expected = hmac_sha256(secret.as_bytes(), format!("{}.{}", START / SECOND, call.body).as_bytes());
        assert_eq!(call.header("stockroom-signature"), format!("t={},v1={expected}", START / SECOND));
    }
    let ended = eventually("both are written down", async || {
        let deliveries = world.deliveries().await;
        deliveries.iter().all(|delivery| delivery.state == State::Delivered).then_some(deliveries)
    })
    .await;
    let mut ids: Vec<&str> = ended.iter().map(|delivery| delivery.id.as_str()).collect();
    let mut sent: Vec<&str> = calls.iter().map(|call| call.header("stockroom-delivery")).collect();
    ids.sort_unstable();
    sent.sort_unstable();
    assert_eq!(ids, sent);
    assert_eq!(ended[0].status, Some(200));
    assert_eq!(ended[0].subject, "acme.pay.core.Send in Orders");
}

/// As RFC 2104 writes it, for a key of one block.
fn hmac_sha256(key: &[u8], message: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let padded = |with: u8| key.iter().map(|byte| byte ^ with).collect::<Vec<u8>>();
    let inner = Sha256::digest([&padded(0x36), message].concat());
    let outer = Sha256::digest([padded(0x5c).as_slice(), &inner].concat());
    outer.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn without_an_address_nothing_is_kept_and_a_test_is_refused() {
    let world = World::new().await;
    world.keep(vec![failed("It broke.")]).await;
    assert_eq!(world.deliveries().await, []);
    let refused = world.webhook.send_test(&SudoActor::command_line()).await;
    assert!(matches!(refused, Err(ServerError::Conflict(_))), "{refused:?}");
}

#[tokio::test]
async fn a_call_that_fails_is_made_again_later_and_later_until_it_is_given_up() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.set("WEBHOOK_RETRY_MAX", 60_000).await;
    world.set("WEBHOOK_RETRY_COUNT", 5).await;
    world.receiver.answer(503);
    world.webhook.spawn();
    world.keep(vec![failed("It broke.")]).await;
    let mut waits = Vec::new();
    for tries in 1..5 {
        let delivery = world.tried(tries).await;
        assert_eq!((delivery.tries, delivery.state, delivery.status), (tries, State::Waiting, Some(503)));
        let why = delivery.error.expect("a reason");
        assert_eq!(why, "The receiver answered with status 503. It said: Not today.");
        let wait = delivery.due_at - delivery.tried_at.expect("a time");
        waits.push(wait);
        world.clock.advance(wait - 1);
        world.webhook.kept();
        assert_eq!(world.tried(tries).await.tries, tries, "it is not yet time");
        world.clock.advance(1);
    }
    assert_eq!(waits, [30_000, 45_000, 60_000, 60_000]);
    let delivery = world.tried(5).await;
    assert_eq!((delivery.state, delivery.ended_at.is_some()), (State::Failed, true));
    let calls = world.receiver.calls();
    assert_eq!(calls.len(), 5);
    assert!(calls.iter().all(|call| call.header("stockroom-delivery") == delivery.id), "it has one id");
    // It is kept for a week.
    world.clock.advance(6 * 24 * 60 * MINUTE);
    world.webhook.kept();
    assert_eq!(world.deliveries().await.len(), 1);
    world.clock.advance(25 * 60 * MINUTE);
    eventually("it is forgotten", async || world.deliveries().await.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_receiver_that_has_recovered_gets_what_waited() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.receiver.answer(302);
    world.webhook.spawn();
    world.keep(vec![failed("It broke.")]).await;
    let why = world.tried(1).await.error.expect("a reason");
    assert!(why.starts_with("The receiver answered with status 302; redirects are not followed."), "{why}");
    assert!(world.receiver.calls().iter().all(|call| call.path == "/hook"), "no redirect was followed");
    world.receiver.answer(204);
    world.clock.advance(30 * SECOND);
    let delivery = world.tried(2).await;
    assert_eq!((delivery.state, delivery.status, delivery.error), (State::Delivered, Some(204), None));
}

#[tokio::test]
async fn private_addresses_and_what_is_none_are_refused_at_once() {
    let world = World::on(Folders::new(), START, false, Receiver::new().await).await;
    let port = world.receiver.address.port();
    let urls = [
        format!("http://127.0.0.1:{port}/"),
        format!("http://localhost:{port}/"),
        "http://169.254.169.254/latest".to_owned(),
        "http://[::ffff:10.0.0.1]/".to_owned(),
        "ftp://example.com/".to_owned(),
        "nonsense".to_owned(),
    ];
    world.set(ERRORS, urls.join(",")).await;
    world.webhook.spawn();
    world.keep(vec![failed("It broke.")]).await;
    let ended = eventually("all are refused", async || {
        let deliveries = world.deliveries().await;
        deliveries.iter().all(|delivery| delivery.state == State::Refused).then_some(deliveries)
    })
    .await;
    assert_eq!(ended.len(), urls.len());
    for delivery in &ended {
        assert_eq!(delivery.tries, 1);
        let why = delivery.error.clone().expect("a reason");
        let expected = if delivery.url.starts_with("http:") { "--allow-private-addresses" } else { "is no address" };
        assert!(why.contains(expected), "{}: {why}", delivery.url);
    }
    assert!(world.receiver.calls().is_empty());
}

#[tokio::test]
async fn what_was_kept_is_delivered_after_a_restart() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.keep(vec![failed("It broke.")]).await;
    world.webhook.stop().await;
    world.store.close().await;
    let World { folders, receiver, .. } = world;
    let world = World::on(folders, START + MINUTE, true, receiver).await;
    world.webhook.spawn();
    let calls = world.receiver.until(1).await;
    assert_eq!(calls[0].json()["err"]["message"], "It broke.");
    assert_eq!(world.tried(1).await.state, State::Delivered);
    world.webhook.stop().await;
}

#[tokio::test]
async fn repeats_are_counted_and_told_of_together() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.set("WEBHOOK_SUMMARY_MINUTES", 10).await;
    world.webhook.spawn();
    world.keep(vec![failed("It broke."), failed("It broke."), failed("Something else.")]).await;
    world.keep(vec![failed("It broke.")]).await;
    let first = world.receiver.until(2).await;
    let mut texts: Vec<String> = first.iter().map(|call| call.json()["err"]["message"].to_string()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["\"It broke.\"", "\"Something else.\""]);
    assert!(first.iter().all(|call| call.json().get("repeated").is_none()));
    world.clock.advance(10 * MINUTE);
    let sum = &world.receiver.until(3).await[2];
    assert_eq!((&sum.json()["err"]["message"], &sum.json()["repeated"]), (&json!("It broke."), &json!(2)));
    // Ten quiet minutes later it is new again.
    world.clock.advance(10 * MINUTE);
    eventually("it is forgotten", async || {
        let told = world.store.read(stockroom::server::store::deliveries::first_told).await.expect("reads");
        told.is_none().then_some(())
    })
    .await;
    world.keep(vec![failed("It broke.")]).await;
    assert_eq!(world.receiver.until(4).await[3].json().get("repeated"), None);
    // Back to one message for each: what was counted is told of soon.
    world.keep(vec![failed("It broke.")]).await;
    world.set("WEBHOOK_SUMMARY_MINUTES", 0).await;
    world.keep(vec![failed("It broke.")]).await;
    let last = world.receiver.until(6).await;
    let sums = last[4..].iter().filter(|call| call.json().get("repeated") == Some(&json!(1))).count();
    assert_eq!(sums, 1);
}

#[tokio::test]
async fn no_more_wait_than_ten_thousand_and_the_oldest_give_way() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.keep(vec![failed("The first.")]).await;
    world.clock.advance(1);
    world.keep((0..9_999).map(|_| failed("In between.")).collect()).await;
    world.clock.advance(1);
    world.keep(vec![failed("The last.")]).await;
    let bodies = world
        .store
        .read(|connection| {
            let mut select = connection.prepare("SELECT body FROM deliveries ORDER BY created_at")?;
            Ok(select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .expect("reads");
    assert_eq!(bodies.len(), 10_000);
    assert!(bodies[0].contains("In between.") && bodies[9_999].contains("The last."));
}

#[tokio::test]
async fn a_body_that_is_too_large_loses_its_input() {
    let world = World::new().await;
    world.set(ERRORS, world.receiver.url("/hook")).await;
    world.webhook.spawn();
    let mut large = report("It broke.");
    large.input_messages = Map::from_iter([("in".to_owned(), json!("x".repeat(1_000_000)))]);
    world.keep(vec![Notice::ComponentFailed(large)]).await;
    let body = world.receiver.until(1).await[0].json();
    assert_eq!((&body["inputMessages"], &body["err"]["message"]), (&json!({}), &json!("It broke.")));
}

#[tokio::test]
async fn a_flow_that_was_stopped_is_told_of() {
    let world = World::new().await;
    world.set("WEBHOOK_FLOW_STOPPED", world.receiver.url("/stopped")).await;
    world.webhook.spawn();
    let stopped = FlowStopped {
        flow_id: "flow-1".to_owned(),
        flow_name: "Orders".to_owned(),
        user_id: "user-1".to_owned(),
        stopped_by: "owner@example.com".to_owned(),
    };
    world.keep(vec![failed("Nobody hears it."), Notice::FlowStopped(stopped)]).await;
    let body = world.receiver.until(1).await[0].json();
    let expected = json!({
        "flowId": "flow-1", "flowName": "Orders", "userId": "user-1", "stoppedBy": "owner@example.com",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_running_server_sends_a_test_and_writes_it_down() {
    let (_folders, server) = fresh().await;
    let (webhook, receiver, actor) = (&server.state.webhook, Receiver::new().await, SudoActor::command_line());
    server.state.settings.set(&actor, ERRORS, json!(receiver.url("/hook"))).await.expect("sets");
    webhook.spawn();
    let ids = webhook.send_test(&actor).await.expect("sends");
    let call = &receiver.until(1).await[0];
    assert_eq!(call.header("stockroom-delivery"), ids[0]);
    assert_eq!(call.json()["type"], "test", "nobody takes it for a failure");
    let actions = server
        .state
        .store
        .read(|connection| {
            let mut select = connection.prepare("SELECT subject FROM audit WHERE action = 'webhook.test'")?;
            Ok(select.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?)
        })
        .await
        .expect("reads");
    assert_eq!(actions, [ERRORS]);
    webhook.stop().await;
}

#[tokio::test]
async fn every_failure_of_a_removed_module_is_told_of_until_it_is_back() {
    let world = world::World::new().await;
    let (state, receiver) = (&world.server.state, Receiver::new().await);
    let actor = SudoActor::command_line();
    state.settings.set(&actor, ERRORS, json!(receiver.url("/hook"))).await.expect("sets");
    let webhook = SystemWebhook::new(Parts {
        store: state.store.clone(),
        settings: state.settings.clone(),
        key: key(),
        clock: Arc::new(world.clock.clone()),
        allow_private_addresses: true,
    });
    webhook.spawn();
    *world.heard.other.lock().expect("a lock") = Some(Arc::new(webhook.clone()));
    world.passes_on("a");
    let flow = world.running(json!({ "a": node(TRIGGER, &[]), "b": node(ACTION, &["a"]) })).await;
    world.remove(&action_module()).await;
    world.poke(&flow, "a", json!({ "n": 1 })).await;
    let first = &receiver.until(1).await[0].json();
    assert_eq!(
        (&first["type"], &first["flowId"], &first["flowName"]),
        (&json!("component"), &json!(flow), &json!("A flow"))
    );
    assert_eq!((&first["componentId"], &first["componentType"]), (&json!("b"), &json!(ACTION)));
    let text = first["err"]["message"].as_str().expect("a text");
    assert!(text.contains("The module acme.pay is not installed"), "{text}");
    assert_eq!(first["inputMessages"]["in"][0]["content"]["n"], 1);
    // The first repetition fails, too, and so does the trigger's tick once its own module has gone.
    world.until_failed(&flow, 1).await;
    world.remove(&trigger_module()).await;
    world.clock.advance(MINUTE);
    let calls = receiver.until(3).await;
    let mut failed: Vec<String> = calls.iter().map(|call| call.json()["componentId"].to_string()).collect();
    failed.sort_unstable();
    assert_eq!(failed, ["\"a\"", "\"b\"", "\"b\""]);
    // Both are back: nothing fails any more, so nothing is told.
    world.until_failed(&flow, 2).await;
    world.server.install(&action_module()).await;
    world.server.install(&trigger_module()).await;
    world.clock.advance(2 * MINUTE);
    world.until_quiet(&flow).await;
    eventually("every call is written down", async || {
        let deliveries = webhook.deliveries(&actor, 10).await.expect("lists");
        (deliveries.len() == 3 && deliveries.iter().all(|delivery| delivery.state == State::Delivered)).then_some(())
    })
    .await;
    webhook.stop().await;
}

#[tokio::test]
async fn it_is_known_how_each_address_stands() {
    let (world, other) = (World::new().await, Receiver::new().await);
    let (good, bad) = (world.receiver.url("/good"), other.url("/bad"));
    other.answer(500);
    world.set(ERRORS, format!("{good},{bad},nonsense")).await;
    world.set("WEBHOOK_FLOW_STOPPED", format!("{good},http://later.example/")).await;
    world.keep(vec![failed("It broke.")]).await;
    let actor = SudoActor::command_line();
    let receivers = async || world.webhook.receivers(&actor).await.expect("asks");
    let before = receivers().await;
    let hears: Vec<(&str, bool, bool)> = before
        .iter()
        .map(|receiver| (receiver.url.as_str(), receiver.hears_of_failures, receiver.hears_of_stops))
        .collect();
    let expected = [
        (good.as_str(), true, true),
        (bad.as_str(), true, false),
        ("nonsense", true, false),
        ("http://later.example/", false, true),
    ];
    assert_eq!(hears, expected);
    let waiting: Vec<u32> = before.iter().map(|receiver| receiver.standing.waiting).collect();
    assert_eq!((waiting, before.iter().any(|receiver| receiver.standing.last.is_some())), (vec![1, 1, 1, 0], false));
    world.webhook.spawn();
    let stand = eventually("all three are tried", async || {
        let stand: Vec<_> = receivers().await.into_iter().map(|receiver| receiver.standing).collect();
        stand[..3].iter().all(|standing| standing.last.is_some()).then_some(stand)
    })
    .await;
    let last = |at: usize| stand[at].last.clone().expect("was tried");
    assert_eq!((last(0).state, stand[0].waiting, stand[0].delivered_at), (State::Delivered, 0, Some(START)));
    assert_eq!((last(1).state, last(1).status, stand[1].waiting), (State::Waiting, Some(500), 1));
    assert_eq!((last(2).state, stand[2].waiting, stand[2].delivered_at), (State::Refused, 0, None));
    assert_eq!(stand[3].last, None);
    // It has recovered.
    other.answer(200);
    world.clock.advance(30 * SECOND);
    eventually("it stands well", async || {
        let standing = receivers().await.remove(1).standing;
        (standing.delivered_at == Some(START + 30 * SECOND) && standing.waiting == 0).then_some(())
    })
    .await;
    world.webhook.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_secret_is_shown_when_asked_for_and_after_a_proof_alone() {
    let (folders, server) = fresh().await;
    let secret = server.state.webhook.signing_secret(&SudoActor::command_line());
    let who = Credentials {
        login: ADMIN.to_owned(),
        password: PASSWORD.to_owned(),
        address: [127, 0, 0, 1].into(),
        agent: String::new(),
    };
    let session = server.state.door.sign_in(who, None).await.expect("signs in").secret;
    let cookie = format!("stockroom_session={session}");
    let page = async |query: &str| {
        let path = format!("/backoffice/system/webhook{query}");
        let answer = get(server.address, &path, &[("Cookie", &cookie), ("Accept", "text/html")]).await;
        assert_eq!(answer.status, 200);
        answer.text()
    };
    assert!(!page("").await.contains(&secret));
    assert!(page("?secret=shown").await.contains(&secret));
    execute(&folders.data(), "UPDATE sessions SET proved_at = proved_at - 16 * 60 * 1000");
    let stale = page("?secret=shown").await;
    assert!(!stale.contains(&secret) && stale.contains("Confirm your password to see it"), "{stale}");
}
