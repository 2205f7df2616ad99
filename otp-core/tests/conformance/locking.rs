//! The store in memory, with locks that exclude others.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex};

use otp_core::store::{ErrorKind, Guard, Scope, StoreError};
use otp_core::{AccountName, MemoryStore, Slot, Store};

/// What happens to those who ask for a lock that somebody else holds.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Others {
    Wait,
    Fail,
}

pub(crate) struct Locking {
    store: MemoryStore,
    others: Others,
    held: Mutex<BTreeSet<AccountName>>,
    freed: Condvar,
}

/// Somebody else holds the lock.
#[derive(Debug)]
pub(crate) struct Locked;

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another holds the lock")
    }
}

impl std::error::Error for Locked {}

impl StoreError for Locked {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Locked
    }
}

impl From<Infallible> for Locked {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

pub(crate) struct Held<'s> {
    store: &'s Locking,
    account: AccountName,
}

impl Guard for Held<'_> {
    fn excludes_others(&self) -> bool {
        true
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.store.held.lock().unwrap().remove(&self.account);
        self.store.freed.notify_all();
    }
}

impl Locking {
    pub(crate) fn new(others: Others) -> Self {
        Self { store: MemoryStore::new(), others, held: Mutex::default(), freed: Condvar::new() }
    }
}

impl Store for Locking {
    type Error = Locked;
    type Guard<'s> = Held<'s>;

    fn lock(&self, account: &AccountName) -> Result<Held<'_>, Locked> {
        let mut held = self.held.lock().unwrap();
        if self.others == Others::Wait {
            held = self.freed.wait_while(held, |held| held.contains(account)).unwrap();
        }
        if !held.insert(account.clone()) {
            return Err(Locked);
        }
        Ok(Held { store: self, account: account.clone() })
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Locked> {
        Ok(self.store.put(slot, bytes)?)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Locked> {
        Ok(self.store.get(slot, buffer)?)
    }

    fn replace(&self, guard: &Held<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Locked> {
        assert_eq!(guard.account, slot.account, "the guard is that of another account");
        Ok(self.store.replace(&(), slot, expected, new)?)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Locked> {
        Ok(self.store.remove(slot)?)
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Locked> {
        Ok(self.store.list(scope, each)?)
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Locked> {
        Ok(self.store.list_account(account, each)?)
    }
}
