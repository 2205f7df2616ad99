//! A rotation that is overtaken: a key is revoked after the new ones were sealed, and before they are put.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::ControlFlow;

use otp_core::store::Scope;
use otp_core::testing::{NOW, SECRET, TestRng, two_keys};
use otp_core::{AccountName, Grant, KeepError, Keeper, KeyId, Kind, MemoryStore, Note, Slot, Store};

use crate::{account, counts};

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
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self, account: &AccountName) -> Result<(), Infallible> {
        self.store.lock(account)
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.overtake(slot);
        self.store.put(slot, bytes)
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Infallible> {
        for (slot, _) in objects {
            self.overtake(slot);
        }
        self.store.put_many(objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.store.get(slot, buffer)
    }

    fn replace(&self, guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Infallible> {
        self.store.replace(guard, slot, expected, new)
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.store.list(scope, each)
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), Infallible> {
        self.store.list_account(account, each)
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
        let keys = two_keys(&store, &account());
        let overtaking = Overtaking::new(&store, Kind::Record, |store| {
            let slot = Slot { kind: step, ..Slot::record(&account(), keys[0].id()) };
            if step == Kind::Note {
                store.put(&slot, &Note::Revoked { at: NOW }.encode()).unwrap();
            } else {
                store.remove(&slot).unwrap();
            }
        });
        let keeper = Keeper::new(&overtaking, NOW);
        let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap();
        let old: Vec<_> = rotation.replacements().iter().map(|new| new.old).collect();
        assert_eq!(old, [keys[1].id()], "{step:?}");
        rotation.finish().unwrap();
        assert_eq!((keys[0].open(&store), keys[1].open(&store)), (None, None), "{step:?}");
    }
}

#[test]
fn a_rotation_of_keys_that_are_all_revoked_meanwhile_hands_out_none() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let overtaking = Overtaking::new(&store, Kind::Record, |store| {
        for key in &keys {
            store.remove(&Slot::record(&account(), key.id())).unwrap();
        }
    });
    let keeper = Keeper::new(&overtaking, NOW);
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
    assert!(matches!(outcome, Err(KeepError::NoAccount { .. })));
    assert_eq!(counts(&store), [0; 3]);
}

#[test]
fn a_rotation_whose_id_another_one_has_changes_nothing() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let marker = Slot::rotation(&account(), KeyId::generate(&mut TestRng::new(2)).unwrap());
    let overtaking = Overtaking::new(&store, Kind::Rotation, |store| {
        assert!(store.put(&marker, &Note::Rotating { since: NOW }.encode()).unwrap());
    });
    let keeper = Keeper::new(&overtaking, NOW);
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
    assert!(matches!(outcome, Err(KeepError::Randomness(_))));
    assert_eq!(counts(&store), [2, 0, 1], "the other rotation's marker stays");
    assert_eq!(keys.each_ref().map(|key| key.open(&store)), [Some(SECRET.to_vec()), Some(SECRET.to_vec())]);
}
