//! New keys are handed over, or taken back: no record is left without its key.

use otp_test_tools::lacks;

use crate::call::hint;
use crate::world::World;

const ADD: &str = "add new --username u --generate";
const ISSUE: &str = "issue edms/reporting --key-file nightly.key";
const ROTATE: &str = "rotate --yes edms/reporting --key-file nightly.key --generate";

#[test]
fn the_key_stands_alone_on_one_line_or_in_a_private_file() {
    let world = World::new();
    for command in [ADD, ISSUE] {
        let text = String::from_utf8(world.sh(&format!("exec otp {command}"), &[]).succeeds()).unwrap();
        assert!(text.starts_with("otpk1_") && text.find('\n') == Some(text.len() - 1), "{text}");
        assert!(!world.otp(&["get"]).env("OTP_KEY", &text).prints().is_empty());
    }
    world.sh(&format!("umask 0; exec otp {ISSUE} --new-key-file new.key"), &[]).succeeds();
    assert_eq!(world.sh("stat -c %a new.key nightly.key", &[]).prints(), "600\n600");
    let text = world.sh(&format!("exec otp {ISSUE} --new-key-file -"), &[]).prints();
    assert!(text.starts_with("otpk1_") && !world.path("-").exists());
    let text = world.sh("exec otp add dash --username u --generate --key-file -", &[]).prints();
    assert!(text.starts_with("otpk1_") && !world.path("-").exists());
}

#[test]
fn a_closed_output_would_lose_the_key_and_is_refused_and_nothing_is_made() {
    let world = World::new();
    let before = world.everything();
    for (command, option) in [(ADD, "--key-file PATH"), (ISSUE, "--new-key-file PATH"), (ROTATE, "--new-key-dir DIR")] {
        for output in [">&-", "1<>/dev/null"] {
            let message = world.sh(&format!("exec otp {command} {output}"), &[]).fails(2);
            assert!(hint(&message).contains(option), "{message}");
        }
    }
    assert_eq!(world.everything(), before);
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
    // With a file, the output does not matter.
    world.sh(&format!("exec otp {ISSUE} --new-key-file new.key >&-"), &[]).succeeds();
    world
        .sh("exec otp rotate --yes edms/reporting --key-file new.key --generate --new-key-dir keys >&-", &[])
        .succeeds();
    assert_eq!(std::fs::read_dir(world.path("keys")).unwrap().count(), 2);
    // Users who send a key to /dev/null have their reasons.
    world.sh("exec otp add nowhere --username u --generate >/dev/null", &[]).succeeds();
}

#[test]
fn an_output_that_fails_takes_the_key_back() {
    let world = World::new();
    let before = world.everything();
    for command in [ADD, ISSUE, ROTATE] {
        let message = world.sh(&format!("exec otp {command} >/dev/full"), &[]).fails(1);
        assert!(message.contains("\n  because: No space left"), "{message}");
        assert_eq!(world.everything(), before, "{command}");
    }
    assert!(!world.path("store/new").exists());
    assert_eq!(world.otp(&["list"]).prints(), "edms/reporting");
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}

/// A pipe whose reader is gone before the program starts: `mkfifo`, opened for both, then for writing only.
#[test]
fn a_reader_who_is_gone_takes_the_key_back_and_that_is_an_error() {
    let world = World::new();
    let closed = "mkfifo gone; exec 3<>gone 4>gone 3>&-; rm gone; exec otp";
    for command in [ADD, ISSUE, ROTATE] {
        let before = world.everything();
        let message = world.sh(&format!("{closed} {command} >&4"), &[]).fails(1);
        assert!(message.contains("\n  because: Broken pipe"), "{message}");
        assert_eq!(world.everything(), before, "{command}");
    }
    // For output that can be printed again, a closed pipe is no error.
    for command in
        ["list", "list --json", "info edms/reporting", "get --key-file nightly.key", "verify", "--help", "man"]
    {
        let outcome = world.sh(&format!("{closed} {command} >&4"), &[]).outcome();
        assert_eq!((outcome.code(), outcome.stderr.as_str()), (1, ""), "{command}");
    }
}

#[test]
fn a_full_device_is_an_error() {
    let world = World::new();
    for command in ["list", "info edms/reporting --json", "get --key-file nightly.key", "--help", "completions bash"] {
        let message = world.sh(&format!("exec otp {command} >/dev/full"), &[]).fails(1);
        assert!(message.contains("\n  because: No space left"), "{message}");
    }
}

#[test]
fn a_closed_standard_error_changes_nothing() {
    let world = World::new();
    assert_eq!(world.sh("exec otp get --key-file nightly.key 2>&-", &[]).prints(), "alice\ncorrect horse");
    let outcome = world.sh("exec otp get --key-file not-there 2>&-", &[]).outcome();
    assert_eq!((outcome.code(), outcome.text().as_str()), (1, ""));
    let outcome = world.sh("exec otp get --key-file not-there 2>/dev/full", &[]).outcome();
    assert_eq!((outcome.code(), outcome.text().as_str()), (1, ""));
}

#[test]
fn a_store_that_takes_nothing_gives_no_key() {
    if lacks("dash") {
        return;
    }
    let world = World::new();
    let before = world.everything();
    // No file may grow: whatever was begun is taken back.
    for command in [ADD, ISSUE, ROTATE] {
        let outcome = world.shell("dash", &format!("trap '' XFSZ; ulimit -f 0; exec otp {command}"), &[]).outcome();
        // The error message goes to a pipe, which has no limit.
        assert_eq!((outcome.code(), outcome.text().as_str()), (12, ""), "{command}: {}", outcome.stderr);
        assert!(hint(&outcome.stderr).contains("ulimit -f"), "{}", outcome.stderr);
        assert_eq!(world.everything(), before, "{command}");
    }
    let script = format!("trap '' XFSZ; ulimit -f 0; exec otp {ISSUE} --new-key-file new.key");
    assert_eq!(world.shell("dash", &script, &[]).outcome().code(), 12);
    assert!(!world.path("new.key").exists());
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}
