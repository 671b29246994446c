//! A point in time, readable and exact.

use jiff::{Timestamp, Zoned, tz::TimeZone};
use leptos::prelude::*;

use crate::server::time::{iso, now_ms};

/// How long ago, with the exact time beside it for whoever asks.
#[component]
pub fn Moment(
    /// Milliseconds since the Unix epoch.
    at: i64,
) -> impl IntoView {
    let exact = iso(at);
    view! { <time datetime=exact.clone() title=exact>{ago(at, now_ms())}</time> }
}

/// `just now`, `5 minutes ago`, `in 3 days`, else the date.
fn ago(at: i64, now: i64) -> String {
    let seconds = (now - at).abs() / 1000;
    let (number, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3_600 => (seconds / 60, "minute"),
        3_600..86_400 => (seconds / 3_600, "hour"),
        86_400..2_592_000 => (seconds / 86_400, "day"),
        _ => return date(at),
    };
    let plural = if number == 1 { "" } else { "s" };
    if at <= now { format!("{number} {unit}{plural} ago") } else { format!("in {number} {unit}{plural}") }
}

/// The date in UTC, as in `2026-03-01`.
fn date(at: i64) -> String {
    Timestamp::from_millisecond(at).map(|at| Zoned::new(at, TimeZone::UTC).date().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::ago;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = 1_800_000_000_000;
        assert_eq!(ago(now - 5_000, now), "just now");
        assert_eq!(ago(now - 60_000, now), "1 minute ago");
        assert_eq!(ago(now - 7_300_000, now), "2 hours ago");
        assert_eq!(ago(now + 3 * 86_400_000, now), "in 3 days");
        assert_eq!(ago(0, now), "1970-01-01");
    }
}
