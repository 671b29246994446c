//! The modules that come with Stockroom, in the real host.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stockroom::server::engine::host::Method;

use super::{Bench, Component, Script, starter_modules};

/// Every component of the starter modules.
fn components() -> Vec<Component> {
    let root = starter_modules();
    let mut found = Vec::new();
    for service in folders(root.join("stockroom")) {
        for module in folders(service) {
            found.extend(
                folders(module)
                    .iter()
                    .filter(|folder| folder.join("component.json").exists())
                    .map(|folder| component(folder)),
            );
        }
    }
    found
}

fn folders(folder: PathBuf) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.is_dir()).collect()
}

fn component(folder: &Path) -> Component {
    let manifest = std::fs::read(folder.join("component.json")).expect("a manifest");
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let name = manifest["name"].as_str().expect("a name").to_owned();
    let root = starter_modules();
    let below = folder.strip_prefix(&root).expect("is below").to_str().expect("UTF-8").to_owned();
    Component::at(root, &name, below, manifest)
}

fn named(name: &str) -> Component {
    component(&starter_modules().join(name.replace('.', "/")))
}

async fn sent(bench: &Bench, name: &str, content: Value, port: &str) -> Vec<Value> {
    let calls = Script::new();
    named(name).input(content).receive(&bench.host, &calls).await.expect("runs");
    calls.sent(port)
}

#[tokio::test]
async fn every_starter_component_loads() {
    let bench = Bench::new();
    let components = components();
    assert!(components.len() > 40, "{} were found", components.len());
    let calls = Script::new();
    for component in components {
        let loaded = component.run(&bench.host, Method::Load, &calls).await;
        assert!(loaded.is_ok(), "{}: {loaded:?}", component.name);
    }
}

#[tokio::test]
async fn a_handful_of_them_run() {
    let bench = Bench::new();
    let parsed = sent(&bench, "stockroom.json.core.Parse", json!({"text": "{\"a\":1}"}), "out").await;
    assert_eq!(parsed[0]["data"], json!({"a": 1}));
    // Text where the port wants text, and the list is what it should be text of.
    let parsed = sent(&bench, "stockroom.json.core.Parse", json!({"text": [1, 2]}), "out").await;
    assert_eq!(parsed[0]["data"], json!([1, 2]));
    let items = sent(&bench, "stockroom.lists.core.Each", json!({"list": ["a", "b"]}), "item").await;
    assert_eq!(items.len(), 2);
    assert_eq!(items[1]["item"], "b");
}
