//! Issuing one more key.

use otp_core::{AccountName, Buffer};

use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::key_source::Key;
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::ring::{self, FsRingKeeper};
use crate::store;
use crate::terms::KeyTerms;

/// Seals a key's secret once more, for another holder, and hands over the new key.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::issue`], and what `hand_over` fails with, after which the new key opens nothing.
pub fn issue_key<'p, T, E: From<Error>>(
    key: Key,
    terms: &KeyTerms<'_>,
    place: impl Into<Place<'p>>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    issue(|_| Ok(key), terms, place.into(), randomness, hand_over)
}

/// Like [`issue_key`], with a key of the ring.
///
/// # Errors
///
/// Those of [`issue_key`], [`Error::NoRing`], and [`otp_core::KeepError::NotInRing`].
pub fn issue_key_from_ring<'p, T, E: From<Error>>(
    account: &str,
    terms: &KeyTerms<'_>,
    place: impl Into<Place<'p>>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let name = AccountName::parse(account).map_err(Error::from)?;
    let current = |keeper: Option<&FsRingKeeper<'_, '_>>| Ok(keeper.ok_or(Error::NoRing)?.current_key(&name)?);
    issue(current, terms, place.into(), randomness, hand_over)
}

fn issue<B: Buffer, T, E: From<Error>>(
    key: impl FnOnce(Option<&FsRingKeeper<'_, '_>>) -> Result<otp_core::Key<B>>,
    terms: &KeyTerms<'_>,
    place: Place<'_>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let mut entry = Entry::begin(Event::Issue)?;
    let ring = ring::open(place.ring, place.store).map_err(|error| entry.refused(error))?;
    let issue = || -> Result<_> {
        let grant = terms.grant()?;
        let store = store::open_to_write(place.store)?;
        let keeper = store::keeper(&store);
        let in_ring = ring.as_ref().map(|ring| keeper.with_ring(ring));
        let key = key(in_ring.as_ref())?;
        entry.key(key.account(), key.id());
        terms.check_key_len(key.account(), grant.capacity.unwrap_or_else(|| key.capacity()))?;
        let new = match &in_ring {
            Some(keeper) => keeper.issue(key, &grant, randomness)?,
            None => keeper.issue(key, &grant, randomness)?,
        };
        Ok((grant, store, new))
    };
    let issued = issue();
    let (grant, store, new) = issued.map_err(|error| entry.refused(error))?;
    let handed = NewKey::new(&new, grant.holder, None).and_then(|key| entry.granted_key(key));
    handed.map_err(E::from).and_then(hand_over).inspect_err(|_| {
        let _ = store::withdraw(&store, ring.as_ref(), new.account(), new.id());
    })
}
