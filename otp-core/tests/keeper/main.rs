//! A keeper over the store in memory: pairs of concurrent operations, damage, and sources of randomness that fail.
//!
//! What a keeper does over any store is in `otp_core::testing`, which `tests/conformance` runs.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damage;
mod draws;
mod hooked;
mod meetings;
mod moments;
mod overtaken;
mod scheduled;

use otp_core::keeper::{Gone, ROTATION_LIMIT_SECS, TOMBSTONE_SECS};
use otp_core::testing::{HeldKey, NOW, count};
use otp_core::{AccountName, KeepError, Kind, MemoryStore, Store};

fn account() -> AccountName {
    AccountName::parse("edms/reporting").unwrap()
}

/// How many records, notes and markers the account has.
fn counts<S: Store>(store: &S) -> [usize; 3] {
    [Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(store, &account(), kind))
}

/// What is known about a key that does not open.
fn gone(key: &HeldKey, store: &MemoryStore) -> Gone {
    match key.open_at(store, NOW) {
        Err(KeepError::NoKey { gone, .. }) => gone,
        other => panic!("{other:?}"),
    }
}

#[test]
fn tombstones_are_kept_for_400_days_and_a_rotation_has_an_hour() {
    assert_eq!((TOMBSTONE_SECS, ROTATION_LIMIT_SECS), (34_560_000, 3_600));
}
