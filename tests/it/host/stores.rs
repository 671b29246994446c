//! Data stores and files from a component's code in a real Node process to the real store and back.

use std::sync::Arc;

use serde_json::{Value, json};
use stockroom::server::engine::host::{ComponentHost, Method};

use super::Bench;
use crate::engine::world::{ACTION, World, node};

/// Runs this code as the component `a`, and gives what it has sent to `b`.
async fn sent(world: &World, code: &str, content: Value) -> Value {
    let bench = Arc::new(Bench::new());
    let component = bench.component("1", "acme.demo.core.Data", code).input(content);
    world.script("a", move |invocation, calls| {
        let (bench, component) = (Arc::clone(&bench), component.clone());
        Box::pin(async move {
            if invocation.method != Method::Receive {
                return Ok(Value::Null);
            }
            bench.host.invoke(component.invocation(Method::Receive), calls).await
        })
    });
    let flow = world.running(json!({ "a": node(ACTION, &[]), "b": node(ACTION, &["a"]) })).await;
    world.poke(&flow, "a", json!({})).await;
    let received = world.until_runs("b", Method::Receive, 1).await;
    received[0].context["input"]["content"].clone()
}

#[tokio::test]
async fn a_component_keeps_records() {
    let world = World::new().await;
    let id = world.engine.create_data_store(&world.owner, "Records", None).await.expect("makes a store");
    let code = "module.exports = { async receive(context) {
        const { id } = context.messages.in.content;
        const { store } = context;
        const missing = (await store.get(id, 'k')).value;
        for (let n = 0; n < 250; n++) await store.set(id, 'k' + n, { n });
        const old = (await store.set(id, 'k0', { n: -1 })).oldValue;
        const found = (await store.find(id, 'K24')).length;
        const some = (await store.find(id, { query: { 'value.n': { $gte: 248 } } })).map(record => record.key);
        const all = [];
        for await (const record of store.getCursor(id, {}, { sort: { key: 1 } })) all.push(record.key);
        const removed = (await store.remove(id, 'k0')).oldValue;
        const stores = await store.listStores();
        let error; try { await store.get('none', 'k'); } catch (err) { error = err.message; }
        const cleared = await store.clear(id);
        const out = { missing, old, found, some, all: [all.length, new Set(all).size], removed, stores, error, cleared };
        await context.sendJson(out, 'out');
    } };";
    let expected = json!({
        "missing": null, "old": { "n": 0 }, "found": 11, "some": ["k248", "k249"], "all": [250, 250],
        "removed": { "n": -1 }, "stores": [{ "name": "Records", "storeId": id }],
        "error": "Store with none not found.", "cleared": { "deletedCount": 249 },
    });
    assert_eq!(sent(&world, code, json!({ "id": id })).await, expected);
}

#[tokio::test]
async fn a_component_keeps_files() {
    let world = World::new().await;
    let code = "const { Readable } = require('stream');
    module.exports = { async receive(context) {
        const content = 'line of text\\n'.repeat(60000);
        const saved = await context.saveFileStream('text.txt', Readable.from([content]));
        const again = (await context.loadFile(saved.fileId)).toString() === content;
        let part = '';
        for await (const chunk of await context.getFileReadStream(saved.fileId, { start: 5, end: 6 })) part += chunk;
        const copy = await context.saveFileStream('copy.txt', await context.getFileReadStream(saved.fileId));
        const replaced = await context.replaceFileStream(saved.fileId, Buffer.from('new'));
        const now = (await context.loadFile(saved.fileId)).toString();
        const named = await context.saveFile('page.html', 'text/html', '<p>');
        await context.removeFile(named.fileId);
        let error; try { await context.getFileInfo(named.fileId); } catch (err) { error = err.message.replace(named.fileId, 'it'); }
        await context.sendJson({
            again, part, now, error, length: saved.length, same: copy.md5 === saved.md5 && copy.fileId !== saved.fileId,
            kind: named.contentType, id: replaced.fileId === saved.fileId, size: replaced.length, name: replaced.filename,
        }, 'out');
    } };";
    let expected = json!({
        "again": true, "part": "of", "now": "new", "error": "File with it not found.", "length": 780_000, "same": true,
        "kind": "text/html", "id": true, "size": 3, "name": "text.txt",
    });
    assert_eq!(sent(&world, code, json!({})).await, expected);
    let files = world.server.state.files.list(&world.owner, false).await.expect("asks");
    let mut names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["copy.txt", "text.txt"]);
}
