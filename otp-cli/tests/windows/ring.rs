//! `otp ring`, and rotations with a ring: keys that keep their text, programs that change a database, and failures.

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use crate::child;
use crate::world::{Call, World, start};

const ROTATE: [&str; 4] = ["rotate", "edms/reporting", "--ring=ring", "--generate"];
const RESUME: [&str; 4] = ["rotate", "edms/reporting", "--ring=ring", "--resume"];

/// An account whose callers hold keys of four pages, kept in `ring`; its database is the file `database`.
fn ringed() -> World {
    let world = World::empty();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let add = ["add", "edms/reporting", "--username=alice", "--password-stdin", "--for=nightly", "--pages=4"];
    world.otp(&add).args(&["--ring=ring", "--key-file=nightly.key"]).stdin("first").succeeds();
    let issue = ["issue", "edms/reporting", "--ring=ring", "--for=hourly", "--pages=4", "--new-key-file=hourly.key"];
    world.otp(&issue).succeeds();
    world.write("database", "first");
    world
}

/// A call with a program that changes the database.
fn applying(call: Call, what: &str) -> Call {
    let words = child::command();
    call.arg("--apply").arg(&words[0]).arg("--new-key-dir=new").arg("--").args(&words[1..]).env(child::DO, what)
}

fn rotate(world: &World, fate: &str) -> Call {
    applying(world.otp(&ROTATE), &format!("apply={fate}"))
}

fn resume(world: &World) -> Call {
    applying(world.otp(&RESUME), "apply=changes")
}

fn password(world: &World, key: &str) -> String {
    world.otp(&["get", "--field=password", "--key-file", key]).prints()
}

fn database(world: &World) -> String {
    fs::read_to_string(world.path("database")).unwrap()
}

fn verify(world: &World) -> (i32, String) {
    let (code, stdout, _) = world.otp(&["verify", "--ring=ring"]).outcome();
    (code, String::from_utf8(stdout).unwrap())
}

/// Every holder's own key opens the database's password, and nothing is wrong.
#[track_caller]
fn check_at_rest(world: &World) {
    for key in ["nightly.key", "hourly.key"] {
        assert_eq!(password(world, key), database(world), "{key}");
    }
    assert_eq!(verify(world), (0, "2 records: all well\n".to_owned()));
}

/// The account's files in the store, with their contents.
fn records(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = world.everything("store");
    files.retain(|(path, _)| path.file_name().is_some_and(|name| name != ".lock"));
    files
}

#[test]
fn the_password_changes_and_the_keys_stay() {
    let world = ringed();
    check_at_rest(&world);
    let before = (world.key("nightly.key"), database(&world));
    let call = rotate(&world, "changes").env("OTP_KEY_FILE", "f").env("OTP_PASSWORD", "p").env("KEPT", "yes");
    assert_eq!(call.prints(), "", "nobody needs a new key");
    assert_ne!(database(&world), before.1);
    check_at_rest(&world);
    assert_eq!(world.key("nightly.key"), before.0);
    let info = world.otp(&["info", "edms/reporting"]).prints();
    assert_eq!(info.matches("(page 2 of 4)").count(), 2, "{info}");
    let asked = fs::read_to_string(world.path("asked")).unwrap();
    assert!(asked.starts_with("\"edms/reporting\" ") && asked.contains("\"KEPT\""), "{asked}");
    assert!(!asked.contains("OTP_KEY_FILE") && !asked.contains("OTP_PASSWORD"), "{asked}");
    // Without a program, somebody has changed the database by hand.
    world.otp(&["rotate", "edms/reporting", "--ring=ring", "--password-stdin"]).stdin("by hand").succeeds();
    assert_eq!(password(&world, "nightly.key"), "by hand");
}

#[test]
fn a_program_that_says_unchanged_or_is_not_there_changes_nothing() {
    let world = ringed();
    let before = records(&world);
    assert_eq!(rotate(&world, "unchanged").outcome().0, 1);
    let said = world.otp(&ROTATE).arg("--apply=no-such-program").fails(1);
    assert!(said.contains("no-such-program"), "{said}");
    assert_eq!(records(&world), before);
    check_at_rest(&world);
}

#[test]
fn a_program_is_found_as_commands_are_and_may_be_a_batch_file() {
    let world = ringed();
    world.write("change.cmd", "@echo [%~1] > given\r\n@exit /b 75\r\n");
    world.otp(&ROTATE).args(&["--apply=change", "--", "a b"]).env("PATH", world.root()).fails(1);
    assert_eq!(fs::read_to_string(world.path("given")).unwrap().trim_end(), "[a b]");
    check_at_rest(&world);
}

#[test]
fn any_other_end_is_in_doubt_until_it_is_resumed() {
    for fate in ["dies before", "dies after"] {
        let world = ringed();
        assert_eq!(rotate(&world, fate).outcome().0, 15);
        check_doubt(&world);
    }
}

/// A rotation is in doubt, and then resumed.
#[track_caller]
fn check_doubt(world: &World) {
    assert_eq!(password(world, "nightly.key"), "first", "the old password is read until the new one is known");
    assert_eq!(verify(world).0, 15);
    let said = rotate(world, "changes").fails(15);
    assert!(said.contains("otp rotate edms/reporting --ring ring --resume"), "{said}");
    world.otp(&["remove", "edms/reporting", "--ring=ring", "--yes"]).fails(15);
    resume(world).succeeds();
    assert_ne!(database(world), "first");
    check_at_rest(world);
    resume(world).fails(3);
    rotate(world, "changes").succeeds();
    check_at_rest(world);
}

/// A process that is killed when this is dropped, even if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A rotation whose program has changed the database and keeps running, with the file `held` open.
fn running(world: &World) -> Killed {
    let (held, started) = (world.path("held"), world.path("started"));
    let what = format!("apply=changes;hold={};started={};wait", held.display(), started.display());
    let mut call = applying(world.otp(&ROTATE), &what);
    call.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Killed(start(&mut call.command));
    while !started.exists() {
        assert!(running.0.try_wait().unwrap().is_none(), "it ended before its program had started");
        std::thread::yield_now();
    }
    running
}

fn exclusively(path: &Path) -> std::io::Result<fs::File> {
    OpenOptions::new().write(true).share_mode(0).open(path)
}

#[test]
fn a_killed_rotation_takes_its_program_with_it_and_is_resumed() {
    let world = ringed();
    let rotation = running(&world);
    exclusively(&world.path("held")).unwrap_err();
    drop(rotation);
    // The system ends the program when it cleans up after the rotation.
    while exclusively(&world.path("held")).is_err() {
        std::thread::yield_now();
    }
    check_doubt(&world);
}

#[test]
fn while_a_rotation_runs_the_ring_is_locked_and_callers_read_the_old_password() {
    let world = ringed();
    let rotation = running(&world);
    let call = world.otp(&ROTATE).arg("--lock-timeout=0s");
    let said = applying(call, "apply=changes").fails(14);
    assert!(said.contains("ring"), "{said}");
    assert_eq!(password(&world, "nightly.key"), "first");
    drop(rotation);
}

#[test]
fn a_resume_whose_program_does_not_start_keeps_the_password_that_the_database_may_have() {
    let world = ringed();
    assert_eq!(rotate(&world, "dies after").outcome().0, 15);
    world.otp(&RESUME).arg("--apply=no-such-program").fails(1);
    assert_eq!(verify(&world).0, 15, "it is still unfinished");
    resume(&world).succeeds();
    check_at_rest(&world);
}

#[test]
fn a_rotation_in_doubt_can_be_aborted_or_forgotten() {
    let abort = ["rotate", "edms/reporting", "--ring=ring", "--abort"];
    for fate in ["dies before", "dies after"] {
        let world = ringed();
        assert_eq!(rotate(&world, fate).outcome().0, 15);
        let words = child::command();
        let call = world.otp(&abort).arg("--apply").arg(&words[0]).arg("--").args(&words[1..]);
        call.env(child::DO, "apply=changes").succeeds();
        assert_eq!(database(&world), "first");
        check_at_rest(&world);
    }
    let world = ringed();
    assert_eq!(rotate(&world, "dies before").outcome().0, 15);
    let forget = ["rotate", "edms/reporting", "--ring=ring", "--forget"];
    world.otp(&forget).fails(2);
    world.otp(&forget).arg("--yes").succeeds();
    check_at_rest(&world);
}

#[test]
fn the_last_page_brings_a_successor_and_then_the_old_key_ends() {
    let world = ringed();
    for _ in 0..2 {
        assert_eq!(rotate(&world, "changes").prints(), "");
    }
    let text = rotate(&world, "changes").prints();
    let new: Vec<&str> = text.lines().map(|line| line.rsplit('\t').next().unwrap()).collect();
    assert_eq!(new.len(), 2, "{text}");
    for key in ["nightly.key", "hourly.key", new[0], new[1]] {
        assert_eq!(password(&world, key), database(&world), "{key}");
    }
    rotate(&world, "changes").succeeds();
    world.otp(&["get", "--key-file=nightly.key"]).fails(3);
    assert_eq!(password(&world, new[0]), database(&world));
}

#[test]
fn keys_that_would_end_are_named_and_new_keys_replace_all() {
    let world = ringed();
    world.otp(&["issue", "edms/reporting", "--ring=ring", "--for=once", "--new-key-file=once.key"]).succeeds();
    let before = (records(&world), database(&world));
    let said = rotate(&world, "changes").fails(2);
    assert!(said.contains(&world.key_id("once.key")) && said.contains("--new-keys"), "{said}");
    assert_eq!((records(&world), database(&world)), before);
    let call = world.otp(&ROTATE).arg("--new-keys");
    let text = applying(call, "apply=changes").prints();
    assert_eq!(text.lines().count(), 3, "{text}");
    for key in ["nightly.key", "hourly.key", "once.key"] {
        world.otp(&["get", "--key-file", key]).fails(3);
    }
    for line in text.lines() {
        assert_eq!(password(&world, line.rsplit('\t').next().unwrap()), database(&world));
    }
}

#[test]
fn what_a_writer_of_the_store_brings_back_or_plants_is_named_and_gets_nothing() {
    let world = ringed();
    let first = records(&world);
    let hourly = world.key_id("hourly.key");
    rotate(&world, "changes").succeeds();
    // A record of an older page.
    for (path, bytes) in &first {
        fs::write(path, bytes).unwrap();
    }
    let (code, text) = verify(&world);
    assert_eq!((code, text.matches("rolled back").count()), (15, 2), "{text}");
    // A key that was revoked; its tombstone is gone too.
    world.otp(&["revoke", "edms/reporting", &hourly, "--ring=ring"]).succeeds();
    fs::remove_file(world.path("store").join("edms/reporting").join(format!("{hourly}.note.otp"))).unwrap();
    let (path, bytes) = first.iter().find(|(path, _)| path.to_string_lossy().contains(&hourly)).unwrap();
    fs::write(path, bytes).unwrap();
    let (_, text) = verify(&world);
    assert!(text.contains("its key has ended, and its record is back"), "{text}");
    // A key that was issued without the ring.
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=stray.key"]).succeeds();
    let stray = world.key_id("stray.key");
    let said = rotate(&world, "changes").fails(5);
    assert!(said.contains(&hourly) && said.contains(&stray) && said.contains("--end-unknown"), "{said}");
    // If the database's password was only in a record that was rolled back, the administrator knows more than the ring.
    world.write("database", "first");
    let call = world.otp(&ROTATE).args(&["--end-unknown", &hourly, "--end-unknown", &stray]);
    applying(call, "apply=changes").succeeds();
    for key in ["hourly.key", "stray.key"] {
        world.otp(&["get", "--key-file", key]).fails(3);
    }
    assert_eq!(password(&world, "nightly.key"), database(&world));
}

#[test]
fn a_ring_is_apart_private_and_not_a_copy() {
    let world = ringed();
    for inside in [r"store\ring", "."] {
        world.otp(&["ring", "init", inside]).fails(2);
    }
    world.otp(&["ring", "init", "ring"]).fails(9);
    world.otp(&["ring", "show", "--ring=nowhere"]).fails(2);
    // Made like any directory, with the access that its folder gives.
    fs::create_dir(world.path("open")).unwrap();
    let said = world.otp(&["ring", "init", "open"]).fails(10);
    assert!(said.contains("icacls open /reset"), "{said}");
    copy(&world.path("ring"), &world.path("copy"));
    let said = world.otp(&["ring", "show", "--ring=copy"]).fails(16);
    assert!(said.contains("ring adopt"), "{said}");
    world.otp(&["ring", "adopt", "--ring=copy"]).succeeds();
    world.otp(&["ring", "show", "--ring=copy"]).succeeds();
    // A ring that is moved within its volume is still the same ring.
    fs::rename(world.path("ring"), world.path("moved")).unwrap();
    world.otp(&["ring", "show", "--ring=moved"]).succeeds();
}

/// Copies a private directory and its contents.
fn copy(from: &Path, to: &Path) {
    otp_sys::make_private_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_doctor_looks_at_the_ring_too() {
    let world = ringed();
    let doctor = |ring: &str| {
        let (code, stdout, _) = world.otp(&["doctor", "--ring", ring]).outcome();
        (code, String::from_utf8(stdout).unwrap())
    };
    let sound = doctor("ring");
    assert_eq!(sound.0, 0, "{}", sound.1);
    copy(&world.path("ring"), &world.path("copy"));
    for (ring, code) in [("copy", 16), ("nowhere", 2)] {
        let (ended, text) = doctor(ring);
        assert_eq!(ended, code, "{ring}: {text}");
        assert!(text.contains(&format!("problem  {ring}\n")), "{text}");
    }
}

#[test]
fn the_ring_hands_keys_out_again_and_takes_in_those_from_before() {
    let world = World::new();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let id = world.key_id("nightly.key");
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
    world.otp(&["ring", "add", "--ring=ring", "--key-file=nightly.key"]).succeeds();
    let key = world.key("nightly.key");
    assert_eq!(world.otp(&["ring", "export", &id, "--ring=ring"]).prints().trim_end(), key);
    // A partial entry, as after a crash, is completed; a whole one is left alone.
    world.write(&format!("ring/edms/reporting/{id}.key"), &key[..50]);
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
    for _ in 0..2 {
        world.otp(&["ring", "add", "--ring=ring", "--key-file=nightly.key"]).succeeds();
        assert_eq!(world.otp(&["ring", "export", &id, "--ring=ring"]).prints().trim_end(), key);
    }
    world.otp(&["revoke", "edms/reporting", &id, "--ring=ring"]).succeeds();
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
}

#[test]
fn an_account_in_a_ring_is_not_rotated_without_it_by_mistake() {
    let world = ringed();
    let rotate = ["rotate", "edms/reporting", "--yes", "--username=alice", "--password-stdin", "--new-key-dir=new"];
    let said = world.otp(&rotate).stdin("new").fails(2);
    assert!(said.contains("--without-ring"), "{said}");
    check_at_rest(&world);
    assert_eq!(world.otp(&rotate).arg("--without-ring").stdin("new").prints().lines().count(), 2);
}
