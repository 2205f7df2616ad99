//! The commands for accounts and keys, in everyday use and in edge cases.

use std::fs;

use otp_core::Grant;

use crate::call::{command, hint, warning};
use crate::world::World;

#[test]
fn one_account_from_its_first_key_to_its_end() {
    let world = World::empty();
    let add = ["add", "edms/reporting", "--username=alice", "--generate", "--for=nightly", "--expires=30d"];
    let key = world.otp(&add).prints();
    world.write("nightly.key", &key);
    let text = world.otp(&["get", "edms/reporting", "--key-file=nightly.key"]).prints();
    let password = text.strip_prefix("alice\n").unwrap();
    assert_eq!(password.len(), 32);
    assert!(password.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{password}");

    world
        .otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--for=hourly", "--new-key-file=b.key"])
        .succeeds();
    assert_eq!(world.otp(&["get", "--key-file=b.key"]).prints(), text);
    let info = world.otp(&["info", "edms/reporting"]).prints();
    assert!(info.starts_with("edms/reporting\n") && info.contains("nightly") && info.contains("hourly"), "{info}");
    assert_eq!(world.otp(&["list"]).prints(), "edms/reporting");

    world.otp(&["revoke", "edms/reporting", &world.key_id("nightly.key")]).succeeds();
    assert_eq!(world.otp(&["get", "--key-file=b.key"]).prints(), text, "the others go on");
    world.otp(&["remove", "--yes", "edms/reporting"]).succeeds();
    assert_eq!(world.otp(&["list"]).prints(), "");
    assert_eq!(fs::read_dir(world.path("store")).unwrap().count(), 0);
    world.otp(&["add", "edms/reporting", "--username=bob", "--generate", "--key-file=c.key"]).succeeds();
    world.otp(&["get", "--key-file=b.key"]).fails(3);
}

#[test]
fn what_is_made_is_private_whatever_the_mask() {
    let world = World::empty();
    let script = "umask 0; otp add a/b --username u --generate --key-file k; find store k -printf '%m %y\\n' | sort -u";
    assert_eq!(world.sh(script, &[]).prints(), "600 f\n700 d");
}

#[test]
fn accounts_below_one_another_do_not_meet() {
    let world = World::empty();
    for name in ["a", "a/b", "a/b/c", "ab", "a-b"] {
        let username = format!("--username={name}");
        world.otp(&["add", name, &username, "--generate", "--key-file", &name.replace('/', "+")]).succeeds();
    }
    assert_eq!(world.otp(&["list"]).prints(), "a\na-b\na/b\na/b/c\nab");
    assert_eq!(world.otp(&["list", "a/"]).prints(), "a\na/b\na/b/c");
    for prefix in ["../", "/", "A", "a//", "\u{e4}", "a\n"] {
        assert_eq!(world.otp(&["list", prefix]).prints(), "", "{prefix:?}");
    }
    world.otp(&["remove", "--yes", "a/b"]).succeeds();
    assert_eq!(world.otp(&["list", "a"]).prints(), "a\na-b\na/b/c\nab");
    for name in ["a", "a+b+c"] {
        let get = ["get", "--field=username", "--key-file", name];
        assert_eq!(world.otp(&get).prints(), name.replace('+', "/"));
    }
}

#[test]
fn an_account_holds_any_fields() {
    let world = World::empty();
    world.otp(&["add", "a", "--fields-only", "--field=\u{e9}=1", "--field=port=5432", "--key-file=a.key"]).succeeds();
    let get = |arguments: &[&str]| world.otp(&["get", "--key-file=a.key"]).args(arguments);
    assert_eq!(get(&["--field=\u{e9}"]).prints(), "1");
    assert_eq!(get(&["--format=env"]).prints(), "OTP_PORT=5432\nOTP__=1");
    let message = get(&[]).fails(1);
    assert!(!message.contains("port") && !message.contains('\u{e9}'), "what an account holds is secret: {message}");
    // Either one alone could be taken for the other.
    world.otp(&["add", "half", "--fields-only", "--username=u", "--key-file=half.key"]).succeeds();
    world.otp(&["get", "--key-file=half.key"]).fails(1);
    // Two names that map to the same variable.
    world.otp(&["add", "b", "--fields-only", "--field=x.y=1", "--field=x-y=2", "--key-file=b.key"]).succeeds();
    for format in ["env", "shell"] {
        let message = world.otp(&["get", "--key-file=b.key", "--format", format]).fails(1);
        assert!(hint(&message).contains("--format json"), "{message}");
    }
    let outcome = world.otp(&["add", "c", "--fields-only", "--field=token=t", "--key-file=c.key"]).outcome();
    assert!(warning(&outcome.stderr).is_some_and(|text| text.contains("--field-file")), "{}", outcome.stderr);
}

#[test]
fn a_record_opens_outside_of_any_store() {
    let world = World::new();
    let record = world.record_of("nightly.key");
    fs::copy(record, world.path("shipped.otp")).unwrap();
    fs::remove_dir_all(world.path("store")).unwrap();
    let get = ["get", "--key-file=nightly.key", "--record=shipped.otp"];
    assert_eq!(world.otp(&get).prints(), "alice\ncorrect horse");
    assert_eq!(world.otp(&get).args(&["--field", "username"]).prints(), "alice");
    assert_eq!(world.otp(&get).arg("edms/reporting").prints(), "alice\ncorrect horse");
    world.otp(&get).arg("other").fails(5);
    let run = ["run", "--key-file=nightly.key", "--record=shipped.otp", "--", "sh", "-c", "echo $OTP_USERNAME"];
    assert_eq!(world.otp(&run).prints(), "alice");
    assert_eq!(
        world.sh("cat shipped.otp | otp get --key-file=nightly.key --record=/dev/stdin", &[]).prints(),
        "alice\ncorrect horse"
    );
    world.otp(&["get", "--key-file=nightly.key", "--record=not-there"]).fails(12);
    world.otp(&["get", "--key-file=nightly.key", "--record=."]).fails(7);
}

#[test]
fn a_record_of_plain_bytes_is_not_an_account() {
    let world = World::empty();
    let store = world.store();
    let keeper = otp_core::Keeper::new(&store, otp_core::UnixTime::now());
    let name = otp_core::AccountName::parse("plain").unwrap();
    let key = keeper.add(&name, b"no fields", &Grant::default(), &mut otp_core::random::system()).unwrap();
    world.write("plain.key", key.to_text().as_str());
    world.otp(&["get", "--key-file=plain.key"]).fails(7);
}

#[test]
fn the_store_is_where_it_is_said_to_be() {
    let world = World::new();
    let add = ["add", "b", "--username=u", "--generate", "--key-file=b.key"];
    world.otp(&["--store", "elsewhere"]).args(&add).succeeds();
    assert_eq!(world.otp(&["list", "--store=elsewhere"]).prints(), "b");
    assert_eq!(world.otp(&["list"]).prints(), "edms/reporting", "--store comes before OTP_STORE");
    let mut call = world.otp(&["add", "c", "--username=u", "--generate", "--key-file=c.key"]);
    call.command.env_remove("OTP_STORE");
    call.succeeds();
    assert!(world.path(".local/share/otp/store/c").is_dir());
    let mut call = world.otp(&["list"]).env("XDG_DATA_HOME", world.path("data"));
    call.command.env_remove("OTP_STORE");
    assert!(call.fails(12).contains("data/otp/store"));
}

#[test]
fn a_secret_that_does_not_fit_makes_nothing() {
    let world = World::empty();
    let add = ["add", "a", "--username=u", "--generate=100", "--capacity=64", "--key-file=a.key"];
    let message = world.otp(&add).fails(2);
    assert!(message.contains("107") && message.contains("64"), "{message}");
    assert!(hint(&message).contains("--capacity"), "{message}");
    assert_eq!(world.tree(), []);
}

#[test]
fn stray_files_are_seen_and_removed_by_the_doctor() {
    let world = World::new();
    world.write("store/edms/reporting/.tmp-stray", "half a record");
    let outcome = world.otp(&["doctor"]).outcome();
    assert!(outcome.text().contains(".tmp-stray"), "{}", outcome.text());
    assert!(world.path("store/edms/reporting/.tmp-stray").exists());
    let entry = outcome.text();
    let hint = entry.lines().find_map(|line| line.trim_start().strip_prefix("hint: ")).unwrap();
    assert_eq!(world.sh(command(hint), &[]).outcome().code(), 0);
    assert!(!world.path("store/edms/reporting/.tmp-stray").exists());
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}
