//! Time stamps.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now, in UTC, as in `2026-11-24T16:11:03Z` (ISO 8601).
pub fn now() -> String {
    stamp(SystemTime::now())
}

/// A point in time in UTC, to the second, as in `2026-11-24T16:11:03Z` (ISO 8601). Times before
/// 1970 come out as the first second of 1970: no clock of ours shows them.
///
/// ```
/// let epoch = std::time::UNIX_EPOCH;
/// assert_eq!(striate_base::time::stamp(epoch), "1970-01-01T00:00:00Z");
/// ```
pub fn stamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of the Gregorian calendar, `days` after 1970-01-01.
fn date(mut days: u64) -> (u64, u64, u64) {
    // Whole cycles of 400 years have 146 097 days each.
    let mut year = 1970 + 400 * (days / 146_097);
    days %= 146_097;
    while days >= days_in_year(year) {
        days -= days_in_year(year);
        year += 1;
    }
    let mut month = 1;
    while days >= days_in_month(year, month) {
        days -= days_in_month(year, month);
        month += 1;
    }
    (year, month, days + 1)
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in_year(year: u64) -> u64 {
    if is_leap(year) { 366 } else { 365 }
}

fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn stamps_agree_with_date_of_coreutils() {
        // `date -u -d @N +%FT%TZ`
        for (seconds, expected) in [
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_078_012_799, "2004-02-28T23:59:59Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (13_569_465_600, "2400-01-01T00:00:00Z"),
        ] {
            assert_eq!(stamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }
}
