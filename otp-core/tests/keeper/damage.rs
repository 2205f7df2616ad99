//! Records, notes and markers that were damaged by a bad disk, or by somebody who can write to the store.

use std::ops::ControlFlow;

use otp_core::keeper::{AccountInfo, CLOCK_SKEW_SECS, Gone, MAX_GRACE_SECS};
use otp_core::store::Scope;
use otp_core::testing::{HeldKey, NOW, SECRET, TestRng, count, grant, two_keys};
use otp_core::{
    AccountName, Code, Coded, Error, Grant, KeepError, Keeper, KeyId, Kind, MemoryStore, Note, Record, Slot, Store,
    checksum,
};

use crate::{account, counts, gone};

/// Replaces an object by another.
fn overwrite(store: &MemoryStore, slot: &Slot, bytes: &[u8]) {
    store.remove(slot).unwrap();
    assert!(store.put(slot, bytes).unwrap());
}

fn damage(store: &MemoryStore, slot: &Slot) {
    let mut bytes = vec![0; Record::MAX_LEN];
    let len = store.get(slot, &mut bytes).unwrap().unwrap();
    bytes[len - 1] ^= 1;
    overwrite(store, slot, &bytes[..len]);
}

/// Rotates the account to "new". Returns the ids that got a successor, and those left alone because they are damaged.
fn rotated(store: &MemoryStore) -> (Vec<KeyId>, Vec<KeyId>) {
    let keeper = Keeper::new(store, NOW);
    let rotation = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(7)).unwrap();
    let replaced = rotation.replacements().iter().map(|new| new.old).collect();
    let left = rotation.damaged().iter().map(|(id, _)| *id).collect();
    rotation.finish().unwrap();
    (replaced, left)
}

#[test]
fn a_damaged_record_is_named_spoils_nothing_and_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let [whole, damaged] = keys.each_ref().map(HeldKey::id);
    damage(&store, &Slot::record(&account(), damaged));
    let keeper = Keeper::new(&store, NOW);
    let info = keeper.info(&account()).unwrap();
    assert_eq!(info.keys.iter().map(|info| info.header.id).collect::<Vec<_>>(), [whole]);
    assert!(matches!(info.damaged[..], [(id, Error::DamagedRecord(_))] if id == damaged));
    let mut seen = Vec::new();
    let each = |name: &AccountName, info: AccountInfo| {
        seen.push((name.clone(), info.keys.len(), info.damaged.len()));
        ControlFlow::Continue(())
    };
    keeper.accounts_with_keys(Scope::All, |_| true, each).unwrap();
    assert_eq!(seen, [(account(), 1, 1)]);
    assert_eq!(rotated(&store), (vec![whole], vec![damaged]));
    assert_eq!(counts(&store), [2, 1, 0], "it stays as it is");
    keeper.revoke(&account(), damaged).unwrap();
    assert!(keeper.info(&account()).unwrap().damaged.is_empty());
    assert_eq!(gone(&keys[1], &store), Gone::Revoked { at: NOW });
}

#[test]
fn where_no_key_is_whole_nothing_is_rotated() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    for key in &keys {
        damage(&store, &Slot::record(&account(), key.id()));
    }
    let keeper = Keeper::new(&store, NOW);
    assert_eq!(keeper.info(&account()).unwrap().damaged.len(), 2);
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
    assert!(matches!(rotated, Err(KeepError::DamagedKey { .. })));
    assert_eq!(counts(&store), [2, 0, 0]);
}

#[test]
fn a_key_of_a_later_version_is_not_left_behind_by_a_rotation() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let slot = Slot::record(&account(), keys[1].id());
    let mut bytes = vec![0; Record::MAX_LEN];
    let len = store.get(&slot, &mut bytes).unwrap().unwrap();
    bytes[4] = 2;
    let crc = checksum::of(&bytes[..len - 4]);
    bytes[len - 4..len].copy_from_slice(&crc);
    overwrite(&store, &slot, &bytes[..len]);
    let keeper = Keeper::new(&store, NOW);
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
    assert_eq!(rotated.unwrap_err().code(), Code::NewerVersion);
    assert_eq!(counts(&store), [2, 0, 0]);
    assert_eq!(keeper.info(&account()).unwrap().keys.len(), 1);
}

#[test]
fn a_grace_period_that_somebody_made_longer_is_damage() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let slot = Slot::note(&account(), keys[1].id());
    let until = |secs| Note::Grace { until: NOW.after(secs) }.encode();
    store.put(&slot, &until(MAX_GRACE_SECS + CLOCK_SKEW_SECS)).unwrap();
    assert_eq!(keys[1].open_at(&store, NOW).unwrap(), SECRET);
    overwrite(&store, &slot, &until(MAX_GRACE_SECS + CLOCK_SKEW_SECS + 1));
    assert!(matches!(keys[1].open_at(&store, NOW), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
    assert_eq!(rotated(&store), (vec![keys[0].id()], vec![keys[1].id()]));
    Keeper::new(&store, NOW).revoke(&account(), keys[1].id()).unwrap();
    assert_eq!(gone(&keys[1], &store), Gone::Revoked { at: NOW });
}

#[test]
fn a_marker_from_the_future_blocks_nobody() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let (slot, keeper) = (Slot::rotation(&account(), KeyId::from_bytes([9; 10])), Keeper::new(&store, NOW));
    let since = |secs| Note::Rotating { since: NOW.after(secs) }.encode();
    store.put(&slot, &since(CLOCK_SKEW_SECS)).unwrap();
    assert!(matches!(keeper.revoke(&account(), keys[1].id()), Err(KeepError::Busy { .. })));
    overwrite(&store, &slot, &since(CLOCK_SKEW_SECS + 1));
    keeper.revoke(&account(), keys[1].id()).unwrap();
    assert_eq!(gone(&keys[1], &store), Gone::Revoked { at: NOW });
    assert_eq!(count(&store, &account(), Kind::Rotation), 0);
}

#[test]
fn a_damaged_note_is_named_and_its_key_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let keeper = Keeper::new(&store, NOW);
    store.put(&Slot::note(&account(), keys[1].id()), b"OTPN garbage").unwrap();
    assert!(matches!(keys[1].open_at(&store, NOW), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
    let damaged = keeper.info(&account()).unwrap().damaged;
    assert_eq!(damaged, [(keys[1].id(), Error::DamagedNote)]);
    // Other keys can still issue new ones.
    keeper.issue(keys[0].key(), &grant("third"), &mut TestRng::new(2)).unwrap();
    keeper.revoke(&account(), keys[1].id()).unwrap();
    assert_eq!(gone(&keys[1], &store), Gone::Revoked { at: NOW });
}

#[test]
fn a_note_with_something_behind_it_is_damaged() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let note = Note::Revoked { at: NOW }.encode();
    store.put(&Slot::note(&account(), keys[1].id()), &[&note[..], &[0]].concat()).unwrap();
    assert!(matches!(keys[1].open_at(&store, NOW), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
}

#[test]
fn a_marker_in_the_place_of_a_note_is_damage() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let slot = Slot::note(&account(), keys[0].id());
    store.put(&slot, &Note::Rotating { since: NOW }.encode()).unwrap();
    let keeper = Keeper::new(&store, NOW);
    assert!(matches!(keeper.verify(&keys[0].key()), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
    assert!(matches!(keeper.open(keys[0].key()), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
    store.remove(&slot).unwrap();
    assert!(keeper.verify(&keys[0].key()).is_ok() && keeper.open(keys[0].key()).is_ok());
}

#[test]
fn a_note_of_a_newer_version_is_left_alone() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let mut note = Note::Revoked { at: NOW }.encode();
    note[4] = 2;
    let checksum = checksum::of(&note[..14]);
    note[14..].copy_from_slice(&checksum);
    store.put(&Slot::note(&account(), keys[1].id()), &note).unwrap();
    let revoked = Keeper::new(&store, NOW).revoke(&account(), keys[1].id());
    assert_eq!(revoked.unwrap_err().code(), Code::NewerVersion);
    assert_eq!(keys[1].open_at(&store, NOW).unwrap_err().code(), Code::NewerVersion);
    assert_eq!(counts(&store), [2, 1, 0]);
}

#[test]
fn an_unreadable_marker_does_not_stand_for_ever() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    store.put(&Slot::rotation(&account(), KeyId::from_bytes([9; 10])), b"rot").unwrap();
    Keeper::new(&store, NOW).revoke(&account(), keys[1].id()).unwrap();
    assert_eq!(count(&store, &account(), Kind::Rotation), 0);
}

#[test]
fn a_record_in_the_place_of_another_is_found_out() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let [first, second] = keys.each_ref().map(|key| Slot::record(&account(), key.id()));
    let mut bytes = [0; 512];
    let len = store.get(&first, &mut bytes).unwrap().unwrap();
    overwrite(&store, &second, &bytes[..len]);
    let damaged = Keeper::new(&store, NOW).info(&account()).unwrap().damaged;
    assert_eq!(damaged, [(keys[1].id(), Error::WrongKey)]);
    assert_eq!(keys[1].open_at(&store, NOW).unwrap_err().code(), Code::WrongKey);
}

#[test]
fn a_record_longer_than_any_is_damaged() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let mut long = vec![0; 3 * Record::MAX_LEN];
    long[..5].copy_from_slice(b"OTPR\x01");
    overwrite(&store, &Slot::record(&account(), keys[0].id()), &long);
    assert_eq!(keys[0].open_at(&store, NOW).unwrap_err().code(), Code::Damaged);
}
