//! Processes that are started before it is known whose they are to be.

use std::time::Duration;

use stockroom::{
    domain::name::ModuleName,
    server::engine::host::{ComponentHost, Method},
};

use super::{Bench, Component, Script};
use crate::support::eventually;

/// Says at its load which process it is in, where that is at home, and what it can read of `secret`.
fn telling(root: &std::path::Path, name: &str, secret: &std::path::Path) -> Component {
    let code = format!(
        "const read = () => {{ try {{ return require('fs').readFileSync('{}', 'utf8'); }} catch (err) {{ return err.code; }} }};
        throw new Error([process.pid, process.cwd(), read()].join('|'));",
        secret.display()
    );
    Component::write(root.to_owned(), name, &code)
}

async fn told(bench: &Bench, component: &Component) -> [String; 3] {
    let failure = component.run(&bench.host, Method::Load, &Script::new()).await.expect_err("it throws");
    let told: Vec<String> = failure.message.split('|').map(str::to_owned).collect();
    told.try_into().unwrap_or_else(|_| panic!("{}", failure.message))
}

#[tokio::test]
async fn a_trial_gets_a_process_that_waited_for_it_and_nobody_else_gets_it() {
    let bench = Bench::new();
    let secret = bench.folder.path().join("secret");
    std::fs::write(&secret, "a secret").expect("written");
    let mut pids = Vec::new();
    for service in ["one", "two"] {
        let name = ModuleName::parse(&format!("acme.{service}.core")).expect("a name");
        bench.host.stand_by(bench.folder.path()).await;
        let root = bench.host.trial_folder(&name, bench.folder.path()).await;
        let next = bench.host.trial_folder(&name, bench.folder.path()).await;
        assert_ne!(root, next, "it waits for one version");
        assert!(!root.exists(), "whoever makes the version makes the folder");

        let [pid, home, read] = told(&bench, &telling(&root, &format!("{name}.Tell"), &secret)).await;
        assert!(home.contains("no-module-yet"), "it was there before its module: {home}");
        assert_eq!(read, "ERR_ACCESS_DENIED", "it is held as any other");
        bench.host.end_trial(&root).await;
        eventually("the process ends", async || {
            (!std::path::Path::new(&format!("/proc/{pid}/cwd")).exists()).then_some(())
        })
        .await;
        pids.push(pid);
    }
    assert_ne!(pids[0], pids[1]);
}

#[tokio::test]
async fn trusted_modules_have_processes_of_their_own_kind() {
    let name = ModuleName::parse("acme.trusted.core").expect("a name");
    let trusted = name.clone();
    let bench = Bench::with(move |options| options.trusted = vec![trusted]);
    bench.host.stand_by(bench.folder.path()).await;
    let root = bench.host.trial_folder(&name, bench.folder.path()).await;
    let [_, home, _] = told(&bench, &telling(&root, &format!("{name}.Tell"), bench.folder.path())).await;
    assert!(home.contains("acme.trusted.core"), "{home}");
}

#[tokio::test]
async fn who_waits_loads_files_meanwhile() {
    let bench = Bench::new();
    let name = ModuleName::parse("acme.late.core").expect("a name");
    let code = "throw new Error(Object.keys(require.cache).filter(file => file.includes('rehearsal')).length);";
    // It takes a while to start and to load them; who is taken earlier has loaded none.
    eventually("all of them are loaded", async || {
        bench.host.stand_by(bench.folder.path()).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        let root = bench.host.trial_folder(&name, bench.folder.path()).await;
        let component = Component::write(root.clone(), &format!("{name}.Tell"), code);
        let failure = component.run(&bench.host, Method::Load, &Script::new()).await.expect_err("it throws");
        bench.host.end_trial(&root).await;
        (failure.message == "50").then_some(())
    })
    .await;
}
