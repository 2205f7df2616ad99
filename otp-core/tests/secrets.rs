//! Secrets are in no text and in no memory: what is printed does not depend on them, and what held one is wiped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::error::Error as _;
use std::fmt::{Debug, Display};

use chacha20::ChaCha20Rng;
use otp_core::account::{Field, FieldWriter, Fields};
use otp_core::error::KeyFault;
use otp_core::key::drawn_len;
use otp_core::pad::Pad;
use otp_core::rand_core::{self, TryCryptoRng, TryRng};
use otp_core::random::{DrawError, HealthTested, Xor};
use otp_core::tag::Tag;
use otp_core::{
    AccountName, Capacity, Coded, Error, FreshKey, Key, KeyId, Record, Secret, Terms, UnixTime, frame, open,
    open_ignoring_expiry, seal, verify,
};
use otp_reference::{Parts, rng, tag_key};

fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

/// Draws ids that do not depend on the seed, and the secret part of a key by the seed; fails after some draws.
#[derive(Debug)]
struct Source {
    secret: ChaCha20Rng,
    id: u8,
    draws: usize,
}

fn source(seed: u64, draws: usize) -> Source {
    Source { secret: rng(seed), id: 7, draws }
}

/// What is drawn for a key of the smallest capacity, its id first. A rotation draws an id of its own before that.
const KEY_DRAW: usize = drawn_len(Capacity::MIN);
const ROTATION_DRAW: usize = KeyId::LEN + KEY_DRAW;

#[derive(Debug)]
struct Dry;

impl Display for Dry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the source is dry")
    }
}

impl std::error::Error for Dry {}

impl TryRng for Source {
    type Error = Dry;

    fn try_next_u32(&mut self) -> Result<u32, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Dry> {
        let Ok(()) = self.secret.try_fill_bytes(bytes);
        match bytes.len() {
            KEY_DRAW => bytes[..KeyId::LEN].fill(self.id),
            ROTATION_DRAW => bytes[..2 * KeyId::LEN].fill(self.id),
            _ => {}
        }
        self.draws = self.draws.checked_sub(1).ok_or(Dry)?;
        Ok(())
    }
}

impl TryCryptoRng for Source {}

fn plenty(seed: u64) -> Source {
    source(seed, usize::MAX)
}

const NOW: u64 = 1_800_000_000;

/// A key's buffer, full of what must not stay in it.
fn buffer() -> [u8; 256] {
    [0xaa; 256]
}

fn sealed<'b>(buffer: &'b mut [u8], seed: u64, payload: &[u8]) -> (Key<&'b mut [u8]>, Vec<u8>) {
    let fresh = FreshKey::generate(&account("a/b"), Capacity::MIN, buffer, &mut plenty(seed)).unwrap();
    let terms = Terms::created(time(NOW)).expiring(Some(time(NOW + 60)));
    let mut record = [0; 512];
    let (key, record) = seal(fresh, &terms, payload, &mut record).unwrap();
    let record = record.to_vec();
    (key, record)
}

fn text<B: otp_core::Buffer>(key: &Key<B>) -> String {
    let mut text = vec![0; key.text_len()];
    key.write_text(&mut text).unwrap().to_owned()
}

/// A record whose tag fits, but whose frame is malformed.
fn broken(key: &str, record: &[u8]) -> Vec<u8> {
    let mut parts = Parts::decode(record).unwrap();
    *parts.ciphertext.last_mut().unwrap() ^= 0xff;
    let bytes = parts.encode();
    let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
    parts.tag = *Tag::compute(&tag_key(key), &header, &parts.ciphertext).as_bytes();
    parts.encode()
}

/// Everything that this crate prints of one secret and its key: each type, and the error of each path.
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

/// A source with a `Debug` of its own, which shows nothing.
struct NoDebug(ChaCha20Rng);

impl Debug for NoDebug {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
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
    // Two secrets and two pads, with everything that is public the same.
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
    assert_eq!(error.code(), otp_core::Code::RandomnessFailed);
}

#[test]
fn a_key_is_wiped_when_it_is_dropped_and_when_it_can_not_be_made() {
    let mut bytes = buffer();
    drop(FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1)).unwrap());
    assert_eq!(bytes, [0; 256]);

    let mut bytes = buffer();
    let drawn = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut source(1, 0));
    assert!(matches!(drawn.unwrap_err(), DrawError::Source(Dry)));
    assert_eq!(bytes, [0; 256]);

    let mut bytes = [0xaa; 100];
    let drawn = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1));
    assert!(matches!(drawn.unwrap_err(), DrawError::Invalid(Error::BufferTooSmall { needed: 117 })));
    assert_eq!(bytes, [0; 100]);

    let mut bytes = buffer();
    drop(sealed(&mut bytes, 1, b"secret"));
    assert_eq!(bytes, [0; 256]);
}

#[test]
fn a_key_is_wiped_when_sealing_fails() {
    for (payload, room) in [(&[1; 65][..], 512), (b"", 60), (b"", 20), (b"", 4)] {
        let mut bytes = buffer();
        let fresh = FreshKey::generate(&account("a"), Capacity::MIN, &mut bytes[..], &mut plenty(1)).unwrap();
        assert!(seal(fresh, &Terms::created(time(NOW)), payload, &mut vec![0; room]).is_err());
        assert_eq!(bytes, [0; 256]);
    }
}

#[test]
fn a_key_is_wiped_when_its_text_is_refused() {
    let mut bytes = buffer();
    let text = text(&sealed(&mut bytes, 1, b"secret").0);
    let mut wrong_sum = text.clone().into_bytes();
    wrong_sum[20] = if wrong_sum[20] == b'a' { b'b' } else { b'a' };
    for (text, room) in [
        (text.as_bytes(), 256),
        (text.as_bytes(), 100),
        (&wrong_sum, 256),
        (&text.as_bytes()[..40], 256),
        (&text.as_bytes()[1..], 256),
        (text.to_uppercase().replace('A', "?").as_bytes(), 256),
        (b"otpk2_", 256),
    ] {
        let mut bytes = buffer();
        let _ = Key::parse(text, &mut bytes[..room]);
        assert_eq!(bytes[..room], [0; 256][..room]);
    }
    assert_eq!(Key::parse(&wrong_sum, &mut buffer()[..]).map(|_| ()), Err(Error::MalformedKey(KeyFault::Checksum)));
}

#[test]
fn a_key_is_wiped_by_opening_whatever_comes_of_it() {
    let mut bytes = buffer();
    let (key, record) = sealed(&mut bytes, 1, b"secret");
    let text = text(&key);
    let mut other = buffer();
    let (stranger, _) = sealed(&mut other, 2, b"secret");
    let outcome = open_ignoring_expiry(stranger, &Record::decode(&record).unwrap()).map(|_| ());
    assert_eq!((outcome, other), (Err(Error::WrongKey), [0; 256]));

    let broken = broken(&text, &record);
    for (record, now, expected) in [
        (&record, NOW + 60, Err(Error::Expired { at: time(NOW + 60) })),
        (&broken, NOW, Err(Error::MalformedFrame)),
        (&record, NOW, Ok(b"secret".to_vec())),
    ] {
        let mut bytes = buffer();
        let key = Key::parse(text.as_bytes(), &mut bytes[..]).unwrap();
        let opened: Result<Secret<_>, Error> = open(key, &Record::decode(record).unwrap(), time(now));
        assert_eq!(opened.map(|secret| secret.expose().to_vec()), expected);
        assert_eq!(bytes, [0; 256]);
    }
}

#[test]
fn an_expired_record_opens_for_those_who_have_no_clock() {
    let mut bytes = buffer();
    let (key, record) = sealed(&mut bytes, 1, b"secret");
    assert_eq!(open_ignoring_expiry(key, &Record::decode(&record).unwrap()).unwrap().expose(), b"secret");
    assert!(UnixTime::MAX > time(NOW + 60));
}

#[test]
fn a_pad_that_is_not_used_is_wiped_and_a_spent_one_stays_for_its_key() {
    let mut bytes = [0xaa; 66];
    drop(Pad::generate(&mut bytes, &mut plenty(1)).unwrap());
    assert_eq!(bytes, [0; 66]);

    let mut bytes = [0xaa; 66];
    assert!(Pad::generate(&mut bytes, &mut source(1, 0)).is_err());
    assert_eq!(bytes, [0; 66]);

    let mut frame = [9; 65];
    let pad = Pad::generate(&mut bytes, &mut plenty(1)).unwrap();
    assert_eq!(pad.apply(&mut frame), Err(Error::LengthMismatch));
    assert_eq!((bytes, frame), ([0; 66], [9; 65]));

    let mut frame = [9; 66];
    let spent = Pad::generate(&mut bytes, &mut plenty(1)).unwrap().apply(&mut frame).unwrap();
    otp_core::ct::xor_in_place(&mut frame, spent);
    assert_eq!(frame, [9; 66]);
    assert_ne!(bytes, [0; 66]);
}

#[cfg(feature = "alloc")]
mod owned {
    use otp_core::{Account, Grant, KeepError, Keeper, MemoryStore};

    use super::{Debug, Key, NOW, Source, UnixTime, account, plenty, source, time};

    /// What is printed of an account, its keys and every way in which a keeper fails.
    fn texts(seed: u64, value: &[u8]) -> Vec<String> {
        let (store, now): (_, UnixTime) = (MemoryStore::new(), time(NOW));
        let keeper = Keeper::new(&store, now);
        let mut texts = Vec::new();
        let mut shown = |value: &dyn Debug| texts.push(format!("{value:?} {value:#?}"));

        let mut secret = Account::new();
        secret.set("password", value).unwrap();
        shown(&secret);
        shown(&secret.fields());
        shown(&secret.set("", value));
        shown(&secret.set("big", &vec![value[0]; 65_536]));

        let name = account("a/b");
        let key = keeper.add(&name, secret.payload(), &Grant::default(), &mut plenty(seed)).unwrap();
        let text = key.to_text();
        let held = || Key::parse_owned(text.as_bytes()).unwrap();
        shown(&key);
        shown(&text);
        shown(&keeper.open(held()));
        shown(&keeper.info(&name));
        shown(&keeper.add(&name, secret.payload(), &Grant::default(), &mut plenty(seed)).unwrap_err());
        // The same id again, and a source that fails.
        shown(&keeper.issue(held(), &Grant::default(), &mut plenty(seed)).unwrap_err());
        shown(&keeper.issue(held(), &Grant::default(), &mut source(seed, 0)).unwrap_err());
        let nobody = account("nobody");
        shown(&keeper.add(&nobody, &vec![value[0]; 65_536], &Grant::default(), &mut plenty(seed)).unwrap_err());
        shown(&keeper.rotate(&name, secret.payload(), &Grant::default(), None, &mut plenty(seed)).unwrap_err());
        let mut other = Source { id: 8, ..plenty(seed) };
        let rotation = keeper.rotate(&name, secret.payload(), &Grant::default(), None, &mut other).unwrap();
        shown(&rotation);
        shown(&rotation.replacements());
        rotation.abandon().unwrap();
        keeper.revoke(&name, held().id()).unwrap();
        shown(&keeper.open(held()).unwrap_err());
        shown(&keeper.revoke(&name, held().id()).unwrap_err());
        shown(&Key::parse_owned(text.as_str().replace("otpk1_a", "otpk1_b").as_bytes()).unwrap_err());
        let error: KeepError<std::convert::Infallible> = keeper.open(held()).unwrap_err();
        shown(&error.to_string());
        texts
    }

    #[test]
    fn what_is_printed_of_owned_types_does_not_depend_on_the_secret_or_its_key() {
        let (first, second) = (texts(1, b"0123456789"), texts(2, b"abcdefghij"));
        assert_eq!(first, second);
        assert!(first.len() >= 17);
        assert!(first.iter().any(|text| text.contains("KeyText(..)")));
    }
}
