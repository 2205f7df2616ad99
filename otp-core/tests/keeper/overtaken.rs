//! A rotation that is overtaken: somebody revokes a key after the new ones were sealed, and before they are put.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::ControlFlow;

use otp_core::store::{Kind, Slot};
use otp_core::{Code, Coded, Grant, Keeper, MemoryStore, Note, Store};

use crate::world::{account, count, now, rng, two_keys};

/// A store in which something happens just before a batch is put.
struct Overtaking<'s, F> {
    store: &'s MemoryStore,
    before: Cell<Option<F>>,
}

impl<'s, F: FnOnce(&MemoryStore)> Overtaking<'s, F> {
    fn new(store: &'s MemoryStore, before: F) -> Self {
        Self { store, before: Cell::new(Some(before)) }
    }
}

impl<F: FnOnce(&MemoryStore)> Store for Overtaking<'_, F> {
    type Error = Infallible;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.store.put(slot, bytes)
    }

    fn put_all(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Infallible> {
        if let Some(before) = self.before.take() {
            before(self.store);
        }
        self.store.put_all(objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.store.get(slot, buffer)
    }

    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.store.list(prefix, each)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        self.store.remove(slot)
    }
}

#[test]
fn a_key_that_is_revoked_while_its_successor_is_sealed_gets_none() {
    // The first step of a revoke, and the last one.
    for step in [Kind::Note, Kind::Record] {
        let store = MemoryStore::new();
        let keys = two_keys(&store);
        let overtaking = Overtaking::new(&store, |store| {
            let slot = Slot { kind: step, ..Slot::record(&account(), keys[0].id) };
            if step == Kind::Note {
                store.put(&slot, &Note::Revoked { at: now() }.encode()).unwrap();
            } else {
                store.remove(&slot).unwrap();
            }
        });
        let keeper = Keeper::new(&overtaking, now());
        let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).unwrap();
        let old: Vec<_> = rotation.replacements().iter().map(|new| new.old).collect();
        assert_eq!(old, [keys[1].id], "{step:?}");
        rotation.finish().unwrap();
        assert_eq!((keys[0].opens(&store), keys[1].opens(&store)), (None, None), "{step:?}");
    }
}

#[test]
fn a_rotation_of_keys_that_are_all_revoked_meanwhile_hands_out_none() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let overtaking = Overtaking::new(&store, |store| {
        for key in &keys {
            store.remove(&Slot::record(&account(), key.id)).unwrap();
        }
    });
    let keeper = Keeper::new(&overtaking, now());
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).map(|_| ());
    assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
    assert_eq!(count(&store, Kind::Record), 0);
}
