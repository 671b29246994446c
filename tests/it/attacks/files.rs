//! Files that others could read, and code that could be run (A4, T7).

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use tokio::{io::AsyncWriteExt, net::TcpStream};
use walkdir::WalkDir;

use crate::support::{
    client::head,
    eventually,
    module::Module,
    server::{fresh, with_installed},
};

#[track_caller]
fn assert_private(data: &Path) {
    for entry in WalkDir::new(data) {
        let entry = entry.expect("readable");
        let mode = entry.metadata().expect("is there").permissions().mode() & 0o7777;
        let place = entry.path().strip_prefix(data).expect("inside");
        let is_kept = match place.to_str() {
            Some("" | "blobs" | "modules" | "tmp") => mode == 0o700,
            Some("secret.key") => mode == 0o600,
            _ if place.starts_with("tmp") => mode & 0o7077 == 0,
            // The folders above keep everybody out.
            _ => mode & 0o7022 == 0,
        };
        assert!(is_kept, "{} is {mode:o}", entry.path().display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a4_nothing_in_the_data_folder_is_for_others() {
    let (folders, server) = with_installed(&Module::new("acme.pay", "1.0.0")).await;
    let data = folders.data();
    assert_private(&data);
    // In the middle of an upload.
    let headers = [("Content-Type", "application/octet-stream"), ("Content-Length", "1000")];
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(head(server.address, "POST", "/components", &headers).as_bytes()).await.expect("asks");
    stream.write_all(b"PK\x03\x04half of it").await.expect("sends");
    let temporary = eventually("the upload has a file", async || {
        let entry = WalkDir::new(data.join("tmp")).into_iter().filter_map(Result::ok);
        entry.into_iter().find(|entry| entry.file_type().is_file())
    })
    .await;
    assert_eq!(temporary.metadata().expect("is there").permissions().mode() & 0o7777, 0o600);
    assert_private(&data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t7_no_script_of_a_module_runs() {
    let (folders, server) = fresh().await;
    let mark = folders.root.path().join("was-run");
    let run = format!("touch {}", mark.display());
    let scripts = format!(
        r#"{{"name":"acme.pay","scripts":{{"preinstall":"{run}","install":"{run}","postinstall":"{run}","prepare":"{run}"}}}}"#
    );
    let code = format!("require('child_process').execSync('{run}');");
    let module = Module::new("acme.pay", "1.0.0")
        .with("acme/pay/package.json", &scripts)
        .with("acme/pay/binding.gyp", &format!(r#"{{"targets":[{{"target_name":"<!({run})"}}]}}"#))
        .with("acme/pay/core/Send/Send.js", &code);
    server.install(&module).await;
    for path in ["/backoffice/modules/acme.pay", "/components/acme.pay", "/component/acme/pay/core/Send"] {
        server.get(path).await;
    }
    assert!(!mark.exists());
    let made = WalkDir::new(folders.root.path()).into_iter().filter_map(Result::ok);
    assert_eq!(made.filter(|entry| entry.file_name() == "node_modules").count(), 0);
}

#[test]
fn n1_t7_the_server_starts_no_program_but_node_and_npm() {
    const STARTERS: [&str; 4] =
        ["engine/host/guard.rs", "engine/host/node.rs", "engine/host/process.rs", "runtime/npm.rs"];
    let sources = WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).into_iter().filter_map(Result::ok);
    let is_starter = |path: &Path| STARTERS.iter().any(|starter| path.ends_with(starter));
    for entry in sources.filter(|entry| entry.file_type().is_file() && !is_starter(entry.path())) {
        let text = fs::read_to_string(entry.path()).expect("is text");
        for way in ["process::Command", "CommandExt", "libc::exec", "posix_spawn"] {
            assert!(!text.contains(way), "{} in {}", way, entry.path().display());
        }
    }
}
