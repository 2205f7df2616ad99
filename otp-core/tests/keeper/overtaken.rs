//! A rotation that is overtaken: somebody revokes a key after the new ones were sealed, and before they are put.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::ControlFlow;

use otp_core::store::{Kind, Slot};
use otp_core::{Code, Coded, Grant, Keeper, KeyId, MemoryStore, Note, Store};

use crate::world::{OLD, account, count, now, rng, two_keys};

/// A store in which something happens just before the first object of a kind is put.
struct Overtaking<'s, F> {
    store: &'s MemoryStore,
    kind: Kind,
    before: Cell<Option<F>>,
}

impl<'s, F: FnOnce(&MemoryStore)> Overtaking<'s, F> {
    fn new(store: &'s MemoryStore, kind: Kind, before: F) -> Self {
        Self { store, kind, before: Cell::new(Some(before)) }
    }

    fn overtake(&self, slot: &Slot) {
        if slot.kind == self.kind
            && let Some(before) = self.before.take()
        {
            before(self.store);
        }
    }
}

impl<F: FnOnce(&MemoryStore)> Store for Overtaking<'_, F> {
    type Error = Infallible;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.overtake(slot);
        self.store.put(slot, bytes)
    }

    fn put_all(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Infallible> {
        for (slot, _) in objects {
            self.overtake(slot);
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
        let overtaking = Overtaking::new(&store, Kind::Record, |store| {
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
    let overtaking = Overtaking::new(&store, Kind::Record, |store| {
        for key in &keys {
            store.remove(&Slot::record(&account(), key.id)).unwrap();
        }
    });
    let keeper = Keeper::new(&overtaking, now());
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).map(|_| ());
    assert_eq!(outcome.unwrap_err().code(), Code::NotFound);
    assert_eq!(count(&store, Kind::Record), 0);
}

#[test]
fn a_rotation_whose_id_another_one_has_changes_nothing() {
    let store = MemoryStore::new();
    let keys = two_keys(&store);
    let sign = KeyId::generate(&mut rng(2)).unwrap();
    let sign = Slot { kind: Kind::Rotation, ..Slot::record(&account(), sign) };
    let overtaking = Overtaking::new(&store, Kind::Rotation, |store| {
        assert!(store.put(&sign, &Note::Rotating { since: now() }.encode()).unwrap());
    });
    let keeper = Keeper::new(&overtaking, now());
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)).map(|_| ());
    assert_eq!(outcome.unwrap_err().code(), Code::RandomnessFailed);
    assert_eq!((count(&store, Kind::Record), count(&store, Kind::Rotation)), (2, 1), "the other one's sign stays");
    assert_eq!(keys.each_ref().map(|key| key.opens(&store)), [Some(OLD.to_vec()), Some(OLD.to_vec())]);
}
