//! Flows to begin with, made of the starter modules.

/// An example: its name, what it does, and its JSON text as an import takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    pub name: String,
    pub description: String,
    pub text: &'static str,
}

const TEXTS: [&str; 5] = [
    include_str!("../../../modules/flows/greet.json"),
    include_str!("../../../modules/flows/each.json"),
    include_str!("../../../modules/flows/once.json"),
    include_str!("../../../modules/flows/table.json"),
    include_str!("../../../modules/flows/heartbeat.json"),
];

pub fn examples() -> Vec<Example> {
    TEXTS
        .into_iter()
        .map(|text| {
            let value: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
            let field = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
            Example { name: field("name"), description: field("description"), text }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::domain::flow::Descriptor;

    #[test]
    fn every_example_is_a_flow_of_starter_modules() {
        for example in examples() {
            let value: serde_json::Value = serde_json::from_str(example.text).expect("JSON");
            let descriptor = Descriptor::read(value["flow"].as_object().expect("a flow")).expect("reads");
            assert!(!example.name.is_empty() && !example.description.is_empty());
            for node in descriptor.nodes.values() {
                let place = node.component.replace('.', "/");
                let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("modules").join(place).join("component.json");
                assert!(manifest.is_file(), "{}", node.component);
                let senders = node.source.values().flat_map(|senders| senders.keys());
                for sender in senders {
                    assert!(descriptor.nodes.contains_key(sender), "{sender}");
                }
            }
        }
    }
}
