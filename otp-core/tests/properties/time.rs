//! Times, formatted as in RFC 3339.

use otp_core::UnixTime;
use proptest::prelude::*;

use crate::{config, times};

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(400) || year.is_multiple_of(4) && !year.is_multiple_of(100)
}

/// A time as text, by counting the days of each year and month.
fn by_counting(secs: u64) -> String {
    let (mut days, mut year) = (secs / 86_400, 1970);
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let mut month = 1;
    for len in [31, 28 + u64::from(is_leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < len {
            break;
        }
        days -= len;
        month += 1;
    }
    let of_day = secs % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day % 3600 / 60, of_day % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", days + 1)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_time_is_shown_as_counting_has_it(time in times()) {
        prop_assert_eq!(time.to_string(), by_counting(time.as_secs()));
    }
}

#[test]
fn each_day_of_400_years_is_shown_as_counting_has_it() {
    for day in 0..146_097 {
        let secs = day * 86_400 + day % 86_400;
        assert_eq!(UnixTime::from_secs(secs).unwrap().to_string(), by_counting(secs));
    }
}
