//! Ending keys and accounts with a ring, which holds even against those who can write the store (rules 5 and 11).

use super::ring_keeper::RingKeeper;
use crate::buffer::OwnedBuffer;
use crate::id::KeyId;
use crate::keeper::{Gone, KeepError, Tombstone};
use crate::name::AccountName;
use crate::ring::{Entry, Ring};
use crate::store::{Slot, Store};

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Ends one key as [`Keeper::revoke`](crate::Keeper::revoke) does, and wipes the ring's copy. If somebody restores
    /// its record, no later rotation serves it.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::revoke`](crate::Keeper::revoke), and the ring's.
    pub fn revoke(&self, account: &AccountName, id: KeyId) -> Result<Tombstone<S::Error>, KeepError<S::Error>> {
        let in_ring = self.ledger(account)?.keys.binary_search(&id).is_ok();
        if !in_ring {
            // A mistyped id leaves no mark behind.
            if let Err(error @ KeepError::NoKey { gone: Gone::Unknown, .. }) = self.keeper.look(account, id, &mut []) {
                return Err(error);
            }
        }
        // If there is no room for the mark, the key still ends; `forget` reports the failure.
        let _ = self.mark(account, Entry::Ended(id));
        let tombstone = match self.keeper.revoke(account, id) {
            // Its record was lost before: what is left of it is in the ring.
            Err(KeepError::NoKey { .. }) if in_ring => Tombstone::Left,
            outcome => outcome?,
        };
        self.forget(account, id)?;
        Ok(tombstone)
    }

    /// Deletes an account as [`Keeper::remove`](crate::Keeper::remove) does, and ends its keys in the ring.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::remove`](crate::Keeper::remove), and the ring's.
    pub fn remove(&self, account: &AccountName, force: bool) -> Result<(), KeepError<S::Error>> {
        let ledger = self.ledger(account)?;
        if !force && !ledger.applying.is_empty() {
            return Err(KeepError::Unfinished { account: account.clone().into() });
        }
        let removed = if force { self.keeper.force_remove(account) } else { self.keeper.remove(account) };
        match removed {
            // An earlier call was cut short.
            Err(KeepError::NoAccount { .. }) if !ledger.keys.is_empty() => {}
            outcome => outcome?,
        }
        for id in &ledger.keys {
            self.forget(account, *id)?;
        }
        for id in ledger.recovery.iter().chain(&ledger.applying) {
            self.clear(account, &Slot::staged(account, *id))?;
        }
        Ok(())
    }
}
