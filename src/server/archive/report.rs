//! Collects what a check finds, and ends it with what could not be read at all.

use std::io;

use crate::domain::finding::Finding;

use super::limits::Limits;

/// An archive that is refused, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the archive is refused: {}", .findings.iter().map(Finding::to_string).collect::<Vec<_>>().join(" "))]
pub struct Rejected {
    /// Never empty.
    pub findings: Vec<Finding>,
}

/// Why a check gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The archive is at fault.
    #[error(transparent)]
    Rejected(#[from] Rejected),
    /// The disk is at fault: nothing is known about the archive.
    #[error("the archive could not be read")]
    Io(#[from] io::Error),
}

impl From<Finding> for CheckError {
    fn from(finding: Finding) -> Self {
        Self::Rejected(Rejected { findings: vec![finding] })
    }
}

/// True when `error` comes from the system rather than from the bytes that were read.
pub(super) fn is_from_system(error: &io::Error) -> bool {
    error.raw_os_error().is_some()
}

/// What is wrong with an archive, and what is only odd.
pub(super) struct Report {
    problems: Capped,
    warnings: Capped,
}

impl Report {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { problems: Capped::new(limits.findings), warnings: Capped::new(limits.findings) }
    }

    /// Adds a reason to refuse the archive.
    pub(super) fn problem(&mut self, finding: Finding) {
        self.problems.push(finding);
    }

    /// Adds something that the author should know, but that refuses nothing.
    pub(super) fn warn(&mut self, finding: Finding) {
        self.warnings.push(finding);
    }

    /// Ends the check here when anything is wrong so far.
    ///
    /// # Errors
    /// [`Rejected`] with the problems.
    pub(super) fn stop_if_wrong(&mut self) -> Result<(), Rejected> {
        let none_yet = Capped::new(self.problems.cap);
        match std::mem::replace(&mut self.problems, none_yet).into_list() {
            findings if findings.is_empty() => Ok(()),
            findings => Err(Rejected { findings }),
        }
    }

    /// Ends the check after a problem that leaves nothing more to look at.
    pub(super) fn into_rejected(self) -> Rejected {
        Rejected { findings: self.problems.into_list() }
    }

    pub(super) fn into_warnings(self) -> Vec<Finding> {
        self.warnings.into_list()
    }
}

/// A list that only counts what goes past its cap, so that a hostile archive cannot fill the memory.
struct Capped {
    list: Vec<Finding>,
    cap: usize,
    omitted: u64,
}

impl Capped {
    fn new(cap: usize) -> Self {
        Self { list: Vec::new(), cap, omitted: 0 }
    }

    fn push(&mut self, finding: Finding) {
        if self.list.len() < self.cap {
            self.list.push(finding);
        } else {
            self.omitted += 1;
        }
    }

    fn into_list(mut self) -> Vec<Finding> {
        if self.omitted > 0 {
            let more = format!("{} more findings of these kinds are not listed.", self.omitted);
            self.list.push(Finding::archive("more-findings", more));
        }
        self.list
    }
}

/// Longest part of a hostile name that a finding shows, in characters.
const SHOWN_CHARS: usize = 200;

/// `raw` as a finding can show it: readable, without control characters, not endless.
pub(super) fn shown(raw: &[u8]) -> String {
    let text = String::from_utf8_lossy(raw);
    let mut shown: String = text.chars().take(SHOWN_CHARS).fold(String::new(), |mut out, c| {
        if super::text::is_unprintable(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
        out
    });
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}
