//! Compressed siblings of the site's files, made once at build time instead of at every request.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets;

/// What the siblings' names end in.
pub const ENDINGS: [&str; 2] = ["br", "gz"];

/// Kinds of file that shrink; pictures and fonts are compressed already.
const KINDS: [&str; 12] =
    ["css", "html", "ico", "js", "json", "map", "mjs", "svg", "txt", "wasm", "webmanifest", "xml"];

/// Whether a file of this name is worth compressing.
pub fn worthwhile(path: &Path) -> bool {
    path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| KINDS.contains(&kind))
}

/// The name of the sibling: `a.css` and `br` give `a.css.br`.
pub fn sibling(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// Writes the siblings of one file, each only where it is smaller than the file itself.
pub fn write_siblings(path: &Path, content: &[u8]) -> Result<()> {
    for (ending, packed) in ENDINGS.into_iter().zip([brotli(content)?, gzip(content)?]) {
        if packed.len() < content.len() {
            assets::write(&sibling(path, ending), &packed)?;
        }
    }
    Ok(())
}

/// Takes the siblings away, before the file that they belong to changes.
pub fn remove_siblings(path: &Path) -> Result<()> {
    for ending in ENDINGS {
        let sibling = sibling(path, ending);
        if sibling.exists() {
            fs::remove_file(sibling)?;
        }
    }
    Ok(())
}

/// Brotli at its best: quality 11 and the largest window that browsers must accept (RFC 7932, 16 MiB).
pub fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let params =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 24, size_hint: content.len(), ..Default::default() };
    let mut packed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut packed, &params)?;
    Ok(packed)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content)?;
    Ok(encoder.finish()?)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_kinds_give_the_content_back() {
        let content = b"the same words, the same words, the same words".repeat(20);
        let mut text = Vec::new();
        brotli::Decompressor::new(&brotli(&content).expect("brotli")[..], 4096).read_to_end(&mut text).expect("valid");
        assert_eq!(text, content);
        text.clear();
        flate2::read::GzDecoder::new(&gzip(&content).expect("gzip")[..]).read_to_end(&mut text).expect("valid");
        assert_eq!(text, content);
    }

    #[test]
    fn a_sibling_that_would_be_larger_is_not_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tiny.css");
        write_siblings(&path, b"a{}").expect("written");
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }

    #[test]
    fn pictures_are_left_alone() {
        assert!(worthwhile(Path::new("pkg/stockroom_bg.wasm")));
        assert!(!worthwhile(Path::new("shot.png")) && !worthwhile(Path::new("LICENSE")));
    }
}
