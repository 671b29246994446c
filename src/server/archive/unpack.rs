//! Writes an accepted archive's files into a fresh folder.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::contents::{self, Streamed};
use super::report::CheckError;
use super::structure::Entry;
use super::{Checked, PlannedFile};

/// Why an archive was not unpacked. Nothing of it is left on the disk then.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// The callback said so.
    #[error("unpacking was cancelled")]
    Cancelled,
    /// The archive is not the one that was checked, or has been damaged since.
    #[error("the archive has changed since it was checked")]
    Changed,
    #[error("the module's files could not be written")]
    Io(#[from] io::Error),
}

/// Writes the planned files of `archive`, which `checked` describes, below `folder`.
///
/// `folder` must be absent or empty; its parent must exist. Folders get mode 0700 and files 0600,
/// whatever the archive says; no link is created and none is followed (S1, S2). `go_on` is called
/// after every piece (a file, or at most 64 KiB of one) with the bytes written so far, of
/// [`Checked::unpacked_bytes`], and says whether to go on. Files are not flushed to the disk.
///
/// # Errors
/// See [`UnpackError`]. After any error `folder` is removed, unless it was not empty.
pub fn unpack<R: Read + Seek>(
    archive: R,
    checked: &Checked,
    folder: &Path,
    mut go_on: impl FnMut(u64) -> bool,
) -> Result<(), UnpackError> {
    if checked.kept.is_empty() {
        return unpack_files(archive, &checked.files, &checked.wrapper, folder, &mut go_on);
    }
    fill(folder, || write_kept(checked, folder, &mut go_on))
}

/// As [`unpack`], of any files whose names and kinds were checked; `wrapper` is around them in the zip.
pub(super) fn unpack_files<R: Read + Seek>(
    archive: R,
    files: &[PlannedFile],
    wrapper: &str,
    folder: &Path,
    go_on: &mut impl FnMut(u64) -> bool,
) -> Result<(), UnpackError> {
    fill(folder, || write_all(archive, files, wrapper, folder, go_on))
}

/// Makes `folder`, which is removed when it cannot be filled.
fn fill(folder: &Path, work: impl FnOnce() -> Result<(), UnpackError>) -> Result<(), UnpackError> {
    claim(folder)?;
    let result = work();
    if result.is_err() {
        // The first error is the one worth reporting.
        let _ = fs::remove_dir_all(folder);
    }
    result
}

/// Makes `folder`, or takes it over when it is empty.
fn claim(folder: &Path) -> io::Result<()> {
    match create_private_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // Not the target of a link, which could be anywhere.
            if !fs::symlink_metadata(folder)?.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            if fs::read_dir(folder)?.next().is_some() {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            make_private(folder)
        }
        created => created,
    }
}

fn write_all<R: Read + Seek>(
    archive: R,
    files: &[PlannedFile],
    wrapper: &str,
    folder: &Path,
    go_on: &mut impl FnMut(u64) -> bool,
) -> Result<(), UnpackError> {
    let mut zip = contents::open(archive).map_err(|error| match error {
        CheckError::Io(error) => UnpackError::Io(error),
        CheckError::Rejected(_) => UnpackError::Changed,
    })?;
    let mut written = 0;
    for planned in files {
        let mut file = create_file(folder, &planned.path)?;
        let mut failure = None;
        let entry = entry_of(planned, wrapper);
        let streamed = contents::stream(&mut zip, &entry, |chunk| {
            written += chunk.len() as u64;
            if let Err(error) = file.write_all(chunk) {
                failure = Some(UnpackError::Io(error));
            } else if !go_on(written) {
                failure = Some(UnpackError::Cancelled);
            }
            failure.is_none()
        })?;
        match (streamed, failure) {
            (Streamed::Whole, _) => {}
            (Streamed::Damaged, _) => return Err(UnpackError::Changed),
            (Streamed::Stopped, failure) => return Err(failure.unwrap_or(UnpackError::Cancelled)),
        }
    }
    Ok(())
}

/// Writes what was kept when the archive was checked.
fn write_kept(checked: &Checked, folder: &Path, go_on: &mut impl FnMut(u64) -> bool) -> Result<(), UnpackError> {
    let mut written = 0;
    for planned in &checked.files {
        let bytes = checked.kept.get(&planned.index).ok_or(UnpackError::Changed)?;
        create_file(folder, &planned.path)?.write_all(bytes)?;
        written += planned.size;
        if !go_on(written) {
            return Err(UnpackError::Cancelled);
        }
    }
    Ok(())
}

/// The entry that the check has seen, as it is named in the zip.
fn entry_of(planned: &PlannedFile, wrapper: &str) -> Entry {
    Entry {
        index: planned.index,
        path: format!("{wrapper}{}", planned.path),
        directory: false,
        size: planned.size,
        crc: planned.crc,
    }
}

/// Creates the file at `path` below `folder`, with the folders on the way.
fn create_file(folder: &Path, path: &str) -> io::Result<File> {
    let mut target = PathBuf::from(folder);
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        target.push(segment);
        if segments.peek().is_some() {
            match create_private_folder(&target) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
    }
    let mut options = OpenOptions::new();
    // Never opens what is there already, and so follows no link.
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(target)
}

fn create_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn make_private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        fs::set_permissions(folder, mode)?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}
