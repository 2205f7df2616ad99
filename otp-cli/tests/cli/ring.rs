//! `otp ring`, and rotations with a ring: keys that keep their text, programs that change a database, and failures.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::call::{Call, hint, warning};
use crate::world::World;

const ROTATE: [&str; 4] = ["rotate", "edms/reporting", "--ring=ring", "--generate"];

/// An account whose callers hold keys of four pages, kept in `ring`; its database is the file `database`.
fn ringed() -> World {
    let world = World::empty();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let add = ["add", "edms/reporting", "--username=alice", "--password-stdin", "--for=nightly", "--pages=4"];
    done(world.otp(&add).args(&["--ring=ring", "--key-file=nightly.key"]).stdin("first"));
    let issue = ["issue", "edms/reporting", "--ring=ring", "--for=hourly", "--pages=4", "--new-key-file=hourly.key"];
    done(world.otp(&issue));
    world.write("database", "first");
    // Logs in with the old or the new password; after that, the new one is valid. `fate` says how it ends.
    world.write(
        "apply",
        "#!/usr/bin/env python3
import json, os, pathlib, resource, signal, sys
change, database = json.load(sys.stdin), pathlib.Path('database')
fate = sys.argv[1] if len(sys.argv) > 1 else 'changes'
if database.read_text() not in (change['old']['password'], change['new']['password']):
    sys.exit('neither password logs in')
pathlib.Path('asked').write_text(json.dumps([change['account'], sorted(change['old']), sorted(os.environ)]))
if fate == 'unchanged':
    sys.exit(75)
if fate != 'dies before':
    database.write_text(change['new']['password'])
if fate.startswith('dies'):
    sys.exit(3)
if fate == 'kills otp':
    os.kill(os.getppid(), signal.SIGKILL)
if fate == 'takes all room':
    resource.prlimit(os.getppid(), resource.RLIMIT_FSIZE, (0, 0))
",
    );
    world.chmod("apply", 0o700);
    world
}

/// Runs it; it must succeed, whatever it prints.
#[track_caller]
fn done(call: Call) -> String {
    let outcome = call.outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    outcome.text()
}

fn rotate(world: &World, fate: &str) -> Call {
    world.otp(&ROTATE).args(&["--apply=./apply", "--new-key-dir=new", "--", fate])
}

fn password(world: &World, key: &str) -> String {
    world.otp(&["get", "--field=password", "--key-file", key]).prints()
}

fn database(world: &World) -> String {
    String::from_utf8(world.read("database")).unwrap()
}

/// Every holder's own key opens the database's password, and nothing is wrong.
#[track_caller]
fn check_at_rest(world: &World) {
    for key in ["nightly.key", "hourly.key"] {
        assert_eq!(password(world, key), database(world), "{key}");
    }
    assert_eq!(done(world.otp(&["verify", "--ring=ring"])), "2 records: all well\n");
}

/// The account's files in the store, with their contents.
fn records(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> =
        fs::read_dir(world.path("store/edms/reporting")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.file_name().is_some_and(|name| name != ".lock"));
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn the_password_changes_and_the_keys_stay() {
    let world = ringed();
    check_at_rest(&world);
    let before = (world.key("nightly.key"), database(&world));
    assert_eq!(done(rotate(&world, "changes")), "", "nobody needs a new key");
    assert_ne!(database(&world), before.1);
    check_at_rest(&world);
    assert_eq!(world.key("nightly.key"), before.0);
    let info = world.otp(&["info", "edms/reporting"]).prints();
    assert_eq!(info.matches("(page 2 of 4)").count(), 2, "{info}");
    // Without a program, somebody has changed the database by hand.
    done(world.otp(&["rotate", "edms/reporting", "--ring=ring", "--password-stdin"]).stdin("by hand"));
    assert_eq!(password(&world, "nightly.key"), "by hand");
}

#[test]
fn the_program_gets_both_credentials_on_standard_input_and_nothing_secret_elsewhere() {
    let world = ringed();
    let call = rotate(&world, "changes").env("OTP_KEY", "k").env("OTP_KEY_FILE", "f").env("OTP_USERNAME", "u");
    done(call.env("OTP_PASSWORD", "p").env("KEPT", "yes"));
    let asked = String::from_utf8(world.read("asked")).unwrap();
    assert!(asked.starts_with(r#"["edms/reporting", ["password", "username"]"#), "{asked}");
    assert!(asked.contains("\"KEPT\"") && asked.contains("\"PATH\""), "{asked}");
    for gone in ["OTP_KEY", "OTP_KEY_FILE", "OTP_USERNAME", "OTP_PASSWORD"] {
        assert!(!asked.contains(&format!("\"{gone}\"")), "{gone}: {asked}");
    }
}

#[test]
fn a_value_that_is_not_text_is_refused_before_anything_is_staged() {
    let world = ringed();
    world.write("binary", b"\xff\xfe");
    let before = records(&world);
    let rotate = ["rotate", "edms/reporting", "--ring=ring", "--field-file=token=binary", "--apply=./apply"];
    world.otp(&rotate).fails(2);
    assert_eq!(records(&world), before);
    check_at_rest(&world);
    // The program is optional; without one, any value will do.
    done(world.otp(&rotate[..4]));
    done(world.otp(&["verify", "--ring=ring"]));
}

#[test]
fn a_program_that_says_unchanged_or_is_not_there_changes_nothing() {
    let world = ringed();
    let before = records(&world);
    rotate(&world, "unchanged").fails(1);
    let message = world.otp(&ROTATE).args(&["--apply=./no-such-program"]).fails(1);
    assert!(message.contains("no-such-program") && !hint(&message).is_empty(), "{message}");
    assert_eq!(records(&world), before);
    check_at_rest(&world);
}

#[test]
fn any_other_end_is_in_doubt_until_it_is_resumed() {
    for fate in ["dies before", "dies after", "kills otp"] {
        let world = ringed();
        let outcome = rotate(&world, fate).outcome();
        assert_eq!(outcome.code(), if fate == "kills otp" { -9 } else { 15 }, "{}", outcome.stderr);
        assert_eq!(password(&world, "nightly.key"), "first", "the old password is read until the new one is known");
        assert_eq!(world.otp(&["verify", "--ring=ring"]).outcome().code(), 15);
        let message = rotate(&world, "changes").fails(15);
        assert!(hint(&message).contains("otp rotate edms/reporting --ring ring --resume"), "{message}");
        world.otp(&["remove", "edms/reporting", "--ring=ring", "--yes"]).fails(15);
        let resume = ["rotate", "edms/reporting", "--ring=ring", "--resume", "--apply=./apply"];
        done(world.otp(&resume));
        assert_ne!(database(&world), "first");
        check_at_rest(&world);
        world.otp(&resume).fails(3);
        done(rotate(&world, "changes"));
        check_at_rest(&world);
    }
}

#[test]
fn a_store_that_fails_once_the_database_has_changed_leaves_a_rotation_to_be_resumed() {
    let world = ringed();
    for how in ["--generate", "--resume"] {
        let rotate = format!(
            "trap '' XFSZ; exec otp rotate edms/reporting --ring=ring {how} --apply=./apply -- 'takes all room'"
        );
        let outcome = world.sh(&rotate, &[]).outcome();
        assert_eq!((outcome.code(), outcome.text().as_str()), (15, ""), "{}", outcome.stderr);
        assert!(hint(&outcome.stderr).contains("otp rotate edms/reporting --ring ring --resume"), "{}", outcome.stderr);
        assert_ne!(database(&world), "first");
        assert_eq!(password(&world, "nightly.key"), "first");
    }
    done(world.otp(&["rotate", "edms/reporting", "--ring=ring", "--resume", "--apply=./apply"]));
    check_at_rest(&world);
}

#[test]
fn a_store_that_takes_no_writes_costs_no_page_however_often_a_rotation_is_resumed() {
    let world = ringed();
    assert_eq!(rotate(&world, "dies after").outcome().code(), 15);
    let shown = || done(world.otp(&["ring", "show", "--ring=ring"]));
    let before = shown();
    assert_eq!(before.matches("3 of   4 pages left").count(), 2, "{before}");
    let resume = "trap '' XFSZ; ulimit -f 0; exec otp rotate edms/reporting --ring=ring --resume --apply=true";
    for _ in 0..3 {
        let outcome = world.sh(resume, &[]).outcome();
        assert_eq!(outcome.code(), 15, "{}", outcome.stderr);
    }
    assert_eq!(shown(), before);
    done(world.otp(&["rotate", "edms/reporting", "--ring=ring", "--resume", "--apply=./apply"]));
    check_at_rest(&world);
}

#[test]
fn a_resume_whose_program_does_not_start_keeps_the_password_that_the_database_may_have() {
    let world = ringed();
    assert_eq!(rotate(&world, "dies after").outcome().code(), 15);
    let resume = ["rotate", "edms/reporting", "--ring=ring", "--resume"];
    let message = world.otp(&resume).arg("--apply=./no-such-program").fails(1);
    assert!(message.contains("no-such-program") && !hint(&message).is_empty(), "{message}");
    assert_eq!(world.otp(&["verify", "--ring=ring"]).outcome().code(), 15, "it is still unfinished");
    done(world.otp(&resume).arg("--apply=./apply"));
    assert_ne!(database(&world), "first");
    check_at_rest(&world);
}

#[test]
fn a_rotation_in_doubt_can_be_aborted_or_forgotten() {
    for fate in ["dies before", "dies after"] {
        let world = ringed();
        assert_eq!(rotate(&world, fate).outcome().code(), 15);
        done(world.otp(&["rotate", "edms/reporting", "--ring=ring", "--abort", "--apply=./apply"]));
        assert_eq!(database(&world), "first");
        check_at_rest(&world);
    }
    let world = ringed();
    assert_eq!(rotate(&world, "dies before").outcome().code(), 15);
    let forget = ["rotate", "edms/reporting", "--ring=ring", "--forget"];
    world.otp(&forget).fails(2);
    done(world.otp(&forget).arg("--yes"));
    check_at_rest(&world);
    world.otp(&forget).arg("--yes").fails(3);
}

#[test]
fn the_last_page_brings_a_successor_and_then_the_old_key_ends() {
    let world = ringed();
    assert_eq!(world.otp(&["verify", "--ring=ring", "--warn-within=1d"]).outcome().code(), 0);
    done(rotate(&world, "changes"));
    done(rotate(&world, "changes"));
    let text = done(rotate(&world, "changes"));
    assert_eq!(text.lines().count(), 2, "{text}");
    let new: Vec<String> = text.lines().map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect();
    for key in ["nightly.key", "hourly.key"].iter().copied().chain(new.iter().map(String::as_str)) {
        assert_eq!(password(&world, key), database(&world), "{key}");
    }
    let outcome = world.otp(&["verify", "--ring=ring", "--warn-within=1d"]).outcome();
    assert_eq!(outcome.code(), 18);
    assert_eq!(outcome.text().matches("is on its last page").count(), 2, "{}", outcome.text());
    done(rotate(&world, "changes"));
    world.otp(&["get", "--key-file=nightly.key"]).fails(3);
    assert_eq!(password(&world, &new[0]), database(&world));
}

#[test]
fn keys_that_would_end_are_named_and_nothing_happens() {
    let world = ringed();
    done(world.otp(&["issue", "edms/reporting", "--ring=ring", "--for=once", "--new-key-file=once.key"]));
    let before = (records(&world), database(&world));
    let message = rotate(&world, "changes").fails(2);
    assert!(message.contains(&world.key_id("once.key")) && hint(&message).contains("--new-keys"), "{message}");
    let dry = world.otp(&ROTATE).arg("--dry-run").fails(2);
    assert!(dry.contains(&world.key_id("once.key")), "{dry}");
    assert_eq!((records(&world), database(&world)), before);
    let plan = done(world.otp(&ROTATE).args(&["--dry-run", "--new-keys"]));
    assert_eq!(plan.matches("end\t").count(), 3, "{plan}");
    let text = done(world.otp(&ROTATE).args(&["--new-keys", "--new-key-dir=new", "--apply=./apply"]));
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
    done(rotate(&world, "changes"));
    // A record of an older page.
    for (path, bytes) in &first {
        fs::write(path, bytes).unwrap();
    }
    let outcome = world.otp(&["verify", "--ring=ring"]).outcome();
    assert_eq!((outcome.code(), outcome.text().matches("rolled back").count()), (15, 2), "{}", outcome.text());
    // A key that was revoked; its tombstone is gone too.
    done(world.otp(&["revoke", "edms/reporting", &hourly, "--ring=ring"]));
    fs::remove_file(world.path(&format!("store/edms/reporting/{hourly}.note.otp"))).unwrap();
    let (path, bytes) = first.iter().find(|(path, _)| path.to_string_lossy().contains(&hourly)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    let outcome = world.otp(&["verify", "--ring=ring"]).outcome();
    assert!(outcome.text().contains("its key has ended, and its record is back"), "{}", outcome.text());
    let refused = rotate(&world, "changes").fails(5);
    assert!(refused.contains(&hourly) && hint(&refused).contains("--end-unknown"), "{refused}");
    // If the database's password was only in a record that was rolled back, the administrator knows more than the ring.
    world.write("database", "first");
    done(world.otp(&ROTATE).args(&["--apply=./apply", "--end-unknown", &hourly]));
    world.otp(&["get", "--key-file=hourly.key"]).fails(3);
    assert_eq!(password(&world, "nightly.key"), database(&world));
}

#[test]
fn a_record_that_the_ring_does_not_know_stops_a_rotation_until_it_is_named() {
    let world = ringed();
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=stray.key"];
    done(world.otp(&issue));
    let (stray, before) = (world.key_id("stray.key"), (records(&world), database(&world)));
    assert_eq!(world.otp(&["verify", "--ring=ring"]).outcome().code(), 5);
    let refused = rotate(&world, "changes").fails(5);
    assert!(refused.contains(&stray) && hint(&refused).contains("--end-unknown"), "{refused}");
    assert_eq!((records(&world), database(&world)), before);
    done(world.otp(&ROTATE).args(&["--apply=./apply", "--end-unknown", &stray]));
    world.otp(&["get", "--key-file=stray.key"]).fails(3);
    check_at_rest(&world);
}

#[test]
fn a_ring_is_apart_private_and_not_a_copy() {
    let world = ringed();
    for inside in ["store/ring", "."] {
        let message = world.otp(&["ring", "init", inside]).fails(2);
        assert!(!hint(&message).is_empty(), "{message}");
    }
    world.otp(&["ring", "init", "ring"]).fails(9);
    world.otp(&["ring", "show", "--ring=nowhere"]).fails(2);
    world.sh("cp -r ring copy", &[]).succeeds();
    let message = world.otp(&["ring", "show", "--ring=copy"]).fails(16);
    assert!(hint(&message).contains("ring adopt"), "{message}");
    world.otp(&ROTATE).args(&["--ring=copy"]).fails(2);
    world.otp(&["ring", "adopt", "--ring=copy"]).succeeds();
    done(world.otp(&["ring", "show", "--ring=copy"]));
    world.chmod("ring", 0o750);
    world.otp(&["ring", "show", "--ring=ring"]).fails(10);
}

#[test]
fn a_ring_that_was_made_halfway_is_made_again_and_another_directory_is_not() {
    let world = World::new();
    world.sh("mkdir -m 700 half other; : > half/.otp-ring.new; : > other/file", &[]).succeeds();
    world.otp(&["ring", "init", "half"]).succeeds();
    world.otp(&["ring", "show", "--ring=half"]).succeeds();
    world.otp(&["ring", "init", "other"]).fails(2);
}

#[test]
fn the_doctor_looks_at_the_ring_too() {
    let world = ringed();
    let doctor = |ring: &str| world.otp(&["doctor", "--ring", ring]).outcome();
    assert_eq!(doctor("ring").code(), 0);
    world.sh("cp -r ring copy; mkdir store/inside; chmod 700 store/inside", &[]).succeeds();
    for (ring, code) in [("copy", 16), ("nowhere", 2), ("store/inside", 2)] {
        let outcome = doctor(ring);
        assert_eq!(outcome.code(), code, "{ring}: {}", outcome.text());
        assert!(outcome.text().contains(&format!("problem  {ring}\n")), "{}", outcome.text());
    }
    world.chmod("ring", 0o750);
    assert_eq!(doctor("ring").code(), 10);
    assert_eq!(world.otp(&["doctor"]).env("OTP_RING", world.path("ring")).outcome().code(), 10);
    assert_eq!(world.otp(&["doctor"]).outcome().code(), 0, "no ring is named");
}

#[test]
fn issuing_a_key_with_pages_says_how_long_it_is() {
    let world = ringed();
    let issue = ["issue", "edms/reporting", "--ring=ring", "--pages=60", "--new-key-file"];
    let outcome = world.otp(&issue).arg("long.key").outcome();
    let length = world.key("long.key").len();
    assert!(outcome.stderr.contains(&format!("{length} characters for its 60 pages")), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("warning") && outcome.stderr.contains("file"), "{}", outcome.stderr);
    // On standard output, the key may soon end up where it is cut off.
    let outcome = world.otp(&issue).arg("-").outcome();
    assert!(
        warning(&outcome.stderr).is_some_and(|text| text.contains("255") && text.contains("file")),
        "{}",
        outcome.stderr
    );
    let one = ["issue", "edms/reporting", "--ring=ring", "--new-key-file=short.key"];
    assert_eq!(world.otp(&one).succeeds(), b"");
}

#[test]
fn hints_name_the_ring_that_the_command_line_names() {
    let world = ringed();
    world.otp(&["ring", "init", "a ring"]).succeeds();
    let rotate = ["rotate", "edms/reporting", "--generate"];
    let message = world.otp(&rotate).arg("--ring=a ring").fails(3);
    assert!(hint(&message).contains("otp ring add --ring 'a ring' --key-file"), "{message}");
    // Where the environment names the ring, commands need no option.
    let message = world.otp(&rotate).env("OTP_RING", world.path("a ring")).fails(3);
    assert!(hint(&message).contains("otp ring add --key-file"), "{message}");
}

#[test]
fn a_forged_claim_is_named_and_deleting_it_helps() {
    let world = ringed();
    // A generation that no ring reaches.
    let forged = "store/edms/reporting/aaaaaaaaaaafwrka.claim.otp";
    world.write(forged, "forged");
    world.chmod(forged, 0o600);
    let message = rotate(&world, "changes").fails(16);
    let name = forged.strip_prefix("store/").unwrap();
    assert!(hint(&message).contains(&format!("delete {name} from the store")), "{message}");
    let report = world.otp(&["verify", "--ring=ring"]).outcome();
    assert!(report.text().contains(&format!("delete {name} from the store")), "{}", report.text());
    fs::remove_file(world.path(forged)).unwrap();
    done(rotate(&world, "changes"));
    check_at_rest(&world);
}

#[test]
fn an_account_that_is_called_like_a_mark_never_passes_for_one() {
    let world = ringed();
    let name = "edms/reporting/1.spent";
    let add = ["add", name, "--username=bob", "--password-stdin", "--key-file=bob.key"];
    world.otp(&add).arg("--ring=ring").stdin("other").fails(2);
    assert!(!world.path("bob.key").exists() && !world.path("store").join(name).exists());
    world.otp(&add).stdin("other").succeeds();
    world.otp(&["ring", "add", "--ring=ring", "--key-file=bob.key"]).fails(2);
    done(rotate(&world, "changes"));
    assert_eq!(password(&world, "nightly.key"), database(&world));
}

#[test]
fn the_ring_hands_keys_out_again_and_takes_in_those_from_before() {
    let world = World::new();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let id = world.key_id("nightly.key");
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
    world.otp(&["ring", "add", "--ring=ring", "--key-file=nightly.key"]).succeeds();
    assert_eq!(world.otp(&["ring", "export", &id, "--ring=ring"]).prints(), world.key("nightly.key"));
    let shown = world.otp(&["ring", "show"]).env("OTP_RING", world.path("ring")).prints();
    assert!(shown.contains(&id) && shown.contains("0 of   1 pages left") && shown.contains("nightly"), "{shown}");
    // A partial entry, as after a crash, is completed; a whole one is left alone.
    world.write(&format!("ring/edms/reporting/{id}.key"), &world.key("nightly.key")[..50]);
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
    for _ in 0..2 {
        world.otp(&["ring", "add", "--ring=ring", "--key-file=nightly.key"]).succeeds();
        assert_eq!(world.otp(&["ring", "export", &id, "--ring=ring"]).prints(), world.key("nightly.key"));
    }
    world.otp(&["revoke", "edms/reporting", &id, "--ring=ring"]).succeeds();
    world.otp(&["ring", "export", &id, "--ring=ring"]).fails(3);
}

#[test]
fn an_account_in_a_ring_is_not_rotated_without_it_by_mistake() {
    let world = ringed();
    let rotate = ["rotate", "edms/reporting", "--yes", "--username=alice", "--password-stdin"];
    let message = world.otp(&rotate).stdin("new").fails(2);
    assert!(hint(&message).contains("--without-ring"), "{message}");
    check_at_rest(&world);
    assert_eq!(done(world.otp(&rotate).arg("--without-ring").stdin("new")).lines().count(), 2);
    for only in ["--apply=true", "--new-keys", "--dry-run", "--resume", "--end-unknown=aaaaaaaaaaaaaaaa"] {
        world.otp(&["rotate", "edms/reporting", "--generate", only]).fails(2);
    }
    world.otp(&ROTATE).arg("--grace=1h").fails(2);
}

#[test]
fn the_ring_has_the_keys_so_a_rotation_takes_none() {
    let world = ringed();
    for key in ["--key-file=nightly.key", "--key-fd=0", "--key-credential=nightly", "--key=otpk1_a"] {
        let message = world.otp(&ROTATE).arg(key).fails(2);
        assert!(hint(&message).contains(key.split('=').next().unwrap()), "{message}");
    }
    // Named for a new holder, a key is read, and not that of the ring in its place.
    world.otp(&["issue", "edms/reporting", "--ring=ring", "--key-credential=none", "--for=x"]).fails(2);
    check_at_rest(&world);
}
