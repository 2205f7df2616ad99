//! What a damaged disk, or somebody who can write the store, does to records, notes and markers.

use otp_core::keeper::Gone;
use otp_core::testing::{NOW, TestRng, count, grant, two_keys};
use otp_core::{
    Code, Coded, Error, Grant, KeepError, Keeper, KeyId, Kind, MemoryStore, Note, Record, Slot, Store, checksum,
};

use crate::{account, counts, gone};

/// Puts an object in the place of another.
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

#[test]
fn a_damaged_record_is_named_and_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    damage(&store, &Slot::record(&account(), keys[1].id()));
    let keeper = Keeper::new(&store, NOW);
    let is_named = |error| matches!(error, KeepError::DamagedKey { id, .. } if id == keys[1].id());
    assert!(is_named(keeper.info(&account()).unwrap_err()));
    let rotated = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut TestRng::new(2));
    assert!(is_named(rotated.unwrap_err()));
    assert_eq!(counts(&store), [2, 0, 0]);
    keeper.revoke(&account(), keys[1].id()).unwrap();
    assert_eq!(keeper.info(&account()).unwrap().len(), 1);
}

#[test]
fn a_damaged_note_is_named_and_its_key_can_be_revoked() {
    let store = MemoryStore::new();
    let keys = two_keys(&store, &account());
    let keeper = Keeper::new(&store, NOW);
    store.put(&Slot::note(&account(), keys[1].id()), b"OTPN garbage").unwrap();
    assert!(matches!(keys[1].open_at(&store, NOW), Err(KeepError::DamagedKey { error: Error::DamagedNote, .. })));
    let error = keeper.info(&account()).unwrap_err();
    assert!(matches!(error, KeepError::DamagedKey { id, error: Error::DamagedNote, .. } if id == keys[1].id()));
    // Other keys can be issued from all the same.
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
    let error = Keeper::new(&store, NOW).info(&account()).unwrap_err();
    assert!(matches!(error, KeepError::DamagedKey { id, error: Error::WrongKey, .. } if id == keys[1].id()));
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
