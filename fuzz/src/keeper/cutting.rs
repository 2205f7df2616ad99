//! A store that dies after some steps, and remembers every page that was ever sealed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use otp_core::store::{ErrorKind, Scope, StoreError};
use otp_core::{AccountName, Code, Coded, KeyId, Kind, MemoryStore, Record, Slot, Store};

/// Each record that a put was ever tried for, by key and page.
pub(super) type Seals = RefCell<BTreeMap<(KeyId, u8), Vec<u8>>>;

pub(super) struct Cutting<'s> {
    pub(super) store: &'s MemoryStore,
    pub(super) seals: &'s Seals,
    /// The number of steps left.
    pub(super) left: Cell<usize>,
    /// Whether the last step still takes effect.
    pub(super) after: bool,
}

#[derive(Debug)]
pub(super) struct Dead;

impl fmt::Display for Dead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the process is dead")
    }
}

impl std::error::Error for Dead {}

impl StoreError for Dead {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

impl Coded for Dead {
    fn code(&self) -> Code {
        Code::StoreUnavailable
    }
}

impl Cutting<'_> {
    fn step<T>(&self, act: impl FnOnce() -> T) -> Result<T, Dead> {
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        if left > 1 {
            return Ok(act());
        }
        if left == 1 && self.after {
            act();
        }
        Err(Dead)
    }

    /// Rule 1: no page seals two records.
    fn see(&self, slot: &Slot, bytes: &[u8]) {
        if slot.kind == Kind::Record {
            let page = Record::decode(bytes).unwrap().header().page;
            let mut seals = self.seals.borrow_mut();
            assert_eq!(seals.entry((slot.id, page)).or_insert_with(|| bytes.to_vec()), bytes, "a page sealed twice");
        }
    }
}

impl Store for Cutting<'_> {
    type Error = Dead;
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self, _account: &AccountName) -> Result<(), Dead> {
        self.step(|| ())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Dead> {
        self.see(slot, bytes);
        self.step(|| self.store.put(slot, bytes).unwrap())
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Dead> {
        self.step(|| self.store.get(slot, buffer).unwrap())
    }

    fn replace(&self, guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Dead> {
        // A probe of a store replaces a record by its own bytes; it may be anybody's.
        if expected != new {
            self.see(slot, new);
        }
        self.step(|| self.store.replace(guard, slot, expected, new).unwrap())
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Dead> {
        self.step(|| self.store.remove(slot).unwrap())
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Dead> {
        self.step(|| self.store.list(scope, each).unwrap())
    }

    fn list_account(&self, account: &AccountName, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Dead> {
        self.step(|| self.store.list_account(account, each).unwrap())
    }
}
