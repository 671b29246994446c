//! What modules are to flows: who uses one, and what a flow lacks for want of one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::flow::Stage;

/// Flows that a sentence names before it only counts.
const NAMED: usize = 3;

/// A flow that uses a module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowUse {
    pub flow_id: String,
    pub name: String,
    pub user_id: String,
    /// The owner's address.
    pub email: String,
    pub stage: Stage,
    /// When its latest run began, in milliseconds since the Unix epoch.
    pub started_at: Option<i64>,
    /// Its components that are of the module.
    pub components: Vec<UsedComponent>,
    /// Messages that are on their way in it.
    pub waiting: u32,
}

/// A component of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedComponent {
    pub id: String,
    /// `vendor.service.module.Component`.
    pub kind: String,
}

impl FlowUse {
    /// Whether removing the module would break something now; a flow that starts or stops counts as one that runs.
    pub fn is_running(&self) -> bool {
        self.stage != Stage::Stopped
    }

    /// The use of these types alone; `None` when it uses none of them.
    pub fn of_types(mut self, types: &BTreeSet<String>) -> Option<Self> {
        self.components.retain(|component| types.contains(&component.kind));
        (!self.components.is_empty()).then_some(self)
    }

    /// Ids of its components that are of the module.
    pub fn ids(&self) -> BTreeSet<String> {
        self.components.iter().map(|component| component.id.clone()).collect()
    }
}

/// `2 flows, 1 of them running: "A" and "B"`.
pub fn in_words(flows: &[FlowUse]) -> String {
    let running = flows.iter().filter(|flow| flow.is_running()).count();
    let number = if flows.len() == 1 { "1 flow".to_owned() } else { format!("{} flows", flows.len()) };
    let state = match (flows.len(), running) {
        (_, 0) => ", stopped".to_owned(),
        (1, _) => ", running".to_owned(),
        (all, _) if running == all => ", all of them running".to_owned(),
        _ => format!(", {running} of them running"),
    };
    let mut names: Vec<String> = flows.iter().take(NAMED).map(|flow| format!("{:?}", flow.name)).collect();
    if flows.len() > NAMED {
        names.push(format!("{} more", flows.len() - NAMED));
    }
    let last = names.pop().unwrap_or_default();
    let names = if names.is_empty() { last } else { format!("{} and {last}", names.join(", ")) };
    format!("{number}{state}: {names}")
}

/// A component of a flow that is not installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostComponent {
    pub id: String,
    pub kind: String,
    /// The module that it was of when the flow was last saved or started, if there was one.
    pub module: Option<String>,
    /// That module is installed, in a version without this component.
    pub is_dropped: bool,
    /// It is ticked while the flow runs.
    pub is_ticking: bool,
    /// Messages on their way to it.
    pub waiting: u32,
    /// Unprocessed messages that it was missing for.
    pub unprocessed: u32,
}

/// Unprocessed messages of one flow that a module was missing for and is there for now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostLetters {
    pub flow_id: String,
    pub name: String,
    pub stage: Stage,
    /// Those whose component is still in the flow.
    pub count: u32,
    /// The others, which can go nowhere.
    pub homeless: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(name: &str, stage: Stage) -> FlowUse {
        FlowUse {
            flow_id: name.to_lowercase(),
            name: name.to_owned(),
            user_id: String::new(),
            email: String::new(),
            stage,
            started_at: None,
            components: vec![UsedComponent { id: "a".into(), kind: "v.s.m.A".into() }],
            waiting: 0,
        }
    }

    #[test]
    fn flows_are_counted_and_named_as_people_would() {
        let (running, stopped) = (Stage::Running, Stage::Stopped);
        assert_eq!(in_words(&[flow("A", stopped)]), "1 flow, stopped: \"A\"");
        assert_eq!(in_words(&[flow("A", Stage::Stopping)]), "1 flow, running: \"A\"");
        let two = [flow("A", running), flow("B", stopped)];
        assert_eq!(in_words(&two), "2 flows, 1 of them running: \"A\" and \"B\"");
        let many = ["A", "B", "C", "D", "E"].map(|name| flow(name, running));
        assert_eq!(in_words(&many), "5 flows, all of them running: \"A\", \"B\", \"C\" and 2 more");
    }

    #[test]
    fn a_use_is_narrowed_to_some_types() {
        let types = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        assert_eq!(flow("A", Stage::Running).of_types(&types(&["v.s.m.B"])), None);
        let some = flow("A", Stage::Running).of_types(&types(&["v.s.m.A", "v.s.m.B"])).expect("uses one");
        assert_eq!(some.ids(), types(&["a"]));
    }
}
