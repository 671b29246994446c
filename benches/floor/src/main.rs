//! The least that the same bytes cost: an installation that only reads, checks and writes, and a server that only answers.
//! `cargo xtask bench` measures Stockroom beside them.

mod install;
mod serve;

use std::{error::Error, path::Path, process::ExitCode};

const USAGE: &str =
    "floor install ARCHIVE FOLDER ROUNDS   installs so many times, and prints the milliseconds of each as JSON
floor serve FILE MEDIA_TYPE CODING    answers every request with the file; CODING is br, gzip or identity";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["install", archive, folder, rounds] => install(archive, folder, rounds),
        ["serve", file, media_type, coding] => serve::serve(Path::new(file), media_type, coding),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn install(archive: &str, folder: &str, rounds: &str) -> Result<(), Box<dyn Error>> {
    let rounds: u32 = rounds.parse()?;
    let mut times = Vec::new();
    for round in 0..rounds {
        let folder = Path::new(folder).join(format!("round-{round}"));
        let took = install::install(Path::new(archive), &folder)?;
        times.push(format!("{:.3}", took.as_secs_f64() * 1000.0));
        std::fs::remove_dir_all(&folder)?;
    }
    println!("[{}]", times.join(", "));
    Ok(())
}
