//! Icons as lists show them: pictures of some two kilobytes made of what manifests carry, and many of them in one answer.
//!
//! They are made when they are first asked for, and kept. Of what cannot be shown small (broken, far too many pixels, a
//! very large drawing) nothing is made, and a list shows the letter; its own page shows the icon as it came.

mod drawing;
pub mod sheet;
mod shrink;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use tokio::sync::Semaphore;

use super::{
    archive::Icon,
    error::{Result, ServerError},
    state::AppState,
    store::{
        self,
        icons::{Kept, SmallIcon},
    },
};

/// The media type of drawings.
const SVG: &str = "image/svg+xml";
/// One picture is decoded at a time: a large one takes 60 MB for a moment.
static DECODING: Semaphore = Semaphore::const_new(1);
/// How long somebody waits for icons that lie on another host. They are kept when they come later.
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);

/// The icon as it came: media type and bytes. It is fetched where only a remote catalogue has it.
pub async fn plain(state: &AppState, sha256: &str) -> Result<Option<(String, Vec<u8>)>> {
    let wanted = sha256.to_owned();
    let known = state.store.read(move |connection| store::icons::get(connection, &wanted)).await?;
    match known {
        Some(known) => Ok(Some(known)),
        None => Ok(state.catalogue.fetch_icon(sha256).await?.map(|icon| (icon.media_type, icon.bytes))),
    }
}

/// What lists show, in the order of `ids` (beginnings of SHA-256s in hex, of at least 16 digits): `None` for an icon that
/// nobody knows or that did not come in time, and without bytes where nothing small can be made of it.
pub async fn small(state: &AppState, ids: &[&str]) -> Result<Vec<Option<SmallIcon>>> {
    let wanted: Vec<String> = ids.iter().map(|&id| id.to_owned()).collect();
    let kept = state
        .store
        .read(move |connection| {
            wanted.iter().map(|id| store::icons::for_lists(connection, id)).collect::<Result<Vec<_>>>()
        })
        .await?;
    let mut small: Vec<Option<SmallIcon>> = kept.iter().map(|_| None).collect();
    let (mut plain, mut coming) = (Vec::new(), Vec::new());
    for (place, kept) in kept.into_iter().enumerate() {
        match kept {
            Kept::Small(icon) => small[place] = Some(icon),
            Kept::Plain(icon) => plain.push((place, icon)),
            Kept::Nothing => {
                let (catalogue, id) = (state.catalogue.clone(), ids[place].to_owned());
                // A task of its own, so that what comes late is kept all the same.
                coming.push((place, tokio::spawn(async move { catalogue.fetch_icon(&id).await })));
            }
        }
    }
    let deadline = tokio::time::Instant::now() + FETCH_TIMEOUT;
    for (place, task) in coming {
        if let Ok(Ok(Ok(Some(icon)))) = tokio::time::timeout_at(deadline, task).await {
            plain.push((place, icon));
        }
    }
    if plain.is_empty() {
        return Ok(small);
    }
    let store = state.store.clone();
    // Goes on when whoever asked has left: the next who asks finds it done.
    let made = tokio::spawn(async move {
        let mut made = Vec::with_capacity(plain.len());
        for (place, icon) in plain {
            made.push((place, make(icon).await?));
        }
        let new: Arc<[SmallIcon]> =
            made.iter().filter(|(_, icon)| is_to_be_kept(icon)).map(|(_, icon)| icon.clone()).collect();
        if !new.is_empty()
            && let Err(cause) = store.write("small icons", move |tx| store::icons::put_small(tx, &new)).await
        {
            tracing::warn!(%cause, "small icons could not be kept; they are made again when they are asked for");
        }
        Ok::<_, ServerError>(made)
    })
    .await??;
    for (place, icon) in made {
        small[place] = Some(icon);
    }
    Ok(small)
}

/// A drawing that stays as it came is not kept twice.
fn is_to_be_kept(icon: &SmallIcon) -> bool {
    icon.media_type != SVG || icon.bytes.is_empty()
}

async fn make(icon: Icon) -> Result<SmallIcon> {
    // Never closed.
    let permit = DECODING.acquire().await;
    tokio::task::spawn_blocking(move || {
        let _permit = permit;
        let Icon { sha256, media_type, bytes } = icon;
        // What the libraries say of it names it so.
        let _span = tracing::info_span!("icon", %sha256).entered();
        let is_drawing = media_type == SVG;
        // What panics has met a broken file.
        let shrink = || if is_drawing { shrink::draw(&bytes) } else { shrink::shrink(&bytes) };
        match catch_unwind(AssertUnwindSafe(shrink)).ok().flatten() {
            Some((media_type, bytes)) => SmallIcon { sha256, media_type: media_type.to_owned(), bytes },
            None if is_drawing && drawing::is_small_drawing(&bytes) => SmallIcon { sha256, media_type, bytes },
            None => SmallIcon { sha256, media_type, bytes: Vec::new() },
        }
    })
    .await
    .map_err(Into::into)
}
