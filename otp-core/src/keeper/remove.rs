//! Removing an account.

use super::error::KeepError;
use super::keeper::Keeper;
use super::survey::Survey;
use crate::buffer::OwnedBuffer;
use crate::name::AccountName;
use crate::store::{Slot, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Deletes an account: all its records and tombstones. What others put meanwhile may go too.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`]
    pub fn remove(&self, account: &AccountName) -> Result<(), KeepError<S::Error>> {
        // A mistyped name leaves nothing behind, not even a lock.
        if self.survey(account)?.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() });
        }
        let _guard = self.lock(account)?;
        let mut found = false;
        // Until nothing is left: others may have put something since it was listed.
        loop {
            let mut removed = false;
            for slot in self.survey(account)?.slots(account) {
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
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.notes.is_empty() && self.rotations.is_empty()
    }

    /// Records first: a note must not go before the record that it ends.
    fn slots<'a>(&'a self, account: &'a AccountName) -> impl Iterator<Item = Slot> + 'a {
        let records = self.records.iter().map(|id| Slot::record(account, *id));
        let notes = self.notes.iter().map(|id| Slot::note(account, *id));
        records.chain(notes).chain(self.rotations.iter().map(|id| Slot::rotation(account, *id)))
    }
}
