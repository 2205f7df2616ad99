//! The exit codes 7 to 12, which are about stores and machines. A failure prints nothing, makes nothing and loses nothing.

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;

use crate::call::{command, hint};
use crate::world::{GET, LONGEST_RECORD_LEN, World, correct_checksum, is_root, public_otp, unknown_id};

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
    correct_checksum(&mut no_encoder);
    let cases =
        [rotten, long, no_encoder, Vec::new(), whole[..whole.len() / 2].to_vec(), vec![0; LONGEST_RECORD_LEN + 1]];
    for bytes in cases {
        fs::write(&record, &bytes).unwrap();
        world.otp(&GET).fails(7);
        world.otp(&["run", "--key-file=nightly.key", "--", "touch", "started"]).fails(7);
        world.otp(&["get", "--key-file=nightly.key", "--record"]).arg(&record).fails(7);
        world.otp(&["info", "edms/reporting"]).fails(7);
        world.otp(&["rotate", "--yes", "edms/reporting"]).fails(7);
        let listed = world.otp(&["list", "--json"]).outcome();
        assert_eq!((listed.code(), hint(&listed.stderr)), (0, hint(&world.otp(&["info", "edms/reporting"]).fails(7))));
        let outcome = world.otp(&["verify"]).outcome();
        assert_eq!(outcome.code(), 7);
        assert!(outcome.text().contains("1 record: 1 faulty"), "{}", outcome.text());
        assert_eq!(fs::read(&record).unwrap(), bytes, "nothing is repaired by guessing");
    }
    let message = world.otp(&["get", "--key-file=nightly.key", "--record=/dev/zero"]).fails(7);
    assert!(hint(&message).contains("/dev/zero"), "{message}");
    assert!(!world.path("started").exists());
    // It can be ended all the same.
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
    correct_checksum(&mut newer);
    fs::write(&record, &newer).unwrap();
    assert!(!hint(&world.otp(&GET).fails(8)).is_empty());
    world.otp(&["info", "edms/reporting"]).fails(8);
    assert_eq!(world.otp(&["verify"]).outcome().code(), 8);

    world.write("nightly.key", key.replacen("otpk1_", "otpk2_", 1));
    assert!(!hint(&world.otp(&GET).fails(8)).is_empty());
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
    for command in
        [vec!["add", "new", "--username=u", "--generate"], vec!["remove", "--yes", "edms/reporting"], vec!["list"]]
    {
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
        assert_eq!(world.otp(&GET).arg("--key-file-mode=any").prints(), "alice\ncorrect horse");
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
        // Only root can make files that belong to other users.
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
            &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--field=password=p"],
        ] {
            let message = world.otp(command).env("LD_PRELOAD", &library).fails(11);
            assert!(message.contains("\n  because: ") && !hint(&message).is_empty(), "{message}");
        }
        // A command that draws nothing needs none.
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
        let message = call(arguments).fails(if arguments[0] == "run" { 112 } else { 12 });
        assert!(message.contains("\n  because: ") && command(hint(&message)).starts_with("ls -ld "), "{message}");
    }
    world.chmod("store", 0o700);
    let mut unread = call(&["get"]);
    if is_root() {
        // With read permission, a stranger who has a key can read what is sealed.
        world.chmod("store", 0o755);
        unread = call(&["get"]);
        unread.command.uid(0);
    }
    assert_eq!(unread.prints(), "alice\ncorrect horse");
}
