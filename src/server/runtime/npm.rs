//! Installs the packages that a module's `package.json` names, without running any script of them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process::Command,
};

use super::{OUTPUT_BYTES, Unready};

/// How often a run is asked whether it is to stop.
const PULSE: Duration = Duration::from_millis(100);
/// Of the environment, what npm is given: where programs and the administrator's npm settings are, and the way out.
const PASSED: [&str; 12] = [
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// The npm of this machine.
#[derive(Clone, Debug)]
pub struct Npm {
    program: PathBuf,
    /// How long one `package.json` may take.
    timeout: Duration,
}

impl Npm {
    pub fn new(program: impl Into<PathBuf>, timeout: Duration) -> Self {
        Self { program: program.into(), timeout }
    }

    /// Installs the dependencies of the `package.json` in `folder`, which lies in `root`.
    pub(super) async fn install(
        &self,
        folder: &Path,
        root: &Path,
        is_cancelled: &(dyn Fn() -> bool + Sync),
        output: &mut String,
    ) -> Result<(), Unready> {
        let shown = folder.strip_prefix(root).unwrap_or(folder).join("package.json");
        let shown = shown.display();
        let mut command = Command::new(&self.program);
        command
            .args(["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"])
            .args(["--no-progress", "--color=false", "--no-update-notifier"])
            .current_dir(folder)
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| is_passed(&name.to_string_lossy())))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn().map_err(|cause| {
            Unready::Dependencies(format!(
                "npm could not be started ({cause}). Install Node.js with npm on the server, then install the module again."
            ))
        })?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        let said = tokio::spawn(async move { tokio::join!(tail(out), tail(err)) });
        let begun = Instant::now();
        let ended = loop {
            tokio::select! {
                status = child.wait() => break Ok(status?),
                () = tokio::time::sleep(PULSE) => {
                    if is_cancelled() {
                        break Err(Unready::Cancelled);
                    }
                    if begun.elapsed() > self.timeout {
                        let seconds = self.timeout.as_secs();
                        break Err(Unready::Dependencies(format!("npm took longer than {seconds} s for {shown}. Try again.")));
                    }
                }
            }
        };
        if ended.is_err() {
            end(&mut child).await;
        }
        let (out, err) = said.await.map_err(std::io::Error::other)?;
        keep(output, &format!("$ npm install  ({shown})\n{err}{out}"));
        let status = ended?;
        if status.success() {
            return Ok(());
        }
        let reason = err.lines().map(|line| line.trim_start_matches("npm error").trim_start_matches("npm ERR!").trim());
        let reason = reason.filter(|line| !line.is_empty() && !line.starts_with("code ")).take(2).collect::<Vec<_>>();
        Err(Unready::Dependencies(format!("npm cannot install what {shown} names: {}", reason.join(" "))))
    }
}

fn is_passed(name: &str) -> bool {
    PASSED.contains(&name) || name.to_ascii_lowercase().starts_with("npm_config_")
}

/// Ends npm and what it has started.
async fn end(child: &mut tokio::process::Child) {
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(group) = group {
        // They may have ended by themselves.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill().await;
}

/// Reads to the end and keeps the last part.
async fn tail(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let (mut kept, mut buffer) = (Vec::new(), [0; 8192]);
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        kept.extend_from_slice(&buffer[..length]);
        if kept.len() > 2 * OUTPUT_BYTES {
            kept.drain(..kept.len() - OUTPUT_BYTES);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// Appends to the output of a job, of which the last part is kept.
fn keep(output: &mut String, text: &str) {
    output.push_str(text);
    if let Some(over) = output.len().checked_sub(OUTPUT_BYTES) {
        let from = (over..=output.len()).find(|&at| output.is_char_boundary(at)).unwrap_or(over);
        output.drain(..from);
    }
}
