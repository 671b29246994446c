//! What happens on the server, as signals that all islands of a page share.

use std::collections::BTreeMap;

use leptos::prelude::*;

use crate::domain::{job::Job, search::Index};

/// The page's view of the server.
#[derive(Clone, Copy)]
pub struct Live {
    /// Every job that the page has heard of, by id.
    pub jobs: RwSignal<BTreeMap<String, Job>>,
    /// The whole list, once it has been fetched.
    pub index: RwSignal<Option<Index>>,
    /// The last thing worth telling a screen reader.
    pub said: RwSignal<String>,
}

impl Live {
    fn new() -> Self {
        Self { jobs: RwSignal::new(BTreeMap::new()), index: RwSignal::new(None), said: RwSignal::new(String::new()) }
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

    /// Learns of a job from elsewhere than the events. What the events have said of it already is newer.
    pub fn learn(self, job: &Job) {
        self.jobs.update(|jobs| {
            jobs.entry(job.id.clone()).or_insert_with(|| job.clone());
        });
    }
}

/// The signals of this page. On the server there is no page, and so there are new ones for each island.
#[cfg(not(feature = "hydrate"))]
pub fn live() -> Live {
    Live::new()
}

#[cfg(feature = "hydrate")]
pub use browser::{live, watch};

#[cfg(feature = "hydrate")]
mod browser {
    use std::cell::OnceCell;

    use wasm_bindgen::{JsCast, prelude::Closure};

    use super::Live;
    use crate::{
        browser::{index, refresh},
        domain::job::Event,
    };
    use leptos::prelude::*;

    thread_local! {
        static LIVE: OnceCell<Live> = const { OnceCell::new() };
    }

    /// The signals of this page, made by the first who asks: the start of the page, whose owner lives as long as it.
    pub fn live() -> Live {
        LIVE.with(|live| *live.get_or_init(Live::new))
    }

    /// Hands on the data of each server-sent event from this address.
    fn listen(address: &str, hear: impl Fn(String) + 'static) {
        let Ok(source) = web_sys::EventSource::new(address) else { return };
        let heard = Closure::<dyn Fn(web_sys::MessageEvent)>::new(move |message: web_sys::MessageEvent| {
            if let Some(data) = message.data().as_string() {
                hear(data);
            }
        });
        source.set_onmessage(Some(heard.as_ref().unchecked_ref()));
        // Both live as long as the page.
        heard.forget();
        std::mem::forget(source);
    }

    /// Keeps a page up to date that names who tells when it has changed.
    pub fn watch() {
        let place = document().query_selector("[data-events]").ok().flatten();
        let Some(address) = place.and_then(|place| place.get_attribute("data-events")) else { return };
        listen(&address, |_| leptos::task::spawn_local(refresh::now()));
    }

    impl Live {
        /// Listens to the server for as long as the page is open.
        pub fn connect(self) {
            let Some(cursor) = document().body().and_then(|body| body.get_attribute("data-cursor")) else { return };
            listen(&format!("/backoffice/events?after={cursor}"), move |data| {
                if let Ok(event) = serde_json::from_str(&data) {
                    self.hear(event);
                }
            });
        }

        /// Takes in what the server tells.
        fn hear(self, event: Event) {
            match event {
                Event::Job { job } => {
                    let known =
                        self.jobs.with_untracked(|jobs| jobs.get(&job.id).map(|known| (known.step, known.state)));
                    if known != Some((job.step, job.state)) {
                        self.said.set(job.sentence());
                        // A page about this module shows that an installation began or ended.
                        if let Some(name) = &job.module
                            && known.is_none_or(|(_, state)| state != job.state)
                        {
                            refresh::if_about(name.as_str());
                        }
                    }
                    self.jobs.update(|jobs| {
                        jobs.insert(job.id.clone(), job);
                    });
                }
                Event::Module { name, installed, update } => {
                    refresh::if_about(name.as_str());
                    let gone = installed.is_none();
                    let known = self
                        .index
                        .try_update(|index| {
                            index.as_mut().is_some_and(|index| index.set_installed(name.as_str(), installed, update))
                        })
                        .unwrap_or(true);
                    // A module that no catalogue offers comes with its installation, and goes with its removal.
                    if gone || !known {
                        index::changed();
                    } else {
                        index::followed();
                    }
                }
                Event::Catalogue { .. } => index::changed(),
            }
        }
    }
}
