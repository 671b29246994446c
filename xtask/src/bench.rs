//! `bench`: builds for release, sees to what the parts of the bench need, and starts them.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;

use crate::command::Shell;
use crate::{build, tools, wasm};

/// Measures Stockroom beside its floor and its peers; `args` go to `benches/run.mjs`.
pub fn run(shell: &Shell, args: &[OsString]) -> Result<()> {
    tools::ensure_node(shell)?;
    // Its Playwright drives the browser.
    tools::npm_ci(shell, "end2end")?;
    let chromium = tools::chromium(shell)?;
    let server = build::everything(shell, true)?;
    let floor = floor(shell)?;
    let mut node = shell.command("node");
    node.arg("benches/run.mjs").arg("--program").arg(server).arg("--floor").arg(floor).args(args);
    shell.run(node.env("CHROMIUM", chromium))
}

/// Builds the program that the server is measured against, together with the server's features: crates that both have
/// are compiled once.
fn floor(shell: &Shell) -> Result<PathBuf> {
    let mut cargo = shell.cargo();
    cargo.args(["build", "--release", "--package", wasm::NAME, "--package", "floor", "--features", "ssr"]);
    shell.run(cargo.args(["--bin", "floor"]))?;
    Ok(build::target_folder(shell)?.join("release/floor"))
}
