//! Valid names and times.

use otp_core::{AccountName, UnixTime};

pub(crate) fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

pub(crate) fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}
