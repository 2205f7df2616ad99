//! What is said of errors, names and places: each in its own words, and with its own code.
#![cfg(feature = "std")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error as _;

use chacha20::ChaCha20Rng;
use otp_core::keeper::Gone;
use otp_core::pad::Pad;
use otp_core::rand_core::SeedableRng;
use otp_core::store::Slot;
use otp_core::tag::Tag;
use otp_core::{
    AccountName, Capacity, Code, Coded, Error, Fields, Grant, KeepError, Keeper, Key, KeyId, Kind, MemoryStore, Note,
    Store, UnixTime,
};

type Failed = KeepError<<MemoryStore as Store>::Error>;

fn account() -> AccountName {
    "edms/reporting".parse().unwrap()
}

fn id() -> KeyId {
    "aaaaaaaaaaaaaaaa".parse().unwrap()
}

#[test]
fn each_failure_of_a_keeper_has_its_message_and_its_code() {
    let at = UnixTime::from_secs(1_800_000_000).unwrap();
    let no_key = |gone| Failed::NoKey { account: account().into(), id: id(), gone };
    for (error, words, code) in [
        (Failed::Invalid(Error::WrongKey), "key", Code::WrongKey),
        (
            Failed::DamagedKey { account: account().into(), id: id(), error: Error::DamagedNote },
            "key aaaa",
            Code::Damaged,
        ),
        (Failed::Randomness("dry".into()), "nothing was sealed", Code::RandomnessFailed),
        (Failed::Exists { account: account().into() }, "exists already", Code::Exists),
        (Failed::NoAccount { account: account().into() }, "no account edms/reporting", Code::NotFound),
        (no_key(Gone::Revoked { at }), "was revoked", Code::NotFound),
        (no_key(Gone::Rotated { at }), "rotated away", Code::NotFound),
        (no_key(Gone::Unknown), "never there", Code::NotFound),
        (Failed::AllExpired { account: account().into() }, "has expired", Code::Expired),
        (Failed::Busy { account: account().into() }, "try again", Code::Other),
    ] {
        let message = error.to_string();
        assert!(message.contains(words), "{message}");
        assert_eq!(error.code(), code, "{message}");
        assert_eq!(error.source().is_some(), matches!(error, Failed::Randomness(_)), "{message}");
    }
}

#[test]
fn a_failing_store_is_told_in_its_own_words() {
    let error = KeepError::Store(Error::DamagedNote);
    assert_eq!(error.to_string(), Error::DamagedNote.to_string());
    assert_eq!((error.code(), error.source().is_none()), (Code::Damaged, true));
}

#[test]
fn a_key_is_verified_without_opening_and_a_note_that_belongs_elsewhere_is_damage() {
    let (store, now) = (MemoryStore::new(), UnixTime::from_secs(1_800_000_000).unwrap());
    let keeper = Keeper::new(&store, now);
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let small = Grant { capacity: Some(Capacity::MIN), ..Grant::default() };
    assert!(matches!(
        keeper.add(&account(), &[0; 65], &small, &mut rng),
        Err(KeepError::Invalid(Error::PayloadTooLong { len: 65, capacity: 64 }))
    ));
    let large = Grant { capacity: Some(Capacity::ALL[2]), ..Grant::default() };
    let key = keeper.add(&account(), b"secret", &large, &mut rng).unwrap();
    assert_eq!(key.capacity(), Capacity::ALL[2]);
    assert!(keeper.verify(&key).is_ok());
    let other = Key::parse_owned(key.to_text().as_str()).unwrap();

    let slot = Slot::note(&account(), key.id());
    store.put(&slot, &Note::Rotating { since: now }.encode()).unwrap();
    assert!(matches!(keeper.verify(&key), Err(KeepError::Invalid(Error::DamagedNote))));
    assert!(matches!(keeper.open(key), Err(KeepError::Invalid(Error::DamagedNote))));
    store.remove(&slot).unwrap();
    assert!(keeper.open(other).is_ok());
}

#[test]
fn what_holds_a_secret_says_what_it_is() {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let mut bytes = [0; 8];
    assert_eq!(format!("{:?}", Pad::generate(&mut bytes, &mut rng).unwrap()), "Pad(..)");
    assert_eq!(format!("{:?}", Tag::from_bytes([7; 16])), "Tag(..)");
    let store = MemoryStore::new();
    let keeper = Keeper::new(&store, UnixTime::from_secs(1).unwrap());
    let key = keeper.add(&account(), b"secret", &Grant::default(), &mut rng).unwrap();
    assert_eq!(format!("{key:?}"), format!("Key(edms/reporting {}, ..)", key.id()));
    assert_eq!(format!("{:?}", key.to_text()), "KeyText(..)");
    assert_eq!(format!("{:?}", keeper.open(key).unwrap()), "Secret(..)");
    assert_eq!(format!("{:?}", Fields::none()), "Fields(..)");
}

#[test]
fn names_and_places_are_told_apart() {
    assert_eq!(format!("{:?}", account()), "AccountName(\"edms/reporting\")");
    assert_eq!(format!("{:?}", id()), "KeyId(aaaaaaaaaaaaaaaa)");
    assert!("edms//".parse::<AccountName>().is_err() && "short".parse::<KeyId>().is_err());
    let slots = [Slot::record(&account(), id()), Slot::note(&account(), id())];
    assert_eq!(slots.map(|slot| slot.kind), [Kind::Record, Kind::Note]);
    let shown = format!("{:?}", Slot::note(&account(), id()));
    assert!(shown.contains("Note") && shown.contains("edms/reporting"), "{shown}");
    assert_eq!(Fields::none().iter().count(), 0);
    assert_eq!(UnixTime::from_secs(12).unwrap().to_string(), "12");
    // 2025 is past, and the year 9999 is not here.
    let now = UnixTime::now();
    assert!(now > UnixTime::from_secs(1_735_689_600).unwrap() && now < UnixTime::MAX);
}

#[test]
fn a_note_of_another_length_or_version_is_told_apart() {
    let note = Note::Revoked { at: UnixTime::from_secs(1).unwrap() }.encode();
    let with = |at: usize, byte: u8| {
        let mut note = note;
        note[at] = byte;
        let crc = otp_core::ct::crc32(&note[..14]).to_le_bytes();
        note[14..].copy_from_slice(&crc);
        Note::decode(&note)
    };
    assert_eq!(with(0, b'X'), Err(Error::DamagedNote));
    assert_eq!(with(4, 2), Err(Error::NewerRecord { version: 2 }));
    assert_eq!(with(4, 0), Err(Error::DamagedNote));
    for kind in [0, 5, 255] {
        assert_eq!(with(5, kind), Err(Error::DamagedNote));
    }
    assert_eq!(with(6, 0xff), Err(Error::DamagedNote));
}
