//! What the environment and the caller's files determine.

use std::time::{Duration, Instant};

use crate::call::hint;
use crate::world::World;

#[test]
fn an_empty_password_takes_a_word_of_its_own() {
    let world = World::new();
    let add = ["add", "a", "--username=u", "--password-stdin", "--key-file=a.key"];
    for typed in ["", "\n", "\r\n"] {
        let message = world.otp(&add).stdin(typed).fails(2);
        assert!(message.contains("empty") && hint(&message).contains("--allow-empty"), "{message}");
    }
    world.otp(&["add", "a", "--username=u", "--field=password=", "--key-file=a.key"]).fails(2);
    let rotate = ["rotate", "edms/reporting", "--yes", "--key-file=nightly.key", "--password-stdin"];
    world.otp(&rotate).stdin("").fails(2);
    world.otp(&add).arg("--allow-empty").stdin("").succeeds();
    assert_eq!(world.otp(&["get", "--field=password", "--key-file=a.key"]).succeeds(), b"");
    world.otp(&rotate).arg("--allow-empty").stdin("").succeeds();
}

#[test]
fn shell_format_exports_and_no_format_sets_what_otp_itself_reads() {
    let world = World::new();
    let script = "eval \"$(otp get --key-file nightly.key --format shell)\"; sh -c 'echo $OTP_USERNAME'";
    assert_eq!(world.sh(script, &[]).prints(), "alice");
    for field in ["key", "store", "key file", "Key-File"] {
        let field = format!("--field={field}=x");
        world.otp(&["add", "a", "--fields-only", &field, "--key-file=a.key"]).succeeds();
        for format in ["env", "shell"] {
            let message = world.otp(&["get", "--key-file=a.key", "--format", format]).fails(1);
            assert!(message.contains("itself reads"), "{message}");
        }
        world.otp(&["get", "--key-file=a.key", "--format=json"]).succeeds();
        std::fs::remove_file(world.path("a.key")).unwrap();
        world.otp(&["remove", "a", "--yes"]).succeeds();
    }
}

#[test]
fn an_output_that_is_closed_is_an_error() {
    let world = World::new();
    for command in ["get --key-file nightly.key", "info edms/reporting", "list", "verify", "doctor", "man"] {
        let message = world.sh(&format!("exec otp {command} >&-"), &[]).fails(1);
        assert!(message.contains("standard output is closed"), "{command}: {message}");
    }
}

#[test]
fn without_home_the_user_database_is_asked_and_a_relative_one_is_refused() {
    let world = World::new();
    let mut call = world.otp(&["list"]);
    call.command.env_remove("OTP_STORE").env("HOME", "here");
    let message = call.fails(2);
    assert!(message.contains("relative") && hint(&message).contains("--store"), "{message}");
    let mut call = world.otp(&["list"]);
    call.command.env_remove("OTP_STORE").env_remove("HOME");
    let outcome = call.outcome();
    // The user's own store may or may not exist, but its place is known.
    assert!([0, 12].contains(&outcome.code()), "{}", outcome.stderr);
}

#[test]
fn a_lock_is_waited_for_with_a_word_and_not_for_ever() {
    let world = World::new();
    let store = world.store();
    let guard = otp_core::Store::lock(&store, &"edms/reporting".parse().unwrap()).unwrap();
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--lock-timeout=2s", "--new-key-file=b.key"];
    let begun = Instant::now();
    let outcome = world.otp(&issue).outcome();
    assert_eq!(outcome.code(), 14, "{}", outcome.stderr);
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert!(outcome.stderr.contains("waiting for it"), "{}", outcome.stderr);
    assert!(hint(&outcome.stderr).contains("--lock-timeout"), "{}", outcome.stderr);
    drop(guard);
    world.otp(&issue).succeeds();
}
