//! Writes module archives that are the same, byte for byte, whenever their files are.

use std::collections::BTreeMap;
use std::io::{self, Seek, Write};
use std::path::PathBuf;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

/// A good trade of size for time; fixed, because it decides the bytes.
const DEFLATE_LEVEL: i64 = 6;

/// Writes a zip of `files` (path in the zip, content) to `out`: sorted by path, dated 1980-01-01,
/// every file with mode 0644, no folders. The same files give the same bytes, so that the
/// archive's hash says whether a module has changed.
///
/// # Errors
/// When a path occurs twice, or writing fails.
pub fn pack(files: impl IntoIterator<Item = (String, Vec<u8>)>, out: impl Write + Seek) -> io::Result<()> {
    let mut sorted = BTreeMap::new();
    for (path, bytes) in files {
        if sorted.contains_key(&path) {
            let message = format!("{path} is to be packed twice");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        sorted.insert(path, bytes);
    }
    write(sorted, Ok, out)
}

/// As [`pack`], of files on the disk (path in the zip, place), of which one at a time is in memory.
///
/// # Errors
/// When reading or writing fails.
pub fn pack_files(files: BTreeMap<String, PathBuf>, out: impl Write + Seek) -> io::Result<()> {
    write(files, std::fs::read, out)
}

fn write<T>(
    files: BTreeMap<String, T>,
    read: impl Fn(T) -> io::Result<Vec<u8>>,
    out: impl Write + Seek,
) -> io::Result<()> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(DEFLATE_LEVEL))
        .last_modified_time(DateTime::DEFAULT)
        .system(System::Unix)
        .unix_permissions(0o644);
    let mut zip = ZipWriter::new(out);
    for (path, file) in files {
        zip.start_file(path, options)?;
        zip.write_all(&read(file)?)?;
    }
    zip.finish()?;
    Ok(())
}
