//! The project's own build tool: `cargo xtask --help` says what it does.

mod assets;
mod bench;
mod build;
mod checks;
mod cli;
mod command;
mod compress;
mod counts;
mod css;
mod host;
mod limits;
mod readme;
mod site;
mod stages;
mod toolchain;
mod tools;
mod wasm;

use std::process::ExitCode;

use cli::Task;
use command::Shell;

fn main() -> ExitCode {
    let task = match cli::parse(std::env::args_os()) {
        Ok(task) => task,
        Err(error) => {
            eprintln!("{error:#}\n\n`cargo xtask --help` shows what there is.");
            return ExitCode::from(2);
        }
    };
    let outcome = match task {
        Task::Help(text) => {
            println!("{text}");
            Ok(ExitCode::SUCCESS)
        }
        Task::Build { release } => build::everything(&Shell::inherit(), release).map(|_| ExitCode::SUCCESS),
        Task::Run { server_args } => build::run(&Shell::inherit(), &server_args),
        Task::Test(choice) => stages::run(&choice),
        Task::Bench { args } => bench::run(&Shell::inherit(), &args).map(|()| ExitCode::SUCCESS),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("\nerror: {error:#}");
        ExitCode::FAILURE
    })
}
