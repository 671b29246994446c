//! An installation without anything around it: the archive and its files, read, hashed, checked, and on the disk.

use std::{
    error::Error,
    fs::{self, File},
    io::{Cursor, Read as _, Write as _},
    path::Path,
    time::{Duration, Instant},
};

use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

/// Installs an archive into `folder`, which is made; gives the time that it took.
pub fn install(archive: &Path, folder: &Path) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let bytes = fs::read(archive)?;
    let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let files = folder.join("files");
    fs::create_dir_all(&files)?;
    keep(&folder.join(digest), &bytes)?;
    let mut zip = ZipArchive::new(Cursor::new(&bytes))?;
    let mut content = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at)?;
        let inner = entry.enclosed_name().ok_or("a path leads out of the archive")?;
        let target = files.join(inner);
        if entry.is_dir() {
            fs::create_dir_all(&target)?;
            continue;
        }
        content.clear();
        // Compares the checksum at the end, too.
        entry.read_to_end(&mut content)?;
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        keep(&target, &content)?;
    }
    Ok(begun.elapsed())
}

/// Writes a new file that survives the power's failing.
fn keep(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    #[test]
    fn everything_is_written() {
        let place = tempfile::tempdir().expect("a folder");
        let archive = place.path().join("a.zip");
        let mut zip = ZipWriter::new(File::create(&archive).expect("a file"));
        zip.start_file("acme/mail/bundle.json", SimpleFileOptions::default()).expect("an entry");
        zip.write_all(b"{}").expect("written");
        zip.finish().expect("a zip");

        let folder = place.path().join("installed");
        install(&archive, &folder).expect("installs");
        assert_eq!(fs::read(folder.join("files/acme/mail/bundle.json")).expect("the file"), b"{}");
        assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 2, "the files, and the archive");
    }
}
