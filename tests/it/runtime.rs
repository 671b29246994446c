//! The step Build: dependencies by the real npm, and every component loaded.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::Arc, time::Duration};

use crate::support::{
    ended, eventually,
    folder::{Folders, assert_tidy, installed},
    module::Module,
    server::TestServer,
};
use futures::future::BoxFuture;
use serde_json::Value;
use stockroom::{
    domain::job::{Job, JobState, Step},
    server::{
        access::SudoActor,
        engine::host::{Calls, ComponentHost, Failure, FailureKind, Invocation},
        runtime::{Node, Npm},
    },
};

const NAME: &str = "acme.pay";

/// Loads whatever does not say that it is broken.
struct Loads;

impl ComponentHost for Loads {
    fn invoke(&self, invocation: Invocation, _: Arc<dyn Calls>) -> BoxFuture<'_, Result<Value, Failure>> {
        let name = invocation.component.rsplit('.').next().unwrap_or_default();
        let code = fs::read_to_string(invocation.root.join(&invocation.folder).join(format!("{name}.js")));
        let broken = code.is_ok_and(|code| code.contains("broken"));
        let failure = Failure {
            kind: FailureKind::Thrown,
            message: "Cannot find module 'left'".to_owned(),
            name: None,
            code: None,
            stack: None,
            error: None,
        };
        Box::pin(async move { if broken { Err(failure) } else { Ok(Value::Null) } })
    }
}

fn node(program: impl Into<std::path::PathBuf>, timeout: Duration) -> Node {
    Node { npm: Npm::new(program, timeout), host: Arc::new(Loads) }
}

fn npm() -> Node {
    node("npm", Duration::from_secs(60))
}

/// A program in place of npm that never ends by itself.
fn endless(folder: &Path) -> std::path::PathBuf {
    let program = folder.join("endless");
    fs::write(&program, "#!/bin/sh\nsleep 600 & echo begun; wait\n").expect("writes");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("sets");
    program
}

/// A module that depends on a package which it brings, and that has a script to run.
fn depending(version: &str, on: &str) -> Module {
    let package =
        format!(r#"{{"dependencies":{{"greet":"file:./{on}"}},"scripts":{{"postinstall":"touch was-run"}}}}"#);
    Module::new(NAME, version)
        .with("acme/pay/package.json", &package)
        .with("acme/pay/greet/package.json", r#"{"name":"greet","version":"1.0.0","main":"greet.js"}"#)
        .with("acme/pay/greet/greet.js", "module.exports = 'hello';\n")
}

async fn upload(server: &TestServer, module: &Module) -> Job {
    let ticket = server.upload(&module.zip()).await.json()["ticket"].as_str().expect("a ticket").to_owned();
    ended(&server.state.registry, &ticket).await
}

#[tokio::test]
async fn dependencies_are_installed_beside_their_package_without_running_a_script() {
    let folders = Folders::new();
    let server = TestServer::with_node(&folders.data(), npm()).await;
    let module = depending("1.0.0", "greet");

    let job = upload(&server, &module).await;

    assert_eq!(job.state, JobState::Succeeded, "{job:?}");
    let ready = folders.data().join("ready").join(module.sha256()).join("acme/pay");
    assert!(ready.join("node_modules/greet/greet.js").is_file());
    assert!(!ready.join("was-run").exists());
    let unpacked = folders.data().join("modules").join(module.sha256()).join("acme/pay");
    assert!(!unpacked.join("node_modules").exists(), "what was unpacked stays as it came");
    let output = server.state.registry.output_of(&job.id).await.expect("reads");
    assert!(output.contains("acme/pay/package.json") && output.contains("added 1 package"), "{output}");
}

#[tokio::test]
async fn a_dependency_that_is_not_there_fails_the_update_and_leaves_the_version_before() {
    let folders = Folders::new();
    let server = TestServer::with_node(&folders.data(), npm()).await;
    let before = depending("1.0.0", "greet");
    assert_eq!(upload(&server, &before).await.state, JobState::Succeeded);

    let job = upload(&server, &depending("1.1.0", "nowhere.tgz")).await;

    assert_eq!(job.step, Step::Build);
    let failure = job.failure.expect("failed");
    assert_eq!(failure.code, "dependencies");
    assert!(
        failure.message.starts_with("npm cannot install what acme/pay/package.json names: "),
        "{}",
        failure.message
    );
    assert!(failure.message.contains("nowhere"), "{}", failure.message);
    assert_eq!(installed(&folders.data(), NAME), Some(before.sha256()));
    assert_tidy(&folders.data());
}

#[tokio::test]
async fn a_component_that_cannot_be_loaded_fails_the_installation_and_is_named() {
    let folders = Folders::new();
    let server = TestServer::with_node(&folders.data(), npm()).await;

    let job = upload(&server, &Module::new(NAME, "1.0.0").with("acme/pay/core/Send/Send.js", "broken")).await;

    let failure = job.failure.expect("failed");
    assert_eq!(failure.code, "load");
    let [finding] = failure.findings.as_slice() else { panic!("one component is broken: {failure:?}") };
    assert_eq!(finding.path.as_deref(), Some("acme/pay/core/Send"));
    assert_eq!(finding.message, "acme.pay.core.Send cannot be loaded: Cannot find module 'left'");
    assert_eq!(installed(&folders.data(), NAME), None);
    assert_tidy(&folders.data());
}

#[tokio::test]
async fn a_build_can_be_cancelled_and_ends_what_npm_has_started() {
    let folders = Folders::new();
    let program = endless(folders.root.path());
    let server = TestServer::with_node(&folders.data(), node(program, Duration::from_secs(600))).await;
    let ticket =
        server.upload(&depending("1.0.0", "greet").zip()).await.json()["ticket"].as_str().expect("a ticket").to_owned();
    eventually("npm runs", async || {
        let job = server.state.registry.job(&ticket).await.expect("is there");
        (job.step == Step::Build).then_some(())
    })
    .await;

    server.state.registry.cancel(&SudoActor::command_line(), &ticket).await.expect("cancels");

    assert_eq!(ended(&server.state.registry, &ticket).await.state, JobState::Cancelled);
    assert_tidy(&folders.data());
}

#[tokio::test]
async fn a_build_that_never_ends_is_given_up() {
    let folders = Folders::new();
    let program = endless(folders.root.path());
    let server = TestServer::with_node(&folders.data(), node(program, Duration::from_millis(200))).await;

    let job = upload(&server, &depending("1.0.0", "greet")).await;

    let failure = job.failure.expect("failed");
    assert_eq!(failure.code, "dependencies");
    assert!(failure.message.contains("took longer than"), "{}", failure.message);
    assert!(server.state.registry.output_of(&job.id).await.expect("reads").contains("begun"));
    assert_tidy(&folders.data());
}

#[tokio::test]
async fn what_was_installed_without_node_is_built_at_the_next_start_with_it() {
    let folders = Folders::new();
    let module = depending("1.0.0", "greet");
    let ready = folders.data().join("ready").join(module.sha256());
    {
        let server = TestServer::start(&folders.data(), &[]).await;
        let job = upload(&server, &module).await;
        assert_eq!(job.state, JobState::Succeeded);
        let output = server.state.registry.output_of(&job.id).await.expect("reads");
        assert_eq!(output, "Flows cannot run: the server was started with --node off.");
        assert!(!ready.exists());
        let built = server.state.registry.build_installed().await;
        assert!(built.is_ok() && !ready.exists(), "there is still no Node");
    }
    let other = Folders::new();
    copy(&folders.data(), &other.data());
    let server = TestServer::with_node(&other.data(), npm()).await;

    server.state.registry.build_installed().await.expect("builds");

    let ready = other.data().join("ready").join(module.sha256());
    assert!(ready.join("acme/pay/node_modules/greet/greet.js").is_file());
}

/// A data folder as a backup would bring it back: the server that holds the other may still be ending.
fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("readable");
        let target = to.join(entry.path().strip_prefix(from).expect("inside"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target).expect("creates");
        } else {
            fs::copy(entry.path(), &target).expect("copies");
        }
    }
}
