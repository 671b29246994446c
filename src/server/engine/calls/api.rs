//! `callAppmixer`: what this server's REST interface answers to whom the component acts for.

use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::Value;

use super::{Answer, ComponentCalls, internal};
use crate::server::{
    engine::{host::CallError, owner::ApiRequest},
    settings::MESSAGE_MAX_BYTES,
};

/// Nothing that components may ask for takes as long.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a query's names and values keep as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// Whose components may look at people and the system configuration.
const SYSTEM: &str = "appmixer.system";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    end_point: String,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    qs: Value,
    #[serde(default)]
    body: Value,
}

impl ComponentCalls {
    pub(super) async fn api(&self, request: Request) -> Answer {
        let method = request.method.unwrap_or_default().to_ascii_uppercase();
        let method = if method.is_empty() { "GET".to_owned() } else { method };
        let path = format!("/{}", request.end_point.trim_start_matches('/'));
        if !is_open(&self.origin.component_type, &method, &path) {
            return Err(CallError {
                code: Some("403".to_owned()),
                name: Some("Forbidden".to_owned()),
                message: format!("Components cannot ask this server for {method} {path}."),
            });
        }
        let Some(api) = self.engine.own_api() else {
            return Err(CallError::new("This server cannot be asked now: it is starting or ending."));
        };
        let most = self.engine.inner.settings.number(MESSAGE_MAX_BYTES);
        let asked = api.ask(
            self.origin.acts_for(),
            ApiRequest {
                method,
                path: with_query(&path, &request.qs),
                body: (!request.body.is_null()).then_some(request.body),
                answer_max: usize::try_from(most).unwrap_or(usize::MAX),
            },
        );
        let answer = tokio::time::timeout(PATIENCE, asked)
            .await
            .map_err(|_| CallError::new(format!("This server did not answer {path} in time.")))?
            .map_err(internal)?;
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let text = |field: &str| answer.body[field].as_str().map(str::to_owned);
        Err(CallError {
            code: Some(answer.status.to_string()),
            name: text("error"),
            message: text("message").unwrap_or_else(|| format!("{path} answered {}.", answer.status)),
        })
    }
}

/// Whether components of this type may ask for it. The owner may do much more; a component of theirs must not install
/// modules or make tokens for somebody who happens to be an administrator.
fn is_open(component_type: &str, method: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let looks = method == "GET";
    let is_system = || component_type.strip_prefix(SYSTEM).is_some_and(|rest| rest.starts_with('.'));
    match segments.as_slice() {
        // These are components' webhooks: whoever called one would wait for itself.
        ["flows", _, "components", ..] => false,
        ["flows" | "flow" | "variables", ..] => looks,
        ["logs", ..] => looks || method == "POST",
        ["stores" | "store" | "people-task", ..] => true,
        ["plugins", vendor, service, ..] => component_type.split('.').take(2).eq([*vendor, *service]),
        ["config", ..] => is_system(),
        ["users" | "telemetry", ..] => looks && is_system(),
        _ => false,
    }
}

/// The path with a query: lists are given name by name, objects as JSON.
fn with_query(path: &str, query: &Value) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, PLAIN).to_string();
    let pair = |name: &str, value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(format!("{}={}", encoded(name), encoded(text))),
        other => Some(format!("{}={}", encoded(name), encoded(&other.to_string()))),
    };
    let query = match query {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| match value {
                Value::Array(values) => values.iter().filter_map(|value| pair(name, value)).collect(),
                value => pair(name, value).into_iter().collect::<Vec<_>>(),
            })
            .collect::<Vec<_>>()
            .join("&"),
        Value::String(text) => text.trim_start_matches('?').to_owned(),
        _ => String::new(),
    };
    match (query.is_empty(), path.contains('?')) {
        (true, _) => path.to_owned(),
        (false, false) => format!("{path}?{query}"),
        (false, true) => format!("{path}&{query}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn components_reach_what_is_listed_and_nothing_else() {
        let table = [
            ("acme.pay.core.Send", "GET", "/flows", true),
            ("acme.pay.core.Send", "GET", "/flows?limit=1", true),
            ("acme.pay.core.Send", "GET", "/flows/f", true),
            ("acme.pay.core.Send", "POST", "/flows", false),
            ("acme.pay.core.Send", "GET", "/flows/f/components/c", false),
            ("acme.pay.core.Send", "GET", "/flowsome", false),
            ("acme.pay.core.Send", "POST", "/logs", true),
            ("acme.pay.core.Send", "DELETE", "/logs", false),
            ("acme.pay.core.Send", "DELETE", "/store", true),
            ("acme.pay.core.Send", "POST", "/components", false),
            ("acme.pay.core.Send", "POST", "/user/auth", false),
            ("acme.pay.core.Send", "GET", "/users", false),
            ("acme.pay.core.Send", "GET", "/config", false),
            ("acme.pay.core.Send", "GET", "//config", false),
            ("acme.pay.core.Send", "GET", "/backoffice/users", false),
            ("acme.pay.core.Send", "POST", "/plugins/acme/pay/core/x", true),
            ("acme.pay.core.Send", "POST", "/plugins/acme/payroll", false),
            ("appmixer.system.core.OnError", "POST", "/config", true),
            ("appmixer.system.core.OnError", "GET", "/users/u", true),
            ("appmixer.system.core.OnError", "DELETE", "/users/u", false),
            ("appmixer.systems.core.OnError", "POST", "/config", false),
        ];
        for (component, method, path, is_allowed) in table {
            assert_eq!(is_open(component, method, path), is_allowed, "{component} {method} {path}");
        }
    }

    #[test]
    fn a_query_is_encoded() {
        let query = json!({ "a": "x y&", "b": [1, "2"], "c": null, "d": { "e": 1 }, "f": true });
        assert_eq!(with_query("/flows", &query), "/flows?a=x%20y%26&b=1&b=2&d=%7B%22e%22%3A1%7D&f=true");
        assert_eq!(with_query("/flows?a=1", &json!("?b=2")), "/flows?a=1&b=2");
        assert_eq!(with_query("/flows", &json!(null)), "/flows");
    }
}
