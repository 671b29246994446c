//! What an inspector's `source` names of the component that it belongs to: `properties/x` and `inputs/port/x`.

use serde_json::{Map, Value, json};

/// The values with what the node has where they name it; what it has not is left out, all else is meant as it is.
pub(super) fn filled(values: Map<String, Value>, node: &Value) -> Map<String, Value> {
    values.into_iter().filter_map(|(key, value)| Some((key, fill(value, node)?))).collect()
}

fn fill(value: Value, node: &Value) -> Option<Value> {
    match value {
        Value::String(text) => match text.split_once('/') {
            Some(("properties", path)) => at(&node["config"]["properties"], path).cloned(),
            Some(("inputs", rest)) => rest.split_once('/').and_then(|(port, path)| input(node, port, path)),
            _ => Some(Value::String(text)),
        },
        Value::Object(fields) => Some(Value::Object(filled(fields, node))),
        other => Some(other),
    }
}

/// What is filled in for an input of the node, whichever link it is for; what only a message can tell is not there yet.
fn input(node: &Value, port: &str, path: &str) -> Option<Value> {
    let senders = node["config"]["transform"][port].as_object()?;
    let rules = senders.values().filter_map(Value::as_object).flat_map(Map::values);
    let is_known = |value: &&Value| !value.to_string().contains("{{");
    rules.filter_map(|rule| at(&rule["lambda"], path)).find(is_known).cloned()
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split(['/', '.']).try_fold(value, |value, key| value.get(key))
}

/// A content for each port, out of contents for `port` and for `port/path`.
pub(super) fn joined(messages: &Map<String, Value>) -> Value {
    let mut ports = json!({});
    for (key, content) in messages {
        let mut place = &mut ports;
        for segment in key.split('/') {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[segment];
        }
        *place = content.clone();
    }
    ports
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn what_the_node_has_is_looked_up_and_all_else_is_meant_as_it_is() {
        let node = json!({ "config": {
            "properties": { "sheet": "s-1", "deep": { "a": [1] } },
            "transform": { "in": { "sender": { "out": { "lambda": { "base": "b-1", "later": "{{{u}}}", "n": 3 } } } } },
        } });
        let values = object(json!({
            "a": "properties/sheet", "b": "inputs/in/base", "c": "inputs/in/later", "d": "inputs/in/n",
            "e": "properties/none", "f": "plain/text", "g": true, "h": { "i": "properties/deep/a" },
        }));
        let expected = json!({ "a": "s-1", "b": "b-1", "d": 3, "f": "plain/text", "g": true, "h": { "i": [1] } });
        assert_eq!(Value::Object(filled(values, &node)), expected);
    }

    #[test]
    fn parts_of_a_message_are_put_together() {
        let messages = object(json!({ "in/base/id": 1, "in/name": "x", "other": { "a": 1 }, "text": "t" }));
        let expected = json!({ "in": { "base": { "id": 1 }, "name": "x" }, "other": { "a": 1 }, "text": "t" });
        assert_eq!(joined(&messages), expected);
    }
}
