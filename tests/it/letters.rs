//! The section "Unprocessed" as a browser uses it: filters, bulk actions, the export.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    client::{Answer, post, send},
    folder::{Folders, column, execute},
    server::{TestServer, fresh},
};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
const AS_CLIENT: (&str, &str) = ("Accept", "application/json");
const AS_BROWSER: (&str, &str) = ("Accept", "text/html");
/// 2026-03-01, 00:00 in UTC, in milliseconds since the Unix epoch.
const MARCH: i64 = 1_772_323_200_000;
const DAY: i64 = 86_400_000;

struct World {
    folders: Folders,
    server: TestServer,
    /// Of a flow that runs.
    orders: String,
    /// Of one that does not.
    letters: String,
}

impl World {
    async fn new() -> Self {
        let (folders, server) = fresh().await;
        let mut ids = Vec::new();
        for name in ["Orders", "Letters"] {
            let flow = json!({ "name": name, "flow": { "a": { "type": "acme.pay.core.Send", "source": {} } } });
            let made = send(server.address, "POST", "/flows", &[], &flow.to_string()).await.json();
            ids.push(made["flowId"].as_str().expect("an id").to_owned());
        }
        let [orders, letters] = ids.try_into().expect("two");
        let run = format!("UPDATE flows SET stage = 'running', run_id = 1 WHERE id = '{orders}'");
        execute(&folders.data(), &run);
        Self { folders, server, orders, letters }
    }

    /// Writes a message down as the engine does.
    fn lose(&self, id: &str, flow: &str, module: &str, reason: &str, at: i64) {
        let sql = format!(
            "INSERT INTO unprocessed (id, flow_id, component_id, component_type, module, version, reason, error, kind,
                                      port, run_id, attempts, correlation_id, body, accepted_at, created_at)
             VALUES ('{id}', '{flow}', 'a', '{module}.core.Send', '{module}', '1.0.0', '{reason}',
                     '{{\"message\":\"It broke.\",\"code\":\"E_BROKEN\"}}', 'port', 'in', 1, 30, 'c',
                     '{{\"content\":{{\"n\":\"{id}\"}},\"scope\":{{}}}}', {at}, {at})"
        );
        execute(&self.folders.data(), &sql);
    }

    /// Messages that differ in one thing each.
    fn lose_some(&self) {
        self.lose("plain", &self.orders, "acme.pay", "thrown", MARCH + 1);
        self.lose("other-flow", &self.letters, "acme.pay", "thrown", MARCH + 2);
        self.lose("other-module", &self.orders, "acme.mail", "thrown", MARCH + 3);
        self.lose("other-reason", &self.orders, "acme.pay", "missing", MARCH + 4);
        self.lose("last-of-day", &self.orders, "acme.pay", "thrown", MARCH + DAY - 1);
        self.lose("next-day", &self.orders, "acme.pay", "thrown", MARCH + DAY);
    }

    async fn page(&self, query: &str) -> Value {
        let answer = self.server.get(&format!("/backoffice/api/list_unprocessed?{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.text());
        answer.json()
    }

    async fn act(&self, action: &str, accept: (&str, &str), body: &str) -> Answer {
        let path = format!("/backoffice/api/{action}_unprocessed");
        post(self.server.address, &path, &[FORM, accept], body.as_bytes()).await
    }

    fn kept(&self) -> BTreeSet<String> {
        column(&self.folders.data(), "SELECT id FROM unprocessed").into_iter().collect()
    }

    fn queued(&self) -> Vec<String> {
        column(&self.folders.data(), "SELECT id FROM messages ORDER BY seq")
    }

    fn audited(&self) -> Vec<String> {
        let sql = "SELECT action || ' ' || subject || ' ' || module FROM audit WHERE action LIKE 'unprocessed.%' \
                   ORDER BY id";
        column(&self.folders.data(), sql)
    }
}

fn ids(page: &Value) -> Vec<&str> {
    page["letters"].as_array().expect("a list").iter().map(|letter| letter["id"].as_str().expect("an id")).collect()
}

fn set(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|&id| id.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_filter_holds_alone_and_with_the_others() {
    let world = World::new().await;
    world.lose_some();
    let all = ["next-day", "last-of-day", "other-reason", "other-module", "other-flow", "plain"];
    let orders = world.orders.clone();
    let table: [(String, &[&str]); 9] = [
        (String::new(), &all),
        (format!("wanted[flow]={}", world.letters), &["other-flow"]),
        ("wanted[module]=acme.mail".to_owned(), &["other-module"]),
        ("wanted[reason]=missing".to_owned(), &["other-reason"]),
        ("wanted[from]=2026-03-02".to_owned(), &["next-day"]),
        ("wanted[to]=2026-03-01".to_owned(), &all[1..]),
        ("wanted[from]=2026-03-01&wanted[to]=2026-03-01".to_owned(), &all[1..]),
        (
            format!("wanted[flow]={orders}&wanted[module]=acme.pay&wanted[reason]=thrown&wanted[to]=2026-03-01"),
            &["last-of-day", "plain"],
        ),
        ("wanted[module]=acme".to_owned(), &[]),
    ];
    for (query, expected) in table {
        let page = world.page(&query).await;
        assert_eq!(ids(&page), expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
        // The same as a file, in the order in which the messages were accepted.
        let file = world.server.get(&format!("/backoffice/unprocessed/export?{}", plain(&query))).await;
        assert_eq!(file.header("content-type"), Some("application/x-ndjson"));
        let lines: Vec<Value> = file.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let exported: Vec<&str> = lines.iter().map(|line| line["messageId"].as_str().expect("an id")).rev().collect();
        assert_eq!(exported, expected, "{query}");
    }
    let letter = &world.page("wanted[reason]=missing").await["letters"][0];
    assert_eq!(
        (&letter["flow"], &letter["stage"], &letter["error"]),
        (&json!("Orders"), &json!("running"), &json!("It broke."))
    );
    assert_eq!((&letter["module"], &letter["version"]), (&json!("acme.pay"), &json!("1.0.0")));
    assert!(letter["input"]["text"].as_str().expect("a text").contains("\"other-reason\""));
    assert!(letter["error_details"]["text"].as_str().expect("a text").contains("E_BROKEN"));
}

/// The fields as the address of the page has them.
fn plain(query: &str) -> String {
    query.replace("wanted[", "").replace("]=", "=")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_day_that_is_none_is_refused_wherever_it_is_given() {
    let world = World::new().await;
    world.lose_some();
    let list = world.server.get("/backoffice/api/list_unprocessed?wanted[from]=yesterday").await;
    let export = world.server.get("/backoffice/unprocessed/export?to=2026-02-30").await;
    let page = world.server.get("/backoffice/unprocessed?from=yesterday").await;
    let delete = world.act("delete", AS_CLIENT, "all=true&wanted[from]=yesterday").await;
    for answer in [list, export, page, delete] {
        assert_eq!(answer.status, 400);
        assert!(answer.text().contains("is no day: write it like 2026-03-01."), "{}", answer.text());
    }
    assert_eq!(world.kept().len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_some_or_all_that_match_are_put_back_in_their_order() {
    let world = World::new().await;
    world.lose_some();
    assert_eq!(world.act("retry", AS_CLIENT, "only=other-module&ids[]=plain").await.status, 200);
    assert_eq!(world.queued(), ["other-module"], "the button of one message means that one");
    assert_eq!(world.act("retry", AS_CLIENT, "ids[]=next-day&ids[]=last-of-day").await.status, 200);
    assert_eq!(world.queued()[1..], ["next-day", "last-of-day"]);
    let body = format!("all=true&wanted[flow]={}", world.orders);
    assert_eq!(world.act("retry", AS_CLIENT, &body).await.status, 200);
    assert_eq!(world.queued()[3..], ["plain", "other-reason"]);
    assert_eq!(world.kept(), set(&["other-flow"]));
    let audited = world.audited();
    assert_eq!(audited[0], "unprocessed.retry other-module acme.mail");
    assert_eq!(audited.len(), 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_put_back_when_one_belongs_to_a_flow_that_is_stopped() {
    let world = World::new().await;
    world.lose_some();
    let body = format!("only=other-flow&wanted[flow]={}", world.letters);
    for body in [body.as_str(), "ids[]=plain&ids[]=other-flow", "all=true"] {
        let refused = world.act("retry", AS_CLIENT, body).await;
        assert_eq!(refused.status, 409, "{body}");
        let why = refused.json()["message"].as_str().expect("a text").to_owned();
        assert!(why.contains("\"Letters\" is stopped") && why.contains("Start the flow first."), "{why}");
        assert_eq!((world.kept().len(), world.queued().len()), (6, 0), "{body}");
    }
    assert!(world.audited().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_some_or_all_that_match_are_deleted() {
    let world = World::new().await;
    world.lose_some();
    assert_eq!(world.act("delete", AS_CLIENT, "only=plain").await.status, 200);
    assert_eq!(world.act("delete", AS_CLIENT, "ids[]=other-flow&ids[]=other-module").await.status, 200);
    assert_eq!(world.kept(), set(&["other-reason", "last-of-day", "next-day"]));
    assert_eq!(world.act("delete", AS_CLIENT, "all=true&wanted[to]=2026-03-01").await.status, 200);
    assert_eq!(world.kept(), set(&["next-day"]));
    assert_eq!(world.audited().len(), 5);
    for (body, status) in [("", 400), ("all=true&wanted[to]=2026-03-01", 400), ("ids[]=next-day&ids[]=plain", 404)] {
        assert_eq!(world.act("delete", AS_CLIENT, body).await.status, status, "{body}");
        assert_eq!(world.kept(), set(&["next-day"]), "{body}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_browser_is_led_back_to_its_filter_and_told_what_was_done() {
    let world = World::new().await;
    world.lose_some();
    let done = world.act("retry", AS_BROWSER, "all=true&wanted[module]=acme.mail").await;
    let to = done.header("location").expect("is led somewhere").to_owned();
    assert_eq!((done.status, to.as_str()), (302, "/backoffice/unprocessed?module=acme%2Email&done=retried&number=1"));
    let page = world.server.get(&to).await.text();
    assert!(
        page.contains("1 message is put back, to be tried at once.") && page.contains("Nothing matches."),
        "{page}"
    );
    let deleted = world.act("delete", AS_BROWSER, "ids[]=plain&ids[]=next-day").await;
    let to = deleted.header("location").expect("is led somewhere").to_owned();
    assert!(world.server.get(&to).await.text().contains("2 messages are deleted."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_end_where_the_messages_do_and_a_great_input_is_cut() {
    let world = World::new().await;
    for number in 0..101 {
        world.lose(&format!("m{number:03}"), &world.orders, "acme.pay", "thrown", MARCH + number);
    }
    let first = world.page("").await;
    assert_eq!((ids(&first).len(), ids(&first)[0]), (50, "m100"));
    assert_eq!((&first["total"], &first["has_older"]), (&json!(101), &json!(true)));
    let last = world.page("page=2").await;
    assert_eq!((ids(&last), &last["has_older"]), (vec!["m000"], &json!(false)));
    let beyond = world.page("page=4000000000").await;
    assert_eq!((&beyond["number"], ids(&beyond)), (&json!(2), vec!["m000"]));
    let body = format!("{{\"content\":\"{}\",\"scope\":{{}}}}", "ä".repeat(10_000));
    execute(&world.folders.data(), &format!("UPDATE unprocessed SET body = '{body}' WHERE id = 'm000'"));
    let input = world.page("page=2").await["letters"][0]["input"].clone();
    assert_eq!((input["text"].as_str().expect("a text").chars().count(), &input["is_cut"]), (4_000, &json!(true)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_filter_offers_flows_that_have_messages_and_tells_those_of_one_name_apart() {
    let world = World::new().await;
    world.lose("plain", &world.orders, "acme.pay", "thrown", MARCH);
    let labels = |page: &Value| -> Vec<String> {
        let flows = page["flows"].as_array().expect("a list").iter();
        flows.map(|flow| flow["label"].as_str().expect("a text").to_owned()).collect()
    };
    assert_eq!(labels(&world.page("").await), ["Orders"]);
    let asked = format!("wanted[flow]={}", world.letters);
    assert_eq!(labels(&world.page(&asked).await), ["Letters", "Orders"]);
    execute(&world.folders.data(), "UPDATE flows SET name = 'Orders'");
    assert_eq!(labels(&world.page("").await), ["Orders · admin@example.com"]);
}
