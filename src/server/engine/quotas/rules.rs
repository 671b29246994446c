//! The rules of a module's `quota.js`, and which of them hold for a component.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::server::store::quotas::Allowance;

/// A rule, as the worker reads it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct Rule {
    /// At least 1.
    limit: u32,
    throttling: Throttling,
    /// In milliseconds.
    #[serde(default)]
    window: i64,
    /// Of fixed windows: when the next one begins, in milliseconds since the Unix epoch.
    #[serde(default)]
    pub until: Option<i64>,
    /// What it is about; none is everything.
    #[serde(default)]
    resource: Option<String>,
    /// For whom it counts apart, such as `userId`; nobody where it is empty.
    #[serde(default)]
    scope: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Throttling {
    /// So many in any span of its window's length.
    WindowSliding,
    /// So many until the next window begins.
    WindowFixed,
    /// So many at the same time.
    LimitConcurrency,
}

/// What may be counted for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Whose<'a> {
    pub user_id: &'a str,
    pub flow_id: &'a str,
    pub component_id: &'a str,
}

/// What holds for one message.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Limits {
    pub allowances: Vec<Allowance>,
    /// How many may run at the same time, by what is counted together.
    pub at_once: BTreeMap<String, u32>,
}

/// The name of the rules that a component names, or its module's.
pub(super) fn manager(quota: &Value, module: &str) -> String {
    quota["manager"].as_str().filter(|name| !name.is_empty()).map_or_else(|| module.replace('.', ":"), str::to_owned)
}

impl Limits {
    /// The rules that are about what the component's `quota` names.
    pub fn of(rules: &[Rule], manager: &str, quota: &Value, whose: Whose<'_>, now: i64) -> Self {
        let resources: Vec<&str> = match &quota["resources"] {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut windows: BTreeMap<String, Allowance> = BTreeMap::new();
        let mut limits = Self::default();
        for rule in rules.iter().filter(|rule| rule.is_about(&resources)) {
            let counted = rule.counted(manager, quota, whose);
            let expires_at = match rule.throttling {
                Throttling::LimitConcurrency => {
                    let at_once = limits.at_once.entry(counted).or_insert(rule.limit);
                    *at_once = rule.limit.min(*at_once);
                    continue;
                }
                Throttling::WindowSliding => now.saturating_add(rule.window),
                Throttling::WindowFixed => rule.next_window(now),
            };
            // Two rules that count the same are one, the stricter.
            let known =
                windows.entry(counted.clone()).or_insert(Allowance { quota: counted, limit: rule.limit, expires_at });
            known.limit = rule.limit.min(known.limit);
        }
        limits.allowances = windows.into_values().collect();
        limits
    }
}

impl Rule {
    fn is_about(&self, resources: &[&str]) -> bool {
        resources.is_empty() || self.resource.as_deref().is_none_or(|own| resources.contains(&own))
    }

    fn next_window(&self, now: i64) -> i64 {
        let aligned = || now.saturating_sub(now.rem_euclid(self.window.max(1))).saturating_add(self.window);
        self.until.unwrap_or_else(aligned)
    }

    /// What is counted together: for whom, only where the rule and the component both say so.
    fn counted(&self, manager: &str, quota: &Value, whose: Whose<'_>) -> String {
        let scope: Vec<String> = self
            .scope
            .iter()
            .map(|name| quota["scope"][name].as_str().map_or_else(String::new, |text| fill(text, whose)))
            .collect();
        let kind = match self.throttling {
            Throttling::WindowSliding => "sliding",
            Throttling::WindowFixed => "fixed",
            Throttling::LimitConcurrency => "at once",
        };
        json!([manager, self.resource, kind, self.window, scope]).to_string()
    }
}

fn fill(text: &str, whose: Whose<'_>) -> String {
    [("userId", whose.user_id), ("flowId", whose.flow_id), ("componentId", whose.component_id)]
        .into_iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOSE: Whose<'_> = Whose { user_id: "u", flow_id: "f", component_id: "c" };

    fn rules(rules: Value) -> Vec<Rule> {
        serde_json::from_value(rules).expect("rules")
    }

    fn quotas(rules: &[Rule], quota: Value, whose: Whose<'_>) -> Vec<Allowance> {
        Limits::of(rules, "acme:pay", &quota, whose, 1_500).allowances
    }

    #[test]
    fn a_component_keeps_to_the_rules_about_its_resources() {
        let rules = rules(json!([
            { "limit": 1, "throttling": "window-sliding", "window": 1_000, "resource": "a" },
            { "limit": 2, "throttling": "window-sliding", "window": 1_000, "resource": "b" },
            { "limit": 3, "throttling": "window-sliding", "window": 2_000 },
            { "limit": 4, "throttling": "limit-concurrency", "resource": "a" },
            { "limit": 3, "throttling": "limit-concurrency", "resource": "a" },
        ]));
        let limits = |quota: Value| {
            let mut limits: Vec<u32> = quotas(&rules, quota, WHOSE).iter().map(|one| one.limit).collect();
            limits.sort_unstable();
            limits
        };
        assert_eq!(limits(json!({ "resources": "a" })), [1, 3]);
        assert_eq!(limits(json!({ "resources": ["a", "b"] })), [1, 2, 3]);
        assert_eq!(limits(json!({ "resources": "none" })), [3]);
        assert_eq!(limits(json!({})), [1, 2, 3]);
        let at_once = Limits::of(&rules, "m", &json!({ "resources": "a" }), WHOSE, 0).at_once;
        assert_eq!(at_once.into_values().collect::<Vec<_>>(), [3]);
    }

    #[test]
    fn people_are_counted_apart_where_rule_and_component_say_so() {
        let one = rules(json!([{ "limit": 1, "throttling": "window-sliding", "window": 1, "scope": ["userId"] }]));
        let all = rules(json!([{ "limit": 1, "throttling": "window-sliding", "window": 1 }]));
        let other = Whose { user_id: "v", ..WHOSE };
        let scoped = json!({ "scope": { "userId": "{{userId}}" } });
        let are_apart = |rules: &[Rule], quota: &Value| {
            quotas(rules, quota.clone(), WHOSE)[0].quota != quotas(rules, quota.clone(), other)[0].quota
        };
        assert!(are_apart(&one, &scoped));
        assert!(!are_apart(&one, &json!({})));
        assert!(!are_apart(&all, &scoped));
    }

    #[test]
    fn windows_end_after_their_length_or_when_the_next_begins() {
        let rules = rules(json!([
            { "limit": 1, "throttling": "window-sliding", "window": 1_000, "resource": "s" },
            { "limit": 1, "throttling": "window-fixed", "window": 1_000, "resource": "f" },
            { "limit": 1, "throttling": "window-fixed", "until": 9_000, "resource": "u" },
        ]));
        let until = |resource: &str| quotas(&rules, json!({ "resources": resource }), WHOSE)[0].expires_at;
        assert_eq!([until("s"), until("f"), until("u")], [2_500, 2_000, 9_000]);
    }
}
