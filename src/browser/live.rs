//! What happens on the server, as signals: jobs, modules that changed, and the whole list for searching.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::domain::{
    job::{Event, Job},
    search::Index,
};

/// The page's view of the server, kept over navigation.
#[derive(Clone, Copy)]
pub struct Live {
    /// Every job that the page has heard of, by id.
    pub jobs: RwSignal<BTreeMap<String, Job>>,
    /// How often each module has changed while the page was open.
    pub changes: RwSignal<BTreeMap<String, u32>>,
    /// The whole list, once it has been fetched.
    pub index: RwSignal<Option<Index>>,
    /// Jobs of this page that have ended, for the live region: one sentence at a time.
    pub said: RwSignal<String>,
    /// Bytes of the largest archive that the server takes, as it said last.
    pub archive_limit: StoredValue<u64>,
}

impl Live {
    pub fn new() -> Self {
        Self {
            jobs: RwSignal::new(BTreeMap::new()),
            changes: RwSignal::new(BTreeMap::new()),
            index: RwSignal::new(None),
            said: RwSignal::new(String::new()),
            archive_limit: StoredValue::new(0),
        }
    }

    /// The newest job of a module that the page has heard of.
    pub fn job_of(self, module: &str) -> Option<Job> {
        self.jobs.with(|jobs| {
            jobs.values()
                .filter(|job| job.module.as_ref().is_some_and(|name| name.as_str() == module))
                .max_by_key(|job| job.started_at)
                .cloned()
        })
    }

    /// How often a module has changed: a dependency for whatever shows it.
    pub fn changes_of(self, module: &str) -> u32 {
        self.changes.with(|changes| changes.get(module).copied().unwrap_or_default())
    }

    /// Takes in what the server tells.
    pub fn hear(self, event: Event) {
        match event {
            Event::Job { job } => {
                let step_before =
                    self.jobs.with_untracked(|jobs| jobs.get(&job.id).map(|known| (known.step, known.state)));
                if step_before != Some((job.step, job.state)) {
                    self.said.set(job.sentence());
                }
                if let Some(module) = job.module.as_ref().filter(|_| !job.is_running()) {
                    self.touch(module.as_str());
                }
                self.jobs.update(|jobs| {
                    jobs.insert(job.id.clone(), job);
                });
            }
            Event::Module { name, installed, update } => {
                self.touch(name.as_str());
                let gone = installed.is_none();
                let known = self
                    .index
                    .try_update(|index| {
                        index.as_mut().is_none_or(|index| index.set_installed(name.as_str(), installed, update))
                    })
                    .unwrap_or(true);
                // A module that no catalogue offers comes with its installation, and goes with its removal.
                if gone || !known {
                    super::index::fetch(self);
                }
            }
            Event::Catalogue { .. } => {
                if self.index.with_untracked(Option::is_some) {
                    super::index::fetch(self);
                }
            }
        }
    }

    fn touch(self, module: &str) {
        self.changes.update(|changes| *changes.entry(module.to_owned()).or_default() += 1);
    }

    /// Listens to the server for as long as the page is open.
    #[cfg(feature = "hydrate")]
    pub fn connect(self) {
        use wasm_bindgen::{JsCast, prelude::Closure};

        let cursor = document().body().and_then(|body| body.get_attribute("data-cursor")).unwrap_or_default();
        let Ok(source) = web_sys::EventSource::new(&format!("/backoffice/events?after={cursor}")) else { return };
        let heard = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |message: web_sys::MessageEvent| {
            if let Some(event) = message.data().as_string().and_then(|data| serde_json::from_str(&data).ok()) {
                self.hear(event);
            }
        });
        source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        // Both live as long as the page.
        heard.forget();
        std::mem::forget(source);
    }
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}
