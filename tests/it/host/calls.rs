//! What a component asks of the server.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use serde_json::{Value, json};
use stockroom::server::engine::host::{CallError, Calls, ComponentHost, Method};

use super::{Bench, Script};
use crate::support::eventually;

#[tokio::test]
async fn state_is_asked_by_key_and_saved_by_assignment() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        const seen = { ...context.state };
        await context.stateSet('a.b', 1);
        const { missing, falsy } = { missing: await context.stateGet('nothing'), falsy: await context.stateGet('zero') };
        const count = await context.stateInc('n', 2);
        const before = await context.stateInc('n', 2, true);
        await context.flow.stateAddToSet('s', { x: 1 });
        const all = await context.service.loadState();
        context.state = { last: 1 };
        await context.sendJson({ seen, missing, falsy, count, before, all }, 'out');
    } };";
    let component =
        bench.component("1", "acme.demo.core.State", code).input(json!({})).set("/state", json!({"old": 1}));
    let calls = Script::answering(|name, args| {
        Ok(match (name, args["of"].as_str()) {
            ("state.get", _) if args["key"] == "zero" => json!(0),
            ("state.inc", _) => json!({"before": 3, "after": 5}),
            ("state.load", Some("service")) => json!({"k": "v"}),
            _ => Value::Null,
        })
    });
    component.receive(&bench.host, &calls).await.expect("runs");
    let expected = json!({"seen": {"old": 1}, "missing": null, "falsy": null, "count": 5, "before": 3,
        "all": [{"key": "k", "value": "v"}]});
    assert_eq!(calls.sent("out"), [expected]);
    assert_eq!(calls.calls("state.set"), [json!({"of": "component", "key": "a.b", "value": 1})]);
    assert_eq!(calls.calls("state.addToSet"), [json!({"of": "flow", "key": "s", "value": {"x": 1}})]);
    assert_eq!(calls.calls("state.save"), [json!({"of": "component", "value": {"last": 1}})]);
}

#[tokio::test]
async fn an_error_of_the_server_is_thrown_with_its_code() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        try { await context.getFileInfo('f'); } catch (err) { await context.sendJson([err.message, err.code, err.name], 'out'); }
        await context.store.get('s', 'k');
    } };";
    let component = bench.component("1", "acme.demo.core.Ask", code).input(json!({}));
    let calls = Script::answering(|name, _| match name {
        "send" => Ok(Value::Null),
        _ => Err(CallError {
            message: format!("no {name}"),
            code: Some("E".to_owned()),
            name: Some("NotFound".to_owned()),
        }),
    });
    let failure = component.receive(&bench.host, &calls).await.expect_err("the store is not there");
    assert_eq!(calls.sent("out"), [json!(["no file.info", "E", "NotFound"])]);
    assert_eq!((failure.message.as_str(), failure.code), ("no store.get", Some(json!("E"))));
}

#[tokio::test]
async fn files_go_in_pieces_both_ways() {
    const SIZE: usize = 700_000;
    let bench = Bench::new();
    let code = "const { Transform } = require('stream');
        module.exports = { async receive(context) {
            const upper = new Transform({ transform: (chunk, encoding, done) => done(null, chunk.toString().toUpperCase()) });
            const source = await context.getFileReadStream('f-1');
            const saved = await context.saveFileStream('copy.txt', source.pipe(upper));
            const part = await context.getFileReadStream('f-1', { start: 1, end: 3 });
            let text = ''; for await (const chunk of part) text += chunk;
            const loaded = await context.loadFile('f-1');
            await context.replaceFileStream('f-1', Buffer.from('new'));
            await context.sendJson({ saved, text, loaded: loaded.length }, 'out');
        } };";
    let component = bench.component("1", "acme.demo.core.Files", code).input(json!({}));
    let calls = Script::answering(|name, args| {
        Ok(match name {
            "file.info" => json!({"fileId": args["id"], "length": SIZE}),
            "file.read" => {
                let (from, to) = (args["from"].as_u64().expect("from"), args["to"].as_u64().expect("to"));
                json!(STANDARD.encode(vec![b'a'; usize::try_from(to - from).expect("small")]))
            }
            "file.open" => json!("upload-1"),
            "file.close" => json!({"fileId": "f-2"}),
            _ => Value::Null,
        })
    });
    component.receive(&bench.host, &calls).await.expect("runs");
    assert_eq!(calls.sent("out"), [json!({"saved": {"fileId": "f-2"}, "text": "aaa", "loaded": SIZE})]);
    let written: Vec<u8> = calls
        .calls("file.write")
        .iter()
        .flat_map(|args| STANDARD.decode(args["bytes"].as_str().expect("text")).expect("Base64"))
        .collect();
    assert_eq!(written, [vec![b'A'; SIZE], b"new".to_vec()].concat());
    assert_eq!(calls.calls("file.open"), [json!({"name": "copy.txt"}), json!({"id": "f-1", "replace": true})]);
}

/// Takes the longer for a message, the earlier it comes.
struct Slow(parking_lot::Mutex<Vec<Value>>);

impl Calls for Slow {
    fn call(&self, name: String, args: Value) -> BoxFuture<'_, Result<Value, CallError>> {
        Box::pin(async move {
            if name == "send" {
                let n = args["content"].as_u64().unwrap_or_default();
                tokio::time::sleep(std::time::Duration::from_millis(20 - n)).await;
                self.0.lock().push(args["content"].clone());
            }
            Ok(Value::Null)
        })
    }
}

#[tokio::test]
async fn messages_that_nobody_waits_for_keep_their_order() {
    let bench = Bench::new();
    let code = "module.exports = { receive(context) { for (let n = 0; n < 20; n++) context.sendJson(n, 'out'); } };";
    let component = bench.component("1", "acme.demo.core.Order", code).input(json!({}));
    let calls = Arc::new(Slow(parking_lot::Mutex::default()));
    bench.host.invoke(component.invocation(Method::Receive), calls.clone()).await.expect("runs");
    assert_eq!(*calls.0.lock(), (0..20).map(|n| json!(n)).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_left_running_may_still_give_a_lock_back() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        const lock = await context.lock('l');
        setTimeout(() => lock.unlock(), 50);
    } };";
    let component = bench.component("1", "acme.demo.core.Late", code).input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    eventually("the lock is given back", async || (!calls.calls("lock.unlock").is_empty()).then_some(())).await;
}

#[tokio::test]
async fn a_file_that_breaks_off_is_given_up() {
    let bench = Bench::new();
    let code = "const { Readable } = require('stream');
        module.exports = { async receive(context) {
            const broken = Readable.from((async function* () { yield 'a'; throw new Error('cable cut'); })());
            await context.saveFileStream('x', broken);
        } };";
    let component = bench.component("1", "acme.demo.core.Cut", code).input(json!({}));
    let calls = Script::answering(|name, _| Ok(if name == "file.open" { json!("u") } else { Value::Null }));
    let failure = component.receive(&bench.host, &calls).await.expect_err("is cut");
    assert_eq!(failure.message, "cable cut");
    assert_eq!(calls.calls("file.abort"), [json!({"upload": "u"})]);
    assert!(calls.calls("file.close").is_empty());
}

#[tokio::test]
async fn components_reach_the_network_with_axios() {
    let bench = Bench::new();
    let router = axum::Router::new()
        .route("/ok", axum::routing::post(async |body: String| axum::Json(json!({"got": body}))))
        .route("/bad", axum::routing::get(async || (axum::http::StatusCode::IM_A_TEAPOT, "short and stout")));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    tokio::spawn(async { axum::serve(listener, router).await });
    let code = "module.exports = { async receive(context) {
        const { url } = context.messages.in.content;
        const { data } = await context.httpRequest.post(url + '/ok', 'hello');
        const called = await context.httpRequest({ method: 'POST', url: url + '/ok', data: 'again' });
        await context.sendJson([data.got, called.data.got], 'out');
        await context.httpRequest.get(url + '/bad');
    } };";
    let component = bench.component("1", "acme.demo.core.Net", code).input(json!({"url": url}));
    let calls = Script::new();
    let failure = component.receive(&bench.host, &calls).await.expect_err("is a teapot");
    assert_eq!(calls.sent("out"), [json!(["hello", "again"])]);
    assert_eq!(failure.name.as_deref(), Some("AxiosError"));
    let error = failure.error.expect("what was answered");
    assert_eq!((&error["status"], &error["data"]), (&json!(418), &json!("short and stout")));
}

#[tokio::test]
async fn locks_timers_answers_and_the_log_are_passed_on() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        const lock = await context.lock('l', { ttl: 1000 });
        context.setTimeout({ a: 1 }, 60000, { scope: { s: 1 } });
        await context.response({ ok: true }, 201, { 'x-y': 'z' });
        context.log({ step: 'one' }); context.log('error', 'two', { three: 3 });
        await context.sendJson(context.getWebhookUrl(), 'out');
        lock.unlock(); lock.unlock();
    } };";
    let component = bench.component("1", "acme.demo.core.Misc", code).input(json!({}));
    let calls = Script::answering(|name, _| Ok(if name == "lock" { json!("lock-1") } else { Value::Null }));
    component.receive(&bench.host, &calls).await.expect("runs");
    assert_eq!(calls.calls("lock"), [json!({"name": "l", "ttl": 1000, "retryDelay": 200, "maxRetryCount": 30})]);
    assert_eq!(calls.calls("lock.unlock"), [json!({"lock": "lock-1"})]);
    assert_eq!(calls.calls("setTimeout"), [json!({"content": {"a": 1}, "ms": 60000, "scope": {"s": 1}})]);
    let response =
        json!({"body": {"ok": true}, "status": 201, "headers": {"x-y": "z"}, "correlationId": "correlation-1"});
    assert_eq!(calls.calls("response"), [response]);
    let lines = [
        json!({"level": "info", "content": {"step": "one"}}),
        json!({"level": "error", "content": {"message": "two", "three": 3}}),
    ];
    assert_eq!(calls.calls("log"), lines);
    let url = "http://engine.example/flows/flow-1/components/here?correlationId=correlation-1&correlationInPort=in";
    assert_eq!(calls.sent("out"), [json!(url)]);
}
