//! Keys with pages, and rings: each record has its own pad and tag key, and nothing in a ring depends on secrets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::num::NonZeroU8;
use std::ops::ControlFlow;

use otp_core::hazmat::seal_page;
use otp_core::keeper::ringed::{Applied, RingRotation};
use otp_core::ring::{Entry, Ring};
use otp_core::{
    AccountName, Capacity, FreshKey, Grant, KeepError, Keeper, Key, Kind, MemoryRing, MemoryStore, Record, Terms,
    UnixTime,
};
use otp_reference::{KeyParts, key_contents, key_text, rng};

fn now() -> UnixTime {
    UnixTime::from_secs(1_800_000_000).unwrap()
}

fn account() -> AccountName {
    AccountName::parse("a/b").unwrap()
}

/// What a key's pages seal: the ciphertext and tag of each.
fn sealed(parts: &KeyParts) -> Vec<(Vec<u8>, [u8; 16])> {
    let text = key_text(&parts.encode());
    let seal = |page: usize| {
        let key = Key::parse_owned(text.as_bytes()).unwrap();
        let mut record = vec![0; Record::max_len(Capacity::MIN)];
        let page = u8::try_from(page).unwrap();
        let record = seal_page(key, page, &Terms::created(now()), b"secret", &mut record).unwrap();
        let record = Record::decode(record).unwrap();
        (record.ciphertext().to_vec(), *record.tag().as_bytes())
    };
    (0..parts.pages.len()).map(seal).collect()
}

/// The places where two byte strings differ.
fn differences(one: &[u8], other: &[u8]) -> Vec<usize> {
    (0..one.len()).filter(|at| one[*at] != other[*at]).collect()
}

#[test]
fn each_byte_of_a_pad_meets_one_byte_of_one_page_and_each_tag_key_one_tag() {
    let key =
        FreshKey::generate_paged_owned(&account(), Capacity::MIN, NonZeroU8::new(3).unwrap(), &mut rng(1)).unwrap();
    let mut record = vec![0; Record::max_len(Capacity::MIN)];
    let (key, _) = otp_core::seal(key, &Terms::created(now()), b"secret", &mut record).unwrap();
    let parts = KeyParts::decode(&key_contents(key.to_text().as_str())).unwrap();
    let before = sealed(&parts);
    for page in 0..parts.pages.len() {
        for place in 0..parts.pages[page].1.len() {
            let mut changed = parts.clone();
            changed.pages[page].1[place] ^= 0x5a;
            for (other, (ciphertext, tag)) in sealed(&changed).iter().enumerate() {
                let expected: &[usize] = if other == page { &[place] } else { &[] };
                assert_eq!(differences(ciphertext, &before[other].0), expected);
                assert_eq!(*tag == before[other].1, other != page);
            }
        }
        let mut changed = parts.clone();
        changed.pages[page].0[31] ^= 1;
        for (other, (ciphertext, tag)) in sealed(&changed).iter().enumerate() {
            assert_eq!((ciphertext, *tag == before[other].1), (&before[other].0, other != page));
        }
    }
}

/// What a ring holds during and after some rotations, and what a store holds beside records.
fn held_after(secrets: [&[u8]; 3]) -> Vec<(String, Vec<u8>)> {
    let (store, ring) = (MemoryStore::new(), MemoryRing::new());
    let mut held = Vec::new();
    let mut note_all = || {
        let Ok(()) = ring.list(&account(), &mut |entry: Entry| {
            let mut bytes = vec![0; 4096];
            let Ok(len) = ring.get(&account(), entry, &mut bytes);
            bytes.truncate(len.unwrap());
            held.push((format!("{entry:?}"), bytes));
            ControlFlow::Continue(())
        });
        let Ok(()) = otp_core::Store::list_account(&store, &account(), &mut |slot| {
            let mut bytes = vec![0; 4096];
            let Ok(len) = otp_core::Store::get(&store, slot, &mut bytes);
            bytes.truncate(len.unwrap());
            // Of records, only what is public.
            if matches!(slot.kind, Kind::Record | Kind::Staged) {
                bytes = Record::decode(&bytes).unwrap().header_bytes().to_vec();
            }
            held.push((format!("{slot:?}"), bytes));
            ControlFlow::Continue(())
        });
    };
    let mut source = rng(2);
    let keeper = Keeper::new(&store, now()).with_ring(&ring);
    let grant = Grant::default().with_pages(NonZeroU8::new(2));
    let [first, second, third] = secrets;
    keeper.add(&account(), first, &grant, &mut source).unwrap();
    note_all();
    let change = |_: &[u8]| Ok::<_, KeepError<Infallible>>(second);
    let options = RingRotation::default();
    let outcome = keeper.rotate(&account(), change, &options, &mut source, |(), _| Applied::InDoubt, |_| Ok(()));
    assert!(matches!(outcome, Err(KeepError::Unfinished { .. })));
    note_all();
    let resumed: Result<_, KeepError<Infallible>> =
        keeper.resume(&account(), &options, &mut source, |(), _| Applied::Done, |_| Ok(()));
    assert_eq!(resumed.unwrap().unwrap().replacements.len(), 1);
    note_all();
    let change = |_: &[u8]| Ok::<_, KeepError<Infallible>>(third);
    keeper.rotate(&account(), change, &options, &mut source, |(), _| Applied::Done, |_| Ok(())).unwrap();
    note_all();
    held
}

#[test]
fn what_a_ring_holds_depends_on_no_secret_and_on_no_ciphertext() {
    let one = held_after([b"first", b"second", b"third"]);
    assert_eq!(one, held_after([b"", b"x", &[0xff; 64]]));
    assert_eq!(one, held_after([b"same", b"same", b"same"]));
    assert!(one.len() > 20, "{}", one.len());
}
