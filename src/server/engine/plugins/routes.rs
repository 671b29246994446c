//! Which route of a plugin a request is for. Paths are templates: `/tasks/{id}`, `{name?}`, `{rest*}`.

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde_json::{Map, Value};

/// A route as the plugin has registered it.
#[derive(Deserialize)]
pub(super) struct Registered {
    methods: Vec<String>,
    path: String,
    auth: Auth,
}

/// Whether a route wants to know who is asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Auth {
    None,
    Optional,
    Required,
}

#[derive(Debug)]
pub(super) struct Route {
    /// In the order in which they were registered.
    pub number: usize,
    /// Upper case; `*` is any.
    methods: Vec<String>,
    parts: Vec<Part>,
    pub auth: Auth,
}

/// A part between slashes. The first kinds are the ones that win.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A name between texts.
    Mixed {
        before: String,
        name: String,
        after: String,
    },
    Name {
        name: String,
        is_optional: bool,
    },
    Rest(String),
}

impl Part {
    fn rank(&self) -> u8 {
        match self {
            Self::Text(_) => 0,
            Self::Mixed { .. } => 1,
            Self::Name { .. } => 2,
            Self::Rest(_) => 3,
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        let Some((before, rest)) = text.split_once('{') else { return Ok(Self::Text(text.to_owned())) };
        let (name, after) = rest.split_once('}').ok_or_else(|| format!("{text:?} lacks a closing brace."))?;
        if after.contains('{') {
            return Err(format!("{text:?} has two names in one part, which is not supported here."));
        }
        let is_whole = before.is_empty() && after.is_empty();
        if let Some(name) = name.strip_suffix('*')
            && is_whole
        {
            return Ok(Self::Rest(name.to_owned()));
        }
        let (name, is_optional) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        if name.is_empty() || name.contains('*') || (is_optional && !is_whole) {
            return Err(format!("{text:?} is no part of a path that is supported here."));
        }
        let name = name.to_owned();
        if is_whole {
            return Ok(Self::Name { name, is_optional });
        }
        Ok(Self::Mixed { before: before.to_owned(), name, after: after.to_owned() })
    }
}

impl Route {
    /// # Errors
    /// What of its path will not do.
    pub fn read(registered: Registered) -> Result<Self, String> {
        let Registered { methods, path, auth } = registered;
        let parts: Vec<Part> = parts_of(&path)
            .map(Part::read)
            .collect::<Result<_, String>>()
            .map_err(|fault| format!("the route {path:?}: {fault}"))?;
        let is_last = |part: &Part| matches!(part, Part::Rest(_) | Part::Name { is_optional: true, .. });
        if parts.iter().rev().skip(1).any(is_last) {
            return Err(format!("the route {path:?}: what may be missing stands at the end"));
        }
        Ok(Self { number: 0, methods, parts, auth })
    }

    /// What the names stand for, if the path fits.
    fn matches(&self, path: &[&str]) -> Option<Map<String, Value>> {
        let mut names = Map::new();
        let mut left = path;
        for part in &self.parts {
            match (part, left) {
                (Part::Rest(name), _) => {
                    if !left.is_empty() && !name.is_empty() {
                        names.insert(name.clone(), decoded(&left.join("/")));
                    }
                    left = &[];
                    continue;
                }
                (Part::Name { is_optional: true, .. }, []) => continue,
                (_, []) => return None,
                (Part::Text(text), [first, ..]) => (*first == text).then_some(())?,
                (Part::Name { name, .. }, [first, ..]) => drop(names.insert(name.clone(), decoded(first))),
                (Part::Mixed { before, name, after }, [first, ..]) => {
                    let inner = first.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
                    (!inner.is_empty()).then_some(())?;
                    names.insert(name.clone(), decoded(inner));
                }
            }
            left = &left[1..];
        }
        left.is_empty().then_some(names)
    }
}

/// The parts of a path, in which slashes at the ends do not count.
pub(super) fn parts_of(path: &str) -> impl Iterator<Item = &str> {
    path.trim_matches('/').split('/').filter(|part| !part.is_empty())
}

fn decoded(text: &str) -> Value {
    Value::String(percent_decode_str(text).decode_utf8_lossy().into_owned())
}

/// The route that fits best, and what the names in its path stand for.
pub(super) fn choose<'a>(routes: &'a [Route], method: &str, path: &[&str]) -> Option<(&'a Route, Map<String, Value>)> {
    let method = if method == "HEAD" { "GET" } else { method };
    let takes = |route: &&Route| route.methods.iter().any(|own| own == method || own == "*");
    let fitting = routes.iter().filter(takes).filter_map(|route| Some((route, route.matches(path)?)));
    fitting.min_by_key(|(route, _)| {
        let ranks: Vec<u8> = route.parts.iter().map(Part::rank).collect();
        (ranks, !route.methods.iter().any(|own| own == method))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn routes(paths: &[(&str, &str)]) -> Vec<Route> {
        let read = |(number, (method, path)): (usize, &(&str, &str))| {
            let registered =
                Registered { methods: vec![(*method).to_owned()], path: (*path).to_owned(), auth: Auth::None };
            let mut route = Route::read(registered).expect("is a route");
            route.number = number;
            route
        };
        paths.iter().enumerate().map(read).collect()
    }

    #[test]
    fn the_route_that_says_most_is_chosen() {
        let routes = routes(&[
            ("GET", "/"),
            ("GET", "/tasks/{id}"),
            ("GET", "tasks/count"),
            ("PUT", "/tasks/{id}/approve"),
            ("GET", "/files/{rest*}"),
            ("GET", "/files/{name}.js"),
            ("*", "/any/{name?}"),
        ]);
        for (method, path, wanted) in [
            ("GET", "/", Some((0, json!({})))),
            ("GET", "", Some((0, json!({})))),
            ("GET", "/tasks/a%20b", Some((1, json!({ "id": "a b" })))),
            ("GET", "/tasks/count/", Some((2, json!({})))),
            ("PUT", "/tasks/7/approve", Some((3, json!({ "id": "7" })))),
            ("GET", "/tasks/7/approve", None),
            ("GET", "/files/a/b", Some((4, json!({ "rest": "a/b" })))),
            ("GET", "/files", Some((4, json!({})))),
            ("GET", "/files/a.js", Some((5, json!({ "name": "a" })))),
            ("DELETE", "/any", Some((6, json!({})))),
            ("PATCH", "/any/x", Some((6, json!({ "name": "x" })))),
            ("GET", "/nothing", None),
            ("POST", "/tasks/count", None),
        ] {
            let parts: Vec<&str> = parts_of(path).collect();
            let chosen = choose(&routes, method, &parts).map(|(route, names)| (route.number, Value::Object(names)));
            assert_eq!(chosen, wanted, "{method} {path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["/{a", "/{a*}/b", "/{a?}/b", "/{}/b", "/{a}{b}", "/x{a*}", "/{a*2}"] {
            let registered = Registered { methods: vec!["GET".to_owned()], path: path.to_owned(), auth: Auth::None };
            assert!(Route::read(registered).is_err(), "{path}");
        }
    }
}
