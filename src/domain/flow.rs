//! What a flow is: its descriptor in the public format, where a message that a component sends goes, and with what scope
//! it arrives.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The key of a scope under which the way of the message is written down.
const WALKTHROUGH: &str = "_walkthrough";
/// Steps of its way that a message remembers: a flow that runs in circles must not make its messages ever larger.
const WAY_MAX: usize = 500;
/// The port that messages leave by when `errorHandling` says `errorPort`.
pub const ERROR_PORT: &str = "error";

/// What a flow is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    #[default]
    Stopped,
    /// Its components are being started; nothing is delivered yet.
    Starting,
    Running,
    /// Its components are being stopped; nothing is delivered any more.
    Stopping,
}

impl Stage {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Stopping => "stopping",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Stopped, Self::Starting, Self::Running, Self::Stopping].into_iter().find(|stage| stage.as_str() == text)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// UUID v4.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    pub name: String,
    pub description: Option<String>,
    /// `automation`, `integration-template` and others.
    pub kind: String,
    pub stage: Stage,
    /// As its author wrote it: an object, a node a component.
    pub descriptor: Map<String, Value>,
    pub custom_fields: Map<String, Value>,
    /// A `data:` address.
    pub thumbnail: Option<String>,
    /// Milliseconds since the Unix epoch, as all times here.
    pub created_at: i64,
    pub modified_at: i64,
    pub started_at: Option<i64>,
    /// Of the latest run.
    pub run_id: Option<i64>,
}

/// The nodes of a flow, by the id of their component.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Descriptor {
    pub nodes: BTreeMap<String, Node>,
}

/// What the engine reads of a node.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    /// `vendor.service.module.Component`.
    #[serde(rename = "type")]
    pub component: String,
    /// For each input port: the out ports of each sender.
    #[serde(default)]
    pub source: BTreeMap<String, BTreeMap<String, Ports>>,
    #[serde(default)]
    pub error_handling: Option<ErrorHandling>,
}

/// One port, or several.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Ports {
    One(String),
    Several(Vec<String>),
}

impl Ports {
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(port) => std::slice::from_ref(port),
            Self::Several(ports) => ports,
        }
    }
}

/// What a node wants done about its failures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorHandling {
    /// `false`: never try again by itself.
    pub auto_retry: Option<bool>,
    /// In place of the server's own number.
    pub max_retries: Option<u32>,
    pub on_error: OnError,
}

/// What becomes of a message that is not tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OnError {
    #[default]
    StoreUnprocessed,
    /// It leaves by the port [`ERROR_PORT`].
    ErrorPort,
    StopFlow,
}

/// An input port that a message goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Destination {
    pub component_id: String,
    pub port: String,
}

impl Descriptor {
    /// Reads the nodes.
    ///
    /// # Errors
    /// Which node is wrong and why, in words for its author.
    pub fn read(descriptor: &Map<String, Value>) -> Result<Self, String> {
        let nodes = descriptor
            .iter()
            .map(|(id, node)| {
                let node = Node::deserialize(node).map_err(|fault| format!("The component {id} is wrong: {fault}."))?;
                if node.component.split('.').count() < 3 {
                    return Err(format!(
                        "The component {id} is wrong: {:?} is no type such as vendor.service.module.Component.",
                        node.component
                    ));
                }
                Ok((id.clone(), node))
            })
            .collect::<Result<_, String>>()?;
        Ok(Self { nodes })
    }

    /// Where what `sender` sends to its out port `port` goes: a copy for each input port that names the two.
    pub fn destinations(&self, sender: &str, port: &str) -> Vec<Destination> {
        let names_it = |senders: &BTreeMap<String, Ports>| {
            senders.get(sender).is_some_and(|ports| ports.names().iter().any(|name| name == port))
        };
        self.nodes
            .iter()
            .flat_map(|(id, node)| node.source.iter().map(move |(in_port, senders)| (id, in_port, senders)))
            .filter(|(_, _, senders)| names_it(senders))
            .map(|(id, in_port, _)| Destination { component_id: id.clone(), port: in_port.clone() })
            .collect()
    }
}

/// One link of a flow, as a message travels it.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    pub sender: &'a str,
    pub out_port: &'a str,
    pub target: &'a str,
    pub in_port: &'a str,
}

/// The scope with which `content` arrives: the sender's, with what it sent now, and one step more on its way.
pub fn arriving_scope(sent: &Value, link: Link<'_>, content: &Value) -> Value {
    let mut scope = sent.as_object().cloned().unwrap_or_default();
    let outputs = scope.entry(link.sender).or_insert_with(|| json!({}));
    if !outputs.is_object() {
        *outputs = json!({});
    }
    if let Some(outputs) = outputs.as_object_mut() {
        outputs.insert(link.out_port.to_owned(), content.clone());
    }
    let mut way = match scope.remove(WALKTHROUGH) {
        Some(Value::Array(way)) => way,
        _ => Vec::new(),
    };
    if way.len() >= WAY_MAX {
        way.drain(..=way.len() - WAY_MAX);
    }
    way.push(json!({
        "targetId": link.target,
        "links": [{ "sourceId": link.sender, "sourceOut": link.out_port, "targetIn": link.in_port }],
    }));
    scope.insert(WALKTHROUGH.to_owned(), Value::Array(way));
    Value::Object(scope)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(value: Value) -> Result<Descriptor, String> {
        Descriptor::read(value.as_object().expect("an object"))
    }

    #[test]
    fn a_message_goes_once_to_each_input_port_that_names_its_sender_and_port() {
        let flow = descriptor(json!({
            "a": { "type": "v.s.m.A", "source": {} },
            "b": { "type": "v.s.m.B", "source": { "in": { "a": ["out", "out"], "c": "out" }, "other": { "a": "out" } } },
            "c": { "type": "v.s.m.C", "source": { "in": { "a": ["no"] } } },
        }))
        .expect("reads");
        let to = |component: &str, port: &str| Destination { component_id: component.into(), port: port.into() };
        assert_eq!(flow.destinations("a", "out"), [to("b", "in"), to("b", "other")]);
        assert_eq!(flow.destinations("c", "out"), [to("b", "in")]);
        assert_eq!(flow.destinations("a", "no"), [to("c", "in")]);
        for (sender, port) in [("a", "else"), ("b", "out"), ("x", "out")] {
            assert_eq!(flow.destinations(sender, port), []);
        }
    }

    #[test]
    fn a_scope_has_the_latest_output_of_every_ancestor_and_the_way() {
        let first = Link { sender: "a", out_port: "out", target: "b", in_port: "in" };
        let one = arriving_scope(&json!({}), first, &json!({ "n": 1 }));
        let second = Link { sender: "b", out_port: "done", target: "c", in_port: "in" };
        let two = arriving_scope(&one, second, &json!("x"));
        assert_eq!(one["a"], json!({ "out": { "n": 1 } }));
        assert_eq!(
            two,
            json!({
                "a": { "out": { "n": 1 } },
                "b": { "done": "x" },
                "_walkthrough": [
                    { "targetId": "b", "links": [{ "sourceId": "a", "sourceOut": "out", "targetIn": "in" }] },
                    { "targetId": "c", "links": [{ "sourceId": "b", "sourceOut": "done", "targetIn": "in" }] },
                ],
            })
        );
    }

    #[test]
    fn a_flow_in_circles_does_not_make_its_messages_larger_for_ever() {
        let link = Link { sender: "a", out_port: "out", target: "a", in_port: "in" };
        let scope = (0..2 * WAY_MAX).fold(json!({}), |scope, _| arriving_scope(&scope, link, &json!(1)));
        assert_eq!(scope[WALKTHROUGH].as_array().map(Vec::len), Some(WAY_MAX));
    }

    #[test]
    fn what_is_no_node_is_refused_with_its_id() {
        for bad in [json!({ "a": 1 }), json!({ "a": {} }), json!({ "a": { "type": "x" } })] {
            assert!(descriptor(bad).expect_err("is refused").contains("component a"));
        }
        let odd = json!({ "a": { "type": "v.s.m.A", "errorHandling": { "onError": "shrug" } } });
        assert!(descriptor(odd).is_err());
    }
}
