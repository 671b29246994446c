//! The Node side of the component host, in one file that the server carries.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::command::Shell;
use crate::{assets, tools};

/// Largest bundle that the server is to carry, in bytes.
const LARGEST: usize = 3_000_000;

/// Where the bundle lies. The server's binary embeds this folder, so it is made first.
pub fn folder(shell: &Shell) -> PathBuf {
    shell.root().join("target/host")
}

/// Makes the bundle; where it is as it should be it keeps its time, so that the server is not built again.
pub fn bundle(shell: &Shell) -> Result<()> {
    tools::ensure_node(shell)?;
    tools::npm_ci_without_scripts(shell, "host")?;
    let fresh = shell.root().join("target/xtask/host.cjs");
    if let Some(folder) = fresh.parent() {
        fs::create_dir_all(folder)?;
    }
    shell.run(shell.command("node").arg("host/bundle.mjs").arg(&fresh))?;
    let content = fs::read(&fresh).context("the component host was not bundled")?;
    if content.len() > LARGEST {
        bail!("the component host is too large: {} of at most {LARGEST} bytes", content.len());
    }
    assets::write(&folder(shell).join("host.cjs"), &content)
}

/// As [`bundle`], but a machine without Node.js or the npm registry can still build the rest, and is told.
pub fn bundle_if_possible(shell: &Shell) {
    if !tools::has_node(shell) {
        shell.warn("Node.js with npm is not installed: this server will run no flows");
    } else if let Err(error) = bundle(shell) {
        shell.warn(format!("the component host cannot be made, so this server will run no flows: {error:#}"));
    }
}
