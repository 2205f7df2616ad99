//! [`Prepared`]: adding and issuing in steps, so that a caller can do each step for many accounts at once.
//!
//! A caller prepares keys for many accounts, writes them where their holders find them, puts all records together, and
//! then [settles](Keeper::settle) each account. No account is locked until it is settled: as in a store without locks,
//! the record is put first, and a check afterwards decides whether it stays. The check waits for the account's lock,
//! and so for any operation that began before the record was there.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::error::KeepError;
use super::grant::Grant;
use super::keeper::Keeper;
use super::seal::Sealed;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::id::KeyId;
use crate::key::Key;
use crate::name::AccountName;
use crate::store::{Slot, Store};

/// New keys to one account, all to the same secret, whose records are not in the store yet.
pub struct Prepared<M: Buffer> {
    pub(super) account: AccountName,
    pub(super) sealed: Vec<Sealed<M>>,
    pub(super) origin: Origin,
}

/// What new keys are made from.
#[derive(Clone, Debug)]
pub(super) enum Origin {
    /// The account is new.
    New,
    /// This key opens the account already.
    Issued(KeyId),
}

impl<M: Buffer> Prepared<M> {
    /// The account.
    #[must_use]
    pub const fn account(&self) -> &AccountName {
        &self.account
    }

    /// The keys, in the order of their grants.
    #[must_use]
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Key<M>> {
        self.sealed.iter().map(|sealed| &sealed.key)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.sealed.iter().map(|sealed| sealed.key.id())
    }
}

impl<M: Buffer> core::fmt::Debug for Prepared<M> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Prepared({}, {} keys)", self.account, self.sealed.len())
    }
}

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Checks that an account has no key, and clears up what is left of an earlier account of that name.
    ///
    /// # Errors
    ///
    /// [`KeepError::Exists`], and the store's.
    pub fn check_vacant(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        let mut survey = self.survey(account)?;
        if !survey.is_empty() {
            let guard = self.lock(account)?;
            survey = self.tidy(account, &guard)?;
        }
        if survey.records.is_empty() { Ok(()) } else { Err(KeepError::Exists { account: account.clone().into() }) }
    }

    /// Seals a payload for a new account, under one key for each grant. The store is left as it is.
    ///
    /// # Errors
    ///
    /// Those of lengths, and of the source of randomness.
    pub fn prepare<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grants: &[Grant],
        rng: &mut R,
    ) -> Result<Prepared<M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        grants.iter().try_for_each(|grant| grant.check(account, payload.len()))?;
        let sealed = grants.iter().map(|grant| self.seal(account, payload, grant, rng)).collect::<Result<_, _>>()?;
        Ok(Prepared { account: account.clone(), sealed, origin: Origin::New })
    }

    /// Seals the secret of a key again, for more holders. The store is left as it is.
    ///
    /// What a grant leaves out is taken from the given key, as with [`issue`](Keeper::issue).
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::open`], and [`KeepError::Superseded`] if the given key has been replaced.
    pub fn prepare_more<B, R>(
        &self,
        key: Key<B>,
        grants: &[Grant],
        rng: &mut R,
    ) -> Result<Prepared<M>, KeepError<S::Error>>
    where
        B: Buffer,
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let (account, id, capacity) = (key.account().clone(), key.id(), key.capacity());
        let (secret, terms) = self.open_current(key)?;
        let grants: Vec<Grant> = grants
            .iter()
            .map(|grant| {
                let grant = grant.clone().expiring(grant.expires.or(terms.expires));
                let capacity = grant.capacity.or(Some(capacity));
                grant.with_capacity(capacity)
            })
            .collect();
        let prepared = self.prepare(&account, secret.expose(), &grants, rng)?;
        Ok(Prepared { origin: Origin::Issued(id), ..prepared })
    }

    /// Puts the records of many accounts together. If that fails, none of them stays, unless the store fails again.
    ///
    /// [`settle`](Keeper::settle) decides for each account whether they stay.
    ///
    /// # Errors
    ///
    /// The store's, and [`KeepError::Randomness`] if an id exists already.
    pub fn put_prepared(&self, prepared: &[Prepared<M>]) -> Result<(), KeepError<S::Error>> {
        let objects: Vec<(Slot, &[u8])> = prepared
            .iter()
            .flat_map(|one| {
                one.sealed.iter().map(|sealed| (Slot::record(&one.account, sealed.key.id()), sealed.record.as_slice()))
            })
            .collect();
        let (error, put) = match self.store.put_many(&objects) {
            Ok(count) if count == objects.len() => return Ok(()),
            Ok(count) => (KeepError::Randomness("the source gave the id of an existing key".into()), count),
            // Any of them may be there.
            Err(error) => (KeepError::Store(error), objects.len()),
        };
        // A store that does not answer is not asked again and again.
        let _ = objects[..put].iter().try_for_each(|(slot, _)| self.remove_slot(slot).map(drop));
        Err(error)
    }

    /// Decides whether records that were put may stay, and takes them back if not.
    ///
    /// # Errors
    ///
    /// [`KeepError::Exists`] if somebody else has added the account meanwhile; [`KeepError::Busy`] and those of
    /// [`check_current`](Keeper::check_current) if somebody has rotated it; the store's.
    pub fn settle(&self, prepared: &Prepared<M>) -> Result<(), KeepError<S::Error>> {
        // After this, anyone who looked at the account before the records were there has put their own.
        self.store.await_writers(&prepared.account).map_err(KeepError::Store)?;
        if self.look_again(prepared).is_ok() {
            return Ok(());
        }
        // If two callers settle at once, the second to get the lock stays.
        let _guard = self.lock(&prepared.account)?;
        self.look_again(prepared).inspect_err(|_| {
            for id in prepared.ids() {
                let _ = self.take_back(&prepared.account, id);
            }
        })
    }

    fn look_again(&self, prepared: &Prepared<M>) -> Result<(), KeepError<S::Error>> {
        let (account, survey) = (&prepared.account, self.survey(&prepared.account)?);
        match prepared.origin {
            Origin::New if survey.records.iter().all(|id| prepared.ids().any(|own| own == *id)) => Ok(()),
            Origin::New => Err(KeepError::Exists { account: account.clone().into() }),
            Origin::Issued(from) => {
                survey.check_no_rotation(account)?;
                self.check_current(account, from)
            }
        }
    }
}
