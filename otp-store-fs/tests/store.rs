//! The store trait's promises, kept by the store on a file system.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use otp_core::store::{Kind, Slot, Store};
use otp_core::{AccountName, Code, Coded, KeyId};
use otp_store_fs::{Error, FsStore, read_record_file};
use proptest::prelude::*;
use tempfile::TempDir;

fn new_store() -> (TempDir, FsStore) {
    let home = tempfile::tempdir().unwrap();
    let store = FsStore::open_or_create(home.path().join("a/store")).unwrap();
    (home, store)
}

fn slot(account: &str, id: u8, kind: Kind) -> Slot {
    Slot { account: account.parse().unwrap(), id: KeyId::from_bytes([id; 10]), kind }
}

fn record(account: &str, id: u8) -> Slot {
    slot(account, id, Kind::Record)
}

fn get(store: &FsStore, slot: &Slot) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 1 << 17];
    let len = store.get(slot, &mut buffer).unwrap()?;
    buffer.truncate(len);
    Some(buffer)
}

fn listed(store: &FsStore, prefix: &str) -> Vec<Slot> {
    let mut slots = Vec::new();
    store
        .list(prefix, &mut |slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    slots
}

#[test]
fn what_was_put_is_there_until_it_is_removed() {
    let (_home, store) = new_store();
    for kind in [Kind::Record, Kind::Note, Kind::Rotation] {
        let slot = slot("edms/reporting", 1, kind);
        assert_eq!(get(&store, &slot), None);
        assert!(store.put(&slot, format!("{kind:?}").as_bytes()).unwrap());
        assert_eq!(get(&store, &slot).unwrap(), format!("{kind:?}").as_bytes());
    }
    assert!(store.remove(&record("edms/reporting", 1)).unwrap());
    assert!(!store.remove(&record("edms/reporting", 1)).unwrap());
    assert_eq!(get(&store, &record("edms/reporting", 1)), None);
    assert_eq!(get(&store, &slot("edms/reporting", 1, Kind::Note)).unwrap(), b"Note");
}

#[test]
fn put_never_overwrites() {
    let (_home, store) = new_store();
    assert!(store.put(&record("a", 1), b"first").unwrap());
    assert!(!store.put(&record("a", 1), b"second").unwrap());
    assert_eq!(get(&store, &record("a", 1)).unwrap(), b"first");
    assert_eq!(std::fs::read_dir(store.root().join("a")).unwrap().count(), 1, "something was left behind");
}

#[test]
fn empty_and_large_objects_come_back_whole() {
    let (_home, store) = new_store();
    let large: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).take(100_000).collect();
    assert!(store.put(&record("a", 1), b"").unwrap());
    assert!(store.put(&record("a", 2), &large).unwrap());
    assert_eq!(get(&store, &record("a", 1)).unwrap(), b"");
    assert_eq!(get(&store, &record("a", 2)).unwrap(), large);
}

#[test]
fn a_buffer_too_small_holds_the_front_and_learns_the_length() {
    let (_home, store) = new_store();
    store.put(&record("a", 1), b"0123456789").unwrap();
    let mut buffer = *b"....";
    assert_eq!(store.get(&record("a", 1), &mut buffer).unwrap(), Some(10));
    assert_eq!(&buffer, b"0123");
    assert_eq!(store.get(&record("a", 1), &mut []).unwrap(), Some(10));
}

#[test]
fn a_batch_stops_at_the_slot_that_is_taken() {
    let (_home, store) = new_store();
    store.put(&record("c", 3), b"taken").unwrap();
    let slots = [record("a", 1), record("b/b", 2), record("c", 3), record("d", 4)];
    let objects: Vec<(Slot, &[u8])> = slots.iter().map(|slot| (slot.clone(), b"new".as_slice())).collect();
    assert_eq!(store.put_all(&objects).unwrap(), 2);
    assert_eq!(listed(&store, ""), slots[..3]);
    assert_eq!(get(&store, &slots[2]).unwrap(), b"taken");
    assert_eq!(store.put_all(&[]).unwrap(), 0);
}

#[test]
fn a_batch_larger_than_a_chunk_is_put_whole() {
    let (_home, store) = new_store();
    let slots: Vec<Slot> = (0..700_u16)
        .map(|n| {
            let mut id = [0; 10];
            id[..2].copy_from_slice(&n.to_be_bytes());
            Slot {
                account: AccountName::parse(&format!("a{}", n % 3)).unwrap(),
                id: KeyId::from_bytes(id),
                kind: Kind::Record,
            }
        })
        .collect();
    let contents: Vec<[u8; 2]> = (0..700_u16).map(u16::to_be_bytes).collect();
    let objects: Vec<(Slot, &[u8])> = slots.iter().cloned().zip(contents.iter().map(<[u8; 2]>::as_slice)).collect();
    assert_eq!(store.put_all(&objects).unwrap(), 700);
    for (slot, content) in &objects {
        assert_eq!(get(&store, slot).unwrap(), *content);
    }

    // Nothing comes behind a slot that is taken, though that is chunks away from the end.
    let (_home, store) = new_store();
    store.put(&slots[10], b"taken").unwrap();
    assert_eq!(store.put_all(&objects).unwrap(), 10);
    assert_eq!(listed(&store, "").len(), 11);
}

#[test]
fn a_missing_root_is_an_error_and_a_missing_account_is_none() {
    let home = tempfile::tempdir().unwrap();
    let error = FsStore::open(home.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::RootMissing { .. }), "{error:?}");
    assert_eq!(error.code(), Code::StoreUnavailable);
    assert!(!home.path().join("none").exists());

    let (_home, store) = new_store();
    assert_eq!(get(&store, &record("no/such/account", 1)), None);
    assert!(!store.remove(&record("no/such/account", 1)).unwrap());
    assert_eq!(listed(&store, ""), []);
    assert_eq!(listed(&store, "no/"), []);
    assert_eq!(std::fs::read_dir(store.root()).unwrap().count(), 0, "a reader made something");
}

#[test]
fn a_file_in_place_of_the_root_or_an_account_is_no_store() {
    let (_home, store) = new_store();
    std::fs::write(store.root().join("a"), "a foreign file").unwrap();
    assert_eq!(get(&store, &record("a", 1)), None);
    assert!(matches!(store.put(&record("a", 1), b"x"), Err(Error::NotADirectory { .. })));
    assert!(matches!(FsStore::open(store.root().join("a")), Err(Error::NotADirectory { .. })));
    assert!(FsStore::open_or_create(store.root().join("a")).is_err());
}

#[test]
fn a_store_whose_root_was_removed_while_it_was_open_is_an_error() {
    let (_home, store) = new_store();
    std::fs::remove_dir(store.root()).unwrap();
    assert_eq!(store.put(&record("a", 1), b"x").unwrap_err().code(), Code::StoreUnavailable);
}

#[test]
fn a_reader_sees_what_was_put_into_a_directory_made_anew() {
    let (_home, store) = new_store();
    let other = FsStore::open(store.root()).unwrap();
    store.put(&record("a/b", 1), b"old").unwrap();
    assert_eq!(get(&other, &record("a/b", 1)).unwrap(), b"old");
    store.remove(&record("a/b", 1)).unwrap();
    store.prune(&"a/b".parse().unwrap()).unwrap();
    assert!(!store.root().join("a").exists());
    assert_eq!(get(&other, &record("a/b", 1)), None);
    store.put(&record("a/b", 1), b"new").unwrap();
    assert_eq!(get(&other, &record("a/b", 1)).unwrap(), b"new");
}

#[test]
fn pruning_leaves_alone_what_is_in_use() {
    let (_home, store) = new_store();
    let account: AccountName = "a/b".parse().unwrap();
    let lock = store.lock(&account).unwrap();
    store.prune(&account).unwrap();
    assert!(store.root().join("a/b/.lock").exists());
    drop(lock);
    store.put(&record("a", 1), b"x").unwrap();
    drop(store.lock(&"a".parse().unwrap()).unwrap());
    store.prune(&account).unwrap();
    assert!(!store.root().join("a/b").exists());
    assert!(store.root().join("a/.lock").exists(), "a directory that has anything in it keeps its lock");
    assert_eq!(get(&store, &record("a", 1)).unwrap(), b"x");
    store.prune(&"never/there".parse().unwrap()).unwrap();
}

#[test]
fn a_record_file_anywhere_is_read_up_to_the_limit() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("record");
    for (len, limit, fits) in [(0, 10, true), (9, 10, true), (10, 10, true), (11, 10, false), (1, 0, false)] {
        std::fs::write(&path, vec![7; len]).unwrap();
        match read_record_file(&path, limit) {
            Ok(bytes) => assert!(fits && bytes == vec![7; len], "{len} {limit}"),
            Err(error) => {
                assert!(!fits && matches!(error, Error::TooLarge { .. }), "{len} {limit}: {error:?}");
                assert_eq!(error.code(), Code::Damaged);
            }
        }
    }
    assert!(matches!(read_record_file(home.path(), 10), Err(Error::NotAFile { .. } | Error::Store { .. })));
    assert!(matches!(read_record_file(home.path().join("none"), 10), Err(Error::Store { .. })));
}

#[test]
fn listing_stops_when_told_and_skips_foreign_files() {
    let (_home, store) = new_store();
    for id in 0..5 {
        store.put(&record("a", id), b"").unwrap();
    }
    for foreign in ["a/README", "a/aaaaaaaaaaaaaaaa.otp.bak", "a/.tmp-1", "UPPER", ".hidden", "a.otp"] {
        std::fs::write(store.root().join(foreign), "").unwrap();
    }
    std::fs::create_dir(store.root().join("Not An Account")).unwrap();
    assert_eq!(listed(&store, ""), (0..5).map(|id| record("a", id)).collect::<Vec<_>>());
    let mut seen = 0;
    store
        .list("", &mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 3);
}

/// What a test does with a store.
#[derive(Debug, Clone)]
enum Step {
    Put(Slot, Vec<u8>),
    Remove(Slot),
    Prune(AccountName),
}

fn accounts() -> impl Strategy<Value = AccountName> {
    // Names in which the order of whole names differs from that of segments, and which are prefixes of each other.
    "(a|b|a-b|a\\.b|ab|0)(/(a|b|a-|a\\.|0)c?){0,2}".prop_filter_map("not a name", |name| AccountName::parse(&name).ok())
}

fn slots() -> impl Strategy<Value = Slot> {
    // The first characters of the ids as text are 2 and a: in the alphabet of base32, a comes first.
    let id = prop_oneof![Just(KeyId::from_bytes([0xd0; 10])), any::<[u8; 10]>().prop_map(KeyId::from_bytes)];
    let kind = prop_oneof![Just(Kind::Record), Just(Kind::Note), Just(Kind::Rotation)];
    (accounts(), id, kind).prop_map(|(account, id, kind)| Slot { account, id, kind })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (slots(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(slot, bytes)| Step::Put(slot, bytes)),
        2 => slots().prop_map(Step::Remove),
        1 => accounts().prop_map(Step::Prune),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_a_sorted_map(
        steps in prop::collection::vec(steps(), 1..24),
        prefix in "(|a|a/|a/b|a/b/|a-|b/a/|0/0c/|ab/|\\.\\./|/|a//|A)",
    ) {
        let (_home, store) = new_store();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(slot, bytes) => {
                    prop_assert_eq!(store.put(&slot, &bytes).unwrap(), !model.contains_key(&slot));
                    model.entry(slot).or_insert(bytes);
                }
                Step::Remove(slot) => prop_assert_eq!(store.remove(&slot).unwrap(), model.remove(&slot).is_some()),
                Step::Prune(account) => store.prune(&account).unwrap(),
            }
        }
        for (slot, bytes) in &model {
            prop_assert_eq!(&get(&store, slot).unwrap(), bytes);
        }
        for prefix in ["", prefix.as_str()] {
            let expected: Vec<Slot> =
                model.keys().filter(|slot| format!("{}/", slot.account).starts_with(prefix)).cloned().collect();
            prop_assert_eq!(listed(&store, prefix), expected, "{}", prefix);
        }
    }
}
