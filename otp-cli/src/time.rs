//! Dates and durations as people write them.

use jiff::civil::{Date, DateTime};
use jiff::{Span, SpanRelativeTo, Timestamp};
use otp_core::UnixTime;

use crate::error::{Error, Result};

/// The epoch that times are counted from.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

/// A time in the future: a duration (`30d`), a date (from 00:00 UTC on), or a date and time with its zone (RFC 3339).
pub(crate) fn parse_when(text: &str, now: UnixTime) -> Result<UnixTime> {
    let time = if let Some(secs) = instant(text)? {
        u64::try_from(secs).ok().and_then(UnixTime::from_secs)
    } else {
        let invalid = || Error::usage_with(format!("{text:?} is neither a duration nor a date"), EXAMPLES);
        Some(now.after(duration(text).ok_or_else(invalid)?))
    };
    match time {
        Some(time) if time > now => Ok(time),
        _ => Err(Error::usage_with(format!("{text} is not in the future"), EXAMPLES)),
    }
}

/// A time in the past: a duration before now (`7d`), a date (from 00:00 UTC on), or a date and time with its zone (RFC 3339).
pub(crate) fn parse_since(text: &str, now: UnixTime) -> Result<UnixTime> {
    let secs = match instant(text)? {
        Some(secs) => u64::try_from(secs).ok(),
        None => duration(text).map(|ago| now.as_secs().saturating_sub(ago)),
    };
    let invalid = || Error::usage_with(format!("{text:?} is neither a duration nor a date"), EXAMPLES);
    secs.and_then(UnixTime::from_secs).ok_or_else(invalid)
}

/// The time in an RFC 3339 text.
pub(crate) fn at(text: &str) -> Option<UnixTime> {
    instant(text).ok().flatten().and_then(|secs| UnixTime::from_secs(u64::try_from(secs).ok()?))
}

/// The seconds since 1970 of a date, or of a date and time; `None` if it is neither.
fn instant(text: &str) -> Result<Option<i64>> {
    // Digits alone, or a leap second, which the library would turn into the second before.
    if text.bytes().all(|byte| byte.is_ascii_digit()) || text.contains(":60") {
        return Ok(None);
    }
    if let Ok(timestamp) = text.parse::<Timestamp>() {
        return match timestamp.subsec_nanosecond() {
            0 => Ok(Some(timestamp.as_second())),
            _ => Err(Error::usage_with(format!("{text} is not a whole second"), "leave out the fraction")),
        };
    }
    // The library would also parse the date of a date and time, and drop the rest.
    if !is_date(text) {
        return match text.parse::<DateTime>() {
            Ok(_) => {
                Err(Error::usage_with(format!("{text} has no time zone"), "add Z for UTC, or an offset such as +01:00"))
            }
            Err(_) => Ok(None),
        };
    }
    // By the calendar alone, which has a wider range than the library's timestamps.
    Ok(text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0).duration_since(EPOCH).as_secs()))
}

/// Whether a text is only digits and hyphens, like a date.
pub(crate) fn is_date(text: &str) -> bool {
    text.contains('-') && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Examples of times, for hints.
const EXAMPLES: &str = "use one like 30d, 12h, 2027-01-31 or 2027-01-31T18:00:00Z";

/// A duration in seconds: `90s`, `15m`, `24h`, `30d`, `2w`, and combinations. A day has 24 hours.
pub(crate) fn parse_duration(text: &str) -> Result<u64> {
    duration(text)
        .ok_or_else(|| Error::usage_with(format!("{text:?} is not a duration"), "use one like 24h, 90m or 7d"))
}

fn duration(text: &str) -> Option<u64> {
    let span: Span = text.parse().ok()?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    let is_whole = duration.subsec_nanos() == 0;
    u64::try_from(duration.as_secs()).ok().filter(|secs| *secs > 0 && is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn past_times_are_read_in_each_form() {
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        for (text, secs) in [
            ("30d", 1_800_000_000 - 30 * 86_400),
            ("2027-01-31", 1_801_353_600),
            ("2027-01-31T13:00:00+01:00", 1_801_396_800),
        ] {
            assert_eq!(parse_since(text, now).unwrap().as_secs(), secs, "{text}");
        }
        for text in ["", "soon", "-1d", "0s", "1969-01-01", "2027-01-31T12:00:00"] {
            assert!(parse_since(text, now).is_err(), "{text}");
        }
        assert_eq!(at("1970-01-01T00:00:09Z").map(UnixTime::as_secs), Some(9));
        assert_eq!(at("yesterday"), None);
    }

    #[test]
    fn future_times_are_read_in_each_form() {
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
        for text in [
            "2027-01-31T12:00:00",
            "2027-01-31 12:00",
            "2027-01-31T12:00",
            "2027-01-31T12:00:00.5Z",
            "2027-01-31Z",
            "2027-01-31T24:00:00Z",
            "2027-01-31T23:59:60Z",
            "1500ms",
            "90.5s",
            "20270131",
            "-2027-01-31",
        ] {
            assert!(parse_when(text, now).is_err(), "{text}");
        }
        for text in ["", "soon", "-1d", "0s", "2020-01-01", "1969-01-01", "10000-01-01", "30", "2027-02-30", "1mo"] {
            assert!(parse_when(text, now).is_err(), "{text}");
        }
    }
}
