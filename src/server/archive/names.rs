//! Which paths an archive may hold (attack ids S1 and S6 of the incident list in `docs/SECURITY.md`).

use unicode_normalization::UnicodeNormalization;

use super::limits::Limits;
use super::text::is_unprintable;

/// Why a path is refused: a finding's code, and words for the person who made the archive.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flaw {
    pub(super) code: &'static str,
    pub(super) message: String,
}

fn flaw(code: &'static str, message: impl Into<String>) -> Flaw {
    Flaw { code, message: message.into() }
}

/// Reads the name of an entry: the path without a closing slash, and whether it is a folder's.
///
/// The path can be joined to a folder on any system without leaving it.
///
/// # Errors
/// The first [`Flaw`] found.
pub(super) fn read(raw: &[u8], limits: &Limits) -> Result<(String, bool), Flaw> {
    if raw.len() > limits.path_bytes {
        let message = format!(
            "This path has {} bytes; at most {} are allowed. Shorten the names of its folders.",
            raw.len(),
            limits.path_bytes
        );
        return Err(flaw("name-too-long", message));
    }
    let Ok(name) = std::str::from_utf8(raw) else {
        return Err(flaw(
            "name-encoding",
            "This name is not UTF-8. Rename the file with plain letters and pack it again.",
        ));
    };
    if name.contains('\0') {
        return Err(flaw("name-nul", "This name holds a NUL character. Rename the file."));
    }
    if name.contains('\\') {
        return Err(flaw(
            "name-backslash",
            "This path is written with backslashes. Pack with a tool that writes forward slashes.",
        ));
    }
    if name.starts_with('/') {
        return Err(flaw(
            "name-absolute",
            "This path starts at the root of a disk. Pack the vendor's folder with relative paths.",
        ));
    }
    if name.as_bytes().get(1) == Some(&b':') && name.as_bytes()[0].is_ascii_alphabetic() {
        return Err(flaw(
            "name-drive",
            "This path starts with a drive letter. Pack the vendor's folder with relative paths.",
        ));
    }
    let (path, directory) = match name.strip_suffix('/') {
        Some(path) => (path, true),
        None => (name, false),
    };
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > limits.path_depth {
        let message =
            format!("This path is {} folders deep; at most {} are allowed.", segments.len(), limits.path_depth);
        return Err(flaw("name-too-deep", message));
    }
    for segment in segments {
        check_segment(segment)?;
        // Some file systems compare names in a normalised form: what is harmless as written must
        // be harmless there too.
        check_segment(&segment.nfkc().collect::<String>())?;
    }
    Ok((path.to_owned(), directory))
}

fn check_segment(segment: &str) -> Result<(), Flaw> {
    if segment.is_empty() {
        return Err(flaw("name-empty-segment", "This path has an empty segment (two slashes)."));
    }
    if matches!(segment, "." | "..") {
        return Err(flaw(
            "name-dot-segment",
            "This path has a `.` or `..` segment and could leave its folder. Pack the vendor's \
             folder with plain relative paths.",
        ));
    }
    if segment.chars().any(is_unprintable) {
        return Err(flaw("name-control", "This name holds a control character or an invisible one. Rename the file."));
    }
    if segment.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|']) {
        return Err(flaw(
            "name-character",
            "This name holds one of \\ / : * ? \" < > |, which not every system can store. \
             Rename the file.",
        ));
    }
    if segment.ends_with(['.', ' ']) || segment.starts_with(' ') {
        return Err(flaw(
            "name-trailing",
            "A part of this path ends with a dot or begins or ends with a space. Rename it.",
        ));
    }
    if is_reserved(segment) {
        return Err(flaw("name-reserved", "A part of this path is the name of a device on Windows. Rename it."));
    }
    Ok(())
}

/// Device names of Windows, which also count with an ending (`nul.txt`).
fn is_reserved(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    port.is_some_and(|port| {
        let mut chars = port.chars();
        matches!((chars.next(), chars.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    })
}

/// What two paths have in common that some file system takes for the same path.
pub(super) fn folded(path: &str) -> String {
    // Upper case first: it joins `ß` with `ss` and the two forms of sigma.
    path.nfkc().flat_map(char::to_uppercase).flat_map(char::to_lowercase).nfkc().collect()
}

/// True for files that operating systems leave in folders unasked. They are no part of a module.
pub(super) fn is_litter(path: &str) -> bool {
    path.split('/').any(|segment| segment == "__MACOSX")
        || path
            .rsplit('/')
            .next()
            .is_some_and(|file| file.starts_with("._") || matches!(file, ".DS_Store" | "Thumbs.db" | "desktop.ini"))
}

/// True for files that usually hold a password or a private key (T9).
pub(super) fn is_secret(path: &str) -> bool {
    let file = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let stem_is_env = file == ".env" || file.starts_with(".env.");
    let is_sample = [".example", ".sample", ".template", ".dist"].iter().any(|end| file.ends_with(end));
    (stem_is_env && !is_sample)
        || [".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".ppk"].iter().any(|end| file.ends_with(end))
        || matches!(
            file.as_str(),
            "id_rsa" | "id_dsa" | "id_ecdsa" | "id_ed25519" | ".npmrc" | ".netrc" | ".pgpass" | ".htpasswd"
        )
}
