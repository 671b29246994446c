//! Kills at random moments while messages are on their way, and the reckoning after them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::Value;

use super::{
    ledger::{self, Ledger},
    load::{Kind, Load, Outcome},
    modules,
    program::{Process, Program},
};
use crate::support::{eventually, folder::column};

/// The longest time from one kill, or the start after it, to the next.
const LONGEST: u64 = 600;
/// How often a message may fail.
const ATTEMPTS: u64 = 8;
/// Of the flow: webhooks, messages to the middle and timers of it, messages to the sink.
const LANES: usize = 4;
/// How long the queue may take to become empty after the last kill, on a machine that is busy.
const EMPTY: Duration = Duration::from_secs(90);

/// How much of it, and which of all the possible ones.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    pub kills: usize,
    pub messages: usize,
    pub seed: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Server,
    Worker,
    Both,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    kills: BTreeMap<Victim, usize>,
    accepted: usize,
    /// Accepted ones that came out, and ones that are among the unprocessed messages.
    processed: usize,
    kept: usize,
    /// Unprocessed ones that were not bad: killed as often as a message may fail.
    kept_for_kills: usize,
    unanswered: usize,
    /// Of those that were not answered, how many were in the queue all the same.
    unanswered_found: usize,
    /// Receipts beyond the first of a message, by the component whose delivery was repeated.
    duplicates: BTreeMap<String, usize>,
    seconds: u64,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kills: usize = self.kills.values().sum();
        writeln!(f, "kills       {kills} {:?}", self.kills)?;
        writeln!(f, "accepted    {}", self.accepted)?;
        writeln!(f, "processed   {}", self.processed)?;
        writeln!(f, "unprocessed {} ({} of them for being killed too often)", self.kept, self.kept_for_kills)?;
        writeln!(f, "unanswered  {} ({} of them queued all the same)", self.unanswered, self.unanswered_found)?;
        let duplicates: usize = self.duplicates.values().sum();
        writeln!(f, "duplicates  {duplicates} {:?}", self.duplicates)?;
        write!(f, "seconds     {}", self.seconds)
    }
}

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    fn victim(&mut self) -> Victim {
        [Victim::Server, Victim::Worker, Victim::Both][self.below(3) as usize]
    }
}

impl Storm {
    /// Runs it, and asserts that nothing is lost, stuck or left behind.
    pub async fn run(self) -> Report {
        let begun = Instant::now();
        println!("{self:?}");
        let mut random = Random(self.seed);
        let (ledger, url) = Ledger::open().await;
        let mut program = Program::new().await;
        let flow = set_up(&program, &url).await;
        let load = Load::new(program.address, &flow);
        let mut report = Report::default();
        for kill in 0..self.kills {
            load.allow(self.messages * (kill + 1) / self.kills - self.messages * kill / self.kills);
            tokio::time::sleep(Duration::from_millis(random.below(LONGEST))).await;
            let victim = random.victim();
            *report.kills.entry(victim).or_default() += 1;
            strike(&mut program, victim, &mut random).await;
            load.moved(program.address);
        }
        while load.accepted() < self.messages {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let outcome = load.finish().await;
        until_empty(&program).await;
        report.reckon(&outcome, &ledger, &unprocessed(&program));
        // A kill hits what is being delivered, one message of each lane; only one that was hit as often as a message may
        // fail is given up.
        let most = self.kills * LANES / ATTEMPTS as usize;
        assert!(report.kept_for_kills <= most, "{} messages were given up:\n{report}", report.kept_for_kills);
        assert_tidy(&mut program).await;
        report.seconds = begun.elapsed().as_secs();
        report
    }
}

pub async fn set_up(program: &Program, url: &str) -> String {
    for module in [modules::source(), modules::middle(), modules::sink()] {
        program.install(&module).await;
    }
    program.set("RETRY_MAX_COUNT", ATTEMPTS).await;
    program.set("WAITING_QUEUE_MIN_TIMEOUT", 10).await;
    program.flow(modules::line(url)).await
}

async fn strike(program: &mut Program, victim: Victim, random: &mut Random) {
    if victim == Victim::Worker {
        // There is work, so there is one soon.
        let workers = eventually("a process of a module", async || {
            let workers = program.workers_of_modules();
            (!workers.is_empty()).then_some(workers)
        })
        .await;
        return workers[random.below(workers.len() as u64) as usize].signal(Signal::KILL);
    }
    let workers = program.workers();
    if victim == Victim::Both {
        workers.iter().for_each(|worker| worker.signal(Signal::KILL));
    }
    program.kill().await;
    program.start_again().await;
    for worker in workers {
        worker.until_gone().await;
    }
}

/// Waits until nothing is on its way any more.
pub async fn until_empty(program: &Program) {
    let begun = Instant::now();
    loop {
        let stuck = column(
            &program.folders.data(),
            "SELECT component_id || ' ' || kind || ' ' || state || ' ' || attempts || ' ' || body FROM messages",
        );
        if stuck.is_empty() {
            return;
        }
        let count = stuck.len();
        assert!(begun.elapsed() < EMPTY, "{count} are stuck, such as {:?}\n{}", stuck[0], program.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The ids in the bodies of all unprocessed messages.
pub fn unprocessed(program: &Program) -> Vec<String> {
    let bodies = column(&program.folders.data(), "SELECT body FROM unprocessed");
    let id = |body: String| {
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let id = body["content"]["data"]["id"].as_str().or(body["content"]["id"].as_str());
        id.expect("an id").to_owned()
    };
    bodies.into_iter().map(id).collect()
}

impl Report {
    pub fn reckon(&mut self, outcome: &Outcome, ledger: &Ledger, kept: &[String]) {
        let Outcome { accepted, unanswered } = outcome;
        let (receipts, kept) = (ledger.by_id(), kept.iter().collect::<BTreeSet<_>>());
        let is_found = |id: &&String| receipts.contains_key(*id) || kept.contains(*id);
        let lost: Vec<_> = accepted.keys().filter(|id| !is_found(id)).collect();
        assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), accepted.len());
        for (id, kind) in accepted {
            if *kind == Kind::Bad {
                assert!(kept.contains(id) && !receipts.contains_key(id), "{id} is bad, but came through");
            }
        }
        self.kept_for_kills = accepted.iter().filter(|(id, kind)| **kind != Kind::Bad && kept.contains(id)).count();
        let is_known = |id: &String| accepted.contains_key(id) || unanswered.contains(id);
        let strange: Vec<_> = receipts.keys().chain(kept.iter().copied()).filter(|id| !is_known(id)).collect();
        assert!(strange.is_empty(), "nobody has sent {strange:?}");
        for receipts in receipts.values() {
            for second in &receipts[1..] {
                let why = receipts.iter().find_map(|first| ledger::repeated_at(first, second));
                let at = why.unwrap_or_else(|| panic!("delivered twice without a reason: {receipts:?}"));
                *self.duplicates.entry(at).or_default() += 1;
            }
        }
        self.accepted = accepted.len();
        self.processed = accepted.keys().filter(|id| receipts.contains_key(*id)).count();
        self.kept = accepted.keys().filter(|id| kept.contains(id)).count();
        self.unanswered = unanswered.len();
        self.unanswered_found = unanswered.iter().filter(is_found).count();
    }

    pub fn duplicates(&self) -> usize {
        self.duplicates.values().sum()
    }
}

/// Asserts that no process, no folder of one and no fault in the database has been left behind, before and after the end.
pub async fn assert_tidy(program: &mut Program) {
    eventually("each folder has its process", async || {
        (program.worker_folders().len() == program.workers().len()).then_some(())
    })
    .await;
    let workers = program.workers();
    let server = program.process();
    server.signal(Signal::TERM);
    assert_eq!(program.ended().await.code(), Some(0), "{}", program.log());
    all_gone(&workers).await;
    assert_eq!(program.worker_folders(), Vec::<std::path::PathBuf>::new());
    assert_eq!(column(&program.folders.data(), "PRAGMA integrity_check"), ["ok"]);
}

pub async fn all_gone(workers: &[Process]) {
    for worker in workers {
        worker.until_gone().await;
    }
}
