//! Reads fields off a manifest, and reports those of the wrong type with their place.

use serde_json::{Map, Value};

use crate::domain::finding::Finding;

use super::report::Report;

/// A manifest whose root is an object. Unknown fields are left alone; `null` counts as absent.
pub(super) struct Document {
    path: String,
    fields: Map<String, Value>,
}

impl Document {
    /// Parses `bytes`, the file at `path`. A byte order mark is skipped; of a key given twice the
    /// last counts, as in JavaScript.
    pub(super) fn parse(path: &str, bytes: &[u8], report: &mut Report) -> Option<Self> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // serde_json refuses nesting deeper than 128, which keeps the stack bounded (N4).
        match serde_json::from_slice(bytes) {
            Ok(Value::Object(fields)) => Some(Self { path: path.to_owned(), fields }),
            Ok(other) => {
                report.problem(wrong_type(path, "", "the manifest", "an object", &other));
                None
            }
            Err(error) => {
                let message = format!("This is not valid JSON: {error}.");
                report.problem(Finding::in_json("invalid-json", path, "", message));
                None
            }
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn value(&self, key: &str) -> Option<&Value> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, key: &str, report: &mut Report) -> Option<&str> {
        self.typed(key, "a text", Value::as_str, report)
    }

    pub(super) fn flag(&self, key: &str, report: &mut Report) -> bool {
        self.typed(key, "true or false", Value::as_bool, report).unwrap_or(false)
    }

    pub(super) fn list(&self, key: &str, report: &mut Report) -> Option<&Vec<Value>> {
        self.typed(key, "a list", Value::as_array, report)
    }

    pub(super) fn object(&self, key: &str, report: &mut Report) -> Option<&Map<String, Value>> {
        self.typed(key, "an object", Value::as_object, report)
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        wanted: &str,
        read: impl Fn(&'a Value) -> Option<T>,
        report: &mut Report,
    ) -> Option<T> {
        let value = self.value(key)?;
        let typed = read(value);
        if typed.is_none() {
            let what = format!("`{key}`");
            report.problem(wrong_type(&self.path, &format!("/{key}"), &what, wanted, value));
        }
        typed
    }
}

pub(super) fn wrong_type(path: &str, pointer: &str, what: &str, wanted: &str, found: &Value) -> Finding {
    let found = match found {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let message = format!("Here {what} is {found}, but it must be {wanted}.");
    Finding::in_json("wrong-type", path, pointer, message)
}
