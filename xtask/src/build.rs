//! `build` and `run`: the site, the component host, the server that carries it, and its start.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::command::Shell;
use crate::{host, site, toolchain, wasm};

/// Builds site, component host and server, and gives the server's path.
pub fn everything(shell: &Shell, release: bool) -> Result<PathBuf> {
    let toolchain = toolchain::ensure(shell)?;
    site::assemble(shell, toolchain, release)?;
    make_folders(shell)?;
    host::bundle_if_possible(shell);
    let mut cargo = shell.cargo();
    cargo.args(["build", "--package", wasm::NAME, "--bin", wasm::NAME, "--features", "ssr"]);
    if release {
        cargo.arg("--release");
    }
    shell.run(&mut cargo)?;
    Ok(target_folder(shell)?.join(if release { "release" } else { "debug" }).join(wasm::NAME))
}

/// Builds everything for release and becomes the server.
pub fn run(shell: &Shell, server_args: &[OsString]) -> Result<ExitCode> {
    let server = everything(shell, true)?;
    let mut command = std::process::Command::new(&server);
    command.arg("serve").args(server_args);
    start(command).with_context(|| format!("cannot start {}", server.display()))
}

/// The server takes this process's place: signals and the exit code are its own.
#[cfg(unix)]
fn start(mut command: std::process::Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt as _;
    Err(command.exec().into())
}

#[cfg(not(unix))]
fn start(mut command: std::process::Command) -> Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Where cargo puts what it builds: `target`, unless the developer has it elsewhere.
pub fn target_folder(shell: &Shell) -> Result<PathBuf> {
    let printed = shell.capture(shell.cargo().args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&printed)?;
    let folder = metadata["target_directory"].as_str().context("cargo metadata names no target folder")?;
    Ok(folder.into())
}

/// Makes the folders that the server embeds, so that it can be compiled before there is something in them.
pub fn make_folders(shell: &Shell) -> Result<()> {
    fs::create_dir_all(host::folder(shell))?;
    Ok(fs::create_dir_all(site::folder(shell))?)
}
