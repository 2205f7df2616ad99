//! Sealing and opening without any store.

use otp_core::{AccountName, FreshKey, Record, Secret, Terms, UnixTime};
use otp_sys::LockedBuf;

use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::fields::value_input;
use crate::key_source::parse_key;
use crate::new_key::NewKey;
use crate::randomness::Randomness;
use crate::terms::KeyTerms;

/// Seals bytes without any store: returns the key, and the record's bytes.
///
/// # Errors
///
/// Those of names and lengths, and of the source of randomness.
pub fn seal_bytes(
    account: &str,
    secret: &[u8],
    terms: &KeyTerms<'_>,
    randomness: &mut Randomness,
) -> Result<(NewKey, Vec<u8>)> {
    value_input(secret);
    let (name, grant) = (AccountName::parse(account)?, terms.grant()?);
    let capacity = grant.capacity_for(secret.len())?;
    let buffer = LockedBuf::new(otp_core::key::len_for(name.as_str().len(), capacity));
    let fresh = FreshKey::generate(&name, capacity, buffer, randomness).map_err(Error::from_draw)?;
    let terms = Terms::created(UnixTime::now()).expiring(grant.expires).held_by(grant.holder.clone());
    // The frame does not leave this before it is under its pad.
    let mut draft = LockedBuf::new(Record::max_len(capacity));
    let (key, record) = otp_core::seal(fresh, &terms, secret, draft.as_mut())?;
    Ok((NewKey::new(&key, grant.holder, None)?, record.to_vec()))
}

/// The most bytes that sealing takes: those of the record, and those of the key's text without a NUL.
///
/// # Errors
///
/// As [`seal_bytes`].
pub fn sealed_len(account: &str, secret_len: usize, terms: &KeyTerms<'_>) -> Result<(usize, usize)> {
    let (name, grant) = (AccountName::parse(account)?, terms.grant()?);
    let capacity = grant.capacity_for(secret_len)?;
    let key_len = otp_core::key::len_for(name.as_str().len(), capacity);
    Ok((Record::max_len(capacity), otp_core::key::text_len(key_len)))
}

/// Opens a record's bytes with a key's text, without any store.
///
/// # Errors
///
/// Those of key and record, and [`Error::NotAudited`].
pub fn open_bytes(key: &[u8], record: &[u8]) -> Result<Secret<LockedBuf>> {
    let mut entry = Entry::begin(Event::Open)?;
    let mut open = || -> Result<_> {
        let key = parse_key(key)?;
        entry.key(key.account(), key.id());
        let record = Record::decode(record)?;
        entry.holder(record.header().terms.holder.as_ref());
        Ok(otp_core::open(key, &record, UnixTime::now())?)
    };
    let secret = open();
    entry.end(secret)
}
