//! Reads archives that hold a part of a module, as the official client packs one component or one module's folder.

use std::io::{Read, Seek};
use std::path::Path;

use crate::domain::name::ModuleName;

use super::contents::{self, Contents};
use super::identity::{self, Identity, folder_of, is_inside};
use super::report::{CheckError, Report};
use super::unpack::unpack_files;
use super::{Limits, PlannedFile, UnpackError, structure};

/// Files that are meant to be laid over those of an installed module.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the manifests call the module; the installed module is this one or around it.
    pub name: ModuleName,
    /// The folder that the part is all of; files outside of it support it.
    pub folder: String,
    /// The version in the `bundle.json` that a module's folder was packed with; `None` without one.
    pub version: Option<String>,
    pub files: Vec<PlannedFile>,
    wrapper: String,
}

impl Part {
    /// Reads `archive` as a part; `None` when it is a whole module, holds anything else, or anything is wrong with it:
    /// then the check says so. Nothing is written.
    ///
    /// # Errors
    /// Only those of the disk.
    pub fn read<R: Read + Seek>(mut archive: R, limits: &Limits) -> std::io::Result<Option<Self>> {
        match Self::read_checked(&mut archive, limits) {
            Ok(part) => Ok(part),
            Err(CheckError::Rejected(_)) => Ok(None),
            Err(CheckError::Io(cause)) => Err(cause),
        }
    }

    fn read_checked<R: Read + Seek>(archive: &mut R, limits: &Limits) -> Result<Option<Self>, CheckError> {
        let mut report = Report::new(limits);
        let entries = structure::read(archive, limits, &mut report)?;
        let mut zip = contents::open(archive)?;
        let contents = contents::read(&mut zip, &entries, limits, None, &mut report)?;
        let Ok(identity) = identity::find(&contents) else { return Ok(None) };
        let Some((folder, version)) = extent(&identity, &contents) else { return Ok(None) };
        let belonging = identity::belonging(&identity, &entries, &mut report);
        report.stop_if_wrong()?;
        let files = belonging
            .into_iter()
            .map(|(path, entry)| PlannedFile { path, index: entry.index, size: entry.size, crc: entry.crc })
            .collect();
        Ok(Some(Self { name: identity.name, folder, version, files, wrapper: identity.wrapper }))
    }

    /// Writes the files below `folder`, which must be absent or empty, as [`unpack`](super::unpack()) does.
    ///
    /// # Errors
    /// See [`UnpackError`].
    pub fn unpack<R: Read + Seek>(&self, archive: R, folder: &Path) -> Result<(), UnpackError> {
        unpack_files(archive, &self.files, &self.wrapper, folder, &mut |_| true)
    }
}

/// The folder that a part is all of, and the version of the bundle around it; `None` for a whole module.
fn extent(identity: &Identity, contents: &Contents) -> Option<(String, Option<String>)> {
    let inner = |path: &str| folder_of(path).strip_prefix(&identity.wrapper).map(str::to_owned);
    let version = match contents.bundles.as_slice() {
        [] => None,
        [bundle] => Some(bundle.version.clone()?),
        _ => return None,
    };
    match (contents.modules.as_slice(), contents.services.as_slice(), contents.components.as_slice()) {
        ([], [], [component]) if version.is_none() => Some((inner(&component.path)?, None)),
        // One module's folder, with the files of its service and that service's bundle.json.
        ([module], _, components)
            if version.is_some()
                && is_inside(folder_of(&module.path), &identity.folder())
                && components.iter().all(|component| is_inside(&component.path, folder_of(&module.path))) =>
        {
            Some((inner(&module.path)?, version))
        }
        _ if version.is_none() => Some((identity.name.folder(), None)),
        _ => None,
    }
}
