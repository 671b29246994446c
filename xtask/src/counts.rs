//! How many tests passed and failed, read from what the test runners write for machines.

use std::ops::AddAssign;

use anyhow::{Context as _, Result};

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl Count {
    pub const ONE_PASSED: Self = Self { passed: 1, failed: 0 };
    pub const ONE_FAILED: Self = Self { passed: 0, failed: 1 };
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Reads nextest's JUnit report: `<testsuites name="nextest-run" tests="3" failures="1" errors="0" …>`.
pub fn junit(report: &str) -> Result<Count> {
    let start = report.find("<testsuites ").context("the report has no <testsuites>")?;
    let tag = report[start..].split('>').next().unwrap_or_default();
    let number = |name: &str| -> Result<u64> {
        let (_, rest) = tag.split_once(&format!(" {name}=\"")).with_context(|| format!("the report has no {name}"))?;
        Ok(rest.split('"').next().unwrap_or_default().parse()?)
    };
    let failed = number("failures")? + number("errors")?;
    Ok(Count { passed: number("tests")?.saturating_sub(failed), failed })
}

/// Adds up the lines `test result: ok. 3 passed; 0 failed; …` that cargo test prints for each binary.
pub fn libtest(printed: &str) -> Count {
    let mut count = Count::default();
    for line in printed.lines().filter(|line| line.starts_with("test result: ")) {
        count += Count { passed: number_before(line, " passed"), failed: number_before(line, " failed") };
    }
    count
}

/// Reads the last lines of Node's TAP report: `# pass 3`, `# fail 1`, `# cancelled 0`.
pub fn tap(report: &str) -> Count {
    let number = |name: &str| -> u64 {
        let lines = report.lines().rev();
        lines.filter_map(|line| line.strip_prefix(name)).find_map(|rest| rest.trim().parse().ok()).unwrap_or_default()
    };
    Count { passed: number("# pass "), failed: number("# fail ") + number("# cancelled ") }
}

/// Reads the `stats` of Playwright's JSON report. A test that passed only when tried again has failed.
pub fn playwright(report: &str) -> Result<Count> {
    let report: serde_json::Value = serde_json::from_str(report)?;
    let number =
        |name: &str| report["stats"][name].as_u64().with_context(|| format!("Playwright's report has no {name}"));
    Ok(Count { passed: number("expected")?, failed: number("unexpected")? + number("flaky")? })
}

fn number_before(line: &str, word: &str) -> u64 {
    let Some((before, _)) = line.split_once(word) else {
        return 0;
    };
    before.rsplit(' ').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_counts_each_test_once() {
        let report = r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="nextest-run" tests="12" failures="2" errors="1" uuid="0" timestamp="2026-11-22T14:00:00" time="0.1">
    <testsuite name="stockroom" tests="12" disabled="0" errors="1" failures="2">"#;
        assert_eq!(junit(report).expect("a count"), Count { passed: 9, failed: 3 });
        assert!(junit("<html>").is_err());
    }

    #[test]
    fn cargo_test_counts_every_binary() {
        let printed = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured\n\n\
                       test result: FAILED. 40 passed; 1 failed; 0 ignored; 0 measured\n";
        assert_eq!(libtest(printed), Count { passed: 42, failed: 1 });
    }

    #[test]
    fn node_counts_a_cancelled_test_as_failed() {
        let report =
            "TAP version 13\n# pass 1 of something\n1..3\n# tests 5\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n";
        assert_eq!(tap(report), Count { passed: 3, failed: 2 });
    }

    #[test]
    fn a_flaky_test_in_the_browser_has_failed() {
        let report = r#"{"stats": {"expected": 7, "unexpected": 1, "flaky": 1, "skipped": 2}}"#;
        assert_eq!(playwright(report).expect("a count"), Count { passed: 7, failed: 2 });
    }
}
