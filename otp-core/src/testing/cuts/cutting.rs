//! [`Cutting`]: a store that fails at one step.

use core::cell::Cell;
use core::fmt;
use core::ops::ControlFlow;

use crate::id::KeyId;
use crate::name::AccountName;
use crate::store::{ErrorKind, Scope, Slot, Store, StoreError};

/// How a step fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum How {
    /// It does nothing; the next steps work.
    FailsBefore,
    /// It is done all the same; the next steps work.
    FailsAfter,
    /// The process dies before it.
    DiesBefore,
    /// The process dies after it, before it knows that it was done.
    DiesAfter,
}

impl How {
    pub(super) const ALL: [Self; 4] = [Self::FailsBefore, Self::FailsAfter, Self::DiesBefore, Self::DiesAfter];
}

/// What a step fails with.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store was cut off")
    }
}

impl core::error::Error for Cut {}

impl StoreError for Cut {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

/// A store that fails at one step.
///
/// A lock taken by a step that fails is released, like that of a process that dies.
pub(super) struct Cutting<'s, S> {
    store: &'s S,
    how: How,
    at: usize,
    steps: Cell<usize>,
}

impl<'s, S> Cutting<'s, S> {
    pub(super) fn new(store: &'s S, how: How, at: usize) -> Self {
        Self { store, how, at, steps: Cell::new(0) }
    }

    /// Whether the step that fails was reached.
    pub(super) fn is_reached(&self) -> bool {
        self.steps.get() > self.at
    }

    /// Whether the process has died.
    pub(super) fn dies(&self) -> bool {
        matches!(self.how, How::DiesBefore | How::DiesAfter)
    }

    fn step<R, E: StoreError>(&self, act: impl FnOnce(&'s S) -> Result<R, E>) -> Result<R, Cut> {
        let step = self.steps.replace(self.steps.get() + 1);
        let is_dead = step > self.at && self.dies();
        if is_dead || (step == self.at && matches!(self.how, How::FailsBefore | How::DiesBefore)) {
            return Err(Cut);
        }
        let result =
            act(self.store).unwrap_or_else(|error| panic!("the store failed where it was not cut off: {error}"));
        if step == self.at { Err(Cut) } else { Ok(result) }
    }
}

impl<S> fmt::Display for Cutting<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = match self.how {
            How::FailsBefore => "fails before",
            How::FailsAfter => "fails after",
            How::DiesBefore => "dies before",
            How::DiesAfter => "dies after",
        };
        write!(f, "it {way} step {}", self.at + 1)
    }
}

impl<'s, S: Store> Store for Cutting<'s, S> {
    type Error = Cut;
    type Guard<'g>
        = S::Guard<'s>
    where
        Self: 'g;

    fn lock(&self, account: &AccountName) -> Result<S::Guard<'s>, Cut> {
        self.step(|store| store.lock(account))
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Cut> {
        self.step(|store| store.put(slot, bytes))
    }

    // `put_many` is the trait's own: one step for each object.

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Cut> {
        self.step(|store| store.get(slot, buffer))
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Cut> {
        self.step(|store| store.get_with_note(account, id, record, note))
    }

    fn replace(&self, guard: &S::Guard<'s>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Cut> {
        self.step(|store| store.replace(guard, slot, expected, new))
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Cut> {
        self.step(|store| store.remove(slot))
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Cut> {
        self.step(|store| store.list(scope, each))
    }

    fn list_account(&self, account: &AccountName, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Cut> {
        self.step(|store| store.list_account(account, each))
    }
}
