//! What many invocations have in common, such as the flow: made into JSON once, and each process is told of it once.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// Most that a process is to remember, in bytes of JSON; then it forgets all of it and is told anew.
const REMEMBERED: usize = 8 * 1024 * 1024;

static LAST: AtomicU64 = AtomicU64::new(0);

/// A part of the context; in frames its number stands for it.
#[derive(Debug)]
pub struct Shared {
    number: u64,
    text: String,
}

impl Shared {
    pub fn new(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
        Self { number: LAST.fetch_add(1, Ordering::Relaxed), text }
    }

    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(self.number)
    }
}

/// What a process remembers.
#[derive(Default)]
pub(super) struct Told {
    numbers: HashSet<u64>,
    bytes: usize,
}

impl Told {
    /// The frames that an invocation with these parts has to come after.
    pub fn tell<'a>(&mut self, parts: impl Iterator<Item = &'a Shared> + Clone) -> Vec<Bytes> {
        let mut frames = Vec::new();
        let is_new = |told: &Self, part: &&Shared| !told.numbers.contains(&part.number);
        let size: usize = parts.clone().filter(|part| is_new(self, part)).map(|part| part.text.len()).sum();
        if size > 0 && self.bytes.saturating_add(size) > REMEMBERED && !self.numbers.is_empty() {
            *self = Self::default();
            frames.push(json!({ "kind": "forget" }));
        }
        for part in parts {
            if self.numbers.insert(part.number) {
                self.bytes = self.bytes.saturating_add(part.text.len());
                frames.push(json!({ "kind": "share", "number": part.number, "text": part.text }));
            }
        }
        frames.into_iter().map(|frame| frame.to_string().into_bytes().into()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(told: &mut Told, parts: &[&Shared]) -> Vec<String> {
        let frames = told.tell(parts.iter().copied());
        let kind = |frame: Bytes| serde_json::from_slice::<Value>(&frame).expect("JSON")["kind"].to_string();
        frames.into_iter().map(kind).collect()
    }

    #[test]
    fn a_process_is_told_once_and_forgets_when_it_is_too_much() {
        let small = [Shared::new(&json!({ "a": 1 })), Shared::new(&json!({ "b": 1 }))];
        let large = [Shared::new(&"x".repeat(REMEMBERED / 2)), Shared::new(&"y".repeat(REMEMBERED / 2))];
        let mut told = Told::default();
        assert_eq!(kinds(&mut told, &[&small[0], &small[1]]), [r#""share""#, r#""share""#]);
        assert!(kinds(&mut told, &[&small[1], &small[0]]).is_empty());
        assert_eq!(kinds(&mut told, &[&small[0], &large[0]]), [r#""share""#]);
        assert_eq!(kinds(&mut told, &[&small[0], &large[1]]), [r#""forget""#, r#""share""#, r#""share""#]);
        assert_eq!(kinds(&mut told, &[&small[0], &small[1]]), [r#""share""#]);
    }
}
