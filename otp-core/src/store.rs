//! The [`Store`] trait, what each implementation promises, and a store in memory.

use core::fmt;
use core::ops::ControlFlow;

use crate::error::Coded;
use crate::name::{AccountName, KeyId};

/// What a slot of a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A record: header, ciphertext and tag of one key.
    Record,
    /// A note about the record of the same id: revoked, rotated away, or open until some time.
    Note,
    /// The sign that a rotation of the account is under way; the id is the rotation's own.
    Rotation,
}

/// A place in a store: one object of one kind for each account and id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The account that it belongs to.
    pub account: AccountName,
    /// The key's id, or the rotation's.
    pub id: KeyId,
    /// What it holds.
    pub kind: Kind,
}

impl Slot {
    /// The slot of a record.
    #[must_use]
    pub fn record(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Record }
    }

    /// The slot of the note about a record.
    #[must_use]
    pub fn note(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Note }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({:?} {}/{})", self.kind, self.account, self.id)
    }
}

/// A place that keeps small objects, each in its own slot.
///
/// The verbs are few, and none is one that only a file system can give: an object store with conditional writes, or
/// a table with a unique key, implements them as well. All take `&self`, since others use the store at the same time.
///
/// What each implementation promises:
///
/// - what `put` or `put_all` reported as put survives a crash, and nobody ever sees a part of it;
/// - `get`, after a `put` returned, sees it, until somebody removes it; so does `list`;
/// - an object is never changed, only put and removed.
pub trait Store {
    /// What the store fails with.
    type Error: Coded + 'static;

    /// Puts `bytes` into a slot if it is empty, and says whether it did: `false` if something was there, which stays.
    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Self::Error>;

    /// Puts many objects, sharing what makes them durable where the store can.
    ///
    /// Returns how many it put, from the front: fewer than there are if a slot was taken, and it stops there.
    /// If it fails, some of them may be there and others not.
    fn put_all(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Self::Error> {
        for (count, (slot, bytes)) in objects.iter().enumerate() {
            if !self.put(slot, bytes)? {
                return Ok(count);
            }
        }
        Ok(objects.len())
    }

    /// Reads an object to the front of `buffer`, and returns its whole length in bytes; `None` for an empty slot.
    ///
    /// If the length exceeds the buffer, the buffer holds what fits, and nothing about the rest was read.
    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Self::Error>;

    /// Gives every slot whose account name with a `/` behind it starts with `prefix`, until `each` breaks.
    ///
    /// So `""` gives all, and `"edms/a/"` the account `edms/a` and those below it. They come sorted: by account as
    /// bytes, then id, then kind. What others put or remove meanwhile may be among them or not.
    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Self::Error>;

    /// Removes an object, durably, and says whether there was one.
    fn remove(&self, slot: &Slot) -> Result<bool, Self::Error>;
}

#[cfg(feature = "alloc")]
pub use memory::MemoryStore;

#[cfg(feature = "alloc")]
mod memory {
    use alloc::collections::BTreeMap;
    use alloc::vec::Vec;
    use core::cell::RefCell;
    use core::convert::Infallible;
    use core::ops::ControlFlow;

    use super::{Slot, Store};
    use crate::error::{Code, Coded};

    impl Coded for Infallible {
        fn code(&self) -> Code {
            match *self {}
        }
    }

    /// A store in memory: for tests, and as the shortest example of an implementation.
    #[derive(Debug, Default)]
    pub struct MemoryStore {
        objects: RefCell<BTreeMap<Slot, Vec<u8>>>,
    }

    impl MemoryStore {
        /// An empty store.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }
    }

    impl Store for MemoryStore {
        type Error = Infallible;

        fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
            let mut objects = self.objects.borrow_mut();
            if objects.contains_key(slot) {
                return Ok(false);
            }
            objects.insert(slot.clone(), bytes.to_vec());
            Ok(true)
        }

        fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
            Ok(self.objects.borrow().get(slot).map(|bytes| {
                let fits = bytes.len().min(buffer.len());
                buffer[..fits].copy_from_slice(&bytes[..fits]);
                bytes.len()
            }))
        }

        fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
            // A copy of the slots, so that `each` may use the store.
            let slots: Vec<Slot> = self.objects.borrow().keys().cloned().collect();
            for slot in &slots {
                let account = slot.account.as_str();
                let below = account.starts_with(prefix) || prefix.strip_suffix('/') == Some(account);
                if below && each(slot).is_break() {
                    break;
                }
            }
            Ok(())
        }

        fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
            Ok(self.objects.borrow_mut().remove(slot).is_some())
        }
    }
}
