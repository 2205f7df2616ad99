//! Objects: put, read, replaced and removed whole.

use otp_core::store::{Guard, Kind, Scope, Slot, Store};
use otp_core::{AccountName, KeyId};

use crate::{entries, get, id, listed, new_store, record, slot};

#[test]
fn what_was_put_is_there_until_it_is_removed() {
    let (_home, store) = new_store();
    for kind in Kind::ALL {
        let slot = slot("edms/reporting", 1, *kind);
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
    assert_eq!(entries(&store.root().join("a")), 1, "something was left behind");
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
    assert_eq!(store.put_many(&objects).unwrap(), 2);
    assert_eq!(listed(&store, Scope::All), slots[..3]);
    assert_eq!(get(&store, &slots[2]).unwrap(), b"taken");
    assert_eq!(store.put_many(&[]).unwrap(), 0);
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
    assert_eq!(store.put_many(&objects).unwrap(), 700);
    for (slot, content) in &objects {
        assert_eq!(get(&store, slot).unwrap(), *content);
    }

    // Nothing is put after a slot that is taken, even though that is chunks away from the end.
    let (_home, store) = new_store();
    store.put(&slots[10], b"taken").unwrap();
    assert_eq!(store.put_many(&objects).unwrap(), 10);
    assert_eq!(listed(&store, Scope::All).len(), 11);
}

#[test]
fn a_record_and_its_note_come_together() {
    let (_home, store) = new_store();
    let account = "edms/reporting".parse().unwrap();
    let both = || {
        let (mut record, mut note) = ([0; 10], [0; 10]);
        let lens = store.get_with_note(&account, id(1), &mut record, &mut note).unwrap();
        let cut = |bytes: [u8; 10], len: Option<usize>| len.map(|len| bytes[..len].to_vec());
        (cut(record, lens.0), cut(note, lens.1))
    };
    assert_eq!(both(), (None, None));
    store.put(&Slot::record(&account, id(1)), b"record").unwrap();
    store.put(&Slot::note(&account, id(2)), b"another's").unwrap();
    assert_eq!(both(), (Some(b"record".to_vec()), None));
    store.put(&Slot::note(&account, id(1)), b"note").unwrap();
    assert_eq!(both(), (Some(b"record".to_vec()), Some(b"note".to_vec())));
    store.remove(&Slot::record(&account, id(1))).unwrap();
    assert_eq!(both(), (None, Some(b"note".to_vec())));
}

#[test]
fn an_object_is_replaced_only_if_it_holds_what_is_expected() {
    let (_home, store) = new_store();
    let object = record("a", 1);
    let guard = store.lock(&object.account).unwrap();
    assert!(guard.excludes_others());
    assert!(!store.replace(&guard, &object, b"", b"new").unwrap());
    assert_eq!(get(&store, &object), None, "it was created");
    store.put(&object, b"old").unwrap();
    for other in [b"".as_slice(), b"ol", b"older", b"odl"] {
        assert!(!store.replace(&guard, &object, other, b"new").unwrap());
        assert_eq!(get(&store, &object).unwrap(), b"old");
    }
    assert!(store.replace(&guard, &object, b"old", b"new, and longer").unwrap());
    assert_eq!(get(&store, &object).unwrap(), b"new, and longer");
    assert!(store.replace(&guard, &object, b"new, and longer", b"").unwrap());
    assert_eq!(get(&store, &object).unwrap(), b"");
    assert_eq!(entries(&store.root().join("a")), 2, "there is more than the object and the lock");
}
