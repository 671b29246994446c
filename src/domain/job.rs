//! An installation while it runs and after: its steps, its state and how it ended.

use serde::{Deserialize, Serialize};

use super::{finding::Finding, name::ModuleName};

/// What a job does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// A module of the catalogue, installed for the first time or replaced by another version.
    Install,
    /// A zip that somebody sent.
    Upload,
}

/// The steps of a job, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    Fetch,
    Check,
    Unpack,
    /// Dependencies are installed, and every component is loaded once.
    Build,
    Register,
    Activate,
}

impl Step {
    pub const ALL: [Self; 6] = [Self::Fetch, Self::Check, Self::Unpack, Self::Build, Self::Register, Self::Activate];

    /// The word that pages show.
    pub fn label(self) -> &'static str {
        match self {
            Self::Fetch => "Fetch",
            Self::Check => "Check",
            Self::Unpack => "Unpack",
            Self::Build => "Build",
            Self::Register => "Register",
            Self::Activate => "Activate",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    Running,
    Succeeded,
    Failed,
    Cancelled,
}

/// What a job that succeeded has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    Installed,
    /// Another version (or other bytes of the same version) was installed before.
    Replaced {
        previous: String,
    },
    /// These very bytes were installed already: nothing changed.
    Unchanged,
}

/// Why a job failed. A failed job has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFailure {
    /// Stable kebab-case word, such as `invalid-archive` or `downgrade`.
    pub code: String,
    /// In plain words, with what to do.
    pub message: String,
    /// What is wrong inside the archive, each with its place.
    #[serde(default)]
    pub findings: Vec<Finding>,
}

impl JobFailure {
    /// The archive holds an older version than the one installed, and nobody has said that it may replace it.
    pub const DOWNGRADE: &'static str = "downgrade";
    pub const INVALID_ARCHIVE: &'static str = "invalid-archive";

    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), findings: Vec::new() }
    }
}

/// A job as pages and clients see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// UUID v4; also the ticket of the public upload protocol.
    pub id: String,
    pub kind: JobKind,
    /// Unknown for an upload until its archive has been checked.
    pub module: Option<ModuleName>,
    pub label: Option<String>,
    pub version: Option<String>,
    /// Name of the uploaded file, for display only.
    pub file: Option<String>,
    pub state: JobState,
    /// The step that runs, or the one at which the job ended.
    pub step: Step,
    /// Share of the running step, 0 to 100, where it can be told.
    pub percent: Option<u8>,
    /// Milliseconds since the Unix epoch.
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub outcome: Option<Outcome>,
    pub failure: Option<JobFailure>,
}

impl Job {
    pub fn is_running(&self) -> bool {
        self.state == JobState::Running
    }

    /// What the job is about, for a sentence: label, else module, else file.
    pub fn subject(&self) -> String {
        self.label
            .clone()
            .or_else(|| self.module.as_ref().map(ToString::to_string))
            .or_else(|| self.file.clone())
            .unwrap_or_else(|| "the module".to_owned())
    }

    /// One sentence for a status line or a screen reader.
    pub fn sentence(&self) -> String {
        let subject = self.subject();
        match (self.state, &self.outcome, &self.failure) {
            (JobState::Running, ..) => format!("Installing {subject}: {}.", self.step.label().to_lowercase()),
            (JobState::Cancelled, ..) => format!("Installing {subject} was cancelled. Nothing was changed."),
            (JobState::Failed, _, Some(failure)) => {
                format!("{subject} was not installed. {} Nothing was changed.", failure.message)
            }
            (JobState::Failed, _, None) => format!("{subject} was not installed. Nothing was changed."),
            (JobState::Succeeded, Some(Outcome::Unchanged), _) => {
                format!("{subject} is installed already with the same content. Nothing was changed.")
            }
            (JobState::Succeeded, Some(Outcome::Replaced { previous }), _) => {
                format!("{subject} {} replaced {previous}.", self.version.as_deref().unwrap_or_default())
            }
            (JobState::Succeeded, ..) => format!("{subject} is installed."),
        }
    }
}

/// What the server tells every open page, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A job began, went on or ended.
    Job { job: Job },
    /// A module was installed, replaced or removed (`installed` is `None`).
    Module { name: ModuleName, installed: Option<String>, update: Option<String> },
    /// The list of available modules is another one.
    Catalogue { revision: u64 },
}
