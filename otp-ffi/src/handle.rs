//! Handles: numbers that stand for values that this library keeps for C.
//!
//! A handle is not an address. Its value is looked up in a table, so a handle that was freed, is of another kind or was
//! never given out is refused without touching any memory.

use std::collections::BTreeMap;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::failure::{Error, Result};

/// The open handles of one kind.
pub(crate) struct Table<T> {
    /// The handle's parameter, as the header names it.
    what: &'static str,
    open: Mutex<BTreeMap<usize, Arc<T>>>,
}

/// A table that other threads are kept out of.
#[cfg(all(unix, not(miri)))]
pub(crate) type Held<T> = MutexGuard<'static, BTreeMap<usize, Arc<T>>>;

/// The number of the next handle of any kind. All are odd, which no object's address is.
static NEXT: AtomicUsize = AtomicUsize::new(1);

impl<T> Table<T> {
    pub(crate) const fn new(what: &'static str) -> Self {
        Self { what, open: Mutex::new(BTreeMap::new()) }
    }

    /// Keeps a value, and gives the handle that stands for it.
    pub(crate) fn insert<H>(&self, value: T) -> *mut H {
        let mut open = self.open();
        let mut number = NEXT.fetch_add(2, Ordering::Relaxed);
        // On a 32-bit system, a long-running process may come back to numbers that are still in use.
        while open.contains_key(&number) {
            number = NEXT.fetch_add(2, Ordering::Relaxed);
        }
        open.insert(number, Arc::new(value));
        ptr::without_provenance_mut(number)
    }

    /// What a handle stands for. It stays alive for the call, even if another thread frees the handle.
    pub(crate) fn get<H>(&self, handle: *const H) -> Result<Arc<T>> {
        if handle.is_null() {
            return Err(Error::Null { what: self.what });
        }
        self.open().get(&handle.addr()).cloned().ok_or(Error::NotOpen { what: self.what })
    }

    /// Forgets a handle. What it stands for is wiped now, or when the calls that still use it end.
    pub(crate) fn remove<H>(&self, handle: *mut H) {
        let removed = self.open().remove(&handle.addr());
        // Wiping needs no lock, so it happens after the table's is released.
        drop(removed);
    }

    /// Keeps all other threads out of the table, for as long as a fork takes.
    #[cfg(all(unix, not(miri)))]
    pub(crate) fn hold(&'static self) -> Held<T> {
        self.open()
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<T>>> {
        // No code under this lock calls out, so the map is whole even after a panic.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_comes_round_again_does_not_take_the_place_of_an_open_handle() {
        let table: Table<&str> = Table::new("thing");
        let first: *mut u8 = table.insert("first");
        // All tests share the counter, so another one may take the number first; then this test shows nothing.
        NEXT.store(first.addr(), Ordering::Relaxed);
        let second: *mut u8 = table.insert("second");
        assert_ne!(first, second);
        assert_eq!((*table.get(first).unwrap(), *table.get(second).unwrap()), ("first", "second"));
    }
}
