//! Finds the archive that somebody wants to download: a kept one, else the catalogue's.

use futures::{StreamExt, stream::BoxStream};

use super::Registry;
use crate::{
    domain::name::ModuleName,
    server::error::{Result, ServerError},
};

/// An archive that can be opened.
#[derive(Debug)]
pub struct FoundArchive {
    pub version: String,
    pub sha256: String,
    /// Source and place in it, for an archive that is not kept here.
    offered: Option<(String, String)>,
}

impl Registry {
    /// The archive with this SHA-256, or of this version, or else the installed one, or else the newest offered.
    ///
    /// # Errors
    /// [`ServerError::NotFound`] when there is none.
    pub async fn find_archive(
        &self,
        name: &ModuleName,
        version: Option<&str>,
        sha256: Option<&str>,
    ) -> Result<FoundArchive> {
        let installed = self.installed(name).await?;
        let wanted = |its_version: &str, its_sha256: &str| match (sha256, version) {
            (Some(sha256), _) => its_sha256 == sha256,
            (None, Some(version)) => its_version == version,
            (None, None) => installed.as_ref().is_none_or(|install| install.sha256 == its_sha256),
        };
        if installed.is_some() || version.is_some() || sha256.is_some() {
            let mut kept = self.archives(name).await?;
            // Of two archives of one version, the installed one comes first.
            kept.sort_by_key(|archive| installed.as_ref().is_none_or(|install| install.sha256 != archive.sha256));
            if let Some(archive) = kept.into_iter().find(|archive| wanted(&archive.manifest.version, &archive.sha256)) {
                return Ok(FoundArchive { version: archive.manifest.version, sha256: archive.sha256, offered: None });
            }
        }
        self.inner
            .catalogue
            .offers(name)
            .await?
            .into_iter()
            .find(|offer| offer.manifest.is_some() && wanted(&offer.version, &offer.sha256))
            .map(|offer| FoundArchive {
                version: offer.version,
                sha256: offer.sha256,
                offered: Some((offer.source, offer.place)),
            })
            .ok_or_else(|| ServerError::NotFound(format!("There is no such archive of {name}.")))
    }

    /// The bytes, and their number.
    pub async fn open_archive(
        &self,
        found: &FoundArchive,
    ) -> Result<(u64, BoxStream<'static, std::io::Result<bytes::Bytes>>)> {
        let Some((source, place)) = found.offered.clone() else { return self.inner.blobs.get(&found.sha256).await };
        let (catalogue, sha256) = (self.inner.catalogue.clone(), found.sha256.clone());
        let fetched =
            tokio::task::spawn_blocking(move || catalogue.fetch(&source, &place, &sha256, &mut |_| true)).await??;
        // The name goes at once; the bytes go when the stream has been read or dropped.
        let file = tokio::fs::File::from_std(fetched.file.into_file());
        Ok((fetched.size, tokio_util::io::ReaderStream::with_capacity(file, 64 * 1024).boxed()))
    }
}
