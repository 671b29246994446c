//! The clock, in the two shapes that the product uses, and days that people type.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::error::{Result, ServerError};

/// Milliseconds since the Unix epoch.
pub fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// ISO 8601 with milliseconds and `Z`, as the public protocol writes times.
pub fn iso(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |at| format!("{at:.3}"))
}

/// The beginning of a day in UTC such as `2026-03-01`, or of the one so many later, in milliseconds since the Unix epoch;
/// `None` for an empty text.
///
/// # Errors
/// [`ServerError::Invalid`] for what is no day.
pub fn day(text: &str, later: i64) -> Result<Option<i64>> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let fault = || ServerError::Invalid(format!("{text:?} is no day: write it like 2026-03-01."));
    let day: Date = text.trim().parse().map_err(|_| fault())?;
    let day = day.checked_add(later.days()).map_err(|_| fault())?;
    let begin = day.to_zoned(TimeZone::UTC).map_err(|_| fault())?;
    Ok(Some(begin.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn times_are_written_with_milliseconds() {
        assert_eq!(super::iso(1_582_904_074_549), "2020-02-28T15:34:34.549Z");
        assert_eq!(super::iso(0), "1970-01-01T00:00:00.000Z");
    }
}
