//! System configuration: the known keys with their meaning, default and value, and whatever else is stored.

use leptos::{server, server_fn::codec::GetUrl};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    ApiError,
    server::{admin, fail, state, sudo},
};
use crate::{
    domain::secrets::{MASK, is_secret},
    server::settings::{KNOWN, Kind},
};

/// A key of the system configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingView {
    pub key: String,
    /// Empty for a key that this server does not know.
    pub meaning: String,
    /// In words; empty for a key that this server does not know.
    pub default: String,
    /// The stored value, where there is one.
    pub stored: Option<String>,
}

#[server(prefix = "/backoffice/api", endpoint = "list_settings", input = GetUrl)]
pub async fn list_settings() -> Result<Vec<SettingView>, ApiError> {
    let mut stored = state().settings.list(&admin()?);
    let mut take = |key: &str| {
        let at = stored.iter().position(|(name, _)| name == key)?;
        Some(text(key, stored.remove(at).1))
    };
    let mut all: Vec<SettingView> = KNOWN
        .iter()
        .map(|known| SettingView {
            key: known.key.to_owned(),
            meaning: known.meaning.to_owned(),
            default: match known.kind {
                Kind::Number(number) => number.to_string(),
                Kind::Flag(flag) => flag.to_string(),
                Kind::Text("") => "empty".to_owned(),
                Kind::Text(text) => text.to_owned(),
            },
            stored: take(known.key),
        })
        .collect();
    all.extend(stored.into_iter().map(|(key, value)| SettingView {
        stored: Some(text(&key, value)),
        key,
        meaning: String::new(),
        default: String::new(),
    }));
    Ok(all)
}

fn text(key: &str, value: Value) -> String {
    match value {
        _ if is_secret(key) => MASK.to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Stores a value: a number or `true` and `false` where the text is one, else the text.
#[server(prefix = "/backoffice/api", endpoint = "save_setting")]
pub async fn save_setting(key: String, #[server(default)] value: String) -> Result<(), ApiError> {
    let parsed = serde_json::from_str(&value).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
    let value = parsed.unwrap_or(Value::String(value));
    state().settings.set(&sudo()?, key.trim(), value).await.map(drop).map_err(fail)
}

/// Forgets a stored value: the default holds again.
#[server(prefix = "/backoffice/api", endpoint = "reset_setting")]
pub async fn reset_setting(key: String) -> Result<(), ApiError> {
    state().settings.delete(&sudo()?, &key).await.map_err(fail)
}
