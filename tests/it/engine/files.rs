//! Files as components save and load them.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use stockroom::server::{
    engine::host::{Calls, Method},
    files::Target,
};

use super::{
    calls::{ask, asking},
    world::{ACTION, World, node},
};
use crate::support::{eventually, folder::kept};

/// The contents and unfinished uploads that lie in the data folder.
fn bytes(world: &World) -> BTreeSet<String> {
    let files = kept(&world.folders.data()).into_iter();
    files.filter(|path| path.starts_with("files/") || path.starts_with("tmp/")).collect()
}

async fn open(calls: &Arc<dyn Calls>, args: Value) -> Value {
    ask(calls, "file.open", args).await.expect("opens")
}

fn part(upload: &Value, bytes: &[u8]) -> Value {
    json!({ "upload": upload, "bytes": STANDARD.encode(bytes) })
}

/// Writes a file in two pieces; gives its record.
async fn save(calls: &Arc<dyn Calls>, args: Value, text: &str) -> Value {
    let upload = open(calls, args).await;
    let (first, second) = text.as_bytes().split_at(text.len() / 2);
    for piece in [first, second] {
        ask(calls, "file.write", part(&upload, piece)).await.expect("writes");
    }
    ask(calls, "file.close", json!({ "upload": upload })).await.expect("closes")
}

async fn read(calls: &Arc<dyn Calls>, id: &Value, from: u64, to: u64) -> String {
    let read = ask(calls, "file.read", json!({ "id": id, "from": from, "to": to })).await.expect("reads");
    String::from_utf8(STANDARD.decode(read.as_str().expect("text")).expect("Base64")).expect("text")
}

#[tokio::test]
async fn a_file_is_saved_read_replaced_and_removed() {
    let world = World::new().await;
    let (flow, calls) = asking(&world).await;
    let [a, b] = [&calls[0], &calls[1]];
    let mut file = save(a, json!({ "name": "note.txt", "contentType": "text/plain" }), "0123456789").await;
    let id = file["fileId"].clone();
    assert_eq!(ask(b, "file.info", json!({ "id": id })).await, Ok(file.clone()));
    file.as_object_mut().expect("a record").remove("uploadDate").expect("a time");
    let user = world.owner.person().id.clone();
    let expected = json!({
        "fileId": id, "filename": "note.txt", "length": 10, "chunkSize": 262_144, "contentType": "text/plain",
        "md5": "781e5e245d69b566979b86e28d23f2c7", "metadata": { "fileId": id, "userId": user, "originFlowId": flow },
    });
    assert_eq!(file, expected);
    for (from, to, text) in [(0, 10, "0123456789"), (3, 5, "34"), (8, 99, "89"), (10, 20, ""), (5, 5, ""), (6, 2, "")] {
        assert_eq!(read(a, &id, from, to).await, text, "{from} to {to}");
    }
    // b has looked at it before it was replaced, and reads it to its end as it was.
    let replaced = save(a, json!({ "id": id, "replace": true }), "new").await;
    assert_eq!((&replaced["fileId"], &replaced["length"], &replaced["filename"]), (&id, &json!(3), &json!("note.txt")));
    assert_eq!(read(b, &id, 8, 10).await, "89");
    let looked = ask(b, "file.info", json!({ "id": id })).await.expect("is there");
    assert_eq!((&looked["length"], read(b, &id, 0, 10).await.as_str()), (&json!(3), "new"));
    let removed = ask(b, "file.remove", json!({ "id": id })).await;
    assert_eq!(removed, Ok(json!({ "fileId": id })));
    for (name, args) in [
        ("file.info", json!({ "id": id })),
        ("file.read", json!({ "id": id, "from": 0, "to": 1 })),
        ("file.remove", json!({ "id": id })),
        ("file.open", json!({ "id": id, "replace": true })),
    ] {
        let told = ask(a, name, args).await.expect_err("it is gone").message;
        assert_eq!(told, format!("File with {} not found.", id.as_str().expect("an id")), "{name}");
    }
    // The one that was replaced stays for a while, for whoever reads it.
    assert_eq!(bytes(&world).len(), 1, "{:?}", bytes(&world));
    world.server.state.files.sweep().await.expect("sweeps");
    assert_eq!(bytes(&world).len(), 1, "{:?}", bytes(&world));
}

#[tokio::test]
async fn an_upload_that_is_given_up_or_left_open_leaves_nothing() {
    let world = World::new().await;
    let (_, calls) = asking(&world).await;
    let upload = open(&calls[0], json!({ "name": "x" })).await;
    ask(&calls[0], "file.write", part(&upload, b"half")).await.expect("writes");
    assert_eq!(bytes(&world).len(), 1);
    assert!(ask(&calls[1], "file.write", part(&upload, b"of another")).await.is_err());
    ask(&calls[0], "file.abort", json!({ "upload": upload })).await.expect("gives up");
    assert_eq!(bytes(&world), BTreeSet::new());
    for name in ["file.write", "file.close"] {
        let told = ask(&calls[0], name, part(&upload, b"")).await.expect_err("is not open").message;
        assert!(told.contains("not open"), "{told}");
    }
    ask(&calls[0], "file.abort", json!({ "upload": upload })).await.expect("a second time is no error");
    world.script("leaves", |invocation, calls| {
        Box::pin(async move {
            if invocation.method == Method::Receive {
                let upload = open(&calls, json!({ "name": "x" })).await;
                ask(&calls, "file.write", part(&upload, b"half")).await.expect("writes");
            }
            Ok(Value::Null)
        })
    });
    let flow = world.running(json!({ "leaves": node(ACTION, &[]) })).await;
    world.poke(&flow, "leaves", json!({})).await;
    world.until_quiet(&flow).await;
    eventually("it is gone", async || bytes(&world).is_empty().then_some(())).await;
    let files = world.server.state.files.list(&world.owner, false).await.expect("asks");
    assert_eq!(files, []);
}

#[tokio::test]
async fn what_is_not_the_owners_or_will_not_do_is_refused() {
    let world = World::new().await;
    let admin = world.admin().await;
    let files = &world.server.state.files;
    let mut upload = files.begin().expect("begins");
    upload.write(b"kept").expect("writes");
    let target = Target {
        user_id: admin.person().id.clone(),
        flow_id: None,
        id: None,
        name: Some("other.txt".to_owned()),
        content_type: None,
        is_replacement: false,
        by: Some(admin.by()),
    };
    let other = files.finish(upload, target).await.expect("is kept").id;
    let before = bytes(&world);
    let (_, calls) = asking(&world).await;
    for (name, args) in [
        ("file.info", json!({ "id": other })),
        ("file.read", json!({ "id": other, "from": 0, "to": 1 })),
        ("file.remove", json!({ "id": other })),
        ("file.open", json!({ "id": other, "replace": true })),
    ] {
        let told = ask(&calls[0], name, args).await.expect_err("is not theirs").message;
        assert_eq!(told, format!("File with {other} not found."), "{name}");
    }
    for (args, word) in [
        (json!({ "name": "x", "id": other }), "another file"),
        (json!({ "name": "x", "id": "no id" }), "UUID"),
        (json!({ "name": " \n" }), "name"),
        (json!({ "name": "x".repeat(501) }), "500"),
    ] {
        let upload = open(&calls[0], args).await;
        let told = ask(&calls[0], "file.close", json!({ "upload": upload })).await.expect_err("is refused").message;
        assert!(told.contains(word), "{told}");
    }
    let upload = open(&calls[0], json!({ "name": "x" })).await;
    let told = ask(&calls[0], "file.write", json!({ "upload": upload, "bytes": "%" })).await.expect_err("no Base64");
    assert!(told.message.contains("Base64"), "{told:?}");
    world.set("LIMIT_FILE_MAX_BYTES", 4).await;
    ask(&calls[0], "file.write", part(&upload, b"12345")).await.expect("it began before the limit changed");
    ask(&calls[0], "file.abort", json!({ "upload": upload })).await.expect("gives up");
    let upload = open(&calls[0], json!({ "name": "x" })).await;
    ask(&calls[0], "file.write", part(&upload, b"123")).await.expect("writes");
    let told = ask(&calls[0], "file.write", part(&upload, b"45")).await.expect_err("is too big").message;
    assert!(told.contains("at most 4 bytes"), "{told}");
    assert!(ask(&calls[0], "file.close", json!({ "upload": upload })).await.is_err());
    for _ in 0..50 {
        open(&calls[0], json!({ "name": "x" })).await;
    }
    let told = ask(&calls[0], "file.open", json!({ "name": "x" })).await.expect_err("are too many").message;
    assert!(told.contains("50"), "{told}");
    for upload in bytes(&world).difference(&before) {
        assert!(upload.starts_with("tmp/"), "{upload}");
    }
    assert_eq!(files.list(&admin, true).await.expect("asks").len(), 1);
}
