//! The command line: what may be asked for, and the words that teach it.

use std::ffi::OsString;

use anyhow::{Result, bail};
use lexopt::Arg::{Long, Short, Value};
use lexopt::ValueExt as _;

use crate::stages;

/// What the developer asked for.
#[derive(Debug, PartialEq)]
pub enum Task {
    Help(String),
    Build { release: bool },
    Run { server_args: Vec<OsString> },
    Test(Choice),
    Bench { args: Vec<OsString> },
}

/// Which stages of `test` to run, and how loudly.
#[derive(Debug, Default, PartialEq)]
pub struct Choice {
    pub only: Vec<String>,
    pub skip: Vec<String>,
    pub verbose: bool,
}

const HELP: &str = "\
Builds, runs and tests Stockroom.

  cargo xtask run [-- ARGS]     build everything for release and start the server;
                                ARGS go to `stockroom serve`, such as `-- --listen 127.0.0.1:9000`
  cargo xtask test              every check there is, as CI runs them
      --only STAGE...           these stages alone
      --skip STAGE...           all but these
      --verbose                 show what the stages print while they run
  cargo xtask bench [ARGS]      measure the server for release beside its peers, in 25 minutes on an idle machine
      --part PART               this part alone; can be given several times:
                                server, browser, modules, peers, engine
      --rounds N                how often each figure is taken (5)
      --sizes N,N               numbers of modules (100,1000,10000)
      --write                   write docs/BENCHMARKS.md
  cargo xtask build             site and server for trying things out: quick to build, large, not compressed
  cargo xtask build --release   what `run` starts: target/release/stockroom, with the site inside

The first run compiles this tool and the whole project: allow ten minutes on a small machine. Later runs do only
what has changed. What is missing and can be installed (the WebAssembly target, npm packages, Chromium for the
end-to-end tests) is installed; what cannot be is named.

Stages of `test`, in their order:
";

/// Reads the arguments, the program's name first.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Task> {
    let mut parser = lexopt::Parser::from_iter(args);
    let Some(first) = parser.next()? else {
        return Ok(help());
    };
    match first {
        Short('h') | Long("help") => Ok(help()),
        Value(command) => match command.string()?.as_str() {
            "help" => Ok(help()),
            "build" => parse_build(&mut parser),
            "run" => parse_run(&mut parser),
            "test" => parse_test(&mut parser),
            "bench" => parse_bench(&mut parser),
            other => bail!("There is no command `{other}`."),
        },
        other => Err(other.unexpected().into()),
    }
}

fn help() -> Task {
    let mut text = HELP.to_owned();
    for stage in stages::ALL {
        text.push_str(&format!("  {:<12} {}\n", stage.name, stage.about));
    }
    text.pop();
    Task::Help(text)
}

fn parse_build(parser: &mut lexopt::Parser) -> Result<Task> {
    let mut release = false;
    while let Some(arg) = parser.next()? {
        match arg {
            Long("release") => release = true,
            Short('h') | Long("help") => return Ok(help()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Task::Build { release })
}

/// All that follows `run` belongs to the server.
fn parse_run(parser: &mut lexopt::Parser) -> Result<Task> {
    Ok(rest(parser)?.map_or_else(help, |server_args| Task::Run { server_args }))
}

/// All that follows `bench` belongs to `benches/run.mjs`.
fn parse_bench(parser: &mut lexopt::Parser) -> Result<Task> {
    Ok(rest(parser)?.map_or_else(help, |args| Task::Bench { args }))
}

/// What is left for another program, or `None` where help is asked for; a `--` before it is a courtesy to habit.
fn rest(parser: &mut lexopt::Parser) -> Result<Option<Vec<OsString>>> {
    let mut args: Vec<OsString> = parser.raw_args()?.collect();
    match args.first().and_then(|arg| arg.to_str()) {
        Some("-h" | "--help") => return Ok(None),
        Some("--") => drop(args.remove(0)),
        _ => {}
    }
    Ok(Some(args))
}

fn parse_test(parser: &mut lexopt::Parser) -> Result<Task> {
    let mut choice = Choice::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("only") => choice.only.extend(stage_names(parser)?),
            Long("skip") => choice.skip.extend(stage_names(parser)?),
            Short('v') | Long("verbose") => choice.verbose = true,
            Short('h') | Long("help") => return Ok(help()),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(Task::Test(choice))
}

/// One or more stages, with spaces or commas between them.
fn stage_names(parser: &mut lexopt::Parser) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for value in parser.values()? {
        for name in value.string()?.split(',') {
            if !stages::ALL.iter().any(|stage| stage.name == name) {
                let known: Vec<_> = stages::ALL.iter().map(|stage| stage.name).collect();
                bail!("There is no stage `{name}`; the stages are {}.", known.join(", "));
            }
            names.push(name.to_owned());
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Task> {
        parse(std::iter::once("xtask").chain(line.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn without_a_command_it_teaches() {
        let Ok(Task::Help(text)) = parsed("") else { panic!("no help") };
        assert!(text.contains("cargo xtask run") && text.contains("cargo xtask test"));
        assert!(stages::ALL.iter().all(|stage| text.contains(stage.about)));
    }

    #[test]
    fn everything_after_run_goes_to_the_server() {
        let expected = Task::Run { server_args: vec!["--listen".into(), "127.0.0.1:0".into()] };
        assert_eq!(parsed("run -- --listen 127.0.0.1:0").expect("parses"), expected);
        assert_eq!(parsed("run --listen 127.0.0.1:0").expect("parses"), expected);
    }

    #[test]
    fn everything_after_bench_goes_to_its_parts() {
        let expected = Task::Bench { args: vec!["--part".into(), "modules".into()] };
        assert_eq!(parsed("bench --part modules").expect("parses"), expected);
        assert_eq!(parsed("bench -- --part modules").expect("parses"), expected);
        let Ok(Task::Help(text)) = parsed("bench --help") else { panic!("no help") };
        assert!(text.contains("cargo xtask bench"));
    }

    #[test]
    fn stages_are_listed_with_spaces_or_commas() {
        let expected = Choice { only: vec!["fmt".into(), "clippy".into(), "sizes".into()], ..Choice::default() };
        assert_eq!(parsed("test --only fmt clippy --only=sizes").expect("parses"), Task::Test(expected));
        let expected = Choice { skip: vec!["fmt".into(), "deny".into()], verbose: true, ..Choice::default() };
        assert_eq!(parsed("test --skip fmt,deny --verbose").expect("parses"), Task::Test(expected));
    }

    #[test]
    fn an_unknown_word_is_named() {
        assert!(parsed("test --only nothing").expect_err("no such stage").to_string().contains("`nothing`"));
        assert!(parsed("bake").expect_err("no such command").to_string().contains("`bake`"));
        assert!(parsed("build --fast").is_err());
    }
}
