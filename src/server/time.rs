//! The clock, in the two shapes that the product uses.

use jiff::Timestamp;

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// ISO 8601 with milliseconds and `Z`, as the public protocol writes times.
pub fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(super::iso(1_582_904_074_549), "2020-02-28T15:34:34.549Z");
        assert_eq!(super::iso(0), "1970-01-01T00:00:00.000Z");
    }
}
