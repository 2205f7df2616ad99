//! [`Verbs`]: a store whose failures are failures of the suite.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::ControlFlow;
use std::thread;

use crate::id::KeyId;
use crate::name::AccountName;
use crate::record::Record;
use crate::store::{ErrorKind, Kind, Scope, Slot, Store, StoreError};

/// Fails, naming the promise, if it does not hold.
#[track_caller]
pub(super) fn promise(holds: bool, promise: &str) {
    assert!(holds, "broken promise: {promise}");
}

pub(super) fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

/// A slot of an account; the id is made of one byte.
pub(super) fn slot(name: &str, id: u8, kind: Kind) -> Slot {
    Slot { account: account(name), id: KeyId::from_bytes([id; KeyId::LEN]), kind }
}

/// A store's verbs, none of which may fail.
pub(super) struct Verbs<'s, S>(pub(super) &'s S);

impl<'s, S: Store> Verbs<'s, S> {
    pub(super) fn put(&self, slot: &Slot, bytes: &[u8]) -> bool {
        done("put", self.0.put(slot, bytes))
    }

    pub(super) fn put_many(&self, objects: &[(Slot, &[u8])]) -> usize {
        done("put_many", self.0.put_many(objects))
    }

    /// The whole object, with room for more than any object has.
    pub(super) fn read(&self, slot: &Slot) -> Option<Vec<u8>> {
        let mut buffer = vec![0; Record::MAX_LEN + 1];
        let len = self.get(slot, &mut buffer)?;
        promise(len <= buffer.len(), "get: it returns the object's length");
        buffer.truncate(len);
        Some(buffer)
    }

    pub(super) fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Option<usize> {
        done("get", self.0.get(slot, buffer))
    }

    /// Replaces under a guard of its own.
    pub(super) fn replace(&self, slot: &Slot, expected: &[u8], new: &[u8]) -> bool {
        let guard = self.lock(&slot.account);
        done("replace", self.0.replace(&guard, slot, expected, new))
    }

    pub(super) fn remove(&self, slot: &Slot) -> bool {
        done("remove", self.0.remove(slot))
    }

    /// Takes an account's lock, however often the store says that somebody else has it.
    pub(super) fn lock(&self, account: &AccountName) -> S::Guard<'s> {
        loop {
            match self.0.lock(account) {
                Err(error) if error.kind() == ErrorKind::Locked => thread::yield_now(),
                result => return done("lock", result),
            }
        }
    }

    pub(super) fn list(&self, scope: Scope<'_>) -> Vec<Slot> {
        let mut slots = Vec::new();
        let each = &mut |slot: &Slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        };
        done("list", self.0.list(scope, each));
        slots
    }

    /// The slots of an account, sorted here, since `list_account` need not sort them.
    pub(super) fn list_account(&self, account: &AccountName) -> Vec<Slot> {
        let mut slots = Vec::new();
        let each = &mut |slot: &Slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        };
        done("list_account", self.0.list_account(account, each));
        slots.sort();
        slots
    }
}

#[track_caller]
fn done<T, E: StoreError>(verb: &str, result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("broken promise: {verb}: it does not fail: {error}"))
}
