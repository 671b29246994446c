//! Which Node.js there is, and what it can do to keep code in bounds.

use std::{fmt, path::Path, process::Stdio, time::Duration};

use serde::Deserialize;
use tokio::process::Command;

use super::{HostError, process};

/// The oldest version that will do.
const OLDEST: u32 = 20;
/// For a program that answers two questions.
const PROBE: Duration = Duration::from_secs(30);
/// Prints the version, and those of our flags that it knows.
const QUESTION: &str = "const known = process.allowedNodeEnvironmentFlags; \
    JSON.stringify({version: process.versions.node, flags: \
    ['--permission', '--experimental-permission', '--allow-net', '--allow-addons'].filter(flag => known.has(flag))})";

/// The Node.js that components run in.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NodeVersion {
    /// Such as `20.20.2`.
    pub version: String,
    flags: Vec<String>,
}

impl fmt::Display for NodeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Node.js {}", self.version)
    }
}

impl NodeVersion {
    /// Asks the program at `path`.
    ///
    /// # Errors
    /// [`HostError::NoNode`] or [`HostError::OldNode`].
    pub(super) async fn probe(path: &Path) -> Result<Self, HostError> {
        let missing = |cause: String| HostError::NoNode { program: path.display().to_string(), cause };
        let mut command = Command::new(path);
        process::scrub(&mut command, &std::env::temp_dir());
        command.arg("-p").arg(QUESTION).stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(PROBE, command.output())
            .await
            .map_err(|_| missing("it does not answer".to_owned()))?
            .map_err(|cause| missing(cause.to_string()))?;
        let found: Self = serde_json::from_slice(&output.stdout)
            .map_err(|_| missing(format!("it is no Node.js, or ended with {}", output.status)))?;
        let major = found.version.split('.').next().and_then(|part| part.parse::<u32>().ok());
        if major.is_none_or(|major| major < OLDEST) {
            return Err(HostError::OldNode { version: found.version });
        }
        Ok(found)
    }

    /// The flag that turns the permission model on, if there is one.
    pub(super) fn permission_flag(&self) -> Option<&str> {
        ["--permission", "--experimental-permission"].into_iter().find(|flag| self.knows(flag))
    }

    /// Whether the permission model has a say in connections.
    pub(super) fn guards_network(&self) -> bool {
        self.knows("--allow-net")
    }

    /// Whether the permission model has a say in compiled code.
    pub(super) fn guards_compiled_code(&self) -> bool {
        self.knows("--allow-addons")
    }

    fn knows(&self, flag: &str) -> bool {
        self.flags.iter().any(|known| known == flag)
    }
}
