//! Stores on the network, here through a Python helper, which is shared with a test of `otp-link`.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::call::{Call, hint};
use crate::world::{OTP, World};

/// Where the helper of the tests is.
const HELPERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../otp-link/tests/helper");

/// A directory with an empty folder for a helper to serve.
fn world() -> World {
    let world = World::empty();
    fs::create_dir(world.path("bucket")).unwrap();
    world
}

fn url(world: &World, query: &str) -> String {
    format!("test://{}?{query}", world.path("bucket").display())
}

fn otp(world: &World, arguments: &[&str]) -> Call {
    world.otp(arguments).env("OTP_HELPERS", HELPERS)
}

/// Adds the account of [`World::new`] to the store that a helper serves.
fn add(world: &World) {
    otp(world, &["add", "edms/reporting", "--username=alice", "--password-stdin", "--key-file=nightly.key"])
        .args(&["--store", &url(world, "")])
        .stdin("correct horse")
        .succeeds();
}

#[test]
fn an_account_is_kept_opened_rotated_and_removed_at_a_url() {
    let world = world();
    add(&world);
    let store = url(&world, "");
    let text = otp(&world, &["get", "--key-file=nightly.key", "--store", &store]).prints();
    assert_eq!(text, "alice\ncorrect horse");
    otp(&world, &["add", "edms/reporting", "--username=alice", "--generate", "--key-file=other.key"])
        .args(&["--store", &store])
        .fails(9);
    assert!(!world.path("other.key").exists());
    otp(&world, &["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=second.key", "--store", &store])
        .succeeds();
    otp(&world, &["verify", "--store", &store]).succeeds();
    otp(&world, &["revoke", "edms/reporting", &world.key_id("second.key"), "--store", &store]).succeeds();
    otp(&world, &["get", "--key-file=second.key", "--store", &store]).fails(3);
    let doctor = otp(&world, &["doctor", "--store", &store]).prints();
    assert!(doctor.contains("engine: directory"), "{doctor}");
    otp(&world, &["remove", "edms/reporting", "--yes", "--store", &store]).succeeds();
    assert_eq!(otp(&world, &["list", "--store", &store]).prints(), "");
}

#[test]
fn many_accounts_move_to_a_url_and_a_second_run_finds_them_there() {
    let world = world();
    let store = url(&world, "");
    let line = |number| format!("{{\"account\": \"many/{number}\", \"password\": \"x\", \"for\": [\"a\", \"b\"]}}\n");
    world.write("a.jsonl", (0..70).map(line).collect::<String>());
    let import = |more: &[&str]| {
        let import = ["import", "jsonl", "a.jsonl", "--new-key-dir=keys", "--store", &store];
        let outcome = otp(&world, &import).args(more).outcome();
        (outcome.code(), outcome.stderr)
    };
    let said = |words: &str| (0, format!("otp: {words}\n"));
    assert_eq!(import(&["--dry-run"]), said("140 planned"));
    assert_eq!(import(&[]), said("140 added"));
    fs::remove_file(world.path("keys/many+69@a.key")).unwrap();
    assert_eq!(import(&[]), said("139 exists, 1 added"));
    let keys: Vec<String> = (0..70)
        .flat_map(|number| ["a", "b"].map(|holder| format!("--key-file=keys/many+{number}@{holder}.key")))
        .collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let text = otp(&world, &["verify", "--store", &store]).args(&keys).prints();
    assert_eq!(text, "141 records, 140 keys: all well");
    let other = otp(&world, &["import", "jsonl", "a.jsonl", "--new-key-dir=other", "--store", &store]).outcome();
    assert!(other.code() == 9 && other.stderr.starts_with("otp: 70 failed\n  hint: "), "{}", other.stderr);
}

/// The helper dies while the database changes, and the next helper finds no store.
#[test]
fn a_store_that_goes_once_the_database_has_changed_leaves_a_rotation_to_be_resumed() {
    let world = world();
    let store = url(&world, &format!("pid={}", world.path("pid").display()));
    otp(&world, &["ring", "init", "ring", "--store", &store]).succeeds();
    let otp = |arguments: &[&str]| otp(&world, arguments).args(&["--store", &store, "--ring=ring"]);
    let outcome = otp(&["add", "edms/a", "--password-stdin", "--pages=4", "--key-file=a.key", "--username=a"])
        .stdin("first")
        .outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    world.write("apply", "#!/bin/sh\ncat > /dev/null\nkill -9 $(tail -n 1 pid)\nmv bucket lost\n");
    world.chmod("apply", 0o700);
    let message = otp(&["rotate", "edms/a", "--generate", "--apply=./apply"]).fails(15);
    assert!(hint(&message).contains("rotate edms/a --ring ring --resume"), "{message}");
    fs::rename(world.path("lost"), world.path("bucket")).unwrap();
    let outcome = otp(&["rotate", "edms/a", "--resume", "--apply=true"]).outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    otp(&["verify"]).succeeds();
}

/// The helper answers about neither of two keys until both are asked for.
#[test]
fn those_who_look_at_many_records_ask_for_several_at_a_time() {
    let world = world();
    add(&world);
    let second = ["add", "other", "--username=bob", "--generate", "--key-file=other.key", "--store", &url(&world, "")];
    otp(&world, &second).succeeds();
    let store = url(&world, "fault=pairs");
    let verify = ["verify", "--key-file=nightly.key", "--key-file=other.key", "--warn-within=1d", "--store", &store];
    assert_eq!(otp(&world, &verify).prints(), "2 records, 2 keys: all well");
    assert_eq!(otp(&world, &["list", "--json", "--store", &store]).prints().matches("\"id\"").count(), 2);
}

#[test]
fn a_store_that_stays_away_is_waited_for_once_and_not_for_each_record() {
    let world = world();
    add(&world);
    let store = url(&world, "fault=unread");
    for line in ["verify", "verify --key-file=nightly.key", "list --json", "revoke --for nightly --yes"] {
        let words: Vec<&str> = line.split(' ').chain(["--store", &store]).collect();
        otp(&world, &words).fails(12);
    }
    world.write("a.jsonl", "{\"account\": \"many\", \"password\": \"x\"}\n");
    let import = |store: &str| {
        let import = ["import", "jsonl", "a.jsonl", "--new-key-dir=keys", "--json", "--store", store];
        otp(&world, &import).outcome()
    };
    assert_eq!(import(&url(&world, "")).code(), 0);
    let outcome = import(&store);
    assert_eq!(outcome.code(), 12, "{}", outcome.stderr);
    assert!(outcome.text().contains("not-reached"), "{}", outcome.text());
}

#[test]
fn the_variable_takes_a_url_as_the_option_does() {
    let world = world();
    add(&world);
    let mut call = otp(&world, &["list"]);
    call.command.env("OTP_STORE", url(&world, ""));
    assert_eq!(call.prints(), "edms/reporting");
    world.chmod("bucket", 0o700);
    let file = format!("file://{}", world.path("bucket").display());
    assert_eq!(otp(&world, &["list", "--store", &file]).prints(), "edms/reporting");
}

#[test]
fn a_helper_has_ended_when_the_command_starts() {
    let world = world();
    add(&world);
    let pid = world.path("pid");
    let store = url(&world, &format!("pid={}", pid.display()));
    // The shell has replaced otp in the same process: a helper that was not waited for would be its child.
    let script = format!("test ! -e /proc/$(cat {}) && echo \"$OTP_PASSWORD\"", pid.display());
    let text = otp(&world, &["run", "--key-file=nightly.key", "--store", &store, "--", "sh", "-c", &script]).prints();
    assert_eq!(text, "correct horse");
}

#[test]
fn a_helper_sees_no_key_and_no_login() {
    let world = world();
    add(&world);
    let report = world.path("report");
    let store = url(&world, &format!("report={}", report.display()));
    let mut call = otp(&world, &["list", "--store", &store]);
    for name in ["OTP_KEY", "OTP_KEY_FILE", "OTP_USERNAME", "OTP_PASSWORD", "OTP_RING"] {
        call.command.env(name, "nothing");
    }
    call.command.env("OTP_STORE_TIMEOUT", "60");
    call.succeeds();
    let told = fs::read_to_string(report).unwrap();
    assert!(told.contains("variables: OTP_HELPERS OTP_STORE OTP_STORE_TIMEOUT\n"), "{told}");
}

#[test]
fn not_allowed_unreachable_damaged_and_newer_have_codes_of_their_own() {
    let world = world();
    add(&world);
    for (fault, code) in [("denied", 13), ("hangs", 12), ("silent", 12), ("dies", 12), ("body", 7), ("version", 8)] {
        let store = url(&world, &format!("fault={fault}"));
        let mut call = otp(&world, &["get", "--key-file=nightly.key", "--store", &store]);
        // A busy machine needs a while to start an interpreter.
        call.command.env("OTP_STORE_TIMEOUT", if matches!(fault, "hangs" | "silent") { "1" } else { "60" });
        let outcome = call.outcome();
        assert_eq!((outcome.code(), outcome.text().as_str()), (code, ""), "{fault}");
    }
    otp(&world, &["get", "--key-file=nightly.key", "--store", &format!("test://{}/none", world.root().display())])
        .fails(12);
    let mut call = otp(&world, &["list", "--store", &url(&world, "")]);
    call.command.env("OTP_STORE_TIMEOUT", "soon");
    call.fails(2);
}

#[test]
fn who_waits_for_a_second_is_told_what_for() {
    let world = world();
    add(&world);
    let outcome = otp(&world, &["get", "--key-file=nightly.key", "--store", &url(&world, "fault=slow")]).outcome();
    assert_eq!(outcome.text(), "alice\ncorrect horse\n");
    assert_eq!(outcome.stderr.matches("waiting for store.example (try 2)").count(), 1);
    // Also if the helper says nothing at all.
    let silent = url(&world, "fault=hangs");
    let mut call = otp(&world, &["get", "--key-file=nightly.key", "--store", &silent]);
    call.command.env("OTP_STORE_TIMEOUT", "4");
    let outcome = call.outcome();
    assert_eq!(outcome.code(), 12);
    assert_eq!(outcome.stderr.matches(&format!("waiting for {silent} (try 1)")).count(), 1, "{}", outcome.stderr);
}

#[test]
fn ctrl_c_ends_who_waits() {
    let world = world();
    add(&world);
    let pid = world.path("pid");
    let store = url(&world, &format!("fault=hangs&pid={}", pid.display()));
    // The tests may run with signals ignored: shells start background jobs that way.
    let get = ["--default-signal", OTP, "get", "--key-file=nightly.key", "--store", &store];
    let mut call = world.command("env", &get).env("OTP_HELPERS", HELPERS);
    let mut waiting = call.command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let helper = loop {
        match fs::read_to_string(&pid) {
            Ok(text) if text.ends_with('\n') => break text.trim().parse().unwrap(),
            _ => std::thread::yield_now(),
        }
    };
    kill_process(Pid::from_child(&waiting), Signal::INT).unwrap();
    assert_eq!(waiting.wait().unwrap().signal(), Some(Signal::INT.as_raw()));
    // This helper would not end by itself.
    kill_process(Pid::from_raw(helper).unwrap(), Signal::KILL).unwrap();
}

#[test]
fn a_wrong_url_is_named_and_a_secret_in_it_is_not_shown() {
    let world = world();
    for (store, named) in [
        ("s3://bucket?zone=a", "zone"),
        ("s3://id:hush@bucket", "user or password"),
        ("s3://bucket?secret_access_key=hush", "secret_access_key"),
        ("s4://bucket", "s4"),
        ("http://host.example/store", "without TLS"),
    ] {
        let said = otp(&world, &["list", "--store", store]).fails(2);
        assert!(said.contains(named) && !said.contains("hush"), "{said}");
    }
}

#[test]
fn a_store_is_made_copied_and_checked() {
    let world = world();
    add(&world);
    let store = url(&world, "");
    let apart = World::empty();
    let (copy, back) = (apart.path("copy"), apart.path("back"));
    let text = otp(&world, &["store", "copy", &store, copy.to_str().unwrap()]).prints();
    assert_eq!(text, "1 copied, 0 there already");
    let text = otp(&world, &["get", "--key-file=nightly.key", "--store", copy.to_str().unwrap()]).prints();
    assert_eq!(text, "alice\ncorrect horse");

    // As if somebody had uploaded it; a helper refuses to write there until it is made a store.
    copy_files(&copy, &back);
    let uploaded = format!("test://{}", back.display());
    otp(&world, &["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=new.key", "--store", &uploaded])
        .fails(12);
    assert_eq!(otp(&world, &["store", "init", &uploaded]).prints(), "made");
    otp(&world, &["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=new.key", "--store", &uploaded])
        .succeeds();
    otp(&world, &["store", "check", &uploaded]).succeeds();

    otp(&world, &["store", "check", &url(&world, "fault=overwrites")]).fails(12);
    let changed = fs::read_dir(copy.join("edms/reporting")).unwrap().map(|entry| entry.unwrap().path());
    for path in changed.filter(|path| path.extension().is_some_and(|extension| extension == "otp")) {
        fs::write(path, "changed").unwrap();
    }
    let outcome = otp(&world, &["store", "copy", &store, copy.to_str().unwrap()]).outcome();
    assert_eq!(outcome.code(), 9);
    assert!(outcome.text().starts_with("different: edms/reporting/"), "{}", outcome.text());
}

#[test]
fn a_store_is_made_once() {
    let world = world();
    let apart = World::empty();
    for store in [url(&world, ""), apart.path("new").display().to_string()] {
        assert_eq!(otp(&world, &["store", "init", &store]).prints(), "made", "{store}");
        assert_eq!(otp(&world, &["store", "init", &store]).prints(), "there already", "{store}");
    }
}

fn copy_files(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_files(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
