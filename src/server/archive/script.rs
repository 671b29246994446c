//! Reads the few facts off a module's JavaScript that its manifests do not state.
//!
//! Nothing is run and nothing is parsed: a search that tolerates any style of code is enough to
//! label a module, and a wrong guess costs a wrong label only.

use std::collections::BTreeSet;

use crate::domain::module::AuthKind;

/// The sign-in kind that an `auth.js` defines: the first `type` with a known kind as its value.
pub(super) fn auth_kind(source: &str) -> Option<AuthKind> {
    let code = without_comments(source);
    words(&code, "type").find_map(|at| {
        let after = code[at + "type".len()..].trim_start_matches(['\'', '"']).trim_start();
        let value = after.strip_prefix(':')?.trim_start();
        let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
        match value[1..].split(quote).next()? {
            "apiKey" => Some(AuthKind::ApiKey),
            "pwd" => Some(AuthKind::Pwd),
            "oauth" => Some(AuthKind::OAuth),
            "oauth2" => Some(AuthKind::OAuth2),
            _ => None,
        }
    })
}

/// True when a script reads `context.config`, the values that an administrator sets: as a
/// property, by index, or taken apart (`const { config } = context`).
pub(super) fn reads_config(source: &str) -> bool {
    // Comments matter little here, but are often left from a template.
    let code = without_comments(source);
    words(&code, "context").any(|at| {
        let after = code[at + "context".len()..].trim_start();
        reads_property(after) || (is_whole(after) && takes_apart(code[..at].trim_end()))
    })
}

/// The keys that a script reads off `context.config`: as properties, by index, or taken apart.
pub(super) fn config_keys(source: &str) -> BTreeSet<String> {
    let code = without_comments(source);
    let mut keys = BTreeSet::new();
    let mut is_taken = false;
    for at in words(&code, "context") {
        let after = code[at + "context".len()..].trim_start();
        if reads_property(after) {
            keys.extend(key_after_config(after));
            keys.extend(keys_taken_apart(&code[..at]));
        } else if is_whole(after) && takes_apart(code[..at].trim_end()) {
            is_taken = true;
        }
    }
    if is_taken {
        keys.extend(words(&code, "config").filter_map(|at| property(code[at + "config".len()..].trim_start())));
    }
    keys
}

/// The property that follows `.config` or `['config']`.
fn key_after_config(after: &str) -> Option<String> {
    let at = after.find("config")? + "config".len();
    let rest = after[at..].trim_start_matches(['\'', '"', '`', ']', ' ']);
    property(rest)
}

/// The name in `.name`, `?.name`, `['name']`; not of a method that is called on the whole.
fn property(rest: &str) -> Option<String> {
    let rest = rest.strip_prefix('?').filter(|rest| rest.starts_with('.')).unwrap_or(rest);
    let name = match rest.strip_prefix('.').map(str::trim_start) {
        Some(index) if index.starts_with('[') => quoted(&index[1..])?,
        Some(name) => name.split(|c| !is_word(c)).next()?,
        None => quoted(rest.strip_prefix('[')?)?,
    };
    is_key(name).then(|| name.to_owned())
}

fn quoted(index: &str) -> Option<&str> {
    let index = index.trim_start();
    let quote = index.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    index[1..].split(quote).next()
}

/// The keys in `{ a, b: c = d } =` right before `context.config`.
fn keys_taken_apart(before: &str) -> Vec<String> {
    let Some(pattern) = before.trim_end().strip_suffix('=').map(str::trim_end).and_then(|b| b.strip_suffix('}')) else {
        return Vec::new();
    };
    let Some((_, items)) = pattern.rsplit_once('{') else { return Vec::new() };
    let name =
        |item: &str| item.split([':', '=']).next().unwrap_or_default().trim().trim_matches(['\'', '"']).to_owned();
    items.split(',').map(name).filter(|name| is_key(name)).collect()
}

/// Longest key, in bytes.
const KEY_BYTES: usize = 64;

fn is_key(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= KEY_BYTES
        && name.chars().all(is_word)
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && !matches!(name, "hasOwnProperty" | "toString" | "constructor" | "__proto__")
}

/// `.config`, `?.config`, `['config']` right after `context`.
fn reads_property(after: &str) -> bool {
    let after = after.strip_prefix('?').filter(|rest| rest.starts_with('.')).unwrap_or(after);
    if let Some(name) = after.strip_prefix('.').map(str::trim_start)
        && let Some(rest) = name.strip_prefix("config")
    {
        return !rest.starts_with(is_word);
    }
    let index = after.strip_prefix('.').unwrap_or(after).strip_prefix('[').map(str::trim_start);
    index.is_some_and(|index| {
        ["'config'", "\"config\"", "`config`"]
            .iter()
            .any(|quoted| index.strip_prefix(quoted).is_some_and(|rest| rest.trim_start().starts_with(']')))
    })
}

/// True when nothing is picked out of `context`, which precedes `after`.
fn is_whole(after: &str) -> bool {
    !after.starts_with(['.', '[', '(', '?'])
}

/// Longest part of a pattern that is looked at, so that a hostile script cannot take long.
const PATTERN_CHARS: usize = 2_000;

/// True when `before`, which ends where `context` begins, takes `config` out of an object.
fn takes_apart(before: &str) -> bool {
    let Some(pattern) = before.strip_suffix('=').map(str::trim_end).and_then(|b| b.strip_suffix('}')) else {
        return false;
    };
    let mut depth = 0;
    let mut key_ends = pattern.len();
    // Backwards over the pattern; its keys are what begins after `{` or `,` at its own depth.
    for (at, c) in pattern.char_indices().rev().take(PATTERN_CHARS) {
        match c {
            '}' | ']' | ')' => depth += 1,
            '[' | '(' => depth -= 1,
            '{' if depth > 0 => depth -= 1,
            '{' | ',' if depth == 0 => {
                if is_config_key(&pattern[at + 1..key_ends]) {
                    return true;
                }
                if c == '{' {
                    return false;
                }
                key_ends = at;
            }
            ';' => return false,
            _ => {}
        }
    }
    false
}

fn is_config_key(item: &str) -> bool {
    let key = item.split([':', '=']).next().unwrap_or_default();
    key.trim().trim_matches(['\'', '"']) == "config"
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// Offsets of `word` in `code` where it is a word of its own.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(move |&at| !code[..at].ends_with(is_word) && !code[at + word.len()..].starts_with(is_word))
}

/// `source` with its comments taken out; strings stay.
fn without_comments(source: &str) -> String {
    let mut code = String::new();
    let mut quote = None;
    let mut previous = ' ';
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c, chars.peek()) {
            (_, '\\', _) => {
                // Also keeps the escapes of regular expressions from looking like comments.
                code.push(c);
                code.extend(chars.next());
            }
            (Some(open), _, _) => {
                code.push(c);
                // Only back-quoted strings span lines; an apostrophe elsewhere ends with its line.
                if c == open || (c == '\n' && open != '`') {
                    quote = None;
                }
            }
            (None, '/', Some('/')) if previous != ':' => while chars.next_if(|&c| c != '\n').is_some() {},
            (None, '/', Some('*')) => {
                chars.next();
                let mut star = false;
                for c in chars.by_ref() {
                    if star && c == '/' {
                        break;
                    }
                    star = c == '*';
                }
                code.push(' ');
            }
            (None, _, _) => {
                if matches!(c, '\'' | '"' | '`') {
                    quote = Some(c);
                }
                code.push(c);
            }
        }
        previous = c;
    }
    code
}
