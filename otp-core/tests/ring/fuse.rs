//! A store and a ring that fail at one step, counted over both: before it takes effect, or after (the answer is lost).

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use otp_core::ring::{Entry, Ring};
use otp_core::store::{ErrorKind, Scope, StoreError};
use otp_core::{AccountName, Code, Coded, KeyId, Kind, MemoryRing, MemoryStore, Record, Slot, Store};

/// When the step fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// What it fails with.
#[derive(Debug)]
pub(crate) struct Blown;

impl fmt::Display for Blown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the step was cut")
    }
}

impl std::error::Error for Blown {}

impl StoreError for Blown {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

impl Coded for Blown {
    fn code(&self) -> Code {
        Code::StoreUnavailable
    }
}

/// Counts steps and fails one; after that, everything fails, as if the process had died.
pub(crate) struct Fuse<'a> {
    left: Cell<usize>,
    side: Side,
    blown: Cell<bool>,
    /// Whether the process continues after the failure: then only one answer was lost.
    survives: bool,
    /// What others do before the step, which then does not fail.
    meanwhile: RefCell<Option<Box<dyn FnOnce() + 'a>>>,
    /// A check to make after each step.
    watch: Option<Box<dyn Fn() + 'a>>,
}

impl<'a> Fuse<'a> {
    pub(crate) fn at(step: usize, side: Side, survives: bool) -> Self {
        let (left, blown) = (Cell::new(step), Cell::new(false));
        Self { left, side, blown, survives, meanwhile: RefCell::new(None), watch: None }
    }

    pub(crate) fn whole() -> Self {
        Self::at(usize::MAX, Side::Before, false)
    }

    /// Lets others act before a step.
    pub(crate) fn pausing_at(step: usize, meanwhile: impl FnOnce() + 'a) -> Self {
        let fuse = Self::at(step, Side::Before, true);
        *fuse.meanwhile.borrow_mut() = Some(Box::new(meanwhile));
        fuse
    }

    /// Makes a check after each step.
    pub(crate) fn watched(mut self, watch: impl Fn() + 'a) -> Self {
        self.watch = Some(Box::new(watch));
        self
    }

    pub(crate) fn is_blown(&self) -> bool {
        self.blown.get()
    }

    fn step<T>(&self, act: impl FnOnce() -> T) -> Result<T, Blown> {
        if self.blown.get() && !self.survives {
            return Err(Blown);
        }
        let left = self.left.get();
        self.left.set(left.wrapping_sub(1));
        let done = if left != 0 {
            Ok(act())
        } else {
            self.blown.set(true);
            if let Some(meanwhile) = self.meanwhile.take() {
                meanwhile();
                return Ok(act());
            }
            if self.side == Side::After {
                act();
            }
            Err(Blown)
        };
        self.watch.iter().for_each(|watch| watch());
        done
    }
}

/// Every record that anybody tried to write, by key and page: rule T1 says that there is only one.
#[derive(Default)]
pub(crate) struct Seals(RefCell<BTreeMap<(KeyId, u8), Vec<u8>>>);

impl Seals {
    fn see(&self, slot: &Slot, bytes: &[u8]) {
        if slot.kind != Kind::Record {
            return;
        }
        let record = Record::decode(bytes).unwrap();
        let page = (slot.id, record.header().page);
        let mut seals = self.0.borrow_mut();
        let first = seals.entry(page).or_insert_with(|| bytes.to_vec());
        assert_eq!(first, bytes, "a page was sealed twice: {page:?}");
    }
}

pub(crate) struct FusedStore<'a, 'f> {
    pub(crate) store: &'a MemoryStore,
    pub(crate) fuse: &'a Fuse<'f>,
    pub(crate) seals: &'a Seals,
}

impl Store for FusedStore<'_, '_> {
    type Error = Blown;
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self, _account: &AccountName) -> Result<(), Blown> {
        self.fuse.step(|| ())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Blown> {
        self.seals.see(slot, bytes);
        self.fuse.step(|| self.store.put(slot, bytes).unwrap())
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Blown> {
        self.fuse.step(|| self.store.get(slot, buffer).unwrap())
    }

    fn replace(&self, guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Blown> {
        self.seals.see(slot, new);
        self.fuse.step(|| self.store.replace(guard, slot, expected, new).unwrap())
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Blown> {
        self.fuse.step(|| self.store.remove(slot).unwrap())
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Blown> {
        self.fuse.step(|| self.store.list(scope, each).unwrap())
    }

    fn list_account(&self, account: &AccountName, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Blown> {
        self.fuse.step(|| self.store.list_account(account, each).unwrap())
    }
}

pub(crate) struct FusedRing<'a, 'f> {
    pub(crate) ring: &'a MemoryRing,
    pub(crate) fuse: &'a Fuse<'f>,
}

impl Ring for FusedRing<'_, '_> {
    type Error = Blown;
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self) -> Result<(), Blown> {
        self.fuse.step(|| ())
    }

    fn put(&self, account: &AccountName, entry: Entry, bytes: &[u8]) -> Result<bool, Blown> {
        self.fuse.step(|| self.ring.put(account, entry, bytes).unwrap())
    }

    fn get(&self, account: &AccountName, entry: Entry, buffer: &mut [u8]) -> Result<Option<usize>, Blown> {
        self.fuse.step(|| self.ring.get(account, entry, buffer).unwrap())
    }

    fn remove(&self, account: &AccountName, entry: Entry) -> Result<(), Blown> {
        self.fuse.step(|| self.ring.remove(account, entry).unwrap())
    }

    fn list(&self, account: &AccountName, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<(), Blown> {
        self.fuse.step(|| self.ring.list(account, each).unwrap())
    }

    fn accounts(&self, each: &mut dyn FnMut(&AccountName) -> ControlFlow<()>) -> Result<(), Blown> {
        self.fuse.step(|| self.ring.accounts(each).unwrap())
    }
}
