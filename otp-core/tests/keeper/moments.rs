//! Rotations that others meet, and keys that end while they are read.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::ControlFlow;

use otp_core::keeper::{Gone, ROTATION_LIMIT_SECS};
use otp_core::store::Scope;
use otp_core::testing::{HeldKey, NOW, SECRET, TestRng, grant, two_keys};
use otp_core::{AccountName, Capacity, Grant, KeepError, Keeper, MemoryStore, Note, Record, Slot, Store};

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
        for result in [rotated, issued, keeper.revoke(&account(), keys[0].id())] {
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

/// A store in which something happens just after a record was looked at together with its note.
struct Between<'s, F> {
    store: &'s MemoryStore,
    after: Cell<Option<F>>,
}

impl<F: FnOnce(&MemoryStore)> Store for Between<'_, F> {
    type Error = Infallible;
    type Guard<'g>
        = ()
    where
        Self: 'g;

    fn lock(&self, account: &AccountName) -> Result<(), Infallible> {
        self.store.lock(account)
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.store.put(slot, bytes)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.store.get(slot, buffer)
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: otp_core::KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Infallible> {
        let lens = self.store.get_with_note(account, id, record, note)?;
        if let Some(after) = self.after.take() {
            after(self.store);
        }
        Ok(lens)
    }

    fn replace(&self, guard: &(), slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Infallible> {
        self.store.replace(guard, slot, expected, new)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        self.store.remove(slot)
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
}

#[test]
fn a_key_that_is_revoked_while_it_is_read_is_known_as_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let revoke = |store: &MemoryStore| Keeper::new(store, NOW).revoke(&account(), keys[0].id()).unwrap();
    let between = Between { store: &store, after: Cell::new(Some(revoke)) };
    // The second of two revokes that meet.
    let revoked = Keeper::new(&between, NOW).revoke(&account(), keys[0].id());
    assert!(matches!(revoked, Err(KeepError::NoKey { gone: Gone::Revoked { at: NOW }, .. })), "{revoked:?}");
}

#[test]
fn a_record_that_grows_while_it_is_read_is_read_whole() {
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, NOW);
    let large = Grant::default().with_capacity(Some(Capacity::ALL[4]));
    let key = HeldKey::new(&keeper.add(&account(), SECRET, &large, &mut TestRng::new(1)).unwrap());
    // What stood there before: a record that is longer than the first guess, and shorter than this one.
    let slot = Slot::record(&account(), key.id());
    let mut bytes = vec![0; Record::MAX_LEN];
    let len = store.get(&slot, &mut bytes).unwrap().unwrap();
    let record = &bytes[..len];
    let before = vec![7; len - 300];
    assert!(store.replace(&(), &slot, record, &before).unwrap());
    let grow = |store: &MemoryStore| assert!(store.replace(&(), &slot, &before, record).unwrap());
    let between = Between { store: &store, after: Cell::new(Some(grow)) };
    let info = Keeper::new(&between, NOW).key_info(&account(), key.id());
    assert!(info.unwrap().is_some_and(|info| info.header.capacity == Capacity::ALL[4]));
}
