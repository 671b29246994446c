//! What is accepted is processed or among the unprocessed messages, however often the server and the processes of its
//! modules are killed: the program itself, real Node, real SQLite.

mod ending;
mod ledger;
mod load;
mod modules;
mod program;
mod storm;

use storm::Storm;

/// The number in a variable of the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

fn storm(kills: usize, messages: usize) -> Storm {
    let now = || stockroom::server::time::now_ms().unsigned_abs();
    // Printed with the first line, so that one that fails can be had again.
    Storm { kills, messages, seed: number("STOCKROOM_TEST_SEED").unwrap_or_else(now) }
}

/// A dozen kills, whichever they are.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_was_accepted_survives_kills_of_server_and_workers() {
    println!("{}", storm(12, 200).run().await);
}

/// docs/ENGINE.md says how to run it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes minutes"]
async fn what_was_accepted_survives_a_hundred_kills() {
    println!("{}", storm(100, 1000).run().await);
}
