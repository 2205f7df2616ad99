//! The [`Ring`] trait, and what each implementation promises.

use core::ops::ControlFlow;

use super::entry::Entry;
use crate::code::Coded;
use crate::name::AccountName;

/// The administrator's private place for keys and marks, kept apart from the store.
///
/// Each implementation promises what a [`Store`](crate::Store) promises: an entry appears whole or not at all, and what a call
/// reported as done survives a crash. Nobody but the administrator can read it.
pub trait Ring {
    /// Why the ring fails.
    type Error: RingError;

    /// What [`lock`](Ring::lock) gives; dropping it ends the lock.
    type Guard<'r>
    where
        Self: 'r;

    /// Keeps other writers of the ring out until the guard is dropped. While another has the lock, it waits, or fails.
    ///
    /// # Errors
    ///
    /// [`Code::Locked`](crate::Code::Locked), or [`Code::StaleRing`](crate::Code::StaleRing) if the ring was copied or
    /// restored.
    fn lock(&self) -> Result<Self::Guard<'_>, Self::Error>;

    /// Puts an entry if it is not there, and says whether it did.
    ///
    /// # Errors
    ///
    /// The ring's.
    fn put(&self, account: &AccountName, entry: Entry, bytes: &[u8]) -> Result<bool, Self::Error>;

    /// Puts entries, each as [`put`](Ring::put) does, up to the first that is already there, and says how many it put.
    /// A ring may make them durable together.
    ///
    /// # Errors
    ///
    /// The ring's; any of the entries may be there then.
    fn put_many(&self, entries: &[(&AccountName, Entry, &[u8])]) -> Result<usize, Self::Error> {
        put_one_by_one(self, entries)
    }

    /// Reads an entry to the front of `buffer`, and returns its whole length in bytes; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// The ring's.
    fn get(&self, account: &AccountName, entry: Entry, buffer: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Removes an entry if it is there, and wipes what it held as far as the system allows.
    ///
    /// # Errors
    ///
    /// The ring's.
    fn remove(&self, account: &AccountName, entry: Entry) -> Result<(), Self::Error>;

    /// Calls `each` with every entry of an account, in any order, until it returns `Break`.
    ///
    /// # Errors
    ///
    /// The ring's.
    fn list(&self, account: &AccountName, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), Self::Error>;

    /// Calls `each` with every account that has an entry, sorted by name as bytes, until it returns `Break`.
    ///
    /// # Errors
    ///
    /// The ring's.
    fn accounts(&self, each: &mut dyn FnMut(&AccountName) -> ControlFlow<()>) -> Result<(), Self::Error>;
}

/// Puts entries as [`Ring::put_many`] does, one at a time.
///
/// # Errors
///
/// The ring's.
pub fn put_one_by_one<R: Ring + ?Sized>(ring: &R, entries: &[(&AccountName, Entry, &[u8])]) -> Result<usize, R::Error> {
    for (count, (account, entry, bytes)) in entries.iter().enumerate() {
        if !ring.put(account, *entry, bytes)? {
            return Ok(count);
        }
    }
    Ok(entries.len())
}

/// What a ring fails with.
pub trait RingError: Coded + Send + Sync + 'static {}

impl<E: Coded + Send + Sync + 'static> RingError for E {}
