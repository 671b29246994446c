//! When jobs are due: `second minute hour day month weekday`, or the same without seconds, in UTC.

use jiff::{
    Timestamp, ToSpan,
    civil::{DateTime, Weekday},
    tz::TimeZone,
};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
/// How far a day is looked for: the 29th of February may be eight years away.
const DAYS_AHEAD: i32 = 366 * 9;

/// Which numbers fit, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Field {
    bits: u64,
    /// It leaves nothing out.
    is_any: bool,
}

impl Field {
    fn has(self, number: i8) -> bool {
        self.bits & (1 << number) != 0
    }

    /// The least one from `from` on.
    fn next(self, from: i8, most: i8) -> Option<i8> {
        (from..=most).find(|&number| self.has(number))
    }

    fn read(text: &str, least: i8, most: i8, names: &[&str]) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no part of a schedule");
        let number = |text: &str| -> Result<i8, String> {
            let named = names.iter().position(|name| text.len() >= 3 && text.to_ascii_lowercase().starts_with(name));
            let number = match named {
                Some(at) => i8::try_from(at).unwrap_or(0) + least,
                None => text.parse().map_err(|_| wrong())?,
            };
            (least..=most).contains(&number).then_some(number).ok_or_else(wrong)
        };
        let mut bits = 0;
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse::<usize>().map_err(|_| wrong())?),
                None => (part, 1),
            };
            if step == 0 {
                return Err(wrong());
            }
            let (from, to) = match range.split_once('-') {
                _ if range == "*" || range == "?" => (least, most),
                Some((from, to)) => (number(from)?, number(to)?),
                None if part.contains('/') => (number(range)?, most),
                None => (number(range)?, number(range)?),
            };
            if from > to {
                return Err(wrong());
            }
            (from..=to).step_by(step).for_each(|number| bits |= 1 << number);
        }
        Ok(Self { bits, is_any: text.starts_with('*') || text == "?" })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Schedule {
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
}

impl Schedule {
    /// # Errors
    /// What of it will not do.
    pub fn read(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let (seconds, rest) = match fields.as_slice() {
            [seconds, rest @ ..] if rest.len() == 5 => (*seconds, rest),
            rest if rest.len() == 5 => ("0", rest),
            _ => return Err(format!("{text:?} is no schedule: it takes five or six parts")),
        };
        let mut weekdays = Field::read(rest[4], 0, 7, &DAYS)?;
        // Sunday is 0 and 7.
        if weekdays.has(7) {
            weekdays.bits |= 1;
        }
        Ok(Self {
            seconds: Field::read(seconds, 0, 59, &[])?,
            minutes: Field::read(rest[0], 0, 59, &[])?,
            hours: Field::read(rest[1], 0, 23, &[])?,
            days: Field::read(rest[2], 1, 31, &[])?,
            months: Field::read(rest[3], 1, 12, &MONTHS)?,
            weekdays,
        })
    }

    /// The first time after this one, both in milliseconds since the Unix epoch; `None` where there is none.
    pub fn after(&self, now: i64) -> Option<i64> {
        let second = Timestamp::from_second(now.div_euclid(1000) + 1).ok()?;
        let first = second.to_zoned(TimeZone::UTC).datetime();
        for ahead in 0..DAYS_AHEAD {
            let day = first.date().checked_add(ahead.days()).ok()?;
            if !self.has_day(day.month(), day.day(), day.weekday()) {
                continue;
            }
            let from = if ahead == 0 { first } else { day.at(0, 0, 0, 0) };
            if let Some(found) = self.of_day(from) {
                let found = found.to_zoned(TimeZone::UTC).ok()?;
                return Some(found.timestamp().as_millisecond());
            }
        }
        None
    }

    /// Where both say something, either will do.
    fn has_day(&self, month: i8, day: i8, weekday: Weekday) -> bool {
        let (by_day, by_weekday) = (self.days.has(day), self.weekdays.has(weekday.to_sunday_zero_offset()));
        let fits = match (self.days.is_any, self.weekdays.is_any) {
            (false, false) => by_day || by_weekday,
            _ => by_day && by_weekday,
        };
        self.months.has(month) && fits
    }

    /// The first time of a day from `from` on.
    fn of_day(&self, from: DateTime) -> Option<DateTime> {
        let (mut hour, mut minute, mut second) = (from.hour(), from.minute(), from.second());
        loop {
            let next = self.hours.next(hour, 23)?;
            if next > hour {
                (minute, second) = (0, 0);
            }
            hour = next;
            while let Some(next) = self.minutes.next(minute, 59) {
                if next > minute {
                    second = 0;
                }
                minute = next;
                if let Some(second) = self.seconds.next(second, 59) {
                    return Some(from.date().at(hour, minute, second, 0));
                }
                (minute, second) = (minute + 1, 0);
            }
            (hour, minute, second) = (hour + 1, 0, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().expect("a time").as_millisecond()
    }

    #[test]
    fn the_next_time_is_the_first_that_fits() {
        for (schedule, now, next) in [
            ("0 */1 * * * *", "2026-03-01T10:00:00Z", "2026-03-01T10:01:00Z"),
            ("*/10 * * * * *", "2026-03-01T10:00:55Z", "2026-03-01T10:01:00Z"),
            ("0 */10 * * * *", "2026-03-01T23:55:00.5Z", "2026-03-02T00:00:00Z"),
            ("0 0 */12 * * *", "2026-12-31T13:00:00Z", "2027-01-01T00:00:00Z"),
            ("30 2 * * *", "2026-03-01T02:29:59.999Z", "2026-03-01T02:30:00Z"),
            ("30 2 * * *", "2026-03-01T02:30:00Z", "2026-03-02T02:30:00Z"),
            ("0 0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 0 9 * * mon-fri", "2026-03-06T09:00:00Z", "2026-03-09T09:00:00Z"),
            ("0 0 9 * * 7", "2026-03-06T09:00:00Z", "2026-03-08T09:00:00Z"),
            ("0 0 0 13 * Fri", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"),
            ("15,45 5-7/2 3 1 Jan *", "2026-03-01T00:00:00Z", "2027-01-01T03:05:15Z"),
            ("0 5/20 * * * *", "2026-03-01T00:06:00Z", "2026-03-01T00:25:00Z"),
        ] {
            let schedule = Schedule::read(schedule).expect("a schedule");
            assert_eq!(schedule.after(ms(now)), Some(ms(next)), "{schedule:?} {now}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for text in [
            "",
            "* * * *",
            "* * * * * * *",
            "60 * * * * *",
            "* * * 0 * *",
            "*/0 * * * * *",
            "a * * * * *",
            "5-1 * * * *",
        ] {
            assert!(Schedule::read(text).is_err(), "{text}");
        }
        assert_eq!(Schedule::read("0 0 0 31 2 *").expect("reads").after(0), None);
    }
}
