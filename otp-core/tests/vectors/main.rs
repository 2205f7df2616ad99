//! The vectors: the committed file is what the generator writes, and each case gets the answer that it asks for.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generate;

use std::process::Command;

use otp_core::account::Fields;
use otp_core::error::{KeyFault, RecordFault};
use otp_core::tag::Tag;
use otp_core::{Coded, Error, Holder, Key, Note, Record, UnixTime, key, open, open_ignoring_expiry};
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;

const FILE: &str = include_str!("vectors.txt");

/// The lines of a case.
#[derive(Clone, Copy)]
struct Case<'a>(&'a str);

impl<'a> Case<'a> {
    fn all(self, name: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        let lines = self.0.lines();
        lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_start))
    }

    fn find(self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn text(self, name: &str) -> &'a str {
        self.find(name).unwrap_or_else(|| panic!("no {name} in case {}", self.0))
    }

    fn bytes(self, name: &str) -> Vec<u8> {
        hex(self.text(name))
    }

    fn number(self, name: &str) -> Option<u64> {
        self.find(name).map(|number| number.parse().unwrap())
    }

    fn key(self) -> Vec<u8> {
        self.find("key").map_or_else(|| self.bytes("key-hex"), |text| text.as_bytes().to_vec())
    }
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn cases() -> Vec<Case<'static>> {
    FILE.split("\n\n").map(Case).filter(|case| case.find("case").is_some()).collect()
}

/// What an error is called in the file.
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

/// Reads what a case has to read, and compares what is found in it.
fn read(case: Case<'_>) -> Result<(), Error> {
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
        "record" => {
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
        }
        "open" => {
            let (text, record) = (case.key(), case.bytes("record"));
            let mut buffer = vec![0; text.len()];
            let key = Key::parse(&text, &mut buffer[..])?;
            let record = Record::decode(&record)?;
            let secret = match case.number("now") {
                Some(secs) => open(key, &record, UnixTime::from_secs(secs).unwrap())?,
                None => open_ignoring_expiry(key, &record)?,
            };
            assert_eq!(secret.expose(), case.bytes("payload"));
        }
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

#[test]
fn the_committed_file_is_what_the_generator_writes() {
    let file = generate::file();
    if std::env::var_os("OTP_WRITE_VECTORS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/vectors.txt"), &file).unwrap();
        return;
    }
    let how = "OTP_WRITE_VECTORS=1 cargo test -p otp-core --all-features --test vectors";
    assert!(file == FILE, "vectors.txt is not what the generator writes; to write it: {how}");
}

#[test]
fn every_case_gets_the_answer_that_it_asks_for() {
    let mut kinds = std::collections::BTreeMap::new();
    for case in cases() {
        let answer = read(case).map_or_else(called, |()| ("ok", None));
        assert_eq!(answer, (case.text("expect"), case.find("fault")), "{}", case.text("case"));
        *kinds.entry((case.text("kind"), answer.0 == "ok")).or_insert(0) += 1;
    }
    // Good ones of all seven kinds, and bad ones of those that can be read wrongly.
    assert_eq!(kinds.len(), 12, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 4), "{kinds:?}");
}

#[test]
fn a_decoder_written_from_the_specification_gives_the_same_answers() {
    let dir = env!("CARGO_MANIFEST_DIR");
    let python = if cfg!(windows) { "python" } else { "python3" };
    let output = Command::new(python)
        .arg(format!("{dir}/tests/decoder.py"))
        .output()
        .expect("python3 runs the decoder that is written from docs/format.md: install Python 3");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!("{} cases", cases().len())), "{text}");
}

#[test]
fn the_example_of_the_specification_is_the_one_of_the_vectors() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/format.md")).unwrap();
    let block = |after: &str| {
        let block = page.split(after).nth(1).unwrap().split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        hex(&block.lines().map(|line| line.split("  ").next().unwrap().replace(' ', "")).collect::<String>())
    };
    let case = cases().into_iter().find(|case| case.text("kind") == "open").unwrap();
    assert_eq!(block("The payload, 24 bytes:"), case.bytes("payload"));
    assert_eq!(block("The record:"), case.bytes("record"));
    let mut key = block("The key's bytes:");
    key.truncate(key.len() - 4);
    assert_eq!(otp_reference::key_text(&key), case.text("key"));
    let decoded = case.bytes("record");
    let header = Record::decode(&decoded).unwrap().header_bytes().len();
    assert!(page.contains(&format!("the first {header} bytes")));
    for longest in [key::MAX_LEN, Record::MAX_LEN] {
        assert!(page.contains(&longest.to_string()), "{longest}");
    }
}
