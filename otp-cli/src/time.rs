//! Dates and durations as people write them.

use jiff::civil::{Date, DateTime};
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use otp_core::UnixTime;

use crate::Result;
use crate::error::Error;

/// What times are counted from.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A time as RFC 3339 has it, in UTC.
pub(crate) fn rfc3339(time: UnixTime) -> String {
    // A civil time, since it reaches to the last second of the year 9999, which a timestamp of the library does not.
    let secs = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let since = SignedDuration::from_secs(secs);
    format!("{}Z", EPOCH.saturating_add(since))
}

/// A time from now on: a duration (`30d`), a date (from 00:00 UTC on), or a time of RFC 3339.
pub(crate) fn parse_when(text: &str, now: UnixTime) -> Result<UnixTime> {
    let instant = text.parse::<Timestamp>().map(Timestamp::as_second).or_else(|_| {
        // By the calendar alone, which reaches further than the library's timestamps.
        text.parse::<Date>().map(|date| date.at(0, 0, 0, 0).duration_since(EPOCH).as_secs())
    });
    let time = if let Ok(secs) = instant {
        u64::try_from(secs).ok().and_then(|secs| UnixTime::from_secs(secs).ok())
    } else {
        let invalid = || format!("{text:?} is neither a duration nor a date; use one like 30d, 12h or 2027-01-31");
        Some(now.after(duration(text).ok_or_else(invalid).map_err(Error::Usage)?))
    };
    match time {
        Some(time) if time > now => Ok(time),
        _ => Err(Error::Usage(format!("{text} is not a time to come; use one like 30d or 2027-01-31"))),
    }
}

/// A duration in seconds: `90s`, `15m`, `24h`, `30d`, `2w`, and combinations. A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<u64> {
    duration(text).ok_or_else(|| Error::Usage(format!("{text:?} is not a duration; use one like 24h, 90m or 7d")))
}

fn duration(text: &str) -> Option<u64> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    u64::try_from(duration.as_secs()).ok().filter(|secs| *secs > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_come_are_read_in_each_form() {
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        for (text, secs) in [
            ("30d", 1_800_000_000 + 30 * 86_400),
            ("12h", 1_800_000_000 + 43_200),
            ("1w 2d", 1_800_000_000 + 9 * 86_400),
            ("2027-01-31", 1_801_353_600),
            ("2027-01-31T12:00:00Z", 1_801_396_800),
            ("2027-01-31T13:00:00+01:00", 1_801_396_800),
            ("9999-12-31", 253_402_300_799 - 86_399),
        ] {
            assert_eq!(parse_when(text, now).unwrap().as_secs(), secs, "{text}");
        }
        for text in ["", "soon", "-1d", "0s", "2020-01-01", "1969-01-01", "10000-01-01", "30", "2027-02-30", "1mo"] {
            assert!(parse_when(text, now).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(UnixTime::from_secs(0).unwrap()), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(UnixTime::MAX), "9999-12-31T23:59:59Z");
    }
}
