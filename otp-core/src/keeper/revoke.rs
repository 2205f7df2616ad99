//! Revoking one key.

use super::error::{Gone, KeepError};
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::error::Error;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::Note;
use crate::store::{ErrorKind, Slot, Store, StoreError};

/// What is left of a key that was revoked. `E` is the store's error.
#[derive(Debug)]
pub enum Tombstone<E> {
    /// A note that says when the key was revoked.
    Left,
    /// Nothing: the note could not be written. The key opens nothing even so.
    Missing(E),
}

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Ends one key; the others are not touched. The record is deleted, and a tombstone remains.
    ///
    /// If the tombstone can't be written, for example because the disk is full, the record is deleted anyway, and
    /// [`Tombstone::Missing`] says why: the key is then unknown rather than revoked. A store that can't lock for the
    /// same reason is treated as one without locks.
    ///
    /// A rotation that began in the meantime gives the holder no new key, or ends the new key when it finishes.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], and [`KeepError::Busy`] if the account is being rotated.
    pub fn revoke(&self, account: &AccountName, id: KeyId) -> Result<Tombstone<S::Error>, KeepError<S::Error>> {
        // A mistyped name or id leaves nothing behind, not even a lock.
        if let Err(error @ KeepError::NoKey { gone: Gone::Unknown, .. }) = self.look(account, id, &mut []) {
            return Err(error);
        }
        let guard = match self.lock(account) {
            // A full disk has no room for a file to lock. Better no lock than a key that opens.
            Err(KeepError::Store(error)) if error.kind() == ErrorKind::Unavailable => None,
            locked => Some(locked?),
        };
        let (record, note) = (Slot::record(account, id), Slot::note(account, id));
        if self.is_revoked(account, id)? && self.remove_slot(&record)? {
            // An earlier call was cut short.
            return Ok(Tombstone::Left);
        }
        // Rule 5: not even a rotation that changes the database holds it up.
        let survey = guard.as_ref().map_or_else(|| self.tidy(account, &()), |guard| self.tidy(account, guard))?;
        survey.check_no_marker(account)?;
        self.check_revocable(account, id)?;
        let revoked = Note::Revoked { at: self.now }.encode();
        match self.store.put(&note, &revoked) {
            Ok(true) => {
                self.remove_slot(&record)?;
                return Ok(Tombstone::Left);
            }
            Ok(false) => {}
            Err(error) => {
                // Better no tombstone than a key that opens. If the record stays too, report why the note failed.
                return match self.store.remove(&record) {
                    Ok(_) => Ok(Tombstone::Missing(error)),
                    Err(_) => Err(KeepError::Store(error)),
                };
            }
        }
        // A note exists: of a grace period, a damaged one, or one by somebody who ended the key meanwhile.
        self.check_revocable(account, id)?;
        // The record goes first: better no tombstone for a moment than a key that opens again.
        self.remove_slot(&record)?;
        self.remove_slot(&note)?;
        Ok(match self.store.put(&note, &revoked) {
            Ok(_) => Tombstone::Left,
            Err(error) => Tombstone::Missing(error),
        })
    }

    /// Checks that a key still opens, or that nobody can tell because its note is damaged.
    fn check_revocable(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        match self.look(account, id, &mut []) {
            Ok(_) | Err(KeepError::Invalid(Error::DamagedNote)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
