//! A store whose locks say what a test sequence wants: that they exclude others, or that they don't.

use std::ops::ControlFlow;

use otp_core::store::{Guard, Scope, Slot, Store};
use otp_core::{AccountName, KeyId};

/// Another store without its locks.
pub(crate) struct Guarded<'s, S> {
    pub(crate) store: &'s S,
    pub(crate) excludes_others: bool,
}

/// What its locks report.
pub(crate) struct Held {
    excludes_others: bool,
}

impl Guard for Held {
    fn excludes_others(&self) -> bool {
        self.excludes_others
    }
}

impl<S: Store> Store for Guarded<'_, S> {
    type Error = S::Error;
    type Guard<'g>
        = Held
    where
        Self: 'g;

    fn lock(&self, _account: &AccountName) -> Result<Held, S::Error> {
        Ok(Held { excludes_others: self.excludes_others })
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, S::Error> {
        self.store.put(slot, bytes)
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, S::Error> {
        self.store.put_many(objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, S::Error> {
        self.store.get(slot, buffer)
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), S::Error> {
        self.store.get_with_note(account, id, record, note)
    }

    fn replace(&self, _guard: &Held, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, S::Error> {
        self.store.replace(&self.store.lock(&slot.account)?, slot, expected, new)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, S::Error> {
        self.store.remove(slot)
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), S::Error> {
        self.store.list(scope, each)
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), S::Error> {
        self.store.list_account(account, each)
    }
}
