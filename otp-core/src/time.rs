//! [`UnixTime`]: whole seconds, as records and notes keep them.

use core::fmt;

/// Seconds after 1970-01-01T00:00:00Z without leap seconds, up to the end of the year 9999.
///
/// It displays as RFC 3339, in UTC:
///
/// ```
/// let time = otp_core::UnixTime::from_secs(1_800_000_000).ok_or("after the year 9999")?;
/// assert_eq!(time.to_string(), "2027-01-15T08:00:00Z");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
// Aligned like everything else in a header, so that a device can move it without a routine for 8-byte words.
#[repr(Rust, packed(4))]
pub struct UnixTime(u64);

const SECS_PER_DAY: u64 = 86_400;

impl UnixTime {
    /// 9999-12-31T23:59:59Z, the last time that RFC 3339 can write.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time so many seconds after 1970; `None` after [`UnixTime::MAX`].
    #[must_use]
    pub const fn from_secs(secs: u64) -> Option<Self> {
        if secs > Self::MAX.0 { None } else { Some(Self(secs)) }
    }

    /// The seconds after 1970.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.0
    }

    /// The time `secs` seconds later, at most [`UnixTime::MAX`].
    #[must_use]
    pub const fn after(self, secs: u64) -> Self {
        let sum = self.0.saturating_add(secs);
        Self(if sum > Self::MAX.0 { Self::MAX.0 } else { sum })
    }

    /// The system clock's time; a clock before 1970 counts as 1970.
    #[cfg(feature = "std")]
    #[must_use]
    pub fn now() -> Self {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        Self(since.map_or(0, |duration| duration.as_secs()).min(Self::MAX.0))
    }
}

impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, secs) = (self.0 / SECS_PER_DAY, self.0 % SECS_PER_DAY);
        // Days to a civil date (Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days). Years begin
        // in March, so that a leap day comes last; 719,468 days lie between 0000-03-01 and 1970-01-01.
        let days = days + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + u64::from(month <= 2);
        let (hour, minute, second) = (secs / 3600, secs / 60 % 60, secs % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn times_end_with_the_year_9999() {
        assert_eq!(UnixTime::from_secs(253_402_300_800), None);
        assert_eq!(UnixTime::MAX.after(1), UnixTime::MAX);
        assert_eq!(UnixTime::from_secs(1).unwrap().after(2).as_secs(), 3);
    }

    #[cfg(feature = "std")]
    #[test]
    fn now_is_after_2025_and_before_the_last_time() {
        let year_2026 = UnixTime::from_secs(1_767_225_600).unwrap();
        assert!((year_2026..UnixTime::MAX).contains(&UnixTime::now()));
    }

    #[test]
    fn times_are_shown_as_rfc_3339() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_799, "2000-02-29T23:59:59Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (UnixTime::MAX.as_secs(), "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixTime::from_secs(secs).unwrap().to_string(), text);
        }
    }
}
