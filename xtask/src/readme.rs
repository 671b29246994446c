//! The README is what a newcomer follows, so it must name the two commands that do everything.

use std::fs;

use anyhow::{Context as _, Result, bail};

use crate::command::Shell;

/// Looks for the commands in README.md.
pub fn check(shell: &Shell) -> Result<()> {
    let text = fs::read_to_string(shell.root().join("README.md")).context("README.md")?;
    for command in ["cargo xtask run", "cargo xtask test"] {
        if !text.contains(command) {
            bail!("README.md does not name `{command}`");
        }
    }
    Ok(())
}
