//! What holds for any input: what encodes decodes, what decodes encodes to the same bytes, a plainer reference agrees.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod key;
mod names;
mod record;
mod scope;
mod time;

use otp_core::key::len_for;
use otp_core::{
    AccountName, Capacity, Error, FreshKey, Holder, Key, Record, Terms, UnixTime, open_ignoring_expiry, seal,
};
use otp_reference::rng;
use proptest::prelude::*;

/// Failing cases are not kept in files: each gets a test of its own.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

/// Names that fit the grammar.
fn account_names() -> impl Strategy<Value = AccountName> {
    "[a-z0-9][a-z0-9._-]{0,30}(/[a-z0-9][a-z0-9._-]{0,20}){0,3}"
        .prop_filter_map("a rule is broken", |name| AccountName::parse(&name).ok())
}

fn times() -> impl Strategy<Value = UnixTime> {
    prop_oneof![0..200_u64, Just(UnixTime::MAX.as_secs()), 0..=UnixTime::MAX.as_secs()].prop_map(time)
}

prop_compose! {
    fn terms()(
        created in times(),
        expires in proptest::option::of(times()),
        holder in proptest::option::of("\\PC{1,16}".prop_filter_map("unprintable", |text| Holder::parse(&text).ok())),
    ) -> Terms {
        Terms::created(created).expiring(expires).held_by(holder)
    }
}

fn sealed(name: &AccountName, capacity: Capacity, terms: &Terms, payload: &[u8], seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut buffer = vec![0; len_for(name.as_str().len(), capacity)];
    let fresh = FreshKey::generate(name, capacity, &mut buffer[..], &mut rng(seed)).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, terms, payload, &mut record).unwrap();
    let mut text = vec![0; key.text_len()];
    key.write_text(&mut text).unwrap();
    (text, record.to_vec())
}

fn opened(text: &[u8], record: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; text.len()];
    let key = Key::parse(text, &mut buffer[..])?;
    Ok(open_ignoring_expiry(key, &Record::decode(record)?)?.expose().to_vec())
}
