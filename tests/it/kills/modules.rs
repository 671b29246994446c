//! Three modules, so three processes: one takes webhooks, one passes on, one hands over to the test. Each notes in the
//! content by which delivery, and by which process, it has come so far.

use serde_json::{Value, json};

use crate::support::module::Module;

/// Tells this process from every other, and adds a step to what is passed on.
const STEPS: &str = "
    const life = require('node:crypto').randomUUID();
    const after = (content, at, context) => ({ ...content, path: [...content.path, { at, message: context.id, life }] });
";

fn module(service: &str, manifest: Value, code: &str) -> Module {
    let mut manifest = manifest;
    manifest["name"] = format!("acme.{service}.core.Send").into();
    let place = format!("acme/{service}/core/Send");
    Module::new(&format!("acme.{service}"), "1.0.0")
        .with(&format!("{place}/component.json"), &manifest.to_string())
        .with(&format!("{place}/Send.js"), &format!("{STEPS}\nmodule.exports = {code};\n"))
}

pub fn source() -> Module {
    let code = "{ async receive(context) {
        const { data } = context.messages.webhook.content;
        await context.sendJson(after({ ...data, path: [] }, 'source', context), 'out');
    } }";
    module("source", json!({ "webhook": true, "outPorts": ["out"] }), code)
}

/// Fails with what is bad, lets timers pass only after a while.
pub fn middle() -> Module {
    let code = "{ async receive(context) {
        const { timeout } = context.messages;
        const { content } = timeout ?? context.messages.in;
        if (content.kind === 'bad') throw new Error('This one always fails.');
        const next = after(content, timeout ? 'timer' : 'middle', context);
        if (content.kind === 'timer' && !timeout) return void await context.setTimeout(next, 50);
        await context.sendJson(next, 'out');
    } }";
    module("middle", json!({ "inPorts": ["in"], "outPorts": ["out"] }), code)
}

/// Hands everything over, one at a time by a lock that would hold for ever if nobody gave it back, and takes a moment, so
/// that there is always something under way.
pub fn sink() -> Module {
    let code = "{ async receive(context) {
        const lock = await context.lock('desk', { ttl: 3600000, retryDelay: 100, maxRetryCount: 50 });
        try {
            const next = after(context.messages.in.content, 'sink', context);
            await context.httpRequest.post(context.properties.url, next);
            await new Promise(resolve => setTimeout(resolve, 30));
        } finally {
            await lock.unlock();
        }
    } }";
    module("sink", json!({ "inPorts": ["in"] }), code)
}

/// A flow of one line; what comes out of it is posted to `url`.
pub fn line(url: &str) -> Value {
    let node = |service: &str, from: &str| json!({ "type": format!("acme.{service}.core.Send"), "source": { "in": { from: ["out"] } }, "config": {} });
    let mut sink = node("sink", "middle");
    sink["config"] = json!({ "properties": { "url": url } });
    json!({
        "source": { "type": "acme.source.core.Send", "source": {}, "config": {} },
        "middle": node("middle", "source"),
        "sink": sink,
    })
}
