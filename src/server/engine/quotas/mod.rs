//! Quotas of modules: a message that is over one stays in the queue, and its lane waits until there is room.
//!
//! What was let through is counted in the store, in the transaction that takes the message, so that a restart forgets
//! nothing. Who waits is kept in memory: after a restart every lane asks anew.

mod rules;

use std::{
    collections::{BTreeMap, HashMap},
    path::PathBuf,
    sync::Arc,
};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::{Value, json};

use self::rules::{Limits, Rule, Whose};
use super::{
    Engine, Loaded,
    components::Found,
    host::{CallError, Calls, Failure, FailureKind, Invocation, Method},
    webhooks::WebhookAnswer,
};
use crate::server::{
    error::Result,
    store::{
        self,
        queue::{Kind, Lane},
        quotas::{Allowance, Taken},
    },
};

/// Versions whose rules are kept at most.
const KEPT: usize = 1_000;

/// Version and manager.
type Source = (PathBuf, String);

/// What is known of quotas, and who waits for them.
#[derive(Default)]
pub(super) struct Quotas {
    rules: Mutex<HashMap<Source, Arc<Vec<Rule>>>>,
    /// Lanes that have nothing to ask for before then.
    held: Mutex<HashMap<Lane, i64>>,
    at_once: Mutex<AtOnce>,
}

#[derive(Default)]
struct AtOnce {
    running: HashMap<String, u32>,
    /// Who is to be woken when one of them ends.
    waiting: HashMap<Lane, Vec<String>>,
}

/// What a lane has to keep to.
pub(super) enum Gate {
    Open,
    Limited(Leave),
    /// Too many run already; the lane is woken when one ends.
    Full,
    /// The rules cannot be read, so nothing of the component is run.
    Broken(Failure),
}

/// To run one message more, if the windows allow it.
pub(super) struct Leave {
    pub allowances: Vec<Allowance>,
    _running: Running,
}

/// Counts as running until it is dropped.
struct Running {
    engine: Engine,
    quotas: Vec<String>,
}

impl Quotas {
    /// Lanes whose time has come, and when the next one's does.
    pub fn due(&self, now: i64) -> (Vec<Lane>, Option<i64>) {
        let mut held = self.held.lock();
        let due = held.extract_if(|_, at| *at <= now).map(|(lane, _)| lane).collect();
        (due, held.values().copied().min())
    }
}

impl Engine {
    /// Whether it is known without asking anybody that a lane keeps to no quota.
    pub(super) fn is_unlimited(&self, lane: &Lane) -> bool {
        let Some(loaded) = self.last_known(&lane.flow_id) else { return false };
        let node = loaded.descriptor.nodes.get(&lane.component_id);
        let found = node.and_then(|node| self.found_before(&node.component));
        found.is_some_and(|found| found.quota().is_none())
    }

    /// What a lane has to keep to now.
    pub(super) async fn gate(&self, loaded: &Loaded, lane: &Lane) -> Result<Gate> {
        if lane.kind == Kind::Signal {
            return Ok(Gate::Open);
        }
        let Some(node) = loaded.descriptor.nodes.get(&lane.component_id) else { return Ok(Gate::Open) };
        let Some(found) = self.find(&node.component).await? else { return Ok(Gate::Open) };
        let Some(quota) = found.quota() else { return Ok(Gate::Open) };
        let manager = rules::manager(quota, found.module.as_str());
        let rules = match self.rules(&found, &node.component, &manager).await {
            Ok(rules) => rules,
            Err(failure) => return Ok(Gate::Broken(failure)),
        };
        let whose = Whose { user_id: &loaded.flow.user_id, flow_id: &loaded.flow.id, component_id: &lane.component_id };
        let Limits { allowances, at_once } = Limits::of(&rules, &manager, quota, whose, self.now());
        let running = self.begin(lane, at_once);
        Ok(running.map_or(Gate::Full, |running| Gate::Limited(Leave { allowances, _running: running })))
    }

    /// Waits with a lane until `at`. Whoever has called it from outside is let go.
    pub(super) fn hold(&self, lane: &Lane, at: i64) {
        self.inner.quotas.held.lock().insert(lane.clone(), at);
        self.inner.timer.notify_one();
    }

    /// Takes the next message of a lane, within what it has to keep to.
    pub(super) async fn take(&self, lane: &Lane, leave: Option<&Leave>) -> Result<Taken> {
        let (wanted, now) = (lane.clone(), self.now());
        let allowances = leave.map(|leave| leave.allowances.clone()).unwrap_or_default();
        self.inner.store.write("take a message", move |tx| store::quotas::take(tx, &wanted, now, &allowances)).await
    }

    /// Tells those who have called a lane from outside that they need not wait for it.
    pub(super) async fn let_callers_go(&self, lane: &Lane) -> Result<()> {
        if lane.kind != Kind::Webhook || !self.inner.pending.is_any() {
            return Ok(());
        }
        let (asked, now) = (lane.clone(), self.now());
        let waiting =
            self.inner.store.read(move |connection| store::queue::correlations(connection, &asked, now)).await?;
        for correlation_id in waiting {
            self.inner.pending.answer(&lane.flow_id, &correlation_id, WebhookAnswer::Accepted);
        }
        Ok(())
    }

    /// The rules of a version; read by the worker when they are first asked for, and whenever a fixed window has ended.
    async fn rules(&self, found: &Found, component: &str, manager: &str) -> Result<Arc<Vec<Rule>>, Failure> {
        #[derive(Deserialize)]
        struct Read {
            rules: Vec<Rule>,
        }
        let (source, now) = ((found.root.clone(), manager.to_owned()), self.now());
        let is_over = |rule: &Rule| rule.until.is_some_and(|until| until <= now);
        if let Some(known) = self.inner.quotas.rules.lock().get(&source)
            && !known.iter().any(is_over)
        {
            return Ok(Arc::clone(known));
        }
        let invocation = Invocation {
            module: found.module.clone(),
            root: found.root.clone(),
            folder: found.folder.clone(),
            component: component.to_owned(),
            method: Method::Quota,
            context: json!({ "manager": manager }),
            shared: BTreeMap::new(),
        };
        let value = self.inner.host.invoke(invocation, Arc::new(Nothing)).await?;
        let read: Option<Read> = serde_json::from_value(value).map_err(|fault| {
            Failure::new(FailureKind::Thrown, format!("The quotas of {} cannot be read: {fault}.", found.module))
        })?;
        let rules = Arc::new(read.map(|read| read.rules).unwrap_or_default());
        let mut known = self.inner.quotas.rules.lock();
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(source, Arc::clone(&rules));
        Ok(rules)
    }

    /// Counts one more that runs; `None` when there are enough, and then the lane waits for one of them to end.
    fn begin(&self, lane: &Lane, limits: BTreeMap<String, u32>) -> Option<Running> {
        let mut at_once = self.inner.quotas.at_once.lock();
        let is_full = |(quota, limit): (&String, &u32)| at_once.running.get(quota).is_some_and(|now| now >= limit);
        if limits.iter().any(is_full) {
            at_once.waiting.insert(lane.clone(), limits.into_keys().collect());
            return None;
        }
        let quotas: Vec<String> = limits.into_keys().collect();
        for quota in &quotas {
            *at_once.running.entry(quota.clone()).or_default() += 1;
        }
        Some(Running { engine: self.clone(), quotas })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.quotas.is_empty() {
            return;
        }
        let woken: Vec<Lane> = {
            let mut at_once = self.engine.inner.quotas.at_once.lock();
            for quota in &self.quotas {
                if let Some(running) = at_once.running.get_mut(quota) {
                    *running = running.saturating_sub(1);
                }
            }
            at_once.running.retain(|_, running| *running > 0);
            let waits = |quotas: &Vec<String>| quotas.iter().any(|quota| self.quotas.contains(quota));
            at_once.waiting.extract_if(|_, quotas| waits(quotas)).map(|(lane, _)| lane).collect()
        };
        for lane in woken {
            self.engine.wake(lane);
        }
    }
}

/// Rules are only read: nothing is asked for.
struct Nothing;

impl Calls for Nothing {
    fn call(&self, name: String, _: Value) -> futures::future::BoxFuture<'_, Result<Value, CallError>> {
        Box::pin(async move { Err(CallError::new(format!("{name} is not there while quotas are read."))) })
    }
}
