//! The exit codes 0 to 3, each with its own causes. A failure prints nothing, makes nothing and loses nothing.

use std::collections::BTreeSet;
use std::fs;

use crate::call::hint;
use crate::world::{GET, World, unknown_id};

#[test]
fn code_0_is_done() {
    let world = World::new();
    assert_eq!(world.otp(&GET).prints(), "alice\ncorrect horse");
    assert_eq!(world.otp(&["verify", "--key-file", "nightly.key"]).prints(), "1 record, 1 key: all well");
    assert_eq!(world.otp(&["verify"]).prints(), "1 record: all well");
    for command in [vec!["--help"], vec!["--version"], vec!["man"], vec!["get", "--help"], vec!["help", "run"]] {
        assert!(!world.otp(&command).succeeds().is_empty(), "{command:?}");
    }
}

#[test]
fn code_1_is_anything_else() {
    let world = World::new();
    let before = world.everything();
    let message = world.otp(&GET).arg("--field=token").fails(1);
    assert!(message.contains("\"token\"") && !message.contains("username"), "{message}");
    assert_eq!(world.otp(&GET).arg("--field=username").prints(), "alice");
    let message = world.otp(&["get", "--key-file", "not-there.key"]).fails(1);
    assert!(message.contains("\n  because: ") && hint(&message).contains("not-there.key"), "{message}");
    world.otp(&["get", "--key-file", "store"]).fails(1);
    world.otp(&["get", "--key-fd", "99"]).fails(1);
    world.otp(&["add", "x", "--fields-only", "--field-file", "a=not-there"]).fails(1);
    assert_eq!(world.everything(), before);
}

#[test]
fn code_2_is_usage() {
    let world = World::new();
    let before = world.everything();
    let cases: [&[&str]; 32] = [
        &["list", "--store="],
        &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--generate", "--grace=2090-01-01"],
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
        &["rotate", "--yes", "edms/reporting", "--generate"],
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
    call.command.env_remove("OTP_STORE").env("HOME", "relative");
    assert!(hint(&call.fails(2)).contains("--store DIR or OTP_STORE"));
    assert_eq!(world.everything(), before);
}

/// A message about a key, without the parts that differ each time: its id, and a time.
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

    let rotate = ["rotate", "--yes", "edms/reporting", "--generate", "--username=bob", "--new-key-dir=new"];
    world.otp(&rotate).succeeds();
    let replaced = world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert!(replaced.contains(" 20") && !hint(&replaced).is_empty(), "{replaced}");

    let unknown = world.otp(&["revoke", "edms/reporting", &unknown_id().to_string()]).fails(3);
    let said: BTreeSet<String> = [&revoked, &replaced, &unknown].map(|message| without_id_and_time(message)).into();
    assert_eq!(said.len(), 3, "{said:?}");
    world.otp(&["remove", "--yes", "edms/reporting"]).succeeds();
    let removed = world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert_eq!(without_id_and_time(&removed), without_id_and_time(&unknown));
    for command in [&["info"][..], &["remove", "--yes"], &["rotate", "--yes"]] {
        assert!(world.otp(command).arg("edms/reporting").fails(3).contains("edms/reporting"));
    }
    assert_eq!(fs::read_dir(world.path("store")).unwrap().count(), 0, "nothing was made for what is not there");
}
