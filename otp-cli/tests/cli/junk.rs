//! Junk in a store harms nothing else, and a full disk stops nobody from ending a key.

use serde_json::Value;

use crate::call::{command, hint};
use crate::world::World;

const ROTATE: &str = "otp rotate --yes edms/reporting --key-file=nightly.key --generate --new-key-dir=keys";

/// A world in which the account has another key, `b.key`, whose record is junk.
fn with_junk() -> World {
    let world = World::new();
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=b.key"]).succeeds();
    std::fs::write(world.record_of("b.key"), "junk").unwrap();
    world
}

fn keys(account: &Value) -> Vec<&str> {
    account["keys"].as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap()).collect()
}

#[test]
fn one_junk_file_spoils_no_list_and_no_rotation_and_revoke_ends_it() {
    let world = with_junk();
    world.otp(&["add", "only", "--username=u", "--generate", "--key-file=only.key"]).succeeds();
    std::fs::write(world.record_of("only.key"), "junk").unwrap();
    let (whole, junk) = (world.key_id("nightly.key"), world.key_id("b.key"));
    let revoke = format!("otp revoke edms/reporting {junk}");

    let listed = world.otp(&["list", "--json"]).outcome();
    let accounts: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(listed.code(), 0);
    assert_eq!((keys(&accounts[0]), keys(&accounts[1])), (vec![&*whole], vec![]));
    assert!(listed.stderr.contains(&revoke) && listed.stderr.contains("revoke only"), "{}", listed.stderr);
    for arguments in [&["info", "edms/reporting"][..], &["info", "edms/reporting", "--json"]] {
        let told = world.otp(arguments).outcome();
        assert!(told.code() == 0 && told.text().contains(&whole) && !told.text().contains(&junk), "{}", told.text());
        assert_eq!(command(hint(&told.stderr)), revoke);
    }
    world.otp(&["info", "only"]).fails(7);

    let rotated = world.sh(ROTATE, &[]).outcome();
    assert_eq!((rotated.code(), rotated.text().lines().count()), (0, 1), "{}", rotated.stderr);
    assert_eq!(command(hint(&rotated.stderr)), revoke);
    let new = world.path("keys").read_dir().unwrap().next().unwrap().unwrap().path();
    assert!(world.otp(&["get", "--key-file", new.to_str().unwrap()]).prints().starts_with("alice\n"));
    assert_eq!(std::fs::read(world.record_of("b.key")).unwrap(), b"junk", "it stays as it is");

    world.sh(command(hint(&rotated.stderr)), &[]).succeeds();
    world.otp(&["verify", "edms"]).succeeds();
    assert_eq!(world.otp(&["info", "edms/reporting"]).outcome().stderr, "");
}

#[test]
fn nobody_types_a_password_for_an_account_of_which_no_key_is_whole() {
    let world = World::new();
    std::fs::write(world.record_of("nightly.key"), "junk").unwrap();
    let message = world.otp(&["rotate", "--yes", "edms/reporting", "--username=u", "--generate"]).fails(7);
    assert!(command(hint(&message)).starts_with("otp revoke edms/reporting "), "{message}");
}

#[test]
fn what_is_no_file_is_found_where_a_record_was_to_be() {
    for make in [
        "mkfifo \"$1\"",
        "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' \"$1\"",
        "mkdir \"$1\"",
    ] {
        let world = with_junk();
        let record = world.record_of("b.key");
        std::fs::remove_file(&record).unwrap();
        world.sh(make, &[record.to_str().unwrap()]).succeeds();
        let found = world.otp(&["verify", "--json"]).outcome();
        let report: Value = serde_json::from_slice(&found.stdout).unwrap();
        assert_eq!((found.code(), &report["records"]), (7, &1.into()), "{make}: {}", found.text());
        assert_eq!(
            (&report["faults"][0]["id"], &report["faults"][0]["code"]),
            (&world.key_id("b.key").into(), &"damaged".into())
        );
        assert_eq!(world.otp(&["list", "--json"]).outcome().code(), 0);
        world.sh(ROTATE, &[]).succeeds();
    }
}

#[test]
fn a_key_ends_though_there_is_no_room_for_its_tombstone() {
    for grace in [false, true] {
        let world = World::new();
        let id = world.key_id("nightly.key");
        if grace {
            world.sh(&format!("{ROTATE} --grace=1d"), &[]).succeeds();
        }
        let script = format!("trap '' XFSZ; ulimit -f 0; exec otp revoke edms/reporting {id}");
        let revoked = world.shell("dash", &script, &[]).outcome();
        assert_eq!(revoked.code(), 0, "{}", revoked.stderr);
        assert!(revoked.stderr.starts_with("otp: warning: ") && revoked.stderr.contains(&id), "{}", revoked.stderr);
        assert!(!world.record_of("nightly.key").exists());
        world.otp(&["get", "--key-file=nightly.key"]).fails(3);
    }
}

#[test]
fn an_account_whose_keys_are_all_in_their_grace_periods_says_so() {
    let world = World::new();
    world.sh(&format!("{ROTATE} --grace=1d"), &[]).succeeds();
    let new = world.path("keys").read_dir().unwrap().next().unwrap().unwrap().path();
    world.otp(&["revoke", "edms/reporting", new.file_stem().unwrap().to_str().unwrap()]).succeeds();
    let message = world.otp(&["rotate", "--yes", "edms/reporting", "--username=u", "--generate"]).fails(3);
    assert!(message.contains("grace period") && !message.contains("expire"), "{message}");
    assert!(hint(&message).contains("otp remove edms/reporting"), "{message}");
}

#[test]
fn a_key_that_is_to_end_gives_none_that_goes_on() {
    let world = World::new();
    let issue = |from: &str, to: &str, more: &[&str]| {
        let (from, to) = (format!("--key-file={from}"), format!("--new-key-file={to}"));
        world.otp(&["issue", "edms/reporting", &from, &to]).args(more).succeeds();
        let info = world.otp(&["info", "edms/reporting", "--json"]).prints();
        let info: Value = serde_json::from_str(&info).unwrap();
        let id = world.key_id(to.split_once('=').unwrap().1);
        let keys = info["keys"].as_array().unwrap();
        keys.iter().find(|key| key["id"] == *id).unwrap()["expires"].clone()
    };
    assert_eq!(issue("nightly.key", "a.key", &["--expires=2099-01-31T00:00:00Z"]), "2099-01-31T00:00:00Z");
    assert_eq!(issue("a.key", "b.key", &[]), "2099-01-31T00:00:00Z");
    assert_eq!(issue("a.key", "c.key", &["--expires=2100-01-31T00:00:00Z"]), "2100-01-31T00:00:00Z");
    assert_eq!(issue("nightly.key", "d.key", &[]), Value::Null);
}
