//! A store in memory that reports what is done to it, so that others can step in between.

use std::convert::Infallible;
use std::ops::ControlFlow;

use otp_core::store::Scope;
use otp_core::{AccountName, KeyId, MemoryStore, Slot, Store};

/// A moment at which others may use the store.
pub(crate) enum Moment<'a> {
    /// A lock is asked for.
    Lock,
    /// An object is about to be put.
    Put(&'a Slot),
    /// A record and its note have been looked at.
    Looked,
}

pub(crate) struct Hooked<'s, F> {
    store: &'s MemoryStore,
    hook: F,
}

impl<'s, F: Fn(Moment<'_>)> Hooked<'s, F> {
    pub(crate) fn new(store: &'s MemoryStore, hook: F) -> Self {
        Self { store, hook }
    }
}

impl<F: Fn(Moment<'_>)> Store for Hooked<'_, F> {
    type Error = Infallible;
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self, account: &AccountName) -> Result<(), Infallible> {
        (self.hook)(Moment::Lock);
        self.store.lock(account)
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        (self.hook)(Moment::Put(slot));
        self.store.put(slot, bytes)
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Infallible> {
        for (slot, _) in objects {
            (self.hook)(Moment::Put(slot));
        }
        self.store.put_many(objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.store.get(slot, buffer)
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Infallible> {
        let lens = self.store.get_with_note(account, id, record, note)?;
        (self.hook)(Moment::Looked);
        Ok(lens)
    }

    fn replace(&self, guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Infallible> {
        self.store.replace(guard, slot, expected, new)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        self.store.remove(slot)
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.store.list(scope, each)
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        self.store.list_account(account, each)
    }
}
