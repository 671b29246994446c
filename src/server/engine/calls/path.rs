//! Keys with dots: paths into a JSON document.

use serde_json::{Map, Value};

/// The value at `path`.
pub(in crate::server::engine) fn get<'a>(document: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = document.get(parts.next()?)?;
    parts.try_fold(first, |value, part| match value {
        Value::Object(fields) => fields.get(part),
        Value::Array(items) => items.get(part.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Puts `value` at `path`; objects on the way are made.
///
/// # Errors
/// When something on the way is neither an object nor a list, in words for whoever asked.
pub(super) fn set(document: &mut Map<String, Value>, path: &str, value: Value) -> Result<(), String> {
    let (way, last) = path.rsplit_once('.').map_or((None, path), |(way, last)| (Some(way), last));
    let Some(way) = way else {
        document.insert(last.to_owned(), value);
        return Ok(());
    };
    let blocked = || format!("{path} cannot be set: something on the way is no object.");
    let mut parts = way.split('.');
    let mut place = document.entry(parts.next().unwrap_or_default()).or_insert(Value::Null);
    for part in parts {
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
        place = match place {
            Value::Object(fields) => fields.entry(part).or_insert(Value::Null),
            Value::Array(items) => {
                part.parse::<usize>().ok().and_then(|index| items.get_mut(index)).ok_or_else(blocked)?
            }
            _ => return Err(blocked()),
        };
    }
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(fields) => {
            fields.insert(last.to_owned(), value);
        }
        Value::Array(items) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => items[index] = value,
            Ok(index) if index == items.len() => items.push(value),
            _ => return Err(blocked()),
        },
        _ => return Err(blocked()),
    }
    Ok(())
}

/// Takes away what is at `path`, if there is anything.
pub(super) fn unset(document: &mut Map<String, Value>, path: &str) {
    let (way, last) = path.rsplit_once('.').map_or((None, path), |(way, last)| (Some(way), last));
    let Some(way) = way else {
        document.remove(last);
        return;
    };
    let mut parts = way.split('.');
    let mut place = parts.next().and_then(|part| document.get_mut(part));
    for part in parts {
        place = match place {
            Some(Value::Object(fields)) => fields.get_mut(part),
            Some(Value::Array(items)) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
            _ => None,
        };
    }
    if let Some(Value::Object(fields)) = place {
        fields.remove(last);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn dots_lead_into_objects_and_lists() {
        let mut state = document(json!({ "a": [{ "b": 1 }], "n": 5 }));
        assert_eq!(get(&state, "a.0.b"), Some(&json!(1)));
        for nothing in ["a.1", "a.x", "n.x", "z", ""] {
            assert_eq!(get(&state, nothing), None, "{nothing}");
        }
        set(&mut state, "a.0.b", json!(2)).expect("sets");
        set(&mut state, "a.1", json!("new")).expect("sets");
        set(&mut state, "x.y.z", json!(true)).expect("sets");
        assert_eq!(
            Value::Object(state.clone()),
            json!({ "a": [{ "b": 2 }, "new"], "n": 5, "x": { "y": { "z": true } } })
        );
        for blocked in ["n.x", "a.9", "a.x"] {
            assert!(set(&mut state, blocked, json!(1)).is_err(), "{blocked}");
        }
        unset(&mut state, "x.y.z");
        unset(&mut state, "a.0.b");
        unset(&mut state, "q.w");
        unset(&mut state, "n");
        assert_eq!(Value::Object(state), json!({ "a": [{}, "new"], "x": { "y": {} } }));
    }
}
