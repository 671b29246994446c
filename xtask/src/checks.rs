//! The checks behind the stages of `test`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::command::Shell;
use crate::counts::{self, Count};
use crate::stages::Verdict;
use crate::toolchain::{self, TARGET, Toolchain};
use crate::{assets, build, host, limits, readme, tools};

/// Everything is tried, so that one run tells all that is missing.
pub fn set_up(shell: &Shell) -> Result<Verdict> {
    let node = tools::ensure_node(shell);
    let packages = node.and_then(|()| tools::npm_ci(shell, "end2end")).and_then(|()| host::bundle(shell));
    let attempts = [toolchain::ensure(shell).map(drop), packages, tools::chromium(shell).map(drop)];
    tools::nextest(shell);
    let missing: Vec<_> = attempts.into_iter().filter_map(Result::err).map(|error| format!("{error:#}")).collect();
    if !missing.is_empty() {
        bail!("{}", missing.join("; "));
    }
    Ok(Verdict::passed())
}

pub fn readme_check(shell: &Shell) -> Result<Verdict> {
    readme::check(shell).map(|()| Verdict::passed())
}

pub fn fmt(shell: &Shell) -> Result<Verdict> {
    shell.run(shell.cargo().args(["fmt", "--all", "--check", "--", "--color", "never"]))?;
    Ok(Verdict::passed())
}

pub fn crates(shell: &Shell) -> Result<Verdict> {
    limits::check_crates(shell).map(|()| Verdict::passed())
}

pub fn clippy(shell: &Shell) -> Result<Verdict> {
    let mut cargo = shell.cargo();
    cargo.args(["clippy", "--workspace", "--all-targets", "--features", "ssr", "--", "-D", "warnings"]);
    shell.run(&mut cargo)?;
    Ok(Verdict::passed())
}

pub fn clippy_wasm(shell: &Shell) -> Result<Verdict> {
    let toolchain = toolchain::ensure(shell)?;
    let (command, lints): (_, &[&str]) = match toolchain {
        Toolchain::Own => ("clippy", &["--", "-D", "warnings"]),
        Toolchain::Debian { .. } => {
            shell.warn("Debian's compiler has other lints than ours: the browser's half is checked without");
            ("check", &[])
        }
    };
    let mut cargo = toolchain.cargo(shell);
    cargo.args([command, "--package", "stockroom", "--lib", "--no-default-features", "--features", "hydrate"]);
    shell.run(cargo.args(["--target", TARGET]).args(lints))?;
    Ok(Verdict::passed())
}

pub fn deny(shell: &Shell) -> Result<Verdict> {
    if !shell.succeeds(shell.cargo().args(["deny", "--version"])) {
        let reason = "cargo-deny is not installed (`cargo install cargo-deny --locked`, some minutes)";
        return Ok(Verdict::skipped(reason));
    }
    shell.run(shell.cargo().args(["deny", "--all-features", "check", "bans", "licenses", "sources"]))?;
    // The database of advisories lies on another host; without it, nothing can be said about them.
    let fetched = shell.succeeds(shell.cargo().args(["deny", "fetch", "db"]));
    if !fetched {
        shell.warn("the database of advisories cannot be reached: known vulnerabilities were not looked for");
        let note = "advisories were not looked for".to_owned();
        return Ok(Verdict { note, ..Verdict::passed() });
    }
    shell.run(shell.cargo().args(["deny", "--all-features", "check", "--disable-fetch", "advisories"]))?;
    Ok(Verdict::passed())
}

/// They run components, so the bundle is made first; that takes a second when the stage `host` has run.
///
/// Two runs, since features that only this tool needs would otherwise compile half of the server's crates again.
pub fn rust(shell: &Shell) -> Result<Verdict> {
    let ours: &[&str] = &["--workspace", "--exclude", "xtask", "--features", "ssr"];
    let tool: &[&str] = &["--package", "xtask"];
    host::bundle(shell)?;
    let nextest = tools::nextest(shell);
    let mut count = Count::default();
    let mut failure = None;
    for selection in [ours, tool] {
        let (counted, outcome) = if nextest { run_nextest(shell, selection)? } else { run_libtest(shell, selection)? };
        count += counted;
        failure = failure.or(outcome.err());
    }
    Ok(verdict(count, failure))
}

fn run_nextest(shell: &Shell, selection: &[&str]) -> Result<(Count, Result<()>)> {
    let report = build::target_folder(shell)?.join("nextest/default/junit.xml");
    remove(&report)?;
    let outcome = shell.run(shell.cargo().args(["nextest", "run", "--no-fail-fast"]).args(selection));
    let count = if report.exists() { counts::junit(&fs::read_to_string(&report)?)? } else { Count::default() };
    Ok((count, outcome))
}

/// Cargo test prints its counts, so what it prints is kept apart.
fn run_libtest(shell: &Shell, selection: &[&str]) -> Result<(Count, Result<()>)> {
    let printed = shell.root().join("target/xtask/log/cargo-test.log");
    let inner = Shell::logging(printed.clone(), false)?;
    let outcome = inner.run(inner.cargo().args(["test", "--no-fail-fast"]).args(selection));
    let printed = fs::read_to_string(printed)?;
    shell.say(&printed);
    Ok((counts::libtest(&printed), outcome))
}

pub fn doc(shell: &Shell) -> Result<Verdict> {
    let (count, outcome) = run_libtest(shell, &["--package", "stockroom", "--features", "ssr", "--doc"])?;
    if outcome.is_ok() && count == Count::default() {
        return Ok(Verdict::skipped("there are none"));
    }
    Ok(verdict(count, outcome.err()))
}

pub fn modules(shell: &Shell) -> Result<Verdict> {
    tools::ensure_node(shell)?;
    node_tests(shell, "modules")
}

/// What it tests is bundled as well: an error in that is one of this part, and the Rust tests need the bundle.
pub fn host(shell: &Shell) -> Result<Verdict> {
    host::bundle(shell)?;
    node_tests(shell, "host")
}

/// Runs the files `test/*.test.*` of a folder.
fn node_tests(shell: &Shell, name: &str) -> Result<Verdict> {
    let folder = shell.root().join(name);
    let tests: Vec<PathBuf> = assets::paths(&folder.join("test"))?
        .into_iter()
        .filter(|path| path.to_str().is_some_and(|path| path.contains(".test.")))
        .map(|path| Path::new("test").join(path))
        .collect();
    if tests.is_empty() {
        bail!("{name}/test has no *.test.* files");
    }
    let report = shell.root().join("target/xtask").join(name).with_extension("tap");
    remove(&report)?;
    let mut node = shell.command("node");
    node.current_dir(folder).args(["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"]);
    node.arg("--test-reporter=tap").arg(format!("--test-reporter-destination={}", report.display())).args(tests);
    let outcome = shell.run(&mut node);
    let count = counts::tap(&fs::read_to_string(report).unwrap_or_default());
    Ok(verdict(count, outcome.err()))
}

pub fn build_release(shell: &Shell) -> Result<Verdict> {
    build::everything(shell, true).map(|_| Verdict::passed())
}

pub fn sizes(shell: &Shell) -> Result<Verdict> {
    let note = limits::check_sizes(shell)?;
    Ok(Verdict { note, ..Verdict::passed() })
}

/// Builds first, which takes seconds when the stage `build` has run: no test is to see an old server.
pub fn end_to_end(shell: &Shell) -> Result<Verdict> {
    tools::ensure_node(shell)?;
    tools::npm_ci(shell, "end2end")?;
    let chromium = tools::chromium(shell)?;
    let client = tools::official_client(shell).map_err(|error| format!("{error:#}"));
    let server = build::everything(shell, true)?;
    let folder = shell.root().join("end2end");
    let report = folder.join("out/report.json");
    remove(&report)?;
    let mut playwright = shell.command("node");
    playwright.current_dir(&folder).args(["node_modules/@playwright/test/cli.js", "test"]);
    if let Err(reason) = &client {
        shell.warn(format!(
            "the engine's command-line client cannot be installed, so nothing was tested with it: {reason}"
        ));
        playwright.env(WITHOUT_CLIENT, reason);
    }
    let outcome = shell.run(playwright.env("STOCKROOM_BIN", server).env("CHROMIUM", chromium));
    let report = fs::read_to_string(report).context("Playwright wrote no report");
    let mut verdict = match (report, outcome) {
        (Ok(report), outcome) => verdict(counts::playwright(&report)?, outcome.err()),
        (Err(_), Err(error)) | (Err(error), Ok(())) => return Err(error),
    };
    if client.is_err() && verdict.note.is_empty() {
        verdict.note = "WITHOUT the command-line client: it cannot be installed".to_owned();
    }
    Ok(verdict)
}

/// Tells the specs why the engine's command-line client is not there.
const WITHOUT_CLIENT: &str = "STOCKROOM_NO_OFFICIAL_CLIENT";

/// A runner that failed without a failed test, or that ran none, has failed as a whole.
fn verdict(mut count: Count, failure: Option<anyhow::Error>) -> Verdict {
    match failure {
        Some(error) => {
            count.failed = count.failed.max(1);
            Verdict { count, note: format!("{error:#}") }
        }
        None if count == Count::default() => Verdict::failed("there were no tests to run".to_owned()),
        None => Verdict::counted(count),
    }
}

fn remove(file: &Path) -> Result<()> {
    if file.exists() {
        fs::remove_file(file)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_runner_that_ran_nothing_has_failed() {
        assert_eq!(verdict(Count::default(), None).count, Count::ONE_FAILED);
    }

    #[test]
    fn a_runner_that_crashed_has_failed_whatever_it_counted() {
        let three = Count { passed: 3, failed: 0 };
        let crashed = verdict(three, Some(anyhow!("exit 101")));
        assert_eq!((crashed.count, crashed.note.as_str()), (Count { failed: 1, ..three }, "exit 101"));
        assert_eq!(verdict(three, None).count, three);
    }
}
