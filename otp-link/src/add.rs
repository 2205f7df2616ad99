//! Adding an account.

use std::path::Path;

use otp_core::{AccountName, Code, Coded, KeepError};

use crate::any_store::StoreError;
use crate::error::{Error, Result};
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::terms::KeyTerms;
use crate::{fields, ring, store};

/// Seals fields for a new account, and hands its first key over; the ring, if there is one, keeps a copy. The store is made
/// if it does not exist.
///
/// # Errors
///
/// [`KeepError::Exists`] if the account has a key, which stays as it is; [`Error::NoFields`]; and what `hand_over` fails with:
/// then there is no account.
pub fn add_account<'p, T, E: From<Error>>(
    account: &str,
    fields: &[(&str, &[u8])],
    terms: &KeyTerms<'_>,
    place: impl Into<Place<'p>>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let place = place.into();
    let ring = ring::open(place.ring, place.store)?;
    let mut add = || -> Result<_> {
        let (name, grant) = (AccountName::parse(account)?, terms.grant()?);
        let given = fields::collect(fields)?;
        if given.payload().is_empty() {
            return Err(Error::NoFields);
        }
        terms.check_fields(&given)?;
        // What is wrong with the secret is known before a store is made.
        grant.check(&name, given.payload().len())?;
        terms.check_key_len(&name, grant.capacity_for(given.payload().len())?)?;
        let store = store::open_or_create(place.store)?;
        let keeper = store::keeper(&store);
        let key = match &ring {
            Some(ring) => keeper.with_ring(ring).add(&name, given.payload(), &grant, randomness)?,
            None => keeper.add(&name, given.payload(), &grant, randomness)?,
        };
        Ok((name, grant, store, key))
    };
    let absent = store::absent_dirs(place.store)?;
    let added = add().map_err(E::from).and_then(|(name, grant, store, key)| {
        NewKey::new(&key, grant.holder, None).map_err(E::from).and_then(hand_over).inspect_err(|_| {
            // A key that nobody holds would only be in the way. What can't be taken back shows among the account's keys.
            let _ = store::withdraw(&store, ring.as_ref(), &name, key.id());
        })
    });
    added.inspect_err(|_| {
        // As far as they were made, and nobody else has used them since.
        let _ = absent.iter().try_for_each(std::fs::remove_dir);
    })
}

/// Refuses an account that exists, and a store that can't be read: before somebody types a password for it.
///
/// # Errors
///
/// [`KeepError::Exists`], and the store's.
pub fn check_new_account(account: &str, store: Option<&Path>) -> Result<()> {
    let name = AccountName::parse(account)?;
    let store = match store::open(store) {
        Err(Error::Store(StoreError::Files(otp_store_fs::Error::RootMissing { .. }))) => return Ok(()),
        store => store?,
    };
    match store::keeper(&store).info(&name) {
        Err(error) if error.code() == Code::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(KeepError::Exists { account: name.into() }.into()),
    }
}
