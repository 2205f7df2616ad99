//! Adding an account.

use std::path::Path;
use std::thread;
use std::time::Duration;

use otp_core::random::SystemRng;
use otp_core::{AccountName, Code, Coded, KeepError};
use rand_core::TryRng;

use crate::any_store::{AnyStore, StoreError};
use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::terms::KeyTerms;
use crate::{fields, ring, store};

/// Seals fields for a new account, and hands over its first key; the ring, if there is one, keeps a copy. The store is
/// made if it does not exist.
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
    let mut entry = Entry::begin(Event::Add)?;
    let ring = ring::open(place.ring, place.store).map_err(|error| entry.refused(error))?;
    let mut add = || -> Result<_> {
        let (name, grant) = (AccountName::parse(account)?, terms.grant()?);
        entry.account(&name);
        let given = fields::collect(fields)?;
        if given.payload().is_empty() {
            return Err(Error::NoFields);
        }
        terms.check_fields(&given)?;
        // Refuse a bad secret before a store is made.
        grant.check(&name, given.payload().len())?;
        terms.check_key_len(&name, grant.capacity_for(given.payload().len())?)?;
        let store = store::open_or_create(place.store)?;
        let keeper = store::keeper(&store);
        let key = in_turn(&store, &name, || match &ring {
            Some(ring) => keeper.with_ring(ring).add(&name, given.payload(), &grant, &mut *randomness),
            None => keeper.add(&name, given.payload(), &grant, &mut *randomness),
        })?;
        Ok((name, grant, store, key))
    };
    let absent = store::absent_dirs(place.store)?;
    let added = add();
    let added = added.map_err(|error| entry.refused(error).into()).and_then(|(name, grant, store, key)| {
        let handed = NewKey::new(&key, grant.holder, None).and_then(|key| entry.granted_key(key));
        handed.map_err(E::from).and_then(hand_over).inspect_err(|_| {
            // A key that nobody holds would only be in the way. If it can't be taken back, the account still lists it.
            let _ = store::withdraw(&store, ring.as_ref(), &name, key.id());
        })
    });
    added.inspect_err(|_| {
        // Whichever were made, and nobody else has used since.
        let _ = absent.iter().try_for_each(std::fs::remove_dir);
    })
}

/// How often to try adding an account that somebody else is adding at the same time.
const TRIES: u32 = 6;
/// The longest wait before the second try; it doubles each time.
const PAUSE: Duration = Duration::from_millis(200);

/// Adds an account. In a store without locks, two callers who add it at once both step back. Each then tries again
/// after a random time, and finds either a free place or the account of the faster one.
fn in_turn<T>(
    store: &AnyStore,
    name: &AccountName,
    mut add: impl FnMut() -> Result<T, KeepError<StoreError>>,
) -> Result<T> {
    for attempt in 0..TRIES {
        let was_free = matches!(store, AnyStore::Remote(_))
            && store::keeper(store).info(name).is_err_and(|error| error.code() == Code::NotFound);
        match add() {
            Err(KeepError::Exists { .. }) if was_free => {
                let chance = SystemRng.try_next_u32().unwrap_or_default();
                thread::sleep((PAUSE * 2_u32.pow(attempt)).mul_f64(f64::from(chance) / f64::from(u32::MAX)));
            }
            outcome => return Ok(outcome?),
        }
    }
    Err(KeepError::Exists { account: name.clone().into() }.into())
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
