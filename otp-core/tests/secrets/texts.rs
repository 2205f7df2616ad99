//! Printed text does not depend on secrets.

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt::{self, Debug};

use chacha20::ChaCha20Rng;
use otp_core::account::{Field, FieldWriter, Fields};
use otp_core::pad::Pad;
use otp_core::rand_core::{TryCryptoRng, TryRng};
use otp_core::random::{HealthTested, Xor};
use otp_core::tag::Tag;
use otp_core::{Capacity, Code, Coded, FreshKey, Key, Record, Terms, frame, open, open_ignoring_expiry, seal, verify};
use otp_reference::rng;

use crate::{Dry, NOW, account, broken, buffer, plenty, sealed, source, text, time};

/// Everything that this crate prints about a secret and its key: each type, and the error on each path.
fn texts(seed: u64, name: &str, value: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut shown = |value: &dyn Debug| texts.push(format!("{value:?} {value:#?}"));

    let mut fields = [0; 64];
    let mut writer = FieldWriter::new(&mut fields);
    let field = Field { name, value };
    writer.insert(field).unwrap();
    shown(&field);
    shown(&writer);
    shown(&writer.insert(field));
    let payload = writer.payload().to_vec();
    shown(&Fields::decode(&payload));
    shown(&Fields::decode(&payload[..payload.len() - 1]).map(|_| ()));

    let mut bytes = [0; 66];
    let mut target = [0; 65];
    let pad = Pad::generate(&mut bytes, &mut plenty(seed)).unwrap();
    shown(&pad);
    shown(&pad.apply(&mut target));
    shown(&Pad::generate(&mut bytes, &mut source(seed, 0)).map(|_| ()));

    let mut bytes = buffer();
    shown(&FreshKey::generate(&account("a/b"), Capacity::MIN, &mut bytes[..], &mut plenty(seed)));
    shown(&FreshKey::generate(&account("a/b"), Capacity::MIN, &mut bytes[..], &mut source(seed, 0)).unwrap_err());
    let fresh = FreshKey::generate(&account("a/b"), Capacity::MIN, &mut bytes[..], &mut plenty(seed)).unwrap();
    shown(&seal(fresh, &Terms::created(time(NOW)), &payload, &mut [0; 100]).map(|_| ()));

    let (key, record) = sealed(&mut bytes, seed, &payload);
    let text = text(&key);
    shown(&key);
    shown(&Record::decode(&record).unwrap());
    shown(&Record::decode(&record).unwrap().tag());
    shown(&key.write_text(&mut [0; 9]));
    shown(&verify(&key, &Record::decode(&broken(&text, &record)).unwrap()));
    let mut other = buffer();
    let (stranger, _) = sealed(&mut other, seed + 100, &payload);
    shown(&verify(&stranger, &Record::decode(&record).unwrap()));
    drop(key);

    for at in 0..text.len() {
        let mut mistyped = text.clone().into_bytes();
        mistyped[at] = b'?';
        shown(&Key::parse(&mistyped, &mut bytes[..]).map(|_| ()));
        shown(&Key::parse(&text.as_bytes()[..at], &mut bytes[..]).map(|_| ()));
    }
    for (record, now) in [(&record, NOW + 60), (&record, NOW), (&broken(&text, &record), NOW)] {
        let key = Key::parse(text.as_bytes(), &mut bytes[..]).unwrap();
        shown(&open(key, &Record::decode(record).unwrap(), time(now)));
    }
    let mut frame = [0; 66];
    frame::encode(&payload, &mut frame).unwrap();
    frame[65] ^= 1;
    shown(&frame::decode(&frame).map(|_| ()));
    shown(&HealthTested::new(NoDebug(rng(seed))));
    shown(&Xor::new((), ()));
    texts
}

/// A source with its own `Debug`, which shows nothing.
struct NoDebug(ChaCha20Rng);

impl Debug for NoDebug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoDebug")
    }
}

impl TryRng for NoDebug {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for NoDebug {}

#[test]
fn what_is_printed_does_not_depend_on_the_secret_or_its_key() {
    // Two secrets and two pads; everything public is the same.
    let first = texts(1, "first name", b"0123456789");
    let second = texts(2, "other name", b"abcdefghij");
    for (left, right) in first.iter().zip(&second) {
        assert_eq!(left, right);
    }
    assert_eq!(first.len(), second.len());
    assert!(first.len() > 400);
    assert!(first.iter().any(|text| text.contains("Secret(..)")));
    assert!(first.iter().all(|text| !text.contains("0123") && !text.contains("first name")));
}

#[test]
fn what_holds_a_secret_prints_its_name_alone() {
    let field = Field { name: "password", value: b"0123456789" };
    let mut fields = [0; 64];
    let mut writer = FieldWriter::new(&mut fields);
    writer.insert(field).unwrap();
    assert_eq!(format!("{field:?} {writer:?}"), "Field(..) FieldWriter(..)");
    assert_eq!(format!("{:?}", Fields::decode(writer.payload()).unwrap()), "Fields(..)");

    let mut bytes = buffer();
    let fresh = FreshKey::generate(&account("a/b"), Capacity::MIN, &mut bytes[..], &mut plenty(1)).unwrap();
    assert_eq!(format!("{fresh:?}"), format!("FreshKey(a/b {}, ..)", fresh.id()));
    drop(fresh);
    let (key, record) = sealed(&mut bytes, 1, b"payload");
    assert_eq!(format!("{key:?}"), format!("Key(a/b {}, ..)", key.id()));
    assert!(format!("{:?}", Record::decode(&record).unwrap()).starts_with("Record { header: Header {"));
    assert_eq!(format!("{:?}", open_ignoring_expiry(key, &Record::decode(&record).unwrap()).unwrap()), "Secret(..)");
    let mut pad = [0; 66];
    assert_eq!(format!("{:?}", Pad::generate(&mut pad, &mut plenty(1)).unwrap()), "Pad(..)");
    assert_eq!(format!("{:?} {:?}", Tag::from_bytes([7; 16]), Fields::none()), "Tag(..) Fields(..)");
    assert!(format!("{:?}", HealthTested::new(NoDebug(rng(1)))).contains("None"));
}

#[cfg(feature = "alloc")]
#[test]
fn what_owns_a_secret_prints_its_name_alone() {
    let mut bytes = buffer();
    let (key, _) = sealed(&mut bytes, 1, b"payload");
    assert_eq!(format!("{:?} {:?}", otp_core::Account::new(), key.to_text()), "Account(..) KeyText(..)");
}

#[test]
fn a_source_that_fails_is_the_cause_of_the_error() {
    let mut buffer = buffer();
    let error = FreshKey::generate(&account("a"), Capacity::MIN, &mut buffer[..], &mut source(1, 0)).unwrap_err();
    assert!(error.source().unwrap().is::<Dry>());
    assert_eq!(error.code(), Code::RandomnessFailed);
}
