//! Rotations that overlap with other operations, and keys that end while they are read.

use std::cell::Cell;

use otp_core::keeper::{Gone, ROTATION_LIMIT_SECS};
use otp_core::testing::{HeldKey, NOW, SECRET, TestRng, grant, two_keys};
use otp_core::{AccountName, Capacity, Grant, KeepError, Keeper, KeyId, MemoryStore, Note, Record, Slot, Store};

use crate::hooked::{Hooked, Moment};
use crate::{account, counts, gone};

#[test]
fn while_an_account_is_rotated_others_are_told_that_it_is_busy() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let keeper = Keeper::new(&store, NOW);
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap();
    let new = HeldKey::new(&rotation.replacements()[0].key);
    let late = NOW.after(ROTATION_LIMIT_SECS - 1);
    for keeper in [keeper, Keeper::new(&store, late)] {
        let rotated = keeper.rotate(&account(), b"newer", &Grant::default(), None, &mut TestRng::new(3)).map(drop);
        let issued = keeper.issue(keys[0].key(), &Grant::default(), &mut TestRng::new(4)).map(drop);
        for result in [rotated, issued, keeper.revoke(&account(), keys[0].id()).map(drop)] {
            assert!(matches!(result, Err(KeepError::Busy { .. })));
        }
    }
    assert_eq!(keys[0].open(&store).as_deref(), Some(SECRET));
    assert_eq!(new.open(&store).as_deref(), Some(&b"new"[..]));
    assert_eq!(counts(&store), [4, 0, 1]);
}

#[test]
fn a_rotation_that_others_took_for_a_crashed_one_ends_nothing() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let keeper = Keeper::new(&store, NOW);
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap();
    let new = HeldKey::new(&rotation.replacements()[0].key);
    let late = Keeper::new(&store, NOW.after(ROTATION_LIMIT_SECS));
    let third = HeldKey::new(&late.issue(keys[0].key(), &grant("third"), &mut TestRng::new(3)).unwrap());
    assert!(matches!(rotation.finish(), Err(KeepError::Busy { .. })));
    assert_eq!([&keys[0], &third].map(|key| key.open(&store)), [Some(SECRET.to_vec()), Some(SECRET.to_vec())]);
    assert_eq!(new.open(&store).as_deref(), Some(&b"new"[..]));
}

#[test]
fn a_key_that_is_revoked_during_a_rotation_takes_its_successor_with_it() {
    for grace in [None, Some(60)] {
        let store = MemoryStore::new();
        let keys = two_keys(&store, &account());
        let keeper = Keeper::new(&store, NOW);
        let rotation = keeper.rotate(&account(), b"new", &Grant::default(), grace, &mut TestRng::new(2)).unwrap();
        let new = keys.each_ref().map(|key| {
            let successor = rotation.replacements().iter().find(|new| new.old == key.id()).unwrap();
            HeldKey::new(&successor.key)
        });
        // The first step of a revoke that looked for a rotation before this one began.
        let note = Slot::note(&account(), keys[0].id());
        assert!(store.put(&note, &Note::Revoked { at: NOW }.encode()).unwrap());
        rotation.finish().unwrap();
        assert_eq!(gone(&keys[0], &store), Gone::Revoked { at: NOW });
        assert_eq!(new[0].open(&store), None);
        assert_eq!(new[1].open(&store).as_deref(), Some(&b"new"[..]));
    }
}

/// Acts just after a record was first looked at together with its note.
fn after_look<'a>(act: impl FnOnce() + 'a) -> impl Fn(Moment<'_>) + 'a {
    let act = Cell::new(Some(act));
    move |moment| {
        if let (Moment::Looked, Some(act)) = (moment, act.take()) {
            act();
        }
    }
}

#[test]
fn a_key_that_is_revoked_while_it_is_read_is_known_as_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let revoke = || {
        Keeper::new(&store, NOW).revoke(&account(), keys[0].id()).unwrap();
    };
    let between = Hooked::new(&store, after_look(revoke));
    // The second of two concurrent revokes.
    let revoked = Keeper::new(&between, NOW).revoke(&account(), keys[0].id());
    assert!(matches!(revoked, Err(KeepError::NoKey { gone: Gone::Revoked { at: NOW }, .. })), "{revoked:?}");
}

#[test]
fn a_record_that_grows_while_it_is_read_is_read_whole() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let large = Grant::default().with_capacity(Some(Capacity::ALL[4]));
    let key = HeldKey::new(&keeper.add(&account(), SECRET, &large, &mut TestRng::new(1)).unwrap());
    // The earlier contents: a record that is longer than the first guess, and shorter than this one.
    let slot = Slot::record(&account(), key.id());
    let mut bytes = vec![0; Record::MAX_LEN];
    let len = store.get(&slot, &mut bytes).unwrap().unwrap();
    let record = &bytes[..len];
    let before = vec![7; len - 300];
    assert!(store.replace(&(), &slot, record, &before).unwrap());
    let grow = || assert!(store.replace(&(), &slot, &before, record).unwrap());
    let between = Hooked::new(&store, after_look(grow));
    let info = Keeper::new(&between, NOW).key_info(&account(), key.id());
    assert!(info.unwrap().is_some_and(|info| info.header.capacity == Capacity::ALL[4]));
}

#[test]
fn a_mistyped_name_takes_no_lock() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let locks = Cell::new(0);
    let hooked = Hooked::new(&store, |moment| {
        if let Moment::Lock = moment {
            locks.set(locks.get() + 1);
        }
    });
    let keeper = Keeper::new(&hooked, NOW);
    let (nobody, unknown) = (AccountName::parse("edms/reportinh").unwrap(), KeyId::from_bytes([7; 10]));
    assert!(keeper.rotate(&nobody, b"new", &Grant::default(), None, &mut TestRng::new(2)).is_err());
    assert!(keeper.remove(&nobody).is_err());
    assert!(keeper.revoke(&nobody, keys[0].id()).is_err() && keeper.revoke(&account(), unknown).is_err());
    assert_eq!(locks.get(), 0);
    keeper.revoke(&account(), keys[0].id()).unwrap();
    keeper.remove(&account()).unwrap();
    assert_eq!(locks.get(), 2);
}
