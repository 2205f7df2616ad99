//! `otp rotate`: every key is replaced, and at each moment each holder's old or new key opens something right.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use otp_core::{AccountName, Grant, Holder, Keeper, Key, UnixTime};
use otp_test_tools::lacks;

use crate::call::hint;
use crate::world::World;

/// A line that `rotate` prints for a key: holder, key id, key or file.
fn lines(text: &str) -> Vec<[&str; 3]> {
    text.lines().map(|line| line.split('\t').collect::<Vec<_>>().try_into().unwrap()).collect()
}

/// Three callers of one account, `nightly`, `hourly` and one without a name, with their keys in files.
fn three() -> World {
    let world = World::new();
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key"];
    world.otp(&issue).args(&["--for=hourly", "--expires=2090-01-01T00:00:00Z", "--new-key-file=hourly.key"]).succeeds();
    let outcome = world.otp(&issue).args(&["--capacity=256", "--new-key-file=unnamed.key"]).outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    world
}

#[track_caller]
fn get(world: &World, key: &str) -> String {
    world.otp(&["get"]).env("OTP_KEY", key).prints()
}

/// Runs it; it must succeed, whatever it warns about.
#[track_caller]
fn done(call: crate::call::Call) -> String {
    let outcome = call.outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    outcome.text()
}

#[test]
fn every_key_is_replaced_and_keeps_its_terms() {
    let world = three();
    let old = ["nightly.key", "hourly.key", "unnamed.key"].map(|file| world.key(file));
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--password-stdin"];
    let text = done(world.otp(&rotate).stdin("battery staple\n"));
    let new = lines(&text);
    let mut holders: Vec<&str> = new.iter().map(|line| line[0]).collect();
    holders.sort_unstable();
    assert_eq!(holders, ["-", "hourly", "nightly"]);
    for [_, id, key] in &new {
        assert_eq!(get(&world, key), "alice\nbattery staple", "what is not given stays");
        assert_eq!(&Key::parse_owned(key.as_bytes()).unwrap().id().to_string(), id);
    }
    for key in old {
        assert!(!hint(&world.otp(&["get"]).env("OTP_KEY", key).fails(3)).is_empty());
    }
    let info = world.otp(&["info", "edms/reporting"]).prints();
    let line = |holder: &str| info.lines().find(|line| line.ends_with(holder)).unwrap();
    assert!(line("hourly").contains("2090-01-01T00:00:00Z"), "{info}");
    assert!(line("nightly").contains("never"), "{info}");
    assert!(line(" -").contains(" 256 "), "{info}");
    assert_eq!(info.lines().count(), 5);
}

#[test]
fn without_a_key_every_field_is_given_anew() {
    let world = World::empty();
    world.write("host", "db");
    world.otp(&["add", "a", "--username=alice", "--field-file=host=host", "--generate", "--key-file=a.key"]).succeeds();
    for incomplete in ["--generate", "--username=bob", "--fields-only"] {
        world.otp(&["rotate", "--yes", "a", incomplete]).fails(2);
    }
    assert!(world.otp(&["get", "--key-file=a.key"]).prints().starts_with("alice\n"), "nothing has changed");
    let text = world.otp(&["rotate", "--yes", "a", "--username=bob", "--generate=40", "--new-key-dir=keys"]).prints();
    let json = world.otp(&["get", "--format=json", "--key-file", lines(&text)[0][2]]).succeeds();
    let fields: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!((&fields["username"], fields.get("host")), (&"bob".into(), None));
    assert_eq!(fields["password"].as_str().unwrap().len(), 40);
}

#[test]
fn an_account_without_username_and_password_is_rotated_too() {
    let world = World::empty();
    world.write("token", "first");
    world.otp(&["add", "api", "--fields-only", "--field-file=token=token", "--key-file=a.key"]).succeeds();
    world.write("token", "second");
    let rotate = ["rotate", "--yes", "api", "--field-file=token=token", "--new-key-dir=keys"];
    world.otp(&rotate).fails(2);
    let second = world.otp(&rotate).arg("--fields-only").prints();
    let get = ["get", "--field=token", "--key-file"];
    assert_eq!(world.otp(&get).arg(lines(&second)[0][2]).prints(), "second");
    world.write("token", "third");
    let third = world.otp(&rotate).args(&["--key-file", lines(&second)[0][2]]).prints();
    assert_eq!(world.otp(&get).arg(lines(&third)[0][2]).prints(), "third");
}

#[test]
fn old_keys_open_the_old_secret_in_their_grace_period() {
    let world = three();
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--password-stdin", "--grace=24h"];
    let text = done(world.otp(&rotate).arg("--new-key-dir=keys").stdin("battery staple"));
    for key in ["nightly.key", "hourly.key", "unnamed.key"] {
        assert_eq!(get(&world, &world.key(key)), "alice\ncorrect horse");
    }
    for [_, _, file] in lines(&text) {
        assert_eq!(get(&world, &world.key(file)), "alice\nbattery staple");
    }
    let info = world.otp(&["info", "edms/reporting"]).prints();
    assert_eq!(info.matches("(replaced; opens the old secret until 20").count(), 3, "{info}");

    // A grace period ends early: for one key when it is revoked, for all when a later rotation has none.
    world.otp(&["revoke", "edms/reporting", &world.key_id("hourly.key")]).succeeds();
    world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert_eq!(get(&world, &world.key("nightly.key")), "alice\ncorrect horse");
    done(world.otp(&["rotate", "--yes", "edms/reporting", "--username=u", "--generate", "--new-key-dir=more"]));
    assert!(!hint(&world.otp(&["get", "--key-file=nightly.key"]).fails(3)).is_empty());
    assert_eq!(world.otp(&["info", "edms/reporting", "--json"]).prints().matches("\"id\"").count(), 3);
}

#[test]
fn a_grace_period_that_is_over_ends_the_old_keys() {
    let world = World::empty();
    let key = world.add_at("a", 1_000_000_000, &Grant::default());
    let store = world.store();
    let keeper = Keeper::new(&store, UnixTime::from_secs(1_000_000_100).unwrap());
    let name = AccountName::parse("a").unwrap();
    let mut rng = otp_core::random::system();
    keeper.rotate(&name, b"", &Grant::default(), Some(60), &mut rng).unwrap().finish().unwrap();
    let message = world.otp(&["get"]).env("OTP_KEY", &key).fails(3);
    assert!(message.contains("2001-09-09T01:49:20Z") && !hint(&message).is_empty(), "{message}");
}

/// A key that opens only the old secret must not make it everybody's again.
#[test]
fn a_key_in_its_grace_period_rotates_and_issues_nothing() {
    let world = World::new();
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--password-stdin", "--grace=24h"];
    let text = done(world.otp(&rotate).arg("--new-key-dir=keys").stdin("battery staple"));
    world.write("host", "db");
    let before = world.tree();
    for arguments in [
        &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--field-file=host=host"][..],
        &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--generate", "--new-key-dir=more"],
        &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--field-file=host=host", "--grace=1h"],
        &["issue", "edms/reporting", "--key-file=nightly.key"],
    ] {
        assert!(!hint(&world.otp(arguments).fails(3)).is_empty());
        assert_eq!(world.tree(), before, "{arguments:?}");
    }
    for [_, _, file] in lines(&text) {
        assert_eq!(get(&world, &world.key(file)), "alice\nbattery staple");
    }
    assert_eq!(get(&world, &world.key("nightly.key")), "alice\ncorrect horse");
}

#[test]
fn expired_keys_get_no_successor_and_terms_may_be_new() {
    let world = World::empty();
    let at = |secs| UnixTime::from_secs(secs).unwrap();
    let expired = Grant::default().expiring(Some(at(1_000_000_060)));
    let old = world.add_at("a", 1_000_000_000, &expired);
    let store = world.store();
    let keeper = Keeper::new(&store, at(1_000_000_001));
    // Without an expiry of its own, the key would expire with the first.
    let later = at(4_000_000_000);
    let grant = Grant::default().held_by(Some(Holder::parse("second").unwrap())).expiring(Some(later));
    let second =
        keeper.issue(Key::parse_owned(old.as_bytes()).unwrap(), &grant, &mut otp_core::random::system()).unwrap();
    let text = world.otp(&["rotate", "--yes", "a", "--generate"]).env("OTP_KEY", second.to_text().as_str()).prints();
    let new = lines(&text);
    assert_eq!((new.len(), new[0][0]), (1, "second"));
    world.otp(&["get"]).env("OTP_KEY", &old).fails(3);

    let rotate = ["rotate", "--yes", "a", "--generate", "--expires=2090-01-01T12:00:00+02:00", "--capacity=128"];
    done(world.otp(&rotate).env("OTP_KEY", new[0][2]));
    let info = world.otp(&["info", "a"]).prints();
    assert!(info.contains("2090-01-01T10:00:00Z") && info.contains(" 128 "), "{info}");
}

#[test]
fn key_and_password_do_not_come_from_one_stream() {
    let world = World::new();
    for options in ["--key-file=- --password-stdin", "--key-fd=0 --password-stdin", "--key-fd=3 --password-fd=3"] {
        let script = format!("exec otp rotate --yes edms/reporting {options} <nightly.key 3<nightly.key");
        assert!(!hint(&world.sh(&script, &[]).fails(2)).is_empty());
    }
    let script = "echo new | otp rotate --yes edms/reporting --key-fd=3 --password-stdin 3<nightly.key";
    assert_eq!(get(&world, lines(&world.sh(script, &[]).prints())[0][2]), "alice\nnew");
}

#[test]
fn key_files_are_private_and_nothing_of_a_failure_stays() {
    let world = three();
    world.write("file", "in the way");
    let before = world.everything();
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--generate"];
    world.otp(&rotate).arg("--new-key-dir=file").fails(1);
    world.otp(&rotate).arg("--new-key-dir=not/there").fails(1);
    assert_eq!(world.everything(), before);

    let text = done(world.otp(&rotate).arg("--new-key-dir=keys"));
    assert!(!text.contains("otpk1_"));
    for [_, id, file] in lines(&text) {
        assert_eq!(file, format!("keys/{id}.key"));
        assert_eq!(fs::metadata(world.path(file)).unwrap().permissions().mode() & 0o7777, 0o600);
    }
    assert_eq!(fs::metadata(world.path("keys")).unwrap().permissions().mode() & 0o7777, 0o700);
}

/// One key file is too long for the limit on file sizes; the records and the other keys are not.
#[test]
fn a_key_file_that_cannot_be_written_takes_the_others_back() {
    if lacks("dash") {
        return;
    }
    let world = World::new();
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--capacity=4096"];
    done(world.otp(&issue).arg("--new-key-file=large.key"));
    let before = world.everything();
    // A record of 4,096 bytes fits in 5 KiB, its key of some 6,600 characters does not. dash counts in 512 bytes.
    let script = "trap '' XFSZ; ulimit -f 10; exec otp rotate --yes edms/reporting --key-file=nightly.key --generate \
        --new-key-dir=keys";
    let message = world.shell("dash", script, &[]).fails(1);
    assert!(hint(&message).contains("ulimit -f"), "{message}");
    assert_eq!(world.everything(), before, "no new record, no key file");
    assert!(!world.path("keys").exists());
    assert_eq!(get(&world, &world.key("nightly.key")), "alice\ncorrect horse");
}

/// A reader who stops in the middle of the new keys holds the program where it can no longer take them back.
#[test]
fn new_keys_stay_when_the_old_ones_cannot_be_ended() {
    let world = World::new();
    // Its key is longer than a pipe holds.
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--capacity=65535"];
    done(world.otp(&issue).arg("--new-key-file=large.key"));
    let mut call = world.otp(&["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--field=password=new"]);
    let mut child = call.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut text = vec![0];
    child.stdout.as_mut().unwrap().read_exact(&mut text).unwrap();
    world.chmod("store/edms/reporting", 0o777);
    child.stdout.as_mut().unwrap().read_to_end(&mut text).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(10), "{said}");
    assert!(said.contains("\n  because: ") && hint(&said).contains("otp revoke"), "{said}");

    world.chmod("store/edms/reporting", 0o700);
    let text = String::from_utf8(text).unwrap();
    let new = lines(&text);
    assert_eq!(new.len(), 2);
    for [_, _, key] in &new {
        assert_eq!(world.otp(&["get", "--key-file=-"]).stdin(key).prints(), "alice\nnew");
    }
    assert_eq!(get(&world, &world.key("nightly.key")), "alice\ncorrect horse");
    world.write("new.key", new[0][2]);
    done(world.otp(&["rotate", "--yes", "edms/reporting", "--key-file=new.key", "--generate", "--new-key-dir=keys"]));
    for key in ["nightly.key", "large.key", "new.key"] {
        world.otp(&["get", "--key-file", key]).fails(3);
    }
}
