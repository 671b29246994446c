//! One Node process: what it is started with, and what it is kept from.
//!
//! It gets a scrubbed environment and a folder of its own. Where Node has a permission model, it may read its module and
//! write in that folder, and start neither programs nor threads, nor load compiled code.

use std::{
    ffi::OsString,
    os::{fd::OwnedFd, unix::net::UnixStream as StdStream},
    path::{Path, PathBuf},
    process::Stdio,
};

use command_fds::{CommandFdExt, FdMapping};
use tempfile::TempDir;
use tokio::{
    net::UnixStream,
    process::{Child, Command},
};

use super::{guard, node::NodeVersion, owner::Owner};

/// Where the process finds its end of the socket pair.
const SOCKET: i32 = 3;

/// What a process is started with.
pub(super) struct Plan<'a> {
    pub program: &'a Path,
    pub node: &'a NodeVersion,
    pub script: &'a Path,
    /// What it may load before its module has come.
    pub rehearsal: &'a Path,
    pub module: &'a Owner,
    /// The unpacked version, without symbolic links in its path; it may still have to come.
    pub root: &'a Path,
    /// Where processes have their folders.
    pub folder: &'a Path,
    pub memory_mb: u64,
    pub is_trusted: bool,
}

/// A process that has been started.
pub(super) struct Started {
    pub child: Child,
    pub socket: UnixStream,
    /// Its own folder, deleted with this value.
    pub scratch: TempDir,
}

/// Leaves nothing of the server's environment but what programs cannot do without.
pub(super) fn scrub(command: &mut Command, home: &Path) {
    command.env_clear().current_dir(home).env("HOME", home).env("TMPDIR", home).env("NODE_ENV", "production");
    command.env("LANG", "C.UTF-8").env("TZ", std::env::var_os("TZ").unwrap_or_else(|| "UTC".into()));
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
}

/// Starts the process.
pub(super) async fn start(plan: &Plan<'_>) -> std::io::Result<Started> {
    let folder = std::fs::canonicalize(plan.folder)?;
    let prefix = format!("{}-", plan.module).replace(' ', "-");
    let scratch = tempfile::Builder::new().prefix(&prefix).tempdir_in(folder)?;
    let (ours, theirs) = StdStream::pair()?;
    ours.set_nonblocking(true)?;
    let mut command = guard::command(plan.program);
    scrub(&mut command, scratch.path());
    command.args(arguments(plan, scratch.path()));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
        .fd_mappings(vec![FdMapping { parent_fd: OwnedFd::from(theirs), child_fd: SOCKET }])
        .map_err(std::io::Error::other)?;
    let child = guard::spawn(command).await?;
    Ok(Started { child, socket: UnixStream::from_std(ours)?, scratch })
}

fn arguments(plan: &Plan<'_>, scratch: &Path) -> Vec<OsString> {
    let mut arguments: Vec<OsString> =
        vec![format!("--max-old-space-size={}", plan.memory_mb).into(), "--no-warnings".into()];
    if let Some(flag) = plan.node.permission_flag() {
        arguments.push(flag.into());
        let below = |folder: &Path| -> PathBuf { folder.join("*") };
        for path in [plan.script, &below(plan.rehearsal), &below(plan.root), &below(scratch)] {
            arguments.push(option("--allow-fs-read=", path));
        }
        arguments.push(option("--allow-fs-write=", &below(scratch)));
        if plan.node.guards_network() {
            arguments.push("--allow-net".into());
        }
        if plan.is_trusted {
            arguments.push("--allow-child-process".into());
        }
        if plan.is_trusted && plan.node.guards_compiled_code() {
            arguments.push("--allow-addons".into());
        }
    }
    arguments.push(plan.script.into());
    arguments.push(plan.root.into());
    arguments
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}
