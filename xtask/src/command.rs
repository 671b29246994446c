//! Starting other programs, and saying which one failed.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a silent stage says that it is still at work.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// Runs programs in the project's folder; what they print goes to the terminal, or to a log.
pub struct Shell {
    root: PathBuf,
    log: Option<Log>,
}

struct Log {
    path: PathBuf,
    verbose: bool,
}

impl Shell {
    /// What the programs print is printed.
    pub fn inherit() -> Self {
        Self { root: project_root(), log: None }
    }

    /// What the programs print is kept in a file, and shown as well when `verbose`.
    pub fn logging(path: PathBuf, verbose: bool) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { root: project_root(), log: Some(Log { path, verbose }) })
    }

    /// The project's folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A program that will start in the project's folder.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        command
    }

    /// The cargo that started this tool.
    pub fn cargo(&self) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // What cargo tells this tool about its own package is not for the packages that it builds: some build scripts
        // would run again at every change between `cargo xtask` and plain cargo.
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&name);
            }
        }
        // Were it set, the server's pages would ask for the wasm file under another name than we give it.
        command.env_remove("LEPTOS_OUTPUT_NAME");
        command
    }

    /// Says something to whoever reads the output.
    pub fn say(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        match &self.log {
            None => println!("{text}"),
            Some(log) => {
                if log.verbose {
                    println!("{text}");
                }
                if let Ok(mut file) = OpenOptions::new().append(true).open(&log.path) {
                    drop(writeln!(file, "{text}"));
                }
            }
        }
    }

    /// Says something that must not be missed, even where the output is kept in a file.
    pub fn warn(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.log.as_ref().is_some_and(|log| !log.verbose) {
            println!("  warning: {text}");
        }
        self.say(format!("warning: {text}"));
    }

    /// Runs a program to its end; an error names the whole command.
    pub fn run(&self, command: &mut Command) -> Result<()> {
        let line = describe(command);
        command.stdin(Stdio::null());
        let status = match &self.log {
            None => command.status().with_context(|| format!("cannot start `{line}`"))?,
            Some(log) => {
                let mut file = OpenOptions::new().append(true).open(&log.path)?;
                let mut follower = Follower::new(log)?;
                writeln!(file, "$ {line}")?;
                command.stdout(file.try_clone()?).stderr(file);
                let mut child = command.spawn().with_context(|| format!("cannot start `{line}`"))?;
                loop {
                    let status = child.try_wait()?;
                    follower.look()?;
                    match status {
                        Some(status) => break status,
                        None => sleep(Duration::from_millis(20)),
                    }
                }
            }
        };
        if !status.success() {
            bail!("`{line}` failed ({status})");
        }
        Ok(())
    }

    /// Runs a program to its end and gives back what it printed; an error names the whole command and its complaint.
    pub fn capture(&self, command: &mut Command) -> Result<String> {
        let line = describe(command);
        let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))?;
        if !output.status.success() {
            bail!("`{line}` failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
        }
        String::from_utf8(output.stdout).with_context(|| format!("`{line}` did not print UTF-8"))
    }

    /// Whether a program is there and does what it is asked.
    pub fn succeeds(&self, command: &mut Command) -> bool {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// Reads a growing log: shows it line by line, or a sign of life now and then.
struct Follower {
    file: File,
    verbose: bool,
    started: Instant,
    spoken: Instant,
    last_line: String,
}

impl Follower {
    fn new(log: &Log) -> Result<Self> {
        let mut file = File::open(&log.path)?;
        file.seek(SeekFrom::End(0))?;
        let now = Instant::now();
        Ok(Self { file, verbose: log.verbose, started: now, spoken: now, last_line: String::new() })
    }

    fn look(&mut self) -> Result<()> {
        let mut fresh = Vec::new();
        self.file.read_to_end(&mut fresh)?;
        if self.verbose {
            let mut out = std::io::stdout().lock();
            out.write_all(&fresh)?;
            return Ok(out.flush()?);
        }
        if let Some(line) = String::from_utf8_lossy(&fresh).lines().rfind(|line| !line.trim().is_empty()) {
            self.last_line = line.trim().chars().take(100).collect();
        }
        if self.spoken.elapsed() >= HEARTBEAT {
            self.spoken = Instant::now();
            println!("  … {} s: {}", self.started.elapsed().as_secs(), self.last_line);
        }
        Ok(())
    }
}

fn project_root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

fn describe(command: &Command) -> String {
    let mut line = Path::new(command.get_program())
        .file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_names_the_whole_command() {
        let shell = Shell::inherit();
        let error = shell.run(shell.command("sh").args(["-c", "exit 3"])).expect_err("it fails").to_string();
        assert!(error.contains("`sh -c exit 3`") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let shell = Shell::inherit();
        let error = shell.run(&mut shell.command("no-such-program")).expect_err("it fails").to_string();
        assert!(error.contains("`no-such-program`"), "{error}");
    }

    #[test]
    fn a_log_keeps_what_was_printed_on_both_streams() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("logs/stage.log");
        let shell = Shell::logging(path.clone(), false).expect("a log");
        shell.run(shell.command("sh").args(["-c", "echo out; echo err >&2"])).expect("it runs");
        let text = std::fs::read_to_string(path).expect("the log");
        assert!(text.contains("\nout\n") && text.contains("\nerr\n"), "{text}");
    }
}
