//! Reads the input of a case, and compares the result.

use otp_core::account::Fields;
use otp_core::error::{KeyFault, RecordFault};
use otp_core::ring::EntryName;
use otp_core::store::ObjectName;
use otp_core::tag::Tag;
use otp_core::{
    AccountName, Coded, Error, Holder, KeepError, Keeper, Key, KeyId, Kind, MemoryStore, Note, Record, Slot, Store,
    UnixTime, open, open_ignoring_expiry,
};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;

use crate::{Case, hex};

/// An error's name in the file.
fn called(error: Error) -> (&'static str, Option<&'static str>) {
    let fault = match error {
        Error::MalformedKey(KeyFault::Prefix) => Some("prefix"),
        Error::MalformedKey(KeyFault::Character) => Some("character"),
        Error::MalformedKey(KeyFault::Length) | Error::DamagedRecord(RecordFault::Length) => Some("length"),
        Error::MalformedKey(KeyFault::Checksum) | Error::DamagedRecord(RecordFault::Checksum) => Some("checksum"),
        Error::MalformedKey(KeyFault::Contents) | Error::DamagedRecord(RecordFault::Contents) => Some("contents"),
        Error::DamagedRecord(RecordFault::Magic) => Some("magic"),
        Error::MalformedFrame => Some("frame"),
        Error::MalformedAccount => Some("account"),
        _ => None,
    };
    (error.code().name(), fault)
}

/// Why a case was refused, in the file's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) name: &'static str,
    pub(crate) fault: Option<&'static str>,
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (name, fault) = called(error);
        Self { name, fault }
    }
}

/// Reads the input of a case, and compares the result.
pub(crate) fn read(case: Case<'_>) -> Result<(), Refusal> {
    match case.text("kind") {
        "poly1305" => {
            let key: [u8; 32] = case.bytes("key").try_into().unwrap();
            let tag = Poly1305::new(&key.into()).compute_unpadded(&case.bytes("message"));
            assert_eq!(tag.as_slice(), case.bytes("tag"));
        }
        "tag" => {
            let key = case.bytes("key").try_into().unwrap();
            let tag = Tag::compute(&key, &case.bytes("header"), &case.bytes("ciphertext"));
            assert_eq!(&tag.as_bytes()[..], case.bytes("tag"));
        }
        "key" => {
            let text = case.key();
            let mut buffer = vec![0; text.len()];
            let key = Key::parse(&text, &mut buffer[..])?;
            let found =
                (key.account().as_str(), &*key.id().to_string(), key.capacity().bytes() as u64, key.pages().get());
            let pages = case.number("pages").and_then(|pages| u8::try_from(pages).ok()).unwrap();
            assert_eq!(found, (case.text("account"), case.text("id"), case.number("capacity").unwrap(), pages));
        }
        "record" => record(case)?,
        "open" => opened(case)?,
        "lookup" => lookup(case)?,
        "object" => object(case),
        "entry" => entry(case),
        "account" => {
            let payload = case.bytes("payload");
            let fields = Fields::decode(&payload)?;
            let found: Vec<_> = fields.iter().map(|field| (field.name, field.value.to_vec())).collect();
            let expected = case.all("field").map(|field| field.split_once('=').unwrap());
            assert_eq!(found, expected.map(|(name, value)| (name, hex(value))).collect::<Vec<_>>());
        }
        "note" => {
            let (bytes, now) = (case.bytes("note"), case.number("now").and_then(UnixTime::from_secs));
            let note = now.map_or_else(|| Note::decode(&bytes), |now| Note::decode_at(&bytes, now))?;
            let (says, time) = match note {
                Note::Revoked { at } => ("revoked", at),
                Note::Rotated { at } => ("rotated", at),
                Note::Grace { until } => ("grace", until),
                Note::Rotating { since } => ("rotating", since),
                other => panic!("no case says {other:?}"),
            };
            assert_eq!((says, Some(time.as_secs())), (case.text("says"), case.number("time")));
            if let (Some(now), "rotating") = (now, says) {
                assert_eq!(if note.has_crashed(now) { "yes" } else { "no" }, case.text("crashed"));
            }
        }
        kind => panic!("no kind of case is called {kind}"),
    }
    Ok(())
}

/// Reads a record.
fn record(case: Case<'_>) -> Result<(), Refusal> {
    let bytes = case.bytes("record");
    let record = Record::decode(&bytes)?;
    let (header, terms) = (record.header(), &record.header().terms);
    assert_eq!(header.account.as_str(), case.text("account"));
    assert_eq!(header.id.to_string(), case.text("id"));
    let capacity = header.capacity.bytes() as u64;
    let numbers = [header.page.into(), header.pages.into(), capacity, terms.created.as_secs()];
    assert_eq!(numbers.map(Some), ["page", "pages", "capacity", "created"].map(|name| case.number(name)));
    assert_eq!(terms.expires.map(UnixTime::as_secs), case.number("expires"));
    assert_eq!(terms.holder.as_ref().map(Holder::as_str), case.find("holder"));
    assert_eq!(record.ciphertext(), case.bytes("ciphertext"));
    assert_eq!(record.tag().as_bytes()[..], case.bytes("tag"));
    Ok(())
}

/// Opens a record with its key.
fn opened(case: Case<'_>) -> Result<(), Refusal> {
    let (text, record) = (case.key(), case.bytes("record"));
    let mut buffer = vec![0; text.len()];
    let key = Key::parse(&text, &mut buffer[..])?;
    let record = Record::decode(&record)?;
    let secret = match case.number("now") {
        Some(secs) => open(key, &record, UnixTime::from_secs(secs).unwrap())?,
        None => open_ignoring_expiry(key, &record)?,
    };
    assert_eq!(secret.expose(), case.bytes("payload"));
    Ok(())
}

/// Opens a record with its key, as a keeper does in a store with record and note.
fn lookup(case: Case<'_>) -> Result<(), Refusal> {
    let text = case.key();
    let key = Key::parse_owned(&text)?;
    let store = MemoryStore::new();
    let slots = [Slot::record(key.account(), key.id()), Slot::note(key.account(), key.id())];
    for (name, slot) in ["record", "note"].iter().zip(slots) {
        case.find(name).map(|bytes| store.put(&slot, &hex(bytes)));
    }
    let secret = Keeper::new(&store, UnixTime::from_secs(case.number("now").unwrap()).unwrap()).open(key);
    match secret {
        Ok(secret) => assert_eq!(secret.expose(), case.bytes("payload")),
        Err(KeepError::Invalid(error) | KeepError::DamagedKey { error, .. }) => return Err(error.into()),
        Err(error) => return Err(Refusal { name: error.code().name(), fault: None }),
    }
    Ok(())
}

/// Parses the name of an object.
fn object(case: Case<'_>) {
    let name = ObjectName::parse(case.text("name"));
    let (what, id) = match name {
        None => ("nothing", None),
        Some(name) => {
            let what = match name.kind {
                Kind::Record => "record",
                Kind::Note => "note",
                Kind::Rotation => "rotation",
                Kind::Claim => "claim",
                Kind::Staged => "staged",
                other => panic!("no case says {other:?}"),
            };
            (what, Some(name.id))
        }
    };
    let reference = otp_reference::object(case.text("name"));
    assert_eq!(reference.map(|(what, id)| (what, KeyId::from_bytes(id))), id.map(|id| (what, id)));
    let account = AccountName::parse("a").unwrap();
    let generation = |id| Slot { account, id, kind: Kind::Claim }.generation();
    let claim = id.filter(|_| what == "claim").map(generation);
    assert_eq!((what, claim), (case.text("what"), case.number("generation")));
    assert_eq!(id.filter(|_| what != "claim").map(|id| id.to_string()).as_deref(), case.find("id"));
}

/// Parses the name of a ring's entry.
fn entry(case: Case<'_>) {
    let name = case.text("name");
    let found = EntryName::parse(name).map(|entry| EntryName(entry).to_string());
    let stem = case.find("id").or(case.find("generation"));
    let stated = stem.map(|stem| format!("{stem}.{}", case.text("what")));
    assert_eq!((found.as_deref(), case.text("what") == "nothing"), (stated.as_deref(), stem.is_none()));
    assert_eq!(otp_reference::entry(name), stem.map(|stem| (case.text("what"), stem)));
}
