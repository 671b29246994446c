//! `test`: every check there is, one after the other, and what came of each.

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::cli::Choice;
use crate::command::Shell;
use crate::counts::Count;
use crate::{build, checks};

/// How much of a failed stage's output is shown; the whole is in its log.
const SHOWN_LINES: usize = 400;

/// One check.
pub struct Stage {
    pub name: &'static str,
    pub about: &'static str,
    /// Stages without whose success this one makes no sense.
    needs: &'static [&'static str],
    check: fn(&Shell) -> Result<Verdict>,
}

/// What came of a stage.
#[derive(Debug, PartialEq)]
pub struct Verdict {
    pub count: Count,
    /// What the table says beside the numbers.
    pub note: String,
}

impl Verdict {
    /// The stage is one check, and it passed.
    pub fn passed() -> Self {
        Self::counted(Count::ONE_PASSED)
    }

    /// The stage ran tests of its own.
    pub fn counted(count: Count) -> Self {
        Self { count, note: String::new() }
    }

    /// It cannot be done here, and that is no fault of the project.
    pub fn skipped(reason: &str) -> Self {
        Self { count: Count::default(), note: reason.to_owned() }
    }

    /// The stage failed, or what it needs did.
    pub fn failed(reason: String) -> Self {
        Self { count: Count::ONE_FAILED, note: reason }
    }
}

/// All stages in their order: what is quick and often wrong comes first.
pub const ALL: &[Stage] = &[
    stage("set-up", "what the other stages need, installed where it is missing", checks::set_up),
    stage("readme", "the README names the commands", checks::readme_check),
    stage("fmt", "the code is formatted", checks::fmt),
    stage("crates", "no crate of the server in the browser's half", checks::crates),
    stage("deny", "licences, advisories and sources, if cargo-deny is there", checks::deny),
    stage("modules", "tests of the modules that come with Stockroom (Node)", checks::modules),
    stage("host", "tests of the part that runs components (Node)", checks::host),
    stage("clippy", "lints of the server, the tests and this tool", checks::clippy),
    stage("clippy-wasm", "lints of the browser's half", checks::clippy_wasm),
    stage("rust", "unit and integration tests", checks::rust),
    stage("doc", "the examples in the documentation", checks::doc),
    stage("build", "site and server for release", checks::build_release),
    stage("sizes", "what the browser has to load", checks::sizes).after(&["build"]),
    stage("end2end", "the pages in Chromium, and the engine's own client (Playwright)", checks::end_to_end)
        .after(&["build"]),
];

const fn stage(name: &'static str, about: &'static str, check: fn(&Shell) -> Result<Verdict>) -> Stage {
    Stage { name, about, needs: &[], check }
}

impl Stage {
    const fn after(self, needs: &'static [&'static str]) -> Self {
        Self { needs, ..self }
    }
}

struct Outcome {
    name: &'static str,
    verdict: Verdict,
    time: Duration,
}

/// Runs the chosen stages and prints a table of what came of them; its last line is the sum.
pub fn run(choice: &Choice) -> Result<ExitCode> {
    let chosen = |stage: &&Stage| {
        let is_in = |names: &[String]| names.iter().any(|name| name == stage.name);
        (choice.only.is_empty() || is_in(&choice.only)) && !is_in(&choice.skip)
    };
    let started = Instant::now();
    let mut outcomes: Vec<Outcome> = Vec::new();
    for stage in ALL.iter().filter(chosen) {
        println!("{} …", stage.name);
        let broken = |need: &&&str| outcomes.iter().any(|done| done.name == **need && done.verdict.count.failed > 0);
        let outcome = match stage.needs.iter().find(broken) {
            Some(need) => Outcome {
                name: stage.name,
                verdict: Verdict::failed(format!("not run, because {need} failed")),
                time: Duration::ZERO,
            },
            None => carry_out(stage, choice.verbose)?,
        };
        println!("{}", row(&outcome));
        outcomes.push(outcome);
    }
    let mut total = Count::default();
    println!("\n{:<12} {:<8} {:>7} {:>7} {:>8}", "stage", "", "passed", "failed", "time");
    for outcome in &outcomes {
        println!("{}", row(outcome));
        total += outcome.verdict.count;
    }
    println!("in {} s\n\n{} passed, {} failed", started.elapsed().as_secs(), total.passed, total.failed);
    Ok(if total.failed == 0 && !outcomes.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn carry_out(stage: &Stage, verbose: bool) -> Result<Outcome> {
    let started = Instant::now();
    let log = Shell::inherit().root().join("target/xtask/log").join(stage.name).with_extension("log");
    let shell = Shell::logging(log.clone(), verbose)?;
    let verdict = build::make_folders(&shell)
        .and_then(|()| (stage.check)(&shell))
        .unwrap_or_else(|error| Verdict::failed(format!("{error:#}")));
    if verdict.count.failed > 0 && !verbose {
        show(&log)?;
    }
    Ok(Outcome { name: stage.name, verdict, time: started.elapsed() })
}

fn row(outcome: &Outcome) -> String {
    let Outcome { name, verdict: Verdict { count: Count { passed, failed }, note }, time } = outcome;
    let word = match (passed, failed) {
        (0, 0) => "skipped",
        (_, 0) => "ok",
        _ => "FAILED",
    };
    let time = time.as_secs_f32();
    let row = format!("{name:<12} {word:<8} {passed:>7} {failed:>7} {time:>6.1} s  {note}");
    row.trim_end().to_owned()
}

fn show(log: &Path) -> Result<()> {
    let bytes = fs::read(log)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().collect();
    let left_out = lines.len().saturating_sub(SHOWN_LINES);
    if left_out > 0 {
        println!("  … {left_out} lines before this are in {}", log.display());
    }
    for line in &lines[left_out..] {
        println!("  {line}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_stage_needs_comes_before_it() {
        for (index, stage) in ALL.iter().enumerate() {
            for need in stage.needs {
                assert!(ALL[..index].iter().any(|earlier| earlier.name == *need), "{} needs {need}", stage.name);
            }
        }
    }

    #[test]
    fn the_table_tells_ok_failed_and_skipped_apart() {
        let row = |passed, failed| {
            row(&Outcome { name: "rust", verdict: Verdict::counted(Count { passed, failed }), time: Duration::ZERO })
        };
        assert!(row(3, 0).contains(" ok ") && row(3, 1).contains(" FAILED ") && row(0, 0).contains(" skipped "));
    }
}
