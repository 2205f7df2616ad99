//! The exit codes 4 to 6, which are about keys. A failure prints nothing, makes nothing and loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use otp_core::{Grant, UnixTime};

use crate::call::hint;
use crate::world::{GET, World, correct_checksum};

#[test]
fn code_4_is_a_malformed_key() {
    let world = World::new();
    let key = world.key("nightly.key");
    let last = if key.ends_with('a') { "q" } else { "a" };
    // Cases with the same word share a message, others don't; with no word, the message depends on the key.
    let cases = [
        (String::new(), "empty"),
        (" \n".to_owned(), "empty"),
        ("keys/nightly.key".to_owned(), "path"),
        ("..\\nightly.key".to_owned(), "path"),
        ("password".to_owned(), "prefix"),
        (key[1..].to_owned(), "prefix"),
        ("otpk1_".to_owned(), "length"),
        (key[..key.len() - 1].to_owned(), ""),
        (key[..key.len() - 16].to_owned(), "checksum"),
        (format!("{key}aaaaaaaa"), "checksum"),
        (format!("{key} {key}"), "character"),
        (format!("{}{last}", &key[..key.len() - 1]), ""),
        (key.replacen('_', "_1", 1), ""),
        (key[..20].to_uppercase() + &key[20..], "character"),
        (key.replacen("otpk1_", "OTPK1_", 1), "character"),
    ];
    let mut messages = BTreeMap::new();
    for (text, fault) in cases {
        world.write("bad.key", &text);
        let message = world.otp(&["get", "--key-file=bad.key"]).fails(4);
        assert!(message.contains("bad.key") && !hint(&message).is_empty(), "{message}");
        assert!(!hint(&message).contains("--key-file"), "it is in a file already: {message}");
        if fault == "path" {
            let mut given = world.otp(&["get"]);
            given.command.env("OTP_KEY", &text);
            assert!(hint(&given.fails(4)).contains("--key-file"));
        }
        if !fault.is_empty() {
            assert_eq!(messages.entry(fault).or_insert_with(|| message.clone()), &message, "{text}");
        }
        world.otp(&["key", "inspect", "--key-file=bad.key"]).fails(4);
        world.otp(&["run", "--key-file=bad.key", "--", "touch", "started"]).fails(4);
        world.otp(&["issue", "edms/reporting", "--key-file=bad.key", "--new-key-file=new.key"]).fails(4);
        world.otp(&["rotate", "--yes", "edms/reporting", "--key-file=bad.key", "--generate"]).fails(4);
    }
    assert_eq!(messages.values().collect::<BTreeSet<_>>().len(), 6, "{messages:?}");
    world.write("bad.key", [0xff, 0xfe]);
    world.otp(&["get", "--key-file=bad.key"]).fails(4);
    world.otp(&["get", "--key-file=/dev/zero"]).fails(4);
    world.write("bad.key", vec![b'a'; 1 << 20]);
    assert!(hint(&world.otp(&["get", "--key-file=bad.key"]).fails(4)).contains("bad.key"));
    assert!(!world.path("started").exists() && !world.path("new.key").exists());
    assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
}

#[test]
fn code_5_is_a_wrong_key_or_a_tampered_record() {
    let world = World::new();
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=hourly.key"]).succeeds();
    world.otp(&["add", "other", "--username=bob", "--generate", "--key-file=other.key"]).succeeds();
    let (nightly, hourly) = (world.record_of("nightly.key"), world.record_of("hourly.key"));
    let whole = fs::read(&nightly).unwrap();

    let message = world.otp(&GET).arg("other").fails(5);
    assert!(message.contains("edms/reporting") && hint(&message).contains("other"), "{message}");
    world.otp(&["issue", "other", "--key-file=nightly.key", "--new-key-file=new.key"]).fails(5);
    world.otp(&["rotate", "--yes", "other", "--key-file=nightly.key", "--generate"]).fails(5);

    // A bit of the ciphertext, and one of the tag, under a checksum that matches.
    for at in [whole.len() - 40, whole.len() - 5] {
        let mut tampered = whole.clone();
        tampered[at] ^= 1;
        correct_checksum(&mut tampered);
        fs::write(&nightly, &tampered).unwrap();
        world.otp(&GET).fails(5);
        world.otp(&["run", "--key-file=nightly.key", "--", "touch", "started"]).fails(5);
        let outcome = world.otp(&["verify", "--key-file=nightly.key"]).outcome();
        assert_eq!(outcome.code(), 5, "only the tag can tell");
        assert!(outcome.text().contains("3 records, 1 key: 1 faulty"), "{}", outcome.text());
    }
    // Another record of the same account in its place.
    fs::copy(&hourly, &nightly).unwrap();
    world.otp(&GET).fails(5);
    assert_eq!(world.otp(&["verify"]).outcome().code(), 5, "the header names another key");
    world.otp(&["get", "--key-file=other.key", "--record"]).arg(&hourly).fails(5);
    assert!(!world.path("started").exists() && !world.path("new.key").exists());
}

#[test]
fn code_6_is_expired() {
    let world = World::empty();
    let expires = UnixTime::from_secs(1_000_000_060).unwrap();
    let grant = Grant::default().expiring(Some(expires));
    let key = world.add_at("old", 1_000_000_000, &grant);
    world.write("old.key", &key);
    let message = world.otp(&["get", "--key-file=old.key"]).fails(6);
    assert!(message.contains("2001-09-09T01:47:40Z") && !hint(&message).is_empty(), "{message}");
    world.otp(&["run", "--key-file=old.key", "--", "touch", "started"]).fails(6);
    world.otp(&["issue", "old", "--key-file=old.key", "--new-key-file=new.key"]).fails(6);
    let record = world.record_of("old.key");
    world.otp(&["get", "--key-file=old.key", "--record"]).arg(record).fails(6);
    let message = world.otp(&["rotate", "--yes", "old", "--username=u", "--generate"]).fails(6);
    assert!(hint(&message).contains("--expires"), "{message}");
    assert!(!world.path("started").exists() && !world.path("new.key").exists());
    assert_eq!(world.otp(&["verify", "--key-file=old.key"]).outcome().code(), 0, "it is whole");
}
