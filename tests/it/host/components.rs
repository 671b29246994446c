//! What a component gets and sends.

use serde_json::json;
use stockroom::server::engine::host::Method;

use super::{Bench, Script};

#[tokio::test]
async fn a_message_comes_in_and_another_goes_out() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        const { content, scope } = context.messages.in;
        await context.sendJson({ doubled: content.n * 2, from: scope.there.out.n }, 'out');
    } };";
    let component = bench.component("1", "acme.demo.core.Double", code).input(json!({"n": 21}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    assert_eq!(calls.sent("out"), [json!({"doubled": 42, "from": 21})]);
}

#[tokio::test]
async fn what_was_begun_before_the_method_ended_counts_and_later_sends_do_not() {
    let bench = Bench::new();
    let code = "module.exports = { receive(context) {
        context.sendArray([1, 2, 3, 4, 5, 6, 7], 'out');
        setTimeout(() => context.sendJson('late', 'out'), 50);
    }, tick() { return new Promise(resolve => setTimeout(resolve, 200)); } };";
    let component = bench.component("1", "acme.demo.core.Send", code).input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    component.run(&bench.host, Method::Tick, &calls).await.expect("ticks");
    assert_eq!(calls.sent("out"), [1, 2, 3, 4, 5, 6, 7].map(|n| json!(n)));
}

#[tokio::test]
async fn methods_that_are_not_there_are_no_failure_but_receive_is() {
    let bench = Bench::new();
    let component = bench.component("1", "acme.demo.core.Empty", "module.exports = {};").input(json!({}));
    let calls = Script::new();
    for method in [Method::Load, Method::Start, Method::Stop, Method::Tick, Method::Signal] {
        component.run(&bench.host, method, &calls).await.expect("nothing to do");
    }
    let failure = component.receive(&bench.host, &calls).await.expect_err("has no receive");
    assert_eq!(failure.name.as_deref(), Some("TypeError"));
}

#[tokio::test]
async fn one_instance_serves_all_and_this_is_the_module() {
    let bench = Bench::new();
    let code = "module.exports = new (class {
        constructor() { this.count = 0; }
        receive(context) { return context.sendJson({ count: this.next() }, 'out'); }
        next() { return ++this.count; }
    })();";
    let component = bench.component("1", "acme.demo.core.Count", code).input(json!({}));
    let calls = Script::new();
    for _ in 0..3 {
        component.receive(&bench.host, &calls).await.expect("runs");
    }
    assert_eq!(calls.sent("out"), [1, 2, 3].map(|count| json!({"count": count})));
}

#[tokio::test]
async fn packages_come_from_the_module_first_and_then_from_the_host() {
    let bench = Bench::new();
    let code = "const lodash = require('lodash'), get = require('lodash/get'), uuid = require('uuid/v4');
        const own = require('own'), helper = require('../helper');
        module.exports = { async receive(context) {
            let missing;
            try { require('left-pad-of-nobody'); } catch (err) { missing = err.code; }
            await context.sendJson({ lodash: lodash.chunk([1, 2, 3], 2), get: get({ a: 1 }, 'a'), uuid: uuid().length,
                own, helper, missing, moment: require('moment')(0).toISOString(), axios: typeof context.httpRequest.get,
                bluebird: typeof require('bluebird').map, form: typeof require('form-data') }, 'out');
        } };";
    let component = bench.component("1", "acme.demo.core.Require", code).input(json!({}));
    std::fs::write(component.root.join("acme/demo/core/helper.js"), "module.exports = 'shared';").expect("written");
    let package = component.root.join("acme/demo/node_modules/own");
    std::fs::create_dir_all(&package).expect("a folder");
    std::fs::write(package.join("index.js"), "module.exports = 'own';").expect("written");
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    let expected = json!({"lodash": [[1, 2], [3]], "get": 1, "uuid": 36, "own": "own", "helper": "shared",
        "missing": "MODULE_NOT_FOUND", "moment": "1970-01-01T00:00:00.000Z", "axios": "function",
        "bluebird": "function", "form": "function"});
    assert_eq!(calls.sent("out"), [expected]);
}

#[tokio::test]
async fn a_static_call_gives_what_was_sent_through_the_named_function() {
    let bench = Bench::new();
    let code = "module.exports = {
        receive(context) { return context.sendJson([context.messages.in.content.a, context.properties.b], 'out'); },
        swap([a, b]) { return [b, a]; }
    };";
    let component =
        bench.component("1", "acme.demo.core.List", code).set("/node/config", json!({"properties": {"b": 2}}));
    let calls = Script::new();
    let ask = |transform| json!({"outPort": "out", "messages": {"in": {"a": 1}}, "transform": transform});
    let plain = component.clone().set("/staticCall", ask(json!(null)));
    assert_eq!(plain.receive(&bench.host, &calls).await.expect("runs"), json!([1, 2]));
    let swapped = component.set("/staticCall", ask(json!("./List#swap")));
    assert_eq!(swapped.receive(&bench.host, &calls).await.expect("runs"), json!([2, 1]));
    assert!(calls.sent("out").is_empty());
}
