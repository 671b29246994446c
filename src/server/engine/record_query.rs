//! Which records of a data store are meant: the part of MongoDB's queries that components use.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::calls::path;

/// Deepest nesting of `$and`, `$or`, `$nor`, `$not`.
const DEPTH: usize = 16;

/// A question that each record is asked.
#[derive(Debug)]
pub(super) enum Query {
    All(Vec<Query>),
    Any(Vec<Query>),
    Not(Box<Query>),
    /// A part of the key, whatever its letter case.
    KeyContains(String),
    Field {
        path: String,
        check: Check,
    },
}

#[derive(Debug)]
pub(super) enum Check {
    Equals(Value),
    In(Vec<Value>),
    /// Compares with the value, and these are the outcomes that will do.
    Compares(Value, &'static [Ordering]),
    Exists(bool),
    Matches(Regex),
}

impl Query {
    /// Reads what a component gives: nothing, a part of keys, or an object, by itself or as `query`.
    ///
    /// # Errors
    /// What will not do, in words.
    pub fn read(query: &Value) -> Result<Self, String> {
        match query {
            Value::Null => Ok(Self::All(Vec::new())),
            Value::String(part) => Ok(Self::KeyContains(part.to_lowercase())),
            Value::Object(fields) => match fields.get("query") {
                Some(Value::Object(fields)) => read_object(fields, 0),
                Some(Value::Null) => Ok(Self::All(Vec::new())),
                Some(_) => Err("A query is an object.".to_owned()),
                None => read_object(fields, 0),
            },
            _ => Err("A query is a text or an object.".to_owned()),
        }
    }

    /// Whether every record will do.
    pub fn is_any(&self) -> bool {
        match self {
            Self::All(parts) => parts.is_empty(),
            Self::KeyContains(part) => part.is_empty(),
            Self::Any(_) | Self::Not(_) | Self::Field { .. } => false,
        }
    }

    /// Asks a record, as it is shown.
    pub fn fits(&self, record: &Map<String, Value>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.fits(record)),
            Self::Any(parts) => parts.iter().any(|part| part.fits(record)),
            Self::Not(part) => !part.fits(record),
            Self::KeyContains(part) => {
                record.get("key").and_then(Value::as_str).is_some_and(|key| key.to_lowercase().contains(part))
            }
            Self::Field { path, check } => check.fits(path::get(record, path)),
        }
    }
}

impl Check {
    fn fits(&self, value: Option<&Value>) -> bool {
        let any = |test: &dyn Fn(&Value) -> bool| match value {
            Some(Value::Array(items)) => value.is_some_and(test) || items.iter().any(test),
            _ => test(value.unwrap_or(&Value::Null)),
        };
        match self {
            Self::Equals(wanted) => any(&|value| equal(value, wanted)),
            Self::In(wanted) => any(&|value| wanted.iter().any(|wanted| equal(value, wanted))),
            Self::Compares(wanted, outcomes) => {
                any(&|value| compared(value, wanted).is_some_and(|outcome| outcomes.contains(&outcome)))
            }
            Self::Exists(wanted) => value.is_some() == *wanted,
            Self::Matches(regex) => any(&|value| value.as_str().is_some_and(|text| regex.is_match(text))),
        }
    }
}

/// 1 and 1.0 are the same number.
fn equal(one: &Value, other: &Value) -> bool {
    one == other || compared(one, other) == Some(Ordering::Equal)
}

/// Numbers with numbers, texts with texts; others cannot be compared.
fn compared(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.as_f64()?.partial_cmp(&other.as_f64()?),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    }
}

fn read_object(fields: &Map<String, Value>, depth: usize) -> Result<Query, String> {
    if depth > DEPTH {
        return Err("The query is nested too deep.".to_owned());
    }
    let list = |value: &Value| -> Result<Vec<Query>, String> {
        let items = value.as_array().ok_or("$and, $or and $nor take a list of queries.")?;
        items
            .iter()
            .map(|item| read_object(item.as_object().ok_or("A query is an object.")?, depth + 1))
            .collect::<Result<_, String>>()
    };
    let parts = fields.iter().map(|(field, value)| match field.as_str() {
        "$and" => Ok(Query::All(list(value)?)),
        "$or" => Ok(Query::Any(list(value)?)),
        "$nor" => Ok(Query::Not(Box::new(Query::Any(list(value)?)))),
        operator if operator.starts_with('$') => Err(unknown(operator)),
        path => read_field(path, value, depth),
    });
    Ok(Query::All(parts.collect::<Result<_, String>>()?))
}

fn read_field(path: &str, value: &Value, depth: usize) -> Result<Query, String> {
    if depth > DEPTH {
        return Err("The query is nested too deep.".to_owned());
    }
    let field = |check| Query::Field { path: path.to_owned(), check };
    let operators = match value {
        Value::Object(operators) if operators.keys().any(|name| name.starts_with('$')) => operators,
        literal => return Ok(field(Check::Equals(literal.clone()))),
    };
    let not = |query| Query::Not(Box::new(query));
    let mut parts = Vec::new();
    for (operator, value) in operators {
        let items = || value.as_array().cloned().ok_or_else(|| format!("{operator} takes a list."));
        parts.push(match operator.as_str() {
            "$eq" => field(Check::Equals(value.clone())),
            "$ne" => not(field(Check::Equals(value.clone()))),
            "$in" => field(Check::In(items()?)),
            "$nin" => not(field(Check::In(items()?))),
            "$gt" => field(Check::Compares(value.clone(), &[Ordering::Greater])),
            "$gte" => field(Check::Compares(value.clone(), &[Ordering::Greater, Ordering::Equal])),
            "$lt" => field(Check::Compares(value.clone(), &[Ordering::Less])),
            "$lte" => field(Check::Compares(value.clone(), &[Ordering::Less, Ordering::Equal])),
            "$exists" => field(Check::Exists(value.as_bool().ok_or("$exists takes true or false.")?)),
            "$regex" => {
                let options = operators.get("$options").and_then(Value::as_str).unwrap_or_default();
                field(Check::Matches(regex(value.as_str().ok_or("$regex takes a text.")?, options)?))
            }
            "$options" => continue,
            "$not" => not(read_field(path, value, depth + 1)?),
            other => return Err(unknown(other)),
        });
    }
    Ok(Query::All(parts))
}

fn regex(pattern: &str, options: &str) -> Result<Regex, String> {
    RegexBuilder::new(pattern)
        .case_insensitive(options.contains('i'))
        .multi_line(options.contains('m'))
        .dot_matches_new_line(options.contains('s'))
        .ignore_whitespace(options.contains('x'))
        .size_limit(1 << 20)
        .build()
        .map_err(|_| format!("{pattern:?} is no regular expression that can be used here."))
}

fn unknown(operator: &str) -> String {
    format!("Queries cannot use {operator} here.")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn queries_choose_records() {
        let record =
            json!({ "key": "Alpha", "storeId": "s", "value": { "n": 2, "tags": ["x", "y"], "t": "Some text" } });
        let record = record.as_object().expect("an object");
        for (query, fits) in [
            (json!(null), true),
            (json!("LPH"), true),
            (json!("beta"), false),
            (json!({}), true),
            (json!({ "query": { "key": { "$nin": [] } } }), true),
            (json!({ "query": { "key": { "$nin": ["Alpha"] } } }), false),
            (json!({ "key": "Alpha", "value.n": 2.0 }), true),
            (json!({ "value.n": { "$gt": 1, "$lte": 2 } }), true),
            (json!({ "value.n": { "$lt": 2 } }), false),
            (json!({ "value.n": { "$gt": "1" } }), false),
            (json!({ "value.tags": "y" }), true),
            (json!({ "value.tags": { "$in": ["q", "x"] } }), true),
            (json!({ "value.missing": null }), true),
            (json!({ "value.missing": { "$exists": false } }), true),
            (json!({ "value.missing": { "$ne": 1 } }), true),
            (json!({ "value.t": { "$regex": "^some", "$options": "i" } }), true),
            (json!({ "value.t": { "$not": { "$regex": "text" } } }), false),
            (json!({ "$or": [{ "key": "x" }, { "value.n": 2 }] }), true),
            (json!({ "$nor": [{ "key": "x" }, { "value.n": 2 }] }), false),
        ] {
            assert_eq!(Query::read(&query).expect("reads").fits(record), fits, "{query}");
        }
    }

    #[test]
    fn what_cannot_be_asked_is_named() {
        for (query, word) in [
            (json!({ "$where": "1" }), "$where"),
            (json!({ "key": { "$near": 1 } }), "$near"),
            (json!({ "key": { "$in": 1 } }), "$in"),
            (json!({ "$or": {} }), "$or"),
            (json!({ "key": { "$regex": "(" } }), "("),
            (json!(5), "object"),
            (json!({ "query": 5 }), "object"),
        ] {
            let fault = Query::read(&query).expect_err("is refused");
            assert!(fault.contains(word), "{query}: {fault}");
        }
        let deep = (0..100).fold(json!({ "key": 1 }), |query, _| json!({ "$and": [query] }));
        assert!(Query::read(&deep).is_err());
    }
}
