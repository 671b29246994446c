//! Data stores and their records over the wire: shapes, statuses, owners kept apart, and bad input that changes nothing.

use serde_json::{Value, json};

use crate::support::{
    client::{Answer, exchange, get, head, send},
    folder::{Folders, column, everything},
    server::{TestServer, fresh},
};

/// A server, and somebody who owns stores on it.
struct Shop {
    folders: Folders,
    server: TestServer,
    token: String,
}

impl Shop {
    async fn open() -> Self {
        let (folders, server) = fresh().await;
        server.add_person("owner@example.com", &["user"], &[]).await;
        let token = format!("Bearer {}", server.token("owner@example.com").await);
        Self { folders, server, token }
    }

    /// Asks as the owner.
    async fn ask(&self, method: &str, path: &str, body: Value) -> Answer {
        let auth = [("Authorization", self.token.as_str())];
        match (method, body) {
            ("GET", _) => get(self.server.address, path, &auth).await,
            (_, body) => send(self.server.address, method, path, &auth, &body.to_string()).await,
        }
    }

    /// What an answer says that is none of a failure.
    async fn json(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.ask(method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text());
        answer.json()
    }

    async fn store(&self, name: &str) -> String {
        self.json("POST", "/stores", json!({ "name": name })).await["storeId"].as_str().expect("an id").to_owned()
    }

    /// Sends a body of another kind than JSON.
    async fn put(&self, path: &str, kind: &str, body: &[u8]) -> Answer {
        let length = body.len().to_string();
        let mut headers = vec![("Authorization", self.token.as_str()), ("Content-Length", &length)];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        let request = [head(self.server.address, "POST", path, &headers).as_bytes(), body].concat();
        exchange(self.server.address, &request).await
    }

    async fn keys(&self, query: &str) -> Vec<String> {
        let records = self.json("GET", &format!("/store?{query}"), Value::Null).await;
        let keys = records.as_array().expect("records").iter();
        keys.map(|record| record["key"].as_str().expect("a key").to_owned()).collect()
    }

    /// What is kept, without the trail.
    fn everything(&self) -> Vec<String> {
        everything(&self.folders.data()).into_iter().filter(|line| !line.starts_with("audit: ")).collect()
    }
}

/// A record without its times, which have to be some.
fn timeless(mut record: Value) -> Value {
    for time in ["createdAt", "updatedAt"] {
        let text = record.as_object_mut().expect("a record").remove(time).expect("a time");
        assert!(text.as_str().is_some_and(|text| text.ends_with('Z') && text.contains('T')), "{text}");
    }
    record
}

#[tokio::test]
async fn a_store_is_made_renamed_and_deleted_with_its_records() {
    let shop = Shop::open().await;
    assert_eq!(shop.json("GET", "/stores", Value::Null).await, json!([]));
    let made = shop.json("POST", "/stores", json!({ "name": " Orders " })).await;
    let id = made["storeId"].as_str().expect("an id").to_owned();
    assert_eq!(made, json!({ "storeId": id }));
    assert!(id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let own = format!("/stores/{id}");
    assert_eq!(shop.json("GET", &own, Value::Null).await, json!({ "name": "Orders", "storeId": id }));
    let renamed = shop.json("PUT", &own, json!({ "name": "Sales" })).await;
    assert_eq!(renamed, json!({ "oldName": "Orders", "storeId": id }));
    let second = shop.store("Orders").await;
    let listed = json!([{ "name": "Orders", "storeId": second }, { "name": "Sales", "storeId": id }]);
    assert_eq!(shop.json("GET", "/stores", Value::Null).await, listed);
    shop.json("POST", &format!("/store/{id}/k"), json!(1)).await;
    assert_eq!(shop.json("DELETE", &own, Value::Null).await, json!({}));
    assert_eq!(column(&shop.folders.data(), "SELECT key FROM data_store_records"), [""; 0]);
    for path in [own, format!("/store?storeId={id}"), format!("/store/count?storeId={id}")] {
        assert_eq!(shop.ask("GET", &path, Value::Null).await.status, 404, "{path}");
    }
    // Flows from elsewhere name the store that they want.
    let chosen = "0123456789abcdef01234567";
    let again = shop.json("POST", "/stores", json!({ "name": "Brought along", "storeId": chosen })).await;
    assert_eq!(again, json!({ "storeId": chosen }));
}

#[tokio::test]
async fn records_are_put_changed_and_deleted() {
    let shop = Shop::open().await;
    let id = shop.store("Orders").await;
    let put = shop.json("POST", &format!("/store/{id}/first"), json!({ "n": [1, null] })).await;
    assert_eq!(timeless(put), json!({ "key": "first", "storeId": id, "value": { "n": [1, null] } }));
    let text = shop.put(&format!("/store/{id}/a%2Fb%20%C3%A9"), "text/plain; charset=utf-8", b"{\"no\":1}").await;
    assert_eq!(timeless(text.json()), json!({ "key": "a/b é", "storeId": id, "value": "{\"no\":1}" }));
    let before = shop.json("GET", &format!("/store?storeId={id}&sort=key:1"), Value::Null).await;
    let owner = shop.json("GET", "/user", Value::Null).await["id"].clone();
    assert_eq!(before[0]["userId"], owner, "{before}");
    assert_eq!(shop.json("GET", &format!("/store/count?storeId={id}"), Value::Null).await, json!({ "count": 2 }));
    for (change, key, value) in [
        (json!({ "value": null }), "first", json!(null)),
        (json!({ "value": "new" }), "first", json!("new")),
        (json!({ "key": "second" }), "second", json!("new")),
        (json!({ "key": "first", "value": 3 }), "first", json!(3)),
    ] {
        let old = column(&shop.folders.data(), "SELECT key FROM data_store_records WHERE key <> 'a/b é'").remove(0);
        let changed = shop.json("PATCH", &format!("/store/{id}/{old}"), change.clone()).await;
        assert_eq!(timeless(changed), json!({ "key": key, "storeId": id, "value": value }), "{change}");
    }
    let taken = shop.ask("PATCH", &format!("/store/{id}/first"), json!({ "key": "a/b é" })).await;
    assert_eq!((taken.status, taken.text().contains("duplicate key error")), (409, true));
    assert_eq!(shop.ask("PATCH", &format!("/store/{id}/none"), json!({ "value": 1 })).await.status, 404);
    let doomed = json!([{ "key": "first", "storeId": id }, { "key": "none", "storeId": id }]);
    assert_eq!(shop.json("DELETE", "/store", doomed).await, json!({ "deletedCount": 1 }));
    assert_eq!(shop.keys(&format!("storeId={id}")).await, ["a/b é"]);
}

#[tokio::test]
async fn records_come_in_pages_and_in_order() {
    let shop = Shop::open().await;
    let id = shop.store("Many").await;
    for n in 0..35 {
        shop.json("POST", &format!("/store/{id}/k{n:02}"), json!(n)).await;
    }
    let data = shop.folders.data();
    // Times of their own, whatever the machine's clock has made of them.
    crate::support::folder::execute(&data, "UPDATE data_store_records SET updated_at = 100 - CAST(value AS INTEGER)");
    let all = shop.keys(&format!("storeId={id}")).await;
    assert_eq!((all.len(), all[0].as_str()), (30, "k00"), "the last changed first");
    for (query, keys) in [
        ("sort=key:1&limit=2", vec!["k00", "k01"]),
        ("sort=key:-1&limit=2&offset=1", vec!["k33", "k32"]),
        ("sort=updatedAt:1&limit=1", vec!["k34"]),
        ("sort=key&offset=34", vec!["k34"]),
        ("sort=key&offset=35", vec![]),
        ("limit=0", vec![]),
    ] {
        assert_eq!(shop.keys(&format!("storeId={id}&{query}")).await, keys, "{query}");
    }
    for query in ["sort=value:1", "sort=key:2", "limit=-1", "limit=x", "offset=-1"] {
        assert_eq!(shop.ask("GET", &format!("/store?storeId={id}&{query}"), Value::Null).await.status, 400, "{query}");
    }
    for path in ["/store", "/store/count"] {
        assert_eq!(shop.ask("GET", path, Value::Null).await.status, 400, "{path} without a store");
    }
}

#[tokio::test]
async fn stores_of_others_do_not_exist() {
    let shop = Shop::open().await;
    let id = shop.store("Mine").await;
    shop.json("POST", &format!("/store/{id}/k"), json!("kept")).await;
    shop.server.add_person("other@example.com", &["user"], &[]).await;
    let token = format!("Bearer {}", shop.server.token("other@example.com").await);
    let other = [("Authorization", token.as_str())];
    let before = shop.everything();
    for (method, path, body) in [
        ("GET", format!("/stores/{id}"), json!(null)),
        ("PUT", format!("/stores/{id}"), json!({ "name": "Evil" })),
        ("DELETE", format!("/stores/{id}"), json!(null)),
        ("GET", format!("/store?storeId={id}"), json!(null)),
        ("GET", format!("/store/count?storeId={id}"), json!(null)),
        ("GET", format!("/store/download/{id}"), json!(null)),
        ("POST", format!("/store/{id}/k"), json!("evil")),
        ("PATCH", format!("/store/{id}/k"), json!({ "value": "evil" })),
        ("DELETE", "/store".to_owned(), json!([{ "key": "k", "storeId": id }])),
    ] {
        let answer = send(shop.server.address, method, &path, &other, &body.to_string()).await;
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text());
        assert_eq!(answer.json()["error"], "Not Found");
    }
    assert_eq!(shop.everything(), before);
    let owner = shop.json("GET", "/user", Value::Null).await["id"].as_str().expect("an id").to_owned();
    let asked = get(shop.server.address, &format!("/stores?filter=userId:{owner}"), &other).await;
    assert_eq!(asked.json(), json!([]), "the filter shows others nothing");
    let same = send(shop.server.address, "POST", "/stores", &other, r#"{"name":"Mine"}"#).await;
    assert_eq!(same.status, 200, "names are each owner's own: {}", same.text());
    // A list with one of somebody else's deletes none.
    let own = same.json()["storeId"].as_str().expect("an id").to_owned();
    send(shop.server.address, "POST", &format!("/store/{own}/k"), &other, "1").await;
    let mixed = json!([{ "key": "k", "storeId": own }, { "key": "k", "storeId": id }]).to_string();
    assert_eq!(send(shop.server.address, "DELETE", "/store", &other, &mixed).await.status, 404);
    let count = get(shop.server.address, &format!("/store/count?storeId={own}"), &other).await;
    assert_eq!(count.json(), json!({ "count": 1 }));
    // Administrators look after everybody's.
    assert_eq!(shop.server.get("/stores").await.json(), json!([]));
    let theirs = shop.server.get(&format!("/stores?filter=userId:{owner}")).await.json();
    assert_eq!(theirs, json!([{ "name": "Mine", "storeId": id }]));
    assert_eq!(shop.server.get(&format!("/store?storeId={id}")).await.json()[0]["value"], "kept");
}

#[tokio::test]
async fn what_will_not_do_is_refused_and_changes_nothing() {
    let shop = Shop::open().await;
    let id = shop.store("Kept").await;
    let second = shop.store("Second").await;
    shop.json("POST", &format!("/store/{id}/k"), json!("kept")).await;
    let before = shop.everything();
    let long = "x".repeat(1025);
    for (method, path, body, status) in [
        ("POST", "/stores".to_owned(), json!({}), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "" }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "  " }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": 5 }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "a\nb" }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "x".repeat(201) }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "New", "storeId": "short" }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "New", "storeId": "0123456789ABCDEF01234567" }), 400),
        ("POST", "/stores".to_owned(), json!({ "name": "New", "storeId": id }), 409),
        ("POST", "/stores".to_owned(), json!({ "name": "Kept" }), 409),
        ("PUT", format!("/stores/{second}"), json!({ "name": "Kept" }), 409),
        ("PUT", format!("/stores/{id}"), json!({ "name": "" }), 400),
        ("PUT", "/stores/none".to_owned(), json!({ "name": "New" }), 404),
        ("POST", "/store/none/k".to_owned(), json!(1), 404),
        ("POST", format!("/store/{id}/{long}"), json!(1), 400),
        ("POST", format!("/store/{id}/%00"), json!(1), 400),
        ("POST", format!("/store/{id}/%ff"), json!(1), 400),
        ("POST", format!("/store/{id}/k"), json!("x".repeat(1024 * 1024)), 413),
        ("PATCH", format!("/store/{id}/k"), json!({ "key": "" }), 400),
        ("PATCH", format!("/store/{id}/k"), json!([]), 400),
        ("PATCH", format!("/store/{id}/k"), json!({}), 400),
        ("DELETE", "/store".to_owned(), json!({ "key": "k", "storeId": id }), 400),
        ("DELETE", "/store".to_owned(), json!([{ "key": "k" }]), 400),
        ("GET", format!("/store/download/{id}?format=xml"), json!(null), 400),
        ("GET", "/stores?filter=name:x".to_owned(), json!(null), 400),
    ] {
        let answer = shop.ask(method, &path, body.clone()).await;
        let shown = body.to_string().chars().take(80).collect::<String>();
        assert_eq!(answer.status, status, "{method} {path} {shown}: {}", answer.text());
        let told = answer.json();
        assert_eq!(told["statusCode"], status);
        assert!(told["message"].as_str().is_some_and(|text| text.len() > 10), "{told}");
        assert!(status != 409 || told["message"].as_str().is_some_and(|text| text.contains("duplicate key error")));
    }
    let path = format!("/store/{id}/k");
    for (kind, body, status) in [
        ("application/json", b"{".as_slice(), 400),
        ("text/plain", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"a=1", 415),
        ("", b"text", 415),
    ] {
        assert_eq!(shop.put(&path, kind, body).await.status, status, "{kind}");
    }
    let setting = json!({ "key": "LIMIT_MESSAGE_MAX_BYTES", "value": 10 }).to_string();
    assert_eq!(send(shop.server.address, "POST", "/config", &[], &setting).await.status, 200);
    let big = shop.ask("POST", &path, json!("0123456789")).await;
    assert_eq!((big.status, &big.json()["limit"]), (413, &json!(10)));
    let after = shop.everything().into_iter().filter(|line| !line.starts_with("configuration: "));
    assert_eq!(after.collect::<Vec<_>>(), before);
}

#[tokio::test]
async fn a_store_is_downloaded_whole() {
    let shop = Shop::open().await;
    let id = shop.store("Down").await;
    for (key, value) in [("a", json!("say \"hi\",\nnow")), ("b", json!({ "n": 1 }))] {
        shop.json("POST", &format!("/store/{id}/{key}"), value).await;
    }
    let path = format!("/store/download/{id}");
    for query in ["", "?format=json"] {
        let answer = shop.ask("GET", &format!("{path}{query}"), Value::Null).await;
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"store.json\""));
        let records: Vec<Value> = answer.json().as_array().expect("a list").iter().cloned().map(timeless).collect();
        let expected = [("a", json!("say \"hi\",\nnow")), ("b", json!({ "n": 1 }))];
        assert_eq!(records, expected.map(|(key, value)| json!({ "key": key, "storeId": id, "value": value })));
    }
    let csv = shop.ask("GET", &format!("{path}?format=csv"), Value::Null).await;
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"store.csv\""));
    let text = csv.text();
    let begins = "key,value,createdAt,updatedAt\r\n\"a\",\"say \"\"hi\"\",\nnow\",2";
    assert!(text.starts_with(begins) && text.contains("\r\n\"b\",\"{\"\"n\"\":1}\",2"), "{text}");
}

#[tokio::test]
async fn the_trail_tells_of_stores_and_keeps_no_values() {
    let shop = Shop::open().await;
    let id = shop.store("Told").await;
    shop.json("POST", &format!("/store/{id}/k"), json!("a-secret-value")).await;
    shop.json("PATCH", &format!("/store/{id}/k"), json!({ "key": "l", "value": "another-secret-value" })).await;
    shop.json("DELETE", "/store", json!([{ "key": "l", "storeId": id }])).await;
    shop.json("PUT", &format!("/stores/{id}"), json!({ "name": "Renamed" })).await;
    shop.json("DELETE", &format!("/stores/{id}"), Value::Null).await;
    let sql = "SELECT action || ' ' || subject || ' ' || coalesce(before, '') || coalesce(after, '') FROM audit
               WHERE action LIKE 'store.%' OR action LIKE 'record.%' ORDER BY id";
    let trail = column(&shop.folders.data(), sql);
    let begins: Vec<&str> = trail.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect();
    let expected = ["store.create", "record.put", "record.change", "record.delete", "store.rename", "store.delete"];
    assert_eq!(begins, expected, "{trail:?}");
    assert!(!trail.iter().any(|line| line.contains("secret-value")), "{trail:?}");
    let actor = column(&shop.folders.data(), "SELECT DISTINCT actor FROM audit WHERE action LIKE 'store.%'");
    assert_eq!(actor, ["owner@example.com"]);
}

#[tokio::test]
async fn stores_go_with_their_owner() {
    let shop = Shop::open().await;
    let id = shop.store("Mine").await;
    shop.json("POST", &format!("/store/{id}/k"), json!(1)).await;
    let owner = shop.json("GET", "/user", Value::Null).await["id"].as_str().expect("an id").to_owned();
    let deleted = send(shop.server.address, "DELETE", &format!("/users/{owner}"), &[], "").await;
    assert_eq!(deleted.status, 200, "{}", deleted.text());
    crate::support::eventually("they are gone", async || {
        column(&shop.folders.data(), "SELECT id FROM data_stores").is_empty().then_some(())
    })
    .await;
    assert_eq!(column(&shop.folders.data(), "SELECT key FROM data_store_records"), [""; 0]);
}

#[tokio::test]
async fn the_document_names_the_routes_and_what_they_take() {
    let shop = Shop::open().await;
    let document = shop.server.get("/openapi.json").await.json();
    let paths = &document["paths"];
    for (path, methods) in [
        ("/stores", ["get", "post"].as_slice()),
        ("/stores/{id}", &["get", "put", "delete"]),
        ("/store", &["get", "delete"]),
        ("/store/count", &["get"]),
        ("/store/{id}/{key}", &["post", "patch"]),
        ("/store/download/{id}", &["get"]),
        ("/files", &["get", "post", "delete"]),
        ("/files/count", &["get"]),
        ("/files/metadata/{id}", &["get"]),
        ("/files/{id}", &["get", "delete"]),
    ] {
        for method in methods {
            let tag = if path.starts_with("/files") { "files" } else { "stores" };
            assert_eq!(paths[path][method]["tags"], json!([tag]), "{method} {path}");
        }
    }
    let put = &paths["/store/{id}/{key}"]["post"]["requestBody"]["content"];
    assert!(put["application/json"].is_object() && put["text/plain"].is_object(), "{put}");
    assert!(paths["/files"]["post"]["requestBody"]["content"]["multipart/form-data"].is_object());
}
