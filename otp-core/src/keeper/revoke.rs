//! Revoking one key.

use super::error::{Gone, KeepError};
use super::keeper::Keeper;
use crate::error::Error;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::Note;
use crate::store::{Slot, Store};

impl<S: Store> Keeper<'_, S> {
    /// Ends one key; the others are not touched. The record is deleted, and a tombstone remains.
    ///
    /// A rotation that has begun meanwhile gives the holder no new key, or ends that one when it finishes.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], and [`KeepError::Busy`] if the account is being rotated.
    pub fn revoke(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        // A mistyped name or id leaves nothing behind, not even a lock.
        if let Err(error @ KeepError::NoKey { gone: Gone::Unknown, .. }) = self.look(account, id, &mut []) {
            return Err(error);
        }
        let guard = self.lock(account)?;
        let (record, note) = (Slot::record(account, id), Slot::note(account, id));
        if self.is_revoked(account, id)? && self.remove_slot(&record)? {
            // An earlier call was cut short.
            return Ok(());
        }
        // Rule 5: not even a rotation that changes the database holds it up.
        self.tidy(account, &guard)?.check_no_marker(account)?;
        self.check_revocable(account, id)?;
        let revoked = Note::Revoked { at: self.now }.encode();
        if self.put(&note, &revoked)? {
            self.remove_slot(&record)?;
            return Ok(());
        }
        // A note exists: of a grace period, a damaged one, or one by somebody who ended the key meanwhile.
        self.check_revocable(account, id)?;
        // The record goes first: better no tombstone for a moment than a key that opens again.
        self.remove_slot(&record)?;
        self.remove_slot(&note)?;
        self.put(&note, &revoked)?;
        Ok(())
    }

    /// Checks that a key still opens, or that nobody can tell because its note is damaged.
    fn check_revocable(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        match self.look(account, id, &mut []) {
            Ok(_) | Err(KeepError::Invalid(Error::DamagedNote)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
