//! A store on fixed arrays, without an allocator: what a driver would keep in flash.

use core::cell::RefCell;
use core::fmt;
use core::ops::ControlFlow;

use otp_core::store::{ErrorKind, Scope, StoreError};
use otp_core::{AccountName, Slot, Store};

use crate::device::RECORD_LEN;

/// How many objects the flash holds.
pub(crate) const SLOTS: usize = 4;

/// The flash has no room for an object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the flash has no free slot")
    }
}

impl core::error::Error for Full {}

impl StoreError for Full {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Unavailable
    }
}

struct Object {
    slot: Slot,
    bytes: [u8; RECORD_LEN],
    len: usize,
}

impl Object {
    fn new(slot: &Slot, bytes: &[u8]) -> Result<Self, Full> {
        let mut kept = [0; RECORD_LEN];
        kept.get_mut(..bytes.len()).ok_or(Full)?.copy_from_slice(bytes);
        Ok(Self { slot: slot.clone(), bytes: kept, len: bytes.len() })
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The flash. One program uses it, on one core, so it has no locks.
pub(crate) struct Flash {
    objects: RefCell<[Option<Object>; SLOTS]>,
}

impl Flash {
    /// Flash with nothing in it.
    pub(crate) const fn new() -> Self {
        Self { objects: RefCell::new([const { None }; SLOTS]) }
    }

    /// How many slots are used.
    pub(crate) fn used(&self) -> usize {
        self.objects.borrow().iter().flatten().count()
    }

    /// Gives the wanted slots in their order.
    ///
    /// It looks for the next one each time, so that `each` may put and remove objects.
    fn each(&self, wanted: impl Fn(&AccountName) -> bool, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) {
        let mut last = None;
        while let Some(slot) = self.first_after(last.as_ref(), &wanted) {
            if each(&slot).is_break() {
                break;
            }
            last = Some(slot);
        }
    }

    fn first_after(&self, last: Option<&Slot>, wanted: impl Fn(&AccountName) -> bool) -> Option<Slot> {
        let objects = self.objects.borrow();
        let slots = objects.iter().flatten().map(|object| &object.slot);
        slots.filter(|slot| last.is_none_or(|last| *slot > last) && wanted(&slot.account)).min().cloned()
    }
}

impl Store for Flash {
    type Error = Full;
    type Guard<'s> = ();

    fn lock(&self, _account: &AccountName) -> Result<(), Full> {
        Ok(())
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Full> {
        let mut objects = self.objects.borrow_mut();
        if objects.iter().flatten().any(|object| object.slot == *slot) {
            return Ok(false);
        }
        let free = objects.iter_mut().find(|object| object.is_none()).ok_or(Full)?;
        *free = Some(Object::new(slot, bytes)?);
        Ok(true)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Full> {
        let objects = self.objects.borrow();
        let found = objects.iter().flatten().find(|object| object.slot == *slot);
        Ok(found.map(|object| {
            let fits = buffer.len().min(object.len);
            buffer[..fits].copy_from_slice(&object.bytes[..fits]);
            object.len
        }))
    }

    fn replace(&self, _guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Full> {
        let mut objects = self.objects.borrow_mut();
        match objects.iter_mut().flatten().find(|object| object.slot == *slot && object.bytes() == expected) {
            Some(object) => {
                *object = Object::new(slot, new)?;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Full> {
        let mut objects = self.objects.borrow_mut();
        let found = objects.iter_mut().find(|object| object.as_ref().is_some_and(|object| object.slot == *slot));
        Ok(found.is_some_and(|object| object.take().is_some()))
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Full> {
        self.each(|account| scope.contains(account), each);
        Ok(())
    }

    fn list_account(&self, account: &AccountName, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Full> {
        self.each(|other| other == account, each);
        Ok(())
    }
}
