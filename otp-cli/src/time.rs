//! Dates and durations as people write them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use otp_core::UnixTime;

use crate::Result;
use crate::error::Error;

/// A time as RFC 3339 has it, in UTC.
pub(crate) fn rfc3339(time: UnixTime) -> String {
    // A civil time, since it reaches to the last second of the year 9999, which a timestamp of the library does not.
    let secs = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let since = SignedDuration::from_secs(secs);
    format!("{}Z", DateTime::constant(1970, 1, 1, 0, 0, 0, 0).saturating_add(since))
}

/// A time from now on: a duration (`30d`), a date (from 00:00 UTC on), or a time of RFC 3339.
pub(crate) fn parse_when(text: &str, now: UnixTime) -> Result<UnixTime> {
    let instant = text.parse::<Timestamp>().or_else(|_| {
        let date: Date = text.parse()?;
        TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0))
    });
    let time = match instant {
        Ok(instant) => u64::try_from(instant.as_second()).ok().and_then(|secs| UnixTime::from_secs(secs).ok()),
        Err(_) => Some(now.after(parse_duration(text)?)),
    };
    match time {
        Some(time) if time > now => Ok(time),
        _ => Err(Error::Usage(format!("{text} is not a time to come; use one like 30d or 2027-01-31"))),
    }
}

/// A duration in seconds: `90s`, `15m`, `24h`, `30d`, `2w`, and combinations. A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<u64> {
    let invalid = || Error::Usage(format!("{text:?} is not a duration or date; use one like 24h, 30d or 2027-01-31"));
    let span: Span = text.parse().map_err(|_| invalid())?;
    let duration: SignedDuration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| invalid())?;
    match u64::try_from(duration.as_secs()) {
        Ok(secs) if secs > 0 => Ok(secs),
        _ => Err(invalid()),
    }
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
