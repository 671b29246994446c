//! What becomes of an invocation that goes wrong, and of those beside it.

use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use stockroom::server::engine::host::{CallError, ComponentHost, Failure, FailureKind, HostError, HostLimits, Method};

use super::{Bench, Script};

async fn failure(bench: &Bench, code: &str) -> Failure {
    let component = bench.component("1", "acme.demo.core.Fail", code).input(json!({"text": "x"}));
    component.receive(&bench.host, &Script::new()).await.expect_err("fails")
}

#[tokio::test]
async fn what_is_thrown_comes_over_with_its_details() {
    let code = "module.exports = { receive() {
        throw Object.assign(new TypeError('no such thing'), { code: 'E_THING', data: { thing: 1 } });
    } };";
    let failure = failure(&Bench::new(), code).await;
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Thrown, "no such thing"));
    assert_eq!((failure.name.as_deref(), failure.code), (Some("TypeError"), Some(json!("E_THING"))));
    assert_eq!(failure.error, Some(json!({"thing": 1})));
    assert!(failure.stack.is_some_and(|stack| stack.contains("Fail.js")));
}

#[tokio::test]
async fn what_a_trusted_module_may_do_is_refused_with_the_way_to_trust_it() {
    let refused =
        async |code: &str| failure(&Bench::new(), &format!("module.exports = {{ receive() {{ {code} }} }};")).await;
    let program = refused("require('child_process').execSync('true');").await;
    assert_eq!(program.code, Some(json!("ERR_ACCESS_DENIED")));
    assert!(program.message.ends_with("may start programs (--trust-module NAME)."), "{}", program.message);
    let compiled = refused("process.dlopen({ exports: {} }, __dirname + '/some.node');").await;
    assert!(compiled.message.ends_with("may load compiled code (--trust-module NAME)."), "{}", compiled.message);
    let file = refused("require('fs').readFileSync('/etc/passwd');").await;
    assert_eq!(file.code, Some(json!("ERR_ACCESS_DENIED")));
    assert!(!file.message.contains("--trust-module"), "{}", file.message);
}

#[tokio::test]
async fn a_component_can_say_that_trying_again_is_no_use() {
    let code = "module.exports = { receive(context) { throw new context.CancelError('never', { a: 1 }, 404); } };";
    let failure = failure(&Bench::new(), code).await;
    assert_eq!(
        (failure.kind, failure.code, failure.error),
        (FailureKind::Cancelled, Some(json!(404)), Some(json!({"a": 1})))
    );
}

#[tokio::test]
async fn an_unknown_port_or_member_is_named() {
    let bench = Bench::new();
    let port =
        failure(&bench, "module.exports = { receive(context) { return context.sendJson({}, 'nowhere'); } };").await;
    assert_eq!(port.kind, FailureKind::Cancelled);
    assert!(port.message.contains("nowhere"), "{}", port.message);
    let bench = Bench::new();
    let member = failure(&bench, "module.exports = { receive(context) { return context.archiveFile('x'); } };").await;
    assert_eq!(member.kind, FailureKind::Thrown);
    assert!(member.message.contains("context.archiveFile"), "{}", member.message);
}

#[tokio::test]
async fn what_does_not_fit_the_port_is_invalid_and_what_is_too_big_is_told() {
    let bench = Bench::with_limits(HostLimits { message_bytes: 1000, ..HostLimits::default() });
    let code = "module.exports = { receive(context) { return context.sendJson('x'.repeat(2000), 'out'); } };";
    let component = bench.component("1", "acme.demo.core.Check", code).input(json!({"n": "not a number"}));
    let schema = json!({"type": "object", "properties": {"n": {"type": "number"}}});
    let component = component.set("/manifest/inPorts", json!([{"name": "in", "schema": schema}]));
    let calls = Script::new();
    let failure = component.receive(&bench.host, &calls).await.expect_err("does not fit");
    assert_eq!((failure.kind, failure.code), (FailureKind::Invalid, Some(json!("GRID_ERR_VAL_PORTS"))));
    let component = component.input(json!({"n": "5"}));
    let failure = component.receive(&bench.host, &calls).await.expect_err("is too big");
    assert_eq!(failure.kind, FailureKind::TooBig);
    assert!(calls.sent("out").is_empty());
    bench.host.set_limits(HostLimits::default());
    component.receive(&bench.host, &calls).await.expect("is small enough now");
}

#[tokio::test]
async fn a_component_or_module_that_is_not_there_is_missing() {
    let bench = Bench::new();
    let component = bench.component("1", "acme.demo.core.There", "module.exports = {};").input(json!({}));
    let mut gone = component.clone();
    gone.name = "acme.demo.core.Gone".to_owned();
    gone.folder = "acme/demo/core/Gone".to_owned();
    let failure = gone.receive(&bench.host, &Script::new()).await.expect_err("is not there");
    assert_eq!(failure.kind, FailureKind::Missing);
    let mut removed = component;
    removed.root = bench.folder.path().join("modules/never");
    let failure = removed.receive(&bench.host, &Script::new()).await.expect_err("is not there");
    assert_eq!(failure.kind, FailureKind::Missing);
    assert!(failure.message.contains("acme.demo.core"), "{}", failure.message);
}

#[tokio::test]
async fn code_that_cannot_be_loaded_fails_the_load() {
    let bench = Bench::new();
    let component = bench.component("1", "acme.demo.core.Broken", "require('./not-there');");
    let failure = component.run(&bench.host, Method::Load, &Script::new()).await.expect_err("cannot be loaded");
    assert_eq!(failure.kind, FailureKind::Thrown);
    assert!(failure.message.contains("not-there"), "{}", failure.message);
}

#[tokio::test]
async fn a_process_that_ends_fails_its_own_and_the_next_message_has_a_new_one() {
    let bench = Bench::new();
    let code = "module.exports = { receive(context) {
        if (context.messages.in.content.die) process.exit(3);
        return context.sendJson(process.pid, 'out');
    } };";
    let component = bench.component("1", "acme.demo.core.Die", code);
    let calls = Script::new();
    let failure = component.clone().input(json!({"die": true})).receive(&bench.host, &calls).await.expect_err("ends");
    assert_eq!(failure.kind, FailureKind::Crashed);
    assert!(failure.message.contains("acme.demo.core") && failure.message.contains("code 3"), "{}", failure.message);
    component.input(json!({})).receive(&bench.host, &calls).await.expect("runs again");
    assert_eq!(calls.sent("out").len(), 1);
}

#[tokio::test]
async fn a_hang_is_ended_and_hurts_no_other_module() {
    let bench = Bench::with_limits(HostLimits { receive: Duration::from_secs(3), ..HostLimits::default() });
    let hang =
        bench.component("1", "acme.demo.core.Hang", "module.exports = { receive() { for (;;); } };").input(json!({}));
    let code = "module.exports = { receive(context) { return context.sendJson('fine', 'out'); } };";
    let other = bench.component("2", "acme.other.core.Fine", code).input(json!({}));
    let calls = Script::new();
    let (hung, fine) = tokio::join!(hang.receive(&bench.host, &calls), other.receive(&bench.host, &calls));
    assert_eq!(hung.expect_err("hangs").kind, FailureKind::TimedOut);
    fine.expect("is not hurt");
}

#[tokio::test]
async fn a_memory_hog_is_ended_with_its_modules_name_and_hurts_no_other() {
    let bench = Bench::with_limits(HostLimits { memory_mb: 64, ..HostLimits::default() });
    let heap =
        "module.exports = { receive() { const all = []; for (;;) all.push(new Array(1e5).fill(all.length)); } };";
    let heap = bench.component("1", "acme.demo.core.Heap", heap).input(json!({}));
    let buffers = "module.exports = { async receive() { const all = [];
        for (;;) { all.push(Buffer.alloc(2e7, 1)); await new Promise(resolve => setTimeout(resolve, 5)); } } };";
    let buffers = bench.component("2", "acme.hog.core.Buffers", buffers).input(json!({}));
    let slow = "module.exports = { async receive(context) {
        await new Promise(resolve => setTimeout(resolve, 1000));
        await context.sendJson('fine', 'out');
    } };";
    let other = bench.component("3", "acme.other.core.Slow", slow).input(json!({}));
    let calls = Script::new();
    let (heap, buffers, fine) = tokio::join!(
        heap.receive(&bench.host, &calls),
        buffers.receive(&bench.host, &calls),
        other.receive(&bench.host, &calls)
    );
    for (failure, module) in [(heap, "acme.demo.core"), (buffers, "acme.hog.core")] {
        let failure = failure.expect_err("takes too much");
        assert_eq!(failure.kind, FailureKind::Crashed);
        assert!(failure.message.contains(module) && failure.message.contains("memory"), "{}", failure.message);
    }
    fine.expect("is not hurt");
}

#[tokio::test]
async fn errors_that_nobody_catches_end_no_process() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        setTimeout(() => { throw new Error('from a timer'); }, 1);
        Promise.reject(new Error('from nowhere'));
        await new Promise(resolve => setTimeout(resolve, 100));
        await context.sendJson(process.pid, 'out');
    } };";
    let component = bench.component("1", "acme.demo.core.Wild", code).input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    component.receive(&bench.host, &calls).await.expect("runs");
    let pids = calls.sent("out");
    assert_eq!(pids[0], pids[1]);
}

#[tokio::test]
async fn without_node_it_says_so() {
    let bench = Bench::with(|options| options.node = "/nowhere/node".into());
    let error = bench.host.probe().await.expect_err("there is no Node");
    assert!(matches!(error, HostError::NoNode { .. }));
    assert!(error.to_string().contains("Install Node.js 20"), "{error}");
    let component = bench.component("1", "acme.demo.core.Any", "module.exports = {};").input(json!({}));
    let failure =
        bench.host.invoke(component.invocation(Method::Receive), Script::new()).await.expect_err("cannot run");
    assert_eq!((failure.kind, failure.code), (FailureKind::Crashed, Some(json!("NO_NODE"))));
}

#[tokio::test]
async fn a_message_that_could_not_be_queued_fails_the_method_unless_it_was_caught() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        const { caught, late } = context.messages.in.content;
        const sent = context.sendJson({}, 'out');
        if (caught) await sent.catch(() => null);
        if (late) await new Promise(resolve => setTimeout(resolve, 50));
    } };";
    let component = bench.component("1", "acme.demo.core.Lose", code);
    let full = || CallError { message: "full".to_owned(), ..CallError::default() };
    let calls = Script::answering(move |_, _| Err(full()));
    for late in [true, false] {
        let lost = component.clone().input(json!({"caught": false, "late": late}));
        assert_eq!(lost.receive(&bench.host, &calls).await.expect_err("is lost").message, "full");
        let caught = component.clone().input(json!({"caught": true, "late": late}));
        caught.receive(&bench.host, &calls).await.expect("was caught");
    }
}

#[tokio::test]
async fn every_invocation_ends_however_often_the_process_is_killed() {
    let bench = Bench::new();
    let code = "module.exports = { async receive(context) {
        await context.stateSet('pid', process.pid);
        await new Promise(resolve => setTimeout(resolve, 20));
        await context.sendJson(context.messages.in.content, 'out');
    } };";
    let component = bench.component("1", "acme.demo.core.Work", code);
    let calls = Script::new();
    let crashes = Mutex::new(0);
    let all = futures::future::join_all((0..200).map(async |n| {
        let one = component.clone().input(json!(n));
        while let Err(failure) = one.receive(&bench.host, &calls).await {
            assert_eq!(failure.kind, FailureKind::Crashed);
            assert!(failure.message.contains("signal 9"), "{}", failure.message);
            *crashes.lock() += 1;
        }
    }));
    let killer = async {
        let mut killed = std::collections::BTreeSet::new();
        while killed.len() < 5 {
            let pid = calls.calls("state.set").last().and_then(|args| args["value"].as_u64());
            if let Some(pid) = pid.filter(|pid| killed.insert(*pid)) {
                let status = std::process::Command::new("kill").args(["-9", &pid.to_string()]).status();
                assert!(status.is_ok_and(|status| status.success()));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::join!(all, killer);
    assert!(*crashes.lock() >= 5, "{} crashed", crashes.lock());
    let sent = calls.sent("out");
    assert!((0..200).all(|n| sent.contains(&json!(n))));
}
