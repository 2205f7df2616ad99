//! Removing an account.

use super::error::KeepError;
use super::keeper::Keeper;
use super::survey::Survey;
use crate::buffer::OwnedBuffer;
use crate::name::AccountName;
use crate::store::{Slot, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Deletes an account: all its records and tombstones. What others put in the meantime may go too.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`], and [`KeepError::Unfinished`] if a rotation is.
    pub fn remove(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        self.remove_all(account, false)
    }

    /// Like [`remove`](Keeper::remove), but also deletes what an unfinished rotation staged, which may be the only copy
    /// of the password that the database has.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`]
    pub fn force_remove(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        self.remove_all(account, true)
    }

    fn remove_all(&self, account: &AccountName, force: bool) -> Result<(), KeepError<S::Error>> {
        // A mistyped name leaves nothing behind, not even a lock.
        let survey = self.survey(account)?;
        if survey.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() });
        }
        if !force {
            survey.check_not_staged(account)?;
        }
        let _guard = self.lock(account)?;
        let mut found = false;
        // Until nothing is left: others may have put something since it was listed.
        loop {
            let mut removed = false;
            let survey = self.survey(account)?;
            if !force {
                survey.check_not_staged(account)?;
            }
            for slot in survey.slots(account) {
                removed |= self.remove_slot(&slot)?;
            }
            if !removed {
                break;
            }
            found = true;
        }
        if found { Ok(()) } else { Err(KeepError::NoAccount { account: account.clone().into() }) }
    }
}

impl Survey {
    pub(super) fn is_empty(&self) -> bool {
        let ids = [&self.records, &self.notes, &self.rotations, &self.staged];
        ids.iter().all(|ids| ids.is_empty()) && self.claims.is_empty()
    }

    /// Rule 11: records first, since a note must not go before the record that it ends, and claims last.
    fn slots<'a>(&'a self, account: &'a AccountName) -> impl Iterator<Item = Slot> + 'a {
        let records = self.records.iter().map(|id| Slot::record(account, *id));
        let notes = self.notes.iter().map(|id| Slot::note(account, *id));
        let rotations = self.rotations.iter().map(|id| Slot::rotation(account, *id));
        let staged = self.staged.iter().map(|id| Slot::staged(account, *id));
        let claims = self.claims.iter().map(|generation| Slot::claim(account, *generation));
        records.chain(notes).chain(rotations).chain(staged).chain(claims)
    }
}
