//! Every exit code, each by a cause of its own. A failure prints nothing, makes nothing and loses nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use base32ct::{Base32Unpadded, Encoding};
use otp_core::{Grant, UnixTime};

use crate::world::{LONGEST_RECORD_LEN, World, command, correct_crc, hint, is_root, public_otp, unknown_id};

const GET: [&str; 3] = ["get", "--key-file", "nightly.key"];

#[test]
fn code_0_is_done() {
    let world = World::new();
    assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
    assert_eq!(world.otp(&["verify", "--key-file", "nightly.key"]).prints(), "1 record, 1 key: all well");
    for command in [vec!["--help"], vec!["--version"], vec!["man"], vec!["get", "--help"], vec!["help", "run"]] {
        assert!(!world.otp(&command).succeeds().is_empty(), "{command:?}");
    }
}

#[test]
fn code_1_is_anything_else() {
    let world = World::new();
    let before = world.everything();
    let message = world.otp(&GET).arg("--field=token").fails(1);
    assert!(hint(&message).contains("username, password"), "{message}");
    assert_eq!(world.otp(&GET).arg("--field=username").prints(), "alice");
    let message = world.otp(&["get", "--key-file", "not-there.key"]).fails(1);
    assert!(message.contains("\n  because: ") && hint(&message).contains("not-there.key"), "{message}");
    world.otp(&["get", "--key-file", "store"]).fails(1);
    world.otp(&["get", "--key-fd", "99"]).fails(1);
    let message = world.otp(&["run", "--key-file", "nightly.key", "--", "no-such-command"]).fails(1);
    assert!(message.contains("no-such-command") && hint(&message).contains("PATH"), "{message}");
    world.otp(&["add", "x", "--fields-only", "--field-file", "a=not-there"]).fails(1);
    assert_eq!(world.everything(), before);
}

#[test]
fn code_2_is_usage() {
    let world = World::new();
    let before = world.everything();
    let cases: [&[&str]; 32] = [
        &["list", "--store="],
        &["rotate", "edms/reporting", "--key-file=nightly.key", "--generate", "--grace=2090-01-01"],
        &["unknown"],
        &["get", "--unknown"],
        &["get"],
        &["get", "--key-file=nightly.key", "--field=a", "--format=json"],
        &["get", "--key-file=nightly.key", "--format=xml"],
        &["get", "--key-file=nightly.key", "--record=a", "--store=b"],
        &["get", "Not/An/Account", "--key-file=nightly.key"],
        &["run", "--key-file=nightly.key"],
        &["run", "--key-file=nightly.key", "--"],
        &["run", "--key-file=nightly.key", "--env=A", "--", "true"],
        &["run", "--key-file=nightly.key", "--env==username", "--", "true"],
        &["run", "--key-file=nightly.key", "--env=A=username", "--file=A=password", "--", "true"],
        &["run", "--key-file=nightly.key", "--fd=2=username", "--", "true"],
        &["run", "--key-file=nightly.key", "--fd=3=username", "--fd=3=password", "--", "true"],
        &["run", "--key-file=nightly.key", "--fd=99999999999=username", "--", "true"],
        &["add", "../x", "--username=u", "--generate"],
        &["add", "con", "--username=u", "--generate"],
        &["add", "x", "--username=u"],
        &["add", "x", "--generate"],
        &["add", "x", "--fields-only"],
        &["add", "x", "--username=u", "--generate=7"],
        &["add", "x", "--username=u", "--generate", "--password-stdin"],
        &["add", "x", "--username=u", "--generate", "--field=username=v"],
        &["add", "x", "--username=u", "--generate", "--field=no-value"],
        &["add", "x", "--username=u", "--generate", "--field==v"],
        &["add", "x", "--username=u", "--generate", "--expires=2020-01-01"],
        &["add", "x", "--username=u", "--generate", "--capacity=65"],
        &["add", "x", "--username=u", "--generate=64", "--capacity=64"],
        &["rotate", "edms/reporting", "--generate"],
        &["revoke", "edms/reporting", "not-an-id"],
    ];
    for case in cases {
        world.otp(case).fails(2);
    }
    let outcome = world.otp(&[]).outcome();
    assert_eq!((outcome.code(), outcome.text().as_str()), (2, ""));
    assert!(outcome.stderr.contains("Usage: otp [OPTIONS] <COMMAND>"), "{}", outcome.stderr);
    world.otp(&["add", "x", "--username=u", "--password-stdin"]).stdin("\n").fails(2);
    let too_long = vec![b'a'; 65_536];
    world.otp(&["add", "x", "--username=u", "--password-stdin"]).stdin(&too_long).fails(2);
    world.otp(&["add", "x", "--username=u", "--password-stdin"]).stdin([&too_long[..], &too_long].concat()).fails(2);
    let mut call = world.otp(&["get", "--key-file=nightly.key"]);
    call.command.env_remove("OTP_STORE").env_remove("HOME");
    assert!(hint(&call.fails(2)).contains("--store DIR or OTP_STORE"));
    assert_eq!(world.everything(), before);
}

/// What is said of a key, without what is different each time: its id, and a time.
fn without_id_and_time(message: &str) -> String {
    let is_stable = |word: &&str| word.len() != 16 && !word.contains(|c: char| c.is_ascii_digit());
    message.split([' ', ':', ',']).filter(is_stable).collect::<Vec<_>>().join(" ")
}

#[test]
fn code_3_tells_revoked_replaced_and_never_there_apart() {
    let world = World::new();
    let id = world.key_id("nightly.key");
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=hourly.key"]).succeeds();
    world.otp(&["revoke", "edms/reporting", &id]).succeeds();
    let revoked = world.otp(&GET).fails(3);
    assert!(revoked.contains(&id) && revoked.contains(" 20"), "with the time: {revoked}");
    assert_eq!(world.otp(&["revoke", "edms/reporting", &id]).fails(3), revoked);

    let rotate = ["rotate", "edms/reporting", "--generate", "--username=bob", "--new-key-dir=new"];
    world.otp(&rotate).succeeds();
    let replaced = world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert!(replaced.contains(" 20") && !hint(&replaced).is_empty(), "{replaced}");

    let unknown = world.otp(&["revoke", "edms/reporting", &unknown_id().to_string()]).fails(3);
    let said: BTreeSet<String> = [&revoked, &replaced, &unknown].map(|message| without_id_and_time(message)).into();
    assert_eq!(said.len(), 3, "{said:?}");
    world.otp(&["remove", "edms/reporting"]).succeeds();
    let removed = world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert_eq!(without_id_and_time(&removed), without_id_and_time(&unknown));
    for command in ["info", "remove", "rotate"] {
        assert!(world.otp(&[command, "edms/reporting"]).fails(3).contains("edms/reporting"));
    }
    assert_eq!(fs::read_dir(world.path("store")).unwrap().count(), 0, "nothing was made for what is not there");
}

#[test]
fn code_4_is_a_malformed_key() {
    let world = World::new();
    let key = world.key("nightly.key");
    let last = if key.ends_with('a') { "q" } else { "a" };
    // Those with the same word get the same message, the others another; with none, it depends on the key.
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
        assert_eq!(hint(&message).contains("--key-file"), fault == "path", "{message}");
        if !fault.is_empty() {
            assert_eq!(messages.entry(fault).or_insert_with(|| message.clone()), &message, "{text}");
        }
        world.otp(&["key", "inspect", "--key-file=bad.key"]).fails(4);
        world.otp(&["run", "--key-file=bad.key", "--", "touch", "started"]).fails(4);
        world.otp(&["issue", "edms/reporting", "--key-file=bad.key", "--new-key-file=new.key"]).fails(4);
        world.otp(&["rotate", "edms/reporting", "--key-file=bad.key", "--generate"]).fails(4);
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
    world.otp(&["rotate", "other", "--key-file=nightly.key", "--generate"]).fails(5);

    // A bit of the ciphertext, and one of the tag, under a CRC-32 that fits.
    for at in [whole.len() - 40, whole.len() - 5] {
        let mut tampered = whole.clone();
        tampered[at] ^= 1;
        correct_crc(&mut tampered);
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
    let message = world.otp(&["rotate", "old", "--username=u", "--generate"]).fails(6);
    assert!(hint(&message).contains("--expires"), "{message}");
    assert!(!world.path("started").exists() && !world.path("new.key").exists());
    assert_eq!(world.otp(&["verify", "--key-file=old.key"]).outcome().code(), 0, "it is whole");
}

#[test]
fn code_7_is_a_damaged_record() {
    let world = World::new();
    let record = world.record_of("nightly.key");
    let whole = fs::read(&record).unwrap();
    let mut rotten = whole.clone();
    rotten[30] ^= 4;
    let mut long = whole.clone();
    long.push(0);
    let mut no_encoder = whole.clone();
    no_encoder.insert(whole.len() - 4, 0);
    correct_crc(&mut no_encoder);
    let cases =
        [rotten, long, no_encoder, Vec::new(), whole[..whole.len() / 2].to_vec(), vec![0; LONGEST_RECORD_LEN + 1]];
    for bytes in cases {
        fs::write(&record, &bytes).unwrap();
        world.otp(&GET).fails(7);
        world.otp(&["run", "--key-file=nightly.key", "--", "touch", "started"]).fails(7);
        world.otp(&["get", "--key-file=nightly.key", "--record"]).arg(&record).fails(7);
        for command in ["info", "rotate"] {
            world.otp(&[command, "edms/reporting"]).fails(7);
        }
        world.otp(&["list", "--json"]).fails(7);
        let outcome = world.otp(&["verify"]).outcome();
        assert_eq!(outcome.code(), 7);
        assert!(outcome.text().contains("1 record, 0 keys: 1 faulty"), "{}", outcome.text());
        assert_eq!(fs::read(&record).unwrap(), bytes, "nothing is repaired by guessing");
    }
    let message = world.otp(&["get", "--key-file=nightly.key", "--record=/dev/zero"]).fails(7);
    assert!(hint(&message).contains("/dev/zero"), "{message}");
    assert!(!world.path("started").exists());
    // Even so it can be ended.
    let message = world.otp(&["info", "edms/reporting"]).fails(7);
    world.sh(command(hint(&message)), &[]).succeeds();
    assert_eq!(world.otp(&["revoke", "edms/reporting", &world.key_id("nightly.key")]).outcome().code(), 3);
    world.otp(&["verify"]).succeeds();
}

#[test]
fn code_8_is_a_newer_version() {
    let world = World::new();
    let (record, key) = (world.record_of("nightly.key"), world.key("nightly.key"));
    let mut newer = fs::read(&record).unwrap();
    newer[4] = 2;
    correct_crc(&mut newer);
    fs::write(&record, &newer).unwrap();
    assert!(!hint(&world.otp(&GET).fails(8)).is_empty());
    world.otp(&["info", "edms/reporting"]).fails(8);
    assert_eq!(world.otp(&["verify"]).outcome().code(), 8);

    world.write("nightly.key", key.replacen("otpk1_", "otpk2_", 1));
    assert!(!hint(&world.otp(&GET).fails(8)).is_empty());
    // A key of two pages, with a checksum that fits.
    let mut body = Base32Unpadded::decode_vec(&key["otpk1_".len()..]).unwrap();
    body[2] = 2;
    correct_crc(&mut body);
    world.write("nightly.key", format!("otpk1_{}", Base32Unpadded::encode_string(&body)));
    world.otp(&GET).fails(8);
    world.otp(&["key", "inspect", "--key-file=nightly.key"]).fails(8);
    assert_eq!(fs::read(&record).unwrap(), newer);
}

#[test]
fn code_9_is_exists_already_and_stays_as_it_is() {
    let world = World::new();
    world.write("taken", "somebody's");
    std::os::unix::fs::symlink("nowhere", world.path("dangling")).unwrap();
    let before = world.everything();
    let message = world.otp(&["add", "edms/reporting", "--username=mallory", "--generate"]).fails(9);
    assert!(hint(&message).contains("otp issue edms/reporting "), "{message}");
    for path in ["taken", "dangling", "store"] {
        let message = world.otp(&["add", "new", "--username=u", "--generate", "--key-file", path]).fails(9);
        assert!(message.contains(path) && !hint(&message).is_empty(), "{message}");
        let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file", path];
        world.otp(&issue).fails(9);
    }
    assert_eq!(world.everything(), before);
    assert!(!world.path("nowhere").exists());
}

#[test]
fn code_10_is_unsafe_permissions() {
    let world = World::new();
    let record = world.record_of("nightly.key");
    let record = record.strip_prefix(world.root()).unwrap().to_str().unwrap().to_owned();
    let before = world.everything();
    for (path, safe) in [("store", 0o700), ("store/edms", 0o700), ("store/edms/reporting", 0o700), (&record, 0o600)] {
        for unsafe_bits in [0o020, 0o002] {
            world.chmod(path, safe | unsafe_bits);
            let message = world.otp(&GET).fails(10);
            world.otp(&["run", "--key-file=nightly.key", "--", "touch", "started"]).fails(10);
            world.sh(command(hint(&message)), &[]).succeeds();
            assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse", "{message}");
        }
    }
    world.chmod("store", 0o770);
    for command in [vec!["add", "new", "--username=u", "--generate"], vec!["remove", "edms/reporting"], vec!["list"]] {
        world.otp(&command).fails(10);
    }
    world.chmod("store", 0o700);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o660, 0o777] {
        world.chmod("nightly.key", mode);
        if mode == 0o640 && is_root() {
            // Root may let a group read its key files.
            assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
            continue;
        }
        let message = world.otp(&GET).fails(10);
        assert_eq!(world.otp(&GET).arg("--any-key-file-mode").prints(), "alice\ncorrect horse");
        world.sh(command(hint(&message)), &[]).succeeds();
        assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
    }
    std::os::unix::fs::symlink("edms", world.path("store/link")).unwrap();
    world.otp(&["info", "link/reporting"]).fails(10);
    fs::remove_file(world.path("store/link")).unwrap();
    assert_eq!(world.everything(), before);
    assert!(!world.path("started").exists());
}

#[test]
fn code_10_is_a_key_file_or_a_store_of_another_user() {
    if !is_root() {
        // Files of other users are root's to make.
        return;
    }
    let world = World::new();
    world.chmod("", 0o755);
    world.chmod("store", 0o755);
    let stranger = |arguments: &[&str]| {
        let mut call = world.otp(&[]);
        let mut command = Command::new(public_otp());
        command.args(arguments).current_dir(world.root()).env_clear().env("OTP_STORE", world.path("store"));
        call.command = command;
        call.by_stranger()
    };
    let message = stranger(&["add", "new", "--username=u", "--generate"]).fails(10);
    assert!(message.contains("65534") && hint(&message).contains("sudo -u '#0' otp"), "{message}");
    std::os::unix::fs::chown(world.path("nightly.key"), Some(1), None).unwrap();
    let message = world.otp(&GET).fails(10);
    world.sh(command(hint(&message)).strip_prefix("sudo ").unwrap(), &[]).succeeds();
    assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
}

#[cfg(target_os = "linux")]
#[test]
fn code_11_is_failed_randomness() {
    let world = World::new();
    let before = world.everything();
    for (name, body) in [("failing", "errno = EIO; return -1;"), ("constant", "memset(b, 42, n); return n;")] {
        let library = world.random_source(name, body);
        for command in [
            &["add", "new", "--username=u", "--field=password=p"][..],
            &["add", "new", "--username=u", "--generate"],
            &["issue", "edms/reporting", "--key-file=nightly.key"],
            &["rotate", "edms/reporting", "--key-file=nightly.key", "--field=password=p"],
        ] {
            let message = world.otp(command).env("LD_PRELOAD", &library).fails(11);
            assert!(message.contains("\n  because: ") && !hint(&message).is_empty(), "{message}");
        }
        // What draws nothing needs none.
        assert_eq!(world.otp(&GET).env("LD_PRELOAD", &library).prints(), "alice\ncorrect horse");
        fs::remove_file(library).unwrap();
    }
    assert_eq!(world.everything(), before);
    assert!(!world.path("store/new").exists());
}

#[test]
fn code_12_is_a_store_that_cannot_be_used() {
    let world = World::new();
    let before = world.everything();
    for store in ["not-there", "nightly.key", "nightly.key/below"] {
        for command in [&GET[..], &["list"], &["info", "a"], &["verify"], &["revoke", "a", &unknown_id().to_string()]] {
            world.otp(command).env("OTP_STORE", world.path(store)).fails(12);
        }
    }
    let message = world.otp(&GET).env("OTP_STORE", world.path("not-there")).fails(12);
    assert!(message.contains("not-there") && hint(&message).contains("--store DIR"), "{message}");
    for store in ["nightly.key", "nightly.key/below"] {
        let add = ["add", "new", "--username=u", "--generate", "--key-file=new.key"];
        world.otp(&add).env("OTP_STORE", world.path(store)).fails(12);
    }
    assert!(!world.path("not-there").exists() && !world.path("new.key").exists());
    assert_eq!(world.everything(), before);
}

#[test]
fn code_12_is_a_store_that_another_user_may_not_read() {
    let world = World::new();
    world.chmod("", 0o755);
    world.chmod("store", if is_root() { 0o700 } else { 0o000 });
    let call = |arguments: &[&str]| {
        let mut call = world.otp(&[]);
        let mut command = Command::new(public_otp());
        command.args(arguments).current_dir(world.root()).env_clear().env("OTP_STORE", world.path("store"));
        command.env("OTP_KEY", world.key("nightly.key"));
        call.command = command;
        call.by_stranger()
    };
    for arguments in [&["get"][..], &["list"], &["verify"], &["run", "--", "touch", "/tmp/otp-never-started"]] {
        let message = call(arguments).fails(12);
        assert!(message.contains("\n  because: ") && command(hint(&message)).starts_with("ls -ld "), "{message}");
    }
    world.chmod("store", 0o700);
    let mut unread = call(&["get"]);
    if is_root() {
        // Read bits let a stranger read what is sealed, with a key.
        world.chmod("store", 0o755);
        unread = call(&["get"]);
        unread.command.uid(0);
    }
    assert_eq!(unread.prints(), "alice\ncorrect horse");
}
