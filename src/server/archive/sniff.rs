//! Tells what a file is that is no zip.

/// Words for the person who sent a file beginning with `head`; `None` when it begins like a zip.
pub(super) fn why_not_zip(head: &[u8]) -> Option<String> {
    // The second is the end record, which an empty zip begins with.
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return None;
    }
    let kinds: [(&[u8], &str); 11] = [
        (b"\x1f\x8b", "a gzip file"),
        (b"BZh", "a bzip2 file"),
        (b"\xfd7zXZ\0", "an xz file"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
        (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
        (b"Rar!", "a RAR archive"),
        (b"%PDF", "a PDF file"),
        (b"\x89PNG", "an image"),
        (b"MZ", "a Windows program"),
        (b"\x7fELF", "a Linux program"),
        (b"{", "a JSON file"),
    ];
    let kind = kinds.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, kind)| *kind);
    let kind = kind.or_else(|| {
        let is_tar = head.get(257..262) == Some(b"ustar");
        let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
        let is_html = text.starts_with("<!doctype") || text.starts_with("<html");
        if is_tar {
            Some("a tar archive")
        } else if is_html {
            Some("a web page (perhaps the error page of a failed download)")
        } else {
            None
        }
    });
    Some(match kind {
        Some(kind) => format!("This is {kind}, not a zip. Pack the module as a zip."),
        None => "This is not a zip, or not a whole one. Pack the module as one zip.".to_owned(),
    })
}
