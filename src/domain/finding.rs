//! What a check found in an archive, each finding with its place.

use serde::{Deserialize, Serialize};

/// One thing wrong (or odd) in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable kebab-case word for the kind of finding, such as `symlink` or `name-mismatch`: for tests and clients.
    pub code: String,
    /// Path inside the zip, as far as it can be shown; `None` when the archive as a whole is meant.
    pub path: Option<String>,
    /// JSON pointer (RFC 6901) into the file at `path`; the empty string is the whole document.
    pub pointer: Option<String>,
    /// What is wrong and what to do, for the person who made the archive. Plain text.
    pub message: String,
}

impl Finding {
    pub fn archive(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), path: None, pointer: None, message: message.into() }
    }

    pub fn at(code: &str, path: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), path: Some(path.to_owned()), pointer: None, message: message.into() }
    }

    pub fn in_json(code: &str, path: &str, pointer: &str, message: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..Self::at(code, path, message) }
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(path) = &self.path {
            write!(f, "{path}")?;
            if let Some(pointer) = self.pointer.as_deref().filter(|pointer| !pointer.is_empty()) {
                write!(f, " at {pointer}")?;
            }
            write!(f, ": ")?;
        }
        write!(f, "{}", self.message)
    }
}
