//! Which modules are available, and from where. Reading sources is background work: whoever asks for the list is
//! answered from what is known, and never waits for a disk or a network.

mod directory;
mod found;
mod index;
mod listing;
mod remote;
mod source;
mod starter;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Notify;

pub use found::{Fetched, Found, SourceError, hex, is_sha256};
pub use index::write_index;
pub use listing::{Listing, compare_versions, entry_of};
pub use source::Source;

use super::{
    archive::{Icon, Limits},
    error::{Result, ServerError},
    events::Events,
    store::{
        self, Store,
        catalogue::{Offer, SourceState},
    },
    time::now_ms,
};
use crate::domain::{job::Event, name::ModuleName};

/// How often a remote index is asked whether it has changed.
const REMOTE_INTERVAL: Duration = Duration::from_secs(15 * 60);
/// How often a directory is looked through even if nothing was seen to change: watches can miss network file systems.
const DIRECTORY_INTERVAL: Duration = Duration::from_secs(5 * 60);
/// Entries written to the store at once, so that a large first reading shows progress and holds the writer briefly.
const CHUNK: usize = 64;

/// The catalogue service.
#[derive(Clone)]
pub struct Catalogue {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    events: Events,
    listing: Listing,
    /// Held from the look at the store to the change of the list, so that an older look never undoes a newer change.
    listing_gate: tokio::sync::Mutex<()>,
    sources: Vec<(Arc<Source>, Notify)>,
    limits: Limits,
    temporary: PathBuf,
}

impl Catalogue {
    /// Takes up the sources, and begins to load what is known of them: see [`Catalogue::loaded`].
    pub async fn open(
        store: Store,
        events: Events,
        sources: Vec<Source>,
        limits: Limits,
        temporary: PathBuf,
    ) -> Result<Self> {
        let ids: Vec<String> = sources.iter().map(Source::id).collect();
        store.write("catalogue sources", move |tx| store::catalogue::keep_sources(tx, &ids)).await?;
        let sources = sources.into_iter().map(|source| (Arc::new(source), Notify::new())).collect();
        let inner = Inner {
            store,
            events,
            listing: Listing::default(),
            listing_gate: tokio::sync::Mutex::default(),
            sources,
            limits,
            temporary,
        };
        let catalogue = Self { inner: Arc::new(inner) };
        tokio::spawn({
            let catalogue = catalogue.clone();
            // Whoever waits for it tries again, and tells why it cannot be done.
            async move { drop(catalogue.loaded().await) }
        });
        Ok(catalogue)
    }

    pub fn listing(&self) -> &Listing {
        &self.inner.listing
    }

    /// Waits until the list shows what is known. Sources that are new or have changed are read by
    /// [`Catalogue::read_embedded`] and [`Catalogue::spawn_readers`].
    pub async fn loaded(&self) -> Result<()> {
        let _alone = self.inner.listing_gate.lock().await;
        if self.inner.listing.revision() == 0 { self.rebuild_alone().await } else { Ok(()) }
    }

    /// Reads the embedded starter modules, where they are a source: a moment on the very first start.
    pub async fn read_embedded(&self) {
        for (source, _) in &self.inner.sources {
            if source.is_embedded() {
                self.read_and_log(source).await;
            }
        }
    }

    /// Reads every other source in the background, now and whenever it may have changed.
    pub fn spawn_readers(&self) {
        for (position, (source, _)) in self.inner.sources.iter().enumerate() {
            if !source.is_embedded() {
                let this = self.clone();
                tokio::spawn(async move { this.keep_reading(position).await });
            }
        }
    }

    /// Asks for every source to be read again soon.
    pub fn refresh(&self) {
        for (_, wake) in &self.inner.sources {
            wake.notify_one();
        }
    }

    async fn keep_reading(&self, position: usize) {
        let (source, wake) = &self.inner.sources[position];
        let watcher = source.watch();
        let interval = if matches!(**source, Source::Remote(_)) { REMOTE_INTERVAL } else { DIRECTORY_INTERVAL };
        loop {
            watcher.follow().await;
            self.read_and_log(source).await;
            tokio::select! {
                () = wake.notified() => {}
                () = watcher.changed() => {}
                () = tokio::time::sleep(interval) => {}
            }
        }
    }

    async fn read_and_log(&self, source: &Arc<Source>) {
        let id = source.id();
        match self.read(source).await {
            Ok(0) => tracing::debug!(source = id, "catalogue source is as it was"),
            Ok(changed) => tracing::info!(source = id, changed, "catalogue source was read"),
            Err(cause) => tracing::error!(source = id, %cause, "catalogue source could not be kept"),
        }
    }

    /// Reads one source and keeps what changed; gives the number of entries that did.
    async fn read(&self, source: &Arc<Source>) -> Result<usize> {
        let id = source.id();
        let (known, state) = self
            .inner
            .store
            .read({
                let id = id.clone();
                move |connection| {
                    Ok((store::catalogue::fingerprints(connection, &id)?, store::catalogue::source(connection, &id)?))
                }
            })
            .await?;

        let (sender, receiver) = tokio::sync::mpsc::channel::<Found>(CHUNK);
        let reading = {
            let (source, known, limits, etag) =
                (Arc::clone(source), known.clone(), self.inner.limits.clone(), state.etag.clone());
            tokio::task::spawn_blocking(move || source.read(&known, &limits, etag.as_deref(), &sender))
        };
        let changed = self.keep(&id, receiver).await?;
        let former = state.problem.clone();
        let (state, gone) = match reading.await? {
            Ok(read) => {
                let gone: Vec<String> = match read.places {
                    Some(places) => known.into_keys().filter(|place| !places.contains(place)).collect(),
                    None => Vec::new(),
                };
                (SourceState { etag: read.etag, refreshed_at: Some(now_ms()), problem: None }, gone)
            }
            Err(SourceError(problem)) => {
                tracing::warn!(source = id, problem, "catalogue source could not be read");
                (SourceState { problem: Some(problem), ..state }, Vec::new())
            }
        };
        let (removed, is_other_problem) = (gone.len(), state.problem != former);
        self.inner
            .store
            .write("catalogue source", move |tx| {
                store::catalogue::delete(tx, &id, &gone)?;
                store::catalogue::set_source(tx, &id, &state)
            })
            .await?;
        if removed > 0 {
            self.rebuild().await?;
        }
        // Pages show what could not be read, too.
        if removed > 0 || is_other_problem {
            self.announce().await?;
        }
        Ok(changed + removed)
    }

    /// Writes what a reading finds, some entries at a time, and shows what came at most once a second.
    async fn keep(&self, source: &str, mut found: tokio::sync::mpsc::Receiver<Found>) -> Result<usize> {
        let mut changed = 0;
        let mut shown = Instant::now();
        let mut lot = Vec::with_capacity(CHUNK);
        while found.recv_many(&mut lot, CHUNK).await > 0 {
            changed += lot.len();
            let source = source.to_owned();
            let lot = std::mem::take(&mut lot);
            self.inner
                .store
                .write("catalogue entries", move |tx| {
                    let mut offers = Vec::with_capacity(lot.len());
                    for found in lot {
                        store::icons::put(tx, &found.icons)?;
                        offers.push(found.into_offer(&source));
                    }
                    store::catalogue::put(tx, &offers)
                })
                .await?;
            if shown.elapsed() > Duration::from_secs(1) {
                self.rebuild().await?;
                self.announce().await?;
                shown = Instant::now();
            }
        }
        if changed > 0 {
            self.rebuild().await?;
            self.announce().await?;
        }
        Ok(changed)
    }

    /// Makes the list anew from what is known.
    pub async fn rebuild(&self) -> Result<()> {
        let _alone = self.inner.listing_gate.lock().await;
        self.rebuild_alone().await
    }

    async fn rebuild_alone(&self) -> Result<()> {
        let listing = self.inner.listing.clone();
        self.inner
            .store
            .read(move |connection| {
                let offered = store::catalogue::cards(connection)?;
                let installed = store::modules::installed_entries(connection)?;
                listing.rebuild(offered, installed);
                Ok(())
            })
            .await
    }

    /// Shows of a module what is offered and installed now, if anything is.
    pub async fn show_installed(&self, name: &ModuleName) -> Result<()> {
        let _alone = self.inner.listing_gate.lock().await;
        if self.inner.listing.revision() == 0 {
            return self.rebuild_alone().await;
        }
        let (offered, installed) = self.inner.store.look(|connection| {
            Ok((store::catalogue::cards_of(connection, name)?, store::modules::installed_entry(connection, name)?))
        })?;
        self.inner.listing.show(name.as_str(), offered, installed);
        Ok(())
    }

    /// The newest version that the catalogue offers, when it is newer than `installed`.
    pub fn update_for(&self, name: &ModuleName, installed: &str) -> Result<Option<String>> {
        let offered = self.inner.store.look(|connection| store::catalogue::cards_of(connection, name))?;
        let sound = offered.into_iter().map(|entry| entry.card).filter(|card| card.broken.is_none());
        let newest = sound.map(|card| card.version).max_by(|a, b| compare_versions(a, b));
        Ok(newest.filter(|version| compare_versions(version, installed).is_gt()))
    }

    async fn announce(&self) -> Result<()> {
        let event = Event::Catalogue { revision: self.inner.listing.revision() };
        let id =
            self.inner.store.write("catalogue event", move |tx| store::events::append(tx, &event, now_ms())).await?;
        self.inner.events.announce(id);
        Ok(())
    }

    /// Every offer of a module, newest version first; sources in the order of the configuration.
    pub async fn offers(&self, name: &ModuleName) -> Result<Vec<Offer>> {
        let mut offers = self.inner.store.look(|connection| store::catalogue::offers(connection, name))?;
        let order: HashMap<String, usize> =
            self.inner.sources.iter().enumerate().map(|(at, (source, _))| (source.id(), at)).collect();
        offers.sort_by(|a, b| {
            compare_versions(&b.version, &a.version)
                .then_with(|| order.get(&a.source).cmp(&order.get(&b.source)))
                .then_with(|| a.place.cmp(&b.place))
        });
        Ok(offers)
    }

    /// Why sources could not be read, a line each.
    pub fn problems(&self) -> Result<Vec<String>> {
        self.inner.store.look(|connection| {
            let mut problems = Vec::new();
            for id in self.inner.sources.iter().map(|(source, _)| source.id()) {
                if let Some(problem) = store::catalogue::source(connection, &id)?.problem {
                    problems.push(format!("{id}: {problem}"));
                }
            }
            Ok(problems)
        })
    }

    /// Gets the archive of an offer into a temporary file that only this process may read.
    ///
    /// `progress` is told how many bytes have come, and says whether to go on. Blocking: call it off the async threads.
    ///
    /// # Errors
    /// [`ServerError::Conflict`] when what came is not what the catalogue announced (attack id T1), and
    /// [`ServerError::TooLarge`].
    pub fn fetch(
        &self,
        source: &str,
        place: &str,
        sha256: &str,
        progress: &mut dyn FnMut(u64) -> bool,
    ) -> Result<Fetched> {
        let Some((source, wake)) = self.inner.sources.iter().find(|(known, _)| known.id() == source) else {
            return Err(ServerError::Conflict("Its catalogue is not configured any more.".to_owned()));
        };
        let fetched = source
            .fetch(place, &self.inner.limits, &self.inner.temporary, progress)
            .map_err(|SourceError(problem)| ServerError::Conflict(problem))?;
        if fetched.size > self.inner.limits.archive_bytes {
            return Err(ServerError::TooLarge { limit: self.inner.limits.archive_bytes });
        }
        if fetched.sha256 == sha256 {
            return Ok(fetched);
        }
        wake.notify_one();
        Err(ServerError::Conflict(format!(
            "The archive is not the one that the catalogue announced: its SHA-256 is {}, not {sha256}. The catalogue is \
             being read again; look at the module once more before you retry.",
            fetched.sha256
        )))
    }

    /// Gets an icon that a remote index names but that was not needed yet, and keeps it. `id` is its SHA-256 or the
    /// beginning of it. `None` when no source has it.
    pub async fn fetch_icon(&self, id: &str) -> Result<Option<Icon>> {
        for (source, _) in &self.inner.sources {
            if !matches!(**source, Source::Remote(_)) {
                continue;
            }
            let (source, wanted) = (Arc::clone(source), id.to_owned());
            let Some(icon) = tokio::task::spawn_blocking(move || source.fetch_icon(&wanted)).await? else { continue };
            let kept = icon.clone();
            self.inner.store.write("icon", move |tx| store::icons::put(tx, &[kept])).await?;
            return Ok(Some(icon));
        }
        Ok(None)
    }
}
