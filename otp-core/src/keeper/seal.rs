//! Sealing a payload under a new key.

use alloc::boxed::Box;
use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::error::KeepError;
use super::grant::Grant;
use super::keeper::Keeper;
use crate::buffer::{Buffer, OwnedBuffer, Wiped};
use crate::id::KeyId;
use crate::key::{FreshKey, Key, paged_len_for};
use crate::name::AccountName;
use crate::random::DrawError;
use crate::record::{Record, Terms};
use crate::seal::seal;
use crate::store::{Slot, Store};

/// A key and the record that it opens, which is not in the store yet.
pub(super) struct Sealed<M: Buffer> {
    pub(super) key: Key<M>,
    pub(super) record: Vec<u8>,
}

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Seals a payload under a new key and puts the record.
    pub(super) fn put_sealed<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Key<M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let Sealed { key, record } = self.seal(account, payload, grant, rng)?;
        match self.put(&Slot::record(account, key.id()), &record) {
            Ok(true) => Ok(key),
            // Ten random bytes that already exist: the source of randomness is broken.
            Ok(false) => Err(KeepError::Randomness("the source gave the id of an existing key".into())),
            Err(error) => {
                // The record may be there all the same.
                let _ = self.take_back(account, key.id());
                Err(error)
            }
        }
    }

    /// Takes back a new key that could not be handed over: its record is removed, without a tombstone.
    ///
    /// # Errors
    ///
    /// The store's. A record that is left has a key that nobody holds; `revoke` ends it.
    pub fn withdraw(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        // A store may clear up behind the last record of an account when its lock ends.
        let _guard = self.lock(account)?;
        self.take_back(account, id)
    }

    /// As [`withdraw`](Keeper::withdraw), under the lock of the operation that put the record.
    pub(super) fn take_back(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.remove_slot(&Slot::record(account, id)).map(drop)
    }

    pub(super) fn seal<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Sealed<M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let capacity = grant.capacity_for(payload.len())?;
        let pages = grant.page_count();
        let buffer = M::zeroed(paged_len_for(account.as_str().len(), capacity, pages));
        let fresh = FreshKey::generate_paged(account, capacity, pages, buffer, rng).map_err(|error| match error {
            DrawError::Invalid(error) => KeepError::Invalid(error),
            DrawError::Source(error) => KeepError::Randomness(Box::new(error)),
        })?;
        let terms = Terms::created(self.now).expiring(grant.expires).held_by(grant.holder.clone());
        // The frame does not leave this before it is under its pad.
        let mut draft = Wiped::new(M::zeroed(Record::max_len(capacity)));
        let (key, record) = seal(fresh, &terms, payload, draft.bytes_mut())?;
        Ok(Sealed { key, record: record.to_vec() })
    }
}
