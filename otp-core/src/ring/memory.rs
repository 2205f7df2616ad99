//! [`MemoryRing`]: the shortest implementation of a ring.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
#[cfg(not(feature = "std"))]
use core::cell::{RefCell, RefMut};
use core::convert::Infallible;
use core::fmt;
use core::ops::ControlFlow;
#[cfg(feature = "std")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::entry::Entry;
use super::ring::Ring;
use crate::name::AccountName;

type Entries = BTreeMap<(AccountName, Entry), Zeroizing<Vec<u8>>>;

/// A ring in memory, without a lock: for tests, and as the shortest example of an implementation. With `std` it is `Sync`.
#[derive(Default)]
pub struct MemoryRing {
    #[cfg(feature = "std")]
    entries: Mutex<Entries>,
    #[cfg(not(feature = "std"))]
    entries: RefCell<Entries>,
}

impl MemoryRing {
    /// An empty ring.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    #[cfg(feature = "std")]
    fn entries(&self) -> MutexGuard<'_, Entries> {
        // No call panics half-way through a change.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(not(feature = "std"))]
    fn entries(&self) -> RefMut<'_, Entries> {
        self.entries.borrow_mut()
    }
}

impl Ring for MemoryRing {
    type Error = Infallible;
    type Guard<'r> = ();

    fn lock(&self) -> Result<(), Infallible> {
        Ok(())
    }

    fn put(&self, account: &AccountName, entry: Entry, bytes: &[u8]) -> Result<bool, Infallible> {
        let mut entries = self.entries();
        let key = (account.clone(), entry);
        if entries.contains_key(&key) {
            return Ok(false);
        }
        entries.insert(key, Zeroizing::new(bytes.to_vec()));
        Ok(true)
    }

    fn get(&self, account: &AccountName, entry: Entry, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        Ok(self.entries().get(&(account.clone(), entry)).map(|bytes| {
            let fits = bytes.len().min(buffer.len());
            buffer[..fits].copy_from_slice(&bytes[..fits]);
            bytes.len()
        }))
    }

    fn remove(&self, account: &AccountName, entry: Entry) -> Result<(), Infallible> {
        self.entries().remove(&(account.clone(), entry));
        Ok(())
    }

    fn list(&self, account: &AccountName, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), Infallible> {
        let entries: Vec<Entry> =
            self.entries().keys().filter(|(other, _)| other == account).map(|(_, entry)| *entry).collect();
        let _ = entries.into_iter().try_for_each(each);
        Ok(())
    }

    fn accounts(&self, each: &mut dyn FnMut(&AccountName) -> ControlFlow<()>) -> Result<(), Infallible> {
        let mut accounts: Vec<AccountName> = self.entries().keys().map(|(account, _)| account.clone()).collect();
        accounts.dedup();
        let _ = accounts.iter().try_for_each(each);
        Ok(())
    }
}

impl fmt::Debug for MemoryRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryRing(..)")
    }
}
