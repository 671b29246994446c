//! The end of the server, asked for or not, while components are at work.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{
    ledger::Ledger,
    load::Load,
    program::Program,
    storm::{Report, all_gone, set_up, unprocessed, until_empty},
};
use crate::support::{
    client, eventually,
    folder::{column, execute},
    module::Module,
};

/// What the server promises to whoever asks it to end, with a second for the process itself.
const PROMISE: Duration = Duration::from_secs(11);

/// A module whose webhook runs this code.
fn module(code: &str) -> Module {
    let manifest = json!({ "name": "acme.odd.core.Send", "webhook": true });
    Module::new("acme.odd", "1.0.0")
        .with("acme/odd/core/Send/component.json", &manifest.to_string())
        .with("acme/odd/core/Send/Send.js", &format!("module.exports = {{ async receive(context) {{ {code} }} }};\n"))
}

/// A program that is in the midst of such a webhook.
async fn at_work(code: &str) -> Program {
    let program = Program::new().await;
    program.install(&module(code)).await;
    let flow = program.flow(json!({ "odd": { "type": "acme.odd.core.Send", "source": {}, "config": {} } })).await;
    poke(&program, &flow).await;
    until_begun(&program, 1).await;
    program
}

async fn poke(program: &Program, flow: &str) {
    let path = format!("/flows/{flow}/components/odd?enqueueOnly=true");
    let answer = client::send(program.address, "POST", &path, &[], "{}").await;
    assert_eq!(answer.status, 202, "{}", answer.text());
}

async fn until_begun(program: &Program, times: usize) {
    let begun = || program.log().matches("It has begun.").count();
    eventually(&format!("it begins {times} times"), async || (begun() >= times).then_some(())).await;
}

#[tokio::test]
async fn a_process_that_never_looks_up_ends_with_a_server_that_is_killed() {
    let mut program = at_work("console.log('It has begun.'); for (;;);").await;
    assert_eq!(program.workers_of_modules().len(), 1);
    let workers = program.workers();
    program.kill().await;
    all_gone(&workers).await;
}

#[tokio::test]
async fn a_component_that_hangs_holds_up_no_end_and_its_message_comes_again() {
    for hang in ["for (;;);", "await new Promise(() => setInterval(() => 0, 1000));"] {
        let mut program = at_work(&format!("console.log('It has begun.'); {hang}")).await;
        let workers = program.workers();
        let asked = Instant::now();
        program.process().signal(Signal::TERM);
        let status = program.ended().await;
        assert!(asked.elapsed() < PROMISE, "it took {:?}", asked.elapsed());
        assert_eq!(status.code(), Some(0), "{}", program.log());
        all_gone(&workers).await;
        assert!(program.worker_folders().is_empty());
        program.start_again().await;
        until_begun(&program, 2).await;
    }
}

#[tokio::test]
async fn a_lock_of_a_process_that_was_killed_is_free_again() {
    let code = "await context.lock('desk', { ttl: 3600000, maxRetryCount: 1 }); console.log('It has begun.');
        await new Promise(() => setInterval(() => 0, 1000));";
    let program = at_work(code).await;
    program.workers_of_modules()[0].signal(Signal::KILL);
    until_begun(&program, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_module_that_exits_or_loops_leaves_the_flows_of_others_undisturbed() {
    let (ledger, url) = Ledger::open().await;
    let program = Program::new().await;
    program.set("COMPONENT_RECEIVE_TIMEOUT", 2_000).await;
    let line = set_up(&program, &url).await;
    program.install(&module("if (context.messages.webhook.content.query.exit) process.exit(3); for (;;);")).await;
    let handling = json!({ "autoRetry": false });
    let node = json!({ "type": "acme.odd.core.Send", "source": {}, "config": {}, "errorHandling": handling });
    let odd = program.flow(json!({ "odd": node })).await;
    let load = Load::new(program.address, &line);
    load.allow(100);
    for query in ["&exit=true", ""] {
        let path = format!("/flows/{odd}/components/odd?enqueueOnly=true{query}");
        let answer = client::send(program.address, "POST", &path, &[], "{}").await;
        assert_eq!(answer.status, 202, "{}", answer.text());
    }
    let of_odd = format!("SELECT reason || ' ' || error FROM unprocessed WHERE flow_id = '{odd}' ORDER BY created_at");
    let failures = eventually("both have failed", async || {
        let failures = column(&program.folders.data(), &of_odd);
        (failures.len() == 2).then_some(failures)
    })
    .await;
    assert!(failures[0].starts_with("crashed ") && failures[0].contains("acme.odd"), "{failures:?}");
    assert!(failures[1].starts_with("timedOut "), "{failures:?}");
    execute(&program.folders.data(), &format!("DELETE FROM unprocessed WHERE flow_id = '{odd}'"));
    eventually("all are accepted", async || (load.accepted() == 100).then_some(())).await;
    let outcome = load.finish().await;
    until_empty(&program).await;
    let mut report = Report::default();
    report.reckon(&outcome, &ledger, &unprocessed(&program));
    assert_eq!(report.duplicates(), 0, "{report}");
}

/// As a service manager, or Ctrl-C in a terminal, asks everybody to end.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_end_that_was_asked_for_loses_and_repeats_nothing() {
    let (ledger, url) = Ledger::open().await;
    let mut program = Program::new().await;
    let flow = set_up(&program, &url).await;
    let load = Load::new(program.address, &flow);
    for signal in [Signal::TERM, Signal::INT] {
        let before = ledger.len();
        load.allow(40);
        eventually("messages are on their way", async || (ledger.len() > before).then_some(())).await;
        let (server, workers) = (program.process(), program.workers());
        workers.iter().for_each(|worker| worker.signal(signal));
        server.signal(signal);
        assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
        all_gone(&workers).await;
        assert!(program.worker_folders().is_empty());
        program.start_again().await;
        load.moved(program.address);
    }
    eventually("all are accepted", async || (load.accepted() == 80).then_some(())).await;
    let outcome = load.finish().await;
    until_empty(&program).await;
    let mut report = Report::default();
    report.reckon(&outcome, &ledger, &unprocessed(&program));
    assert_eq!(report.duplicates(), 0, "{report}");
}
