//! Slows down whoever guesses passwords, without locking out whoever knows one.
//!
//! Failures are counted for an account from one address, for an address over all accounts, and for an account over all
//! addresses. The last count, which a stranger could raise, does not hold for addresses from which the account's owner
//! has signed in before.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// Failures that cost nothing: people mistype.
const FREE_PAIR: u32 = 5;
const FREE_ADDRESS: u32 = 30;
const FREE_ACCOUNT: u32 = 30;
/// The first wait; each failure more doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// A count that nobody adds to is forgotten after this time.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Counts that are kept; beyond it the oldest go, so that memory is bounded.
const MOST: usize = 10_000;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, IpAddr),
    Address(IpAddr),
    Account(String),
}

#[derive(Clone, Copy, Debug)]
struct Count {
    failures: u32,
    last: Instant,
}

#[derive(Default)]
struct Counts {
    failed: HashMap<Key, Count>,
    /// Pairs of account and address that have succeeded.
    trusted: HashSet<(String, IpAddr)>,
}

/// The counts of a running server. They are forgotten when it ends.
#[derive(Default)]
pub struct Throttle {
    counts: Mutex<Counts>,
}

impl Throttle {
    /// How long this attempt has to wait; `None` when it may be made now.
    pub fn wait(&self, account: &str, address: IpAddr, now: Instant) -> Option<Duration> {
        let counts = self.counts.lock();
        let is_trusted = counts.trusted.contains(&(account.to_owned(), address));
        keys(account, address)
            .into_iter()
            .filter(|(key, _)| !(is_trusted && matches!(key, Key::Account(_))))
            .filter_map(|(key, free)| {
                let count = counts.failed.get(&key)?;
                let over = count.failures.checked_sub(free)?;
                let wait = FIRST_WAIT.saturating_mul(2u32.saturating_pow(over)).min(LONGEST_WAIT);
                (count.last + wait).checked_duration_since(now).filter(|left| !left.is_zero())
            })
            .max()
    }

    pub fn failed(&self, account: &str, address: IpAddr, now: Instant) {
        let mut counts = self.counts.lock();
        if counts.failed.len() >= MOST {
            forget_oldest(&mut counts.failed, now);
        }
        for (key, _) in keys(account, address) {
            let count = counts.failed.entry(key).or_insert(Count { failures: 0, last: now });
            if now.duration_since(count.last) > FORGET {
                count.failures = 0;
            }
            count.failures = count.failures.saturating_add(1);
            count.last = now;
        }
    }

    pub fn succeeded(&self, account: &str, address: IpAddr) {
        let mut counts = self.counts.lock();
        counts.failed.remove(&Key::Pair(account.to_owned(), address));
        if counts.trusted.len() >= MOST {
            counts.trusted.clear();
        }
        counts.trusted.insert((account.to_owned(), address));
    }
}

/// Makes room: what is old goes, and then the older half of what is left.
fn forget_oldest(failed: &mut HashMap<Key, Count>, now: Instant) {
    failed.retain(|_, count| now.duration_since(count.last) < FORGET);
    if failed.len() >= MOST {
        let mut times: Vec<Instant> = failed.values().map(|count| count.last).collect();
        let (_, median, _) = times.select_nth_unstable(MOST / 2);
        let median = *median;
        failed.retain(|_, count| count.last > median);
    }
}

fn keys(account: &str, address: IpAddr) -> [(Key, u32); 3] {
    [
        (Key::Pair(account.to_owned(), address), FREE_PAIR),
        (Key::Address(address), FREE_ADDRESS),
        (Key::Account(account.to_owned()), FREE_ACCOUNT),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2));

    #[test]
    fn waits_begin_after_some_failures_and_double() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for _ in 0..FREE_PAIR - 1 {
            throttle.failed("ann", OTHER, now);
            assert_eq!(throttle.wait("ann", OTHER, now), None);
        }
        throttle.failed("ann", OTHER, now);
        assert_eq!(throttle.wait("ann", OTHER, now), Some(FIRST_WAIT));
        throttle.failed("ann", OTHER, now);
        assert_eq!(throttle.wait("ann", OTHER, now), Some(FIRST_WAIT * 2));
        assert_eq!(throttle.wait("ann", OTHER, now + FIRST_WAIT * 2), None);
        assert_eq!(throttle.wait("ann", OWNER, now), None, "another address is another pair");
    }

    #[test]
    fn an_owner_is_not_locked_out_by_strangers() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        throttle.succeeded("ann", OWNER);
        for last in 0..=u8::MAX {
            throttle.failed("ann", IpAddr::from([203, 0, 113, last]), now);
        }
        assert!(throttle.wait("ann", OTHER, now).is_some());
        assert_eq!(throttle.wait("ann", OWNER, now), None);
    }

    #[test]
    fn one_address_cannot_try_every_account() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for account in 0..FREE_ADDRESS {
            throttle.failed(&account.to_string(), OTHER, now);
        }
        assert!(throttle.wait("somebody else", OTHER, now).is_some());
    }

    #[test]
    fn memory_is_bounded_and_success_clears() {
        let (throttle, now) = (Throttle::default(), Instant::now());
        for account in 0..u32::try_from(MOST).expect("fits") {
            let later = now + Duration::from_millis(u64::from(account));
            throttle.failed(&account.to_string(), IpAddr::from(account.to_be_bytes()), later);
        }
        assert!(throttle.counts.lock().failed.len() <= MOST + 3);
        for _ in 0..FREE_PAIR {
            throttle.failed("ann", OWNER, now);
        }
        throttle.succeeded("ann", OWNER);
        assert_eq!(throttle.wait("ann", OWNER, now), None);
    }
}
