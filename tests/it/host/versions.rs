//! Processes: one for each version, and when they end.

use std::time::Duration;

use serde_json::json;
use stockroom::server::engine::host::{HostLimits, Method};

use super::{Bench, Component, Script};
use crate::support::eventually;

const CODE: &str = "const fs = require('fs'), path = require('path');
    module.exports = { async receive(context) {
        await context.sendJson({ pid: process.pid, version: VERSION }, 'out');
        if (context.messages.in.content.wait) {
            await context.sendJson('waits', 'out');
            while (await context.stateGet('go') !== true) await new Promise(resolve => setTimeout(resolve, 10));
            await context.sendJson('done', 'out');
        }
    } };";

fn version(bench: &Bench, version: &str) -> Component {
    bench.component(version, "acme.demo.core.Tell", &CODE.replace("VERSION", version))
}

fn is_alive(pid: &serde_json::Value) -> bool {
    std::path::Path::new(&format!("/proc/{pid}/stat")).exists()
}

#[tokio::test]
async fn an_update_takes_over_while_the_old_version_finishes() {
    let bench = Bench::new();
    let (old, new) = (version(&bench, "1"), version(&bench, "2"));
    let go = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let open = go.clone();
    let calls = Script::answering(move |name, _| {
        Ok(if name == "state.get" { json!(open.load(std::sync::atomic::Ordering::Relaxed)) } else { json!(null) })
    });
    let waits = old.clone().input(json!({"wait": true}));
    let running = waits.receive(&bench.host, &calls);
    let update = async {
        eventually("the old version runs", async || calls.sent("out").contains(&json!("waits")).then_some(())).await;
        let mine = Script::new();
        new.run(&bench.host, Method::Load, &mine).await.expect("loads");
        new.clone().input(json!({})).receive(&bench.host, &mine).await.expect("runs");
        assert_eq!(mine.sent("out")[0]["version"], 2);
        go.store(true, std::sync::atomic::Ordering::Relaxed);
    };
    let (finished, ()) = tokio::join!(running, update);
    finished.expect("the old version finishes");
    let sent = calls.sent("out");
    assert_eq!((&sent[0]["version"], sent.last()), (&json!(1), Some(&json!("done"))));
    eventually("the old process ends", async || (!is_alive(&sent[0]["pid"])).then_some(())).await;
}

#[tokio::test]
async fn a_trial_load_leaves_the_running_version_alone() {
    let bench = Bench::new();
    let (old, new) = (version(&bench, "1").input(json!({})), version(&bench, "2"));
    let calls = Script::new();
    old.receive(&bench.host, &calls).await.expect("runs");
    new.run(&bench.host, Method::Load, &calls).await.expect("loads");
    old.receive(&bench.host, &calls).await.expect("runs");
    let sent = calls.sent("out");
    assert_eq!(sent[0]["pid"], sent[1]["pid"]);
}

#[tokio::test]
async fn a_process_without_work_ends_and_another_one_starts_when_needed() {
    let bench = Bench::with_limits(HostLimits { idle: Duration::from_millis(100), ..HostLimits::default() });
    let component = version(&bench, "1").input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    let first = calls.sent("out")[0]["pid"].clone();
    eventually("the process ends", async || (!is_alive(&first)).then_some(())).await;
    component.receive(&bench.host, &calls).await.expect("runs again");
    assert_ne!(calls.sent("out")[1]["pid"], first);
}

#[tokio::test]
async fn a_host_that_goes_takes_its_processes_along() {
    let bench = Bench::new();
    let component = version(&bench, "1").input(json!({}));
    let calls = Script::new();
    component.receive(&bench.host, &calls).await.expect("runs");
    let pid = calls.sent("out")[0]["pid"].clone();
    assert!(is_alive(&pid));
    bench.host.shut_down(Duration::from_secs(5)).await;
    eventually("the process ends", async || (!is_alive(&pid)).then_some(())).await;
}
