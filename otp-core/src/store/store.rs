//! The [`Store`] trait, and what each implementation promises.

use core::ops::ControlFlow;

use super::slot::Slot;
use crate::id::KeyId;
use crate::name::AccountName;

/// A place that keeps small objects, each in its own slot.
///
/// The verbs are few, and none needs a file system: an object store with conditional writes, or a table with a unique
/// key, can implement them as well. All take `&self`, since others use the store at the same time.
///
/// Each implementation promises:
///
/// - An object appears whole or not at all, and so does its replacement.
/// - What a call reported as done survives a crash.
/// - `get` and the lists see what `put` put, from its return until somebody removes it.
/// - An object changes only by [`replace`](Store::replace).
/// - The callback of a list may use the store.
///
/// `otp_core::testing::conformance` (with the feature `testing`) checks all of this except the crash.
pub trait Store {
    /// Why the store fails.
    type Error: StoreError;

    /// What [`lock`](Store::lock) gives; dropping it ends the lock.
    type Guard<'s>: Guard
    where
        Self: 's;

    /// Keeps other writers of an account out until the guard is dropped, if the store can do that.
    ///
    /// While another has the lock, it waits, or fails with [`ErrorKind::Locked`]. A thread that asks for a lock that it
    /// already has counts as another. Readers are never kept out, and neither is [`put`](Store::put). A store without
    /// locks returns a guard that says so.
    fn lock(&self, account: &AccountName) -> Result<Self::Guard<'_>, Self::Error>;

    /// Waits until everyone who had an account's lock before this call has released it.
    ///
    /// Those who take it later see what was put before. A store that knows that the lock is free need not take it.
    ///
    /// # Errors
    ///
    /// As [`lock`](Store::lock).
    fn await_writers(&self, account: &AccountName) -> Result<(), Self::Error> {
        self.lock(account).map(drop)
    }

    /// Puts `bytes` into a slot if it is empty, and says whether it did. An object that is already there stays.
    ///
    /// Of several concurrent calls with different bytes for one slot, exactly one answers `true`. If the slot holds
    /// these very bytes, either answer is right: a store on the network can't tell whether an earlier try, whose answer
    /// was lost, put them.
    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Self::Error>;

    /// Puts many objects, making them durable together where the store can.
    ///
    /// Stops at the first slot that is taken, and returns how many objects it put, from the front. If it fails, any of
    /// them may be there.
    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Self::Error> {
        for (count, (slot, bytes)) in objects.iter().enumerate() {
            if !self.put(slot, bytes)? {
                return Ok(count);
            }
        }
        Ok(objects.len())
    }

    /// Reads an object to the front of `buffer`, and returns its whole length in bytes; `None` for an empty slot.
    ///
    /// If the length exceeds the buffer, the buffer holds what fits.
    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Reads a record and then the note beside it, each as [`get`](Store::get) does.
    ///
    /// The order matters to readers: writers put a note before they remove its record, so a reader never misses both.
    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Self::Error> {
        let record = self.get(&Slot::record(account, id), record)?;
        Ok((record, self.get(&Slot::note(account, id), note)?))
    }

    /// Replaces an object by `new` if it holds exactly `expected`, and says whether it did.
    ///
    /// It never creates an object. Readers see the old object or the new one, whole. `guard` is that of the slot's account.
    fn replace(&self, guard: &Self::Guard<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Self::Error>;

    /// Removes an object, and says whether there was one. Two concurrent calls may both answer `true`.
    fn remove(&self, slot: &Slot) -> Result<bool, Self::Error>;

    /// Calls `each` with every slot of the accounts in a scope, until it returns `Break`.
    ///
    /// Slots come sorted: by account as bytes, then id, then kind. What others put or remove meanwhile may be missing.
    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Self::Error>;

    /// Calls `each` with every slot of one account, in any order, until it returns `Break`.
    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Self::Error>;
}

/// Which accounts a list is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope<'a> {
    /// All accounts.
    All,
    /// The account of that name and those below it: `edms/a` and `edms/a/b`, but not `edms/ab`.
    Below(&'a AccountName),
}

impl Scope<'_> {
    /// Whether an account is in the scope.
    #[must_use]
    pub fn contains(&self, account: &AccountName) -> bool {
        match self {
            Self::All => true,
            Self::Below(top) => match account.as_str().strip_prefix(top.as_str()) {
                Some(rest) => rest.is_empty() || rest.starts_with('/'),
                None => false,
            },
        }
    }
}

/// An account's lock.
pub trait Guard {
    /// Whether all other writers of the account are kept out. A store gives every writer the same answer.
    ///
    /// If so, a rotation's marker found under the lock was left by a crash. If not, writers find each other by looking
    /// again after they have written.
    fn excludes_others(&self) -> bool;
}

/// A guard that keeps nobody out: for stores without locks.
impl Guard for () {
    fn excludes_others(&self) -> bool {
        false
    }
}

/// What a store fails with.
pub trait StoreError: core::error::Error + Send + Sync + 'static {
    /// What kind of failure it is.
    fn kind(&self) -> ErrorKind;
}

/// A store that can't fail.
impl StoreError for core::convert::Infallible {
    fn kind(&self) -> ErrorKind {
        match *self {}
    }
}

/// Kinds of failures of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The store itself does not exist.
    NotFound,
    /// The store does not let this user do it.
    Denied,
    /// The store can't be reached, read or written now.
    Unavailable,
    /// What a slot holds is not an object, or not a whole one.
    Damaged,
    /// Another process holds the lock.
    Locked,
    /// The store can't do this at all.
    Unsupported,
    /// Any other failure.
    Other,
}
