//! A rotation that is overtaken: a key is revoked after the new keys were sealed, and before they are put.

use std::cell::Cell;

use otp_core::testing::{NOW, SECRET, TestRng, two_keys};
use otp_core::{Grant, KeepError, Keeper, KeyId, Kind, MemoryStore, Note, Slot, Store};

use crate::hooked::{Hooked, Moment};
use crate::{account, counts};

/// Acts just before the first object of a kind is put.
fn before_put<'a>(kind: Kind, act: impl FnOnce() + 'a) -> impl Fn(Moment<'_>) + 'a {
    let act = Cell::new(Some(act));
    move |moment| {
        if let Moment::Put(slot) = moment
            && slot.kind == kind
            && let Some(act) = act.take()
        {
            act();
        }
    }
}

#[test]
fn a_key_that_is_revoked_while_its_successor_is_sealed_gets_none() {
    // The first step of a revoke, and the last one.
    for step in [Kind::Note, Kind::Record] {
        let store = MemoryStore::new();
        let keys = two_keys(&store, &account());
        let overtaking = Hooked::new(
            &store,
            before_put(Kind::Record, || {
                let slot = Slot { kind: step, ..Slot::record(&account(), keys[0].id()) };
                if step == Kind::Note {
                    store.put(&slot, &Note::Revoked { at: NOW }.encode()).unwrap();
                } else {
                    store.remove(&slot).unwrap();
                }
            }),
        );
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
    let overtaking = Hooked::new(
        &store,
        before_put(Kind::Record, || {
            for key in &keys {
                store.remove(&Slot::record(&account(), key.id())).unwrap();
            }
        }),
    );
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
    let overtaking = Hooked::new(
        &store,
        before_put(Kind::Rotation, || {
            assert!(store.put(&marker, &Note::Rotating { since: NOW }.encode()).unwrap());
        }),
    );
    let keeper = Keeper::new(&overtaking, NOW);
    let outcome = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
    assert!(matches!(outcome, Err(KeepError::Randomness(_))));
    assert_eq!(counts(&store), [2, 0, 1], "the other rotation's marker stays");
    assert_eq!(keys.each_ref().map(|key| key.open(&store)), [Some(SECRET.to_vec()), Some(SECRET.to_vec())]);
}
