//! When a message that failed is tried again, and what becomes of it when it is not.

use super::host::FailureKind;
use crate::{
    domain::flow::{ErrorHandling, OnError},
    server::settings::{RETRY_INIT_EXP, RETRY_MAX_COUNT, RETRY_MAX_EXP, Settings},
};

/// The server's schedule. Times are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after the first failure; each later one is twice as long.
    pub first: u64,
    pub longest: u64,
    /// Failures after which a message is not tried again.
    pub count: u32,
}

/// What happens after a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is tried again after so many milliseconds.
    Again(i64),
    /// It is kept among the unprocessed messages.
    Store,
    /// It leaves by the error port.
    ErrorPort,
    /// The flow is stopped; the message is kept all the same.
    StopFlow,
    /// It ends here: trying again cannot help, and nobody has asked for more.
    End,
}

impl Schedule {
    /// As it is set now.
    pub fn of(settings: &Settings) -> Self {
        Self {
            first: settings.number(RETRY_INIT_EXP),
            longest: settings.number(RETRY_MAX_EXP),
            count: u32::try_from(settings.number(RETRY_MAX_COUNT)).unwrap_or(u32::MAX),
        }
    }

    /// The wait after the `failures`th failure.
    fn wait(self, failures: u32) -> i64 {
        let doubled = 1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(u64::MAX);
        i64::try_from(self.first.saturating_mul(doubled).min(self.longest)).unwrap_or(i64::MAX)
    }

    /// What happens after the `failures`th failure of a message, counted from 1.
    pub fn next(self, handling: &ErrorHandling, kind: FailureKind, failures: u32) -> Next {
        if can_help(kind) {
            let limit = match (handling.auto_retry, handling.max_retries) {
                (Some(false), _) => 1,
                (_, Some(retries)) => retries.saturating_add(1),
                (_, None) => self.count,
            };
            if failures < limit {
                return Next::Again(self.wait(failures));
            }
        }
        match (handling.on_error, kind) {
            (OnError::ErrorPort, _) => Next::ErrorPort,
            (OnError::StopFlow, _) => Next::StopFlow,
            (OnError::StoreUnprocessed, FailureKind::Cancelled | FailureKind::TooBig) => Next::End,
            (OnError::StoreUnprocessed, _) => Next::Store,
        }
    }
}

/// Whether trying again may help.
fn can_help(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Thrown | FailureKind::Missing | FailureKind::Crashed | FailureKind::TimedOut => true,
        FailureKind::Cancelled | FailureKind::Invalid | FailureKind::TooBig => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: u64 = 60_000;
    const DEFAULT: Schedule = Schedule { first: MINUTE, longest: 60 * MINUTE, count: 30 };

    fn handling(auto_retry: Option<bool>, max_retries: Option<u32>, on_error: OnError) -> ErrorHandling {
        ErrorHandling { auto_retry, max_retries, on_error }
    }

    #[test]
    fn the_wait_doubles_up_to_the_longest_and_the_thirtieth_failure_is_the_last() {
        let minutes = |failures| match DEFAULT.next(&ErrorHandling::default(), FailureKind::Thrown, failures) {
            Next::Again(ms) => u64::try_from(ms).expect("not below 0") / MINUTE,
            other => panic!("{failures}: {other:?}"),
        };
        let waits: Vec<u64> = (1..30).map(minutes).collect();
        assert_eq!(waits[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
        assert!(waits[8..].iter().all(|wait| *wait == 60));
        assert_eq!(DEFAULT.next(&ErrorHandling::default(), FailureKind::Thrown, 30), Next::Store);
        assert_eq!(DEFAULT.next(&ErrorHandling::default(), FailureKind::Thrown, 31), Next::Store);
    }

    #[test]
    fn every_kind_and_every_handling() {
        use FailureKind::{Cancelled, Crashed, Invalid, Missing, Thrown, TimedOut, TooBig};
        use OnError::{ErrorPort, StopFlow, StoreUnprocessed};
        let table = [
            (handling(None, None, StoreUnprocessed), [Next::Again(60_000), Next::Store, Next::End]),
            (handling(None, None, ErrorPort), [Next::Again(60_000), Next::ErrorPort, Next::ErrorPort]),
            (handling(None, None, StopFlow), [Next::Again(60_000), Next::StopFlow, Next::StopFlow]),
            (handling(Some(false), Some(5), StoreUnprocessed), [Next::Store, Next::Store, Next::End]),
            (handling(Some(false), None, ErrorPort), [Next::ErrorPort, Next::ErrorPort, Next::ErrorPort]),
            (handling(Some(true), Some(0), StopFlow), [Next::StopFlow, Next::StopFlow, Next::StopFlow]),
        ];
        for (handling, [curable, invalid, ended]) in table {
            for kind in [Thrown, Missing, Crashed, TimedOut] {
                assert_eq!(DEFAULT.next(&handling, kind, 1), curable, "{handling:?} {kind:?}");
            }
            assert_eq!(DEFAULT.next(&handling, Invalid, 1), invalid, "{handling:?}");
            for kind in [Cancelled, TooBig] {
                assert_eq!(DEFAULT.next(&handling, kind, 1), ended, "{handling:?} {kind:?}");
            }
        }
    }

    #[test]
    fn a_node_counts_its_own_retries() {
        let five = handling(Some(true), Some(5), OnError::StoreUnprocessed);
        assert_eq!(DEFAULT.next(&five, FailureKind::Thrown, 5), Next::Again(16 * 60_000));
        assert_eq!(DEFAULT.next(&five, FailureKind::Thrown, 6), Next::Store);
    }

    #[test]
    fn odd_settings_do_no_harm() {
        let odd = Schedule { first: u64::MAX, longest: u64::MAX, count: u32::MAX };
        assert_eq!(odd.next(&ErrorHandling::default(), FailureKind::Thrown, 1_000), Next::Again(i64::MAX));
        let never = Schedule { first: 0, longest: 0, count: 0 };
        assert_eq!(never.next(&ErrorHandling::default(), FailureKind::Thrown, 1), Next::Store);
    }
}
