//! [`MemoryStore`]: the shortest implementation of a store.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
#[cfg(not(feature = "std"))]
use core::cell::{RefCell, RefMut};
use core::convert::Infallible;
use core::ops::ControlFlow;
#[cfg(feature = "std")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::slot::Slot;
use super::store::{Scope, Store};
use crate::name::AccountName;

type Objects = BTreeMap<Slot, Vec<u8>>;

/// A store in memory, without locks: for tests, and as the shortest example of an implementation. With `std` it is `Sync`.
#[derive(Debug, Default)]
pub struct MemoryStore {
    #[cfg(feature = "std")]
    objects: Mutex<Objects>,
    #[cfg(not(feature = "std"))]
    objects: RefCell<Objects>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(feature = "std")]
    fn objects(&self) -> MutexGuard<'_, Objects> {
        // No call panics half-way through a change.
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(not(feature = "std"))]
    fn objects(&self) -> RefMut<'_, Objects> {
        self.objects.borrow_mut()
    }

    /// Gives the slots that are asked for, from a copy, so that `each` may use the store.
    fn each(&self, wanted: impl Fn(&AccountName) -> bool, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) {
        let slots: Vec<Slot> = self.objects().keys().filter(|slot| wanted(&slot.account)).cloned().collect();
        let _ = slots.iter().try_for_each(each);
    }
}

impl Store for MemoryStore {
    type Error = Infallible;
    type Guard<'s> = ();

    fn lock(&self, _account: &AccountName) -> Result<(), Infallible> {
        Ok(())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        let mut objects = self.objects();
        if objects.contains_key(slot) {
            return Ok(false);
        }
        objects.insert(slot.clone(), bytes.to_vec());
        Ok(true)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        Ok(self.objects().get(slot).map(|bytes| {
            let fits = bytes.len().min(buffer.len());
            buffer[..fits].copy_from_slice(&bytes[..fits]);
            bytes.len()
        }))
    }

    fn replace(&self, _guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Infallible> {
        match self.objects().get_mut(slot) {
            Some(bytes) if bytes == expected => {
                *bytes = new.to_vec();
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        Ok(self.objects().remove(slot).is_some())
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.each(|account| scope.contains(account), each);
        Ok(())
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        self.each(|other| other == account, each);
        Ok(())
    }
}
