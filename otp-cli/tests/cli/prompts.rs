//! Prompts on a real terminal. Each step waits for what the program shows, so nothing depends on timing.

use otp_test_tools::lacks;

use rustix::process::Signal;

use crate::call::hint;
use crate::terminal::{self, Terminal};
use crate::world::World;

const ADD: [&str; 3] = ["add", "a", "--key-file=a.key"];

#[track_caller]
fn holds(world: &World, key: &str, text: &str) {
    assert_eq!(world.otp(&["get", "--key-file", key]).prints(), text);
}

#[test]
fn add_asks_for_username_and_password_and_shows_no_password() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a"]);
    terminal.wait_for("Username: ");
    assert!(terminal.echoes());
    terminal.write("alice\n");
    terminal.answer_unseen("Password: ", "s3cret pass\n");
    terminal.answer_unseen("Once more: ", "s3cret pass\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(end.echo);
    assert!(end.seen.contains("alice") && !end.seen.contains("s3c"), "{}", end.seen);
    assert!(!end.seen.contains("otpk1_"), "the key goes to standard output alone");
    world.write("a.key", end.stdout);
    holds(&world, "a.key", "alice\ns3cret pass");
}

#[test]
fn add_asks_only_for_what_is_not_given() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=alice", "--key-file=a.key"]);
    terminal.answer_unseen("Password: ", "one\n");
    terminal.answer_unseen("Once more: ", "one\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("Username"), "{}", end.seen);
    let mut terminal = Terminal::start(&world, &["add", "b", "--generate", "--key-file=b.key"]);
    terminal.wait_for("Username: ");
    terminal.write("bob\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("Password"), "{}", end.seen);
    holds(&world, "a.key", "alice\none");
}

#[test]
fn a_password_that_differs_or_is_empty_is_asked_for_again() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\n");
    terminal.wait_for("Username: ");
    terminal.write("alice\n");
    terminal.answer_unseen("Password: ", "\n");
    terminal.wait_for("otp: warning: ");
    terminal.answer_unseen("Password: ", "first\n");
    terminal.answer_unseen("Once more: ", "second\n");
    terminal.wait_for("otp: warning: ");
    terminal.answer_unseen("Password: ", "third\n");
    terminal.answer_unseen("Once more: ", "third\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    for typed in ["first", "second", "third"] {
        assert!(!end.seen.contains(typed), "{}", end.seen);
    }
    holds(&world, "a.key", "alice\nthird");
}

#[test]
fn a_line_can_be_corrected_and_holds_any_other_byte() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
    // Ctrl-U, backspace over characters of one and of two bytes, cursor keys, a control character.
    terminal.answer_unseen("Password: ", "wrong\x15p\u{e4}x\x7f\x7f\x1b[D\x1b[3~\x1bOA\x01ass\n");
    terminal.answer_unseen("Once more: ", "pass\r");
    assert_eq!(terminal.end().code, Some(0));
    holds(&world, "a.key", "u\npass");

    let mut terminal = Terminal::start(&world, &["add", "b", "--username=u", "--key-file=b.key"]);
    for prompt in ["Password: ", "Once more: "] {
        terminal.answer_unseen(prompt, b"\xff\xfe\t $'\"\\\n");
    }
    assert_eq!(terminal.end().code, Some(0));
    let password = world.otp(&["get", "--key-file=b.key", "--field=password"]).succeeds();
    assert_eq!(password, b"\xff\xfe\t $'\"\\");
}

#[test]
fn a_line_that_is_too_long_is_not_cut() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let add = ["add", "a", "--username=u", "--key-file=a.key"];
    for typed in ["x".repeat(4097), "x".repeat(5000), "x".repeat(5000) + "\x7f"] {
        let mut terminal = Terminal::start(&world, &add);
        terminal.answer_unseen("Password: ", typed + "\n");
        let end = terminal.end();
        end.in_order(Some(2));
        assert!(!end.seen.contains("Once more") && !end.seen.contains("xx"), "{}", end.seen);
        assert!(world.everything().is_empty());
    }
    let longest = "x".repeat(4096);
    let mut terminal = Terminal::start(&world, &add);
    terminal.answer_unseen("Password: ", format!("{}\x15{longest}\n", "x".repeat(5000)));
    terminal.answer_unseen("Once more: ", format!("{longest}\n"));
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(world.otp(&["get", "--field=password", "--key-file=a.key"]).prints(), longest);
}

#[test]
fn ctrl_c_ends_it_with_the_echo_on_and_nothing_made() {
    if lacks("setsid") {
        return;
    }
    for typed in ["", "half a pass"] {
        let world = World::empty();
        let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
        terminal.answer_unseen("Password: ", format!("{typed}\x03"));
        let end = terminal.end();
        end.in_order(None);
        assert!(!end.seen.contains("half"), "{}", end.seen);
        assert!(world.everything().is_empty());
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\x03");
    terminal.end().in_order(None);
    assert!(world.everything().is_empty());
}

#[test]
fn a_signal_that_ends_it_leaves_the_terminal_as_it_was() {
    if lacks("setsid") {
        return;
    }
    for signal in [Signal::TERM, Signal::HUP] {
        let world = World::empty();
        let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
        terminal.answer_unseen("Password: ", "first\n");
        terminal.answer_unseen("Once more: ", "half");
        terminal.kill(signal);
        terminal.end().in_order(None);
        assert!(world.everything().is_empty());
    }
}

#[test]
fn the_end_of_input_ends_it_and_a_pause_does_not() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
    // In a session without a shell, nobody could continue a paused process, so the system continues it at once.
    terminal.answer_unseen("Password: ", "half\x1a");
    terminal.answer_unseen("Password: ", "\x04");
    let end = terminal.end();
    end.in_order(Some(2));
    assert!(end.seen.contains("\notp: "), "{}", end.seen);

    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\x04");
    terminal.end().in_order(Some(2));
    assert!(world.everything().is_empty());
}

#[test]
fn nobody_is_asked_who_does_not_want_to_be_or_in_vain() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    for (arguments, code, remedy) in [
        (&["add", "b", "--no-input"][..], 2, "--username, or --fields-only"),
        (&["--no-input", "add", "b", "--username=u"], 2, "--password-stdin, --password-fd or --generate"),
        (
            &["rotate", "--yes", "edms/reporting", "--no-input", "--key-file=nightly.key"],
            2,
            "--generate, --password-stdin",
        ),
        (&["rotate", "--yes", "edms/reporting", "--no-input"], 2, "--username, or --fields-only"),
        (&["add", "edms/reporting"], 9, "otp issue edms/reporting"),
        (&["add", "Not/A/Name"], 2, "a-z"),
        (&["add", "b", "--expires=soon"], 2, "30d"),
        (&["add", "b", "--key-file=nightly.key"], 9, ""),
        (&["add", "b", "--key-file=not/there"], 1, "not/there"),
        (&["add", "b", "--extra-entropy=-"], 2, ""),
        (&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=not/there"], 1, "not/there"),
        (&["rotate", "--yes", "edms/reporting", "--key-file=store"], 1, "store"),
        (
            &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=nightly.key"],
            1,
            "nightly.key",
        ),
        (&["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=not/there"], 1, "not/there"),
        (&["import", "secure-python-link", "nightly.key", "--account=b"], 7, ""),
        (&["get"], 2, "--key-file"),
    ] {
        let end = Terminal::start(&world, arguments).end();
        end.in_order(Some(code));
        let lines = end.seen.replace('\r', "");
        assert!(remedy.is_empty() || hint(&lines).contains(remedy), "{lines}");
        assert!(!end.seen.contains("sername: ") && !end.seen.contains("assword: "), "{lines}");
        assert!(!end.seen.contains("Old key"), "{lines}");
    }
    let end = Terminal::start(&world, &["rotate", "--yes", "not/there"]).end();
    end.in_order(Some(3));
    assert!(!end.seen.contains("sername: "), "{}", end.seen);
    world.chmod("store", 0o777);
    Terminal::start(&world, &["add", "b"]).end().in_order(Some(10));
    world.chmod("store", 0o700);
    assert_eq!(world.otp(&["list"]).prints(), "edms/reporting");
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    for command in [&["add", "b"][..], &["rotate", "--yes", "edms/reporting"]] {
        let message = world.otp(command).stdin("alice\npass\npass\n").fails(2);
        assert!(hint(&message).contains("--username"), "{message}");
    }
    // A terminal for typing is not enough; the prompt must be visible, too.
    let mut terminal = Terminal::start(&world, &["add", "b"]);
    terminal.wait_for("Username: ");
    terminal.write("\x03");
    terminal.end().in_order(None);
    let name = "setsid --ctty sh -c 'otp add b 2>errors; echo $?' <\"$1\"";
    let (_keyboard, path) = terminal::open();
    assert_eq!(world.sh(name, &[&path]).prints(), "2");
    assert!(hint(&String::from_utf8(world.read("errors")).unwrap()).contains("--username"));
}

#[test]
fn long_work_shows_progress_on_a_terminal_and_clears_it() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--generate", "--new-key-dir=keys"];
    for (arguments, shown) in [(&["verify"][..], "records verified"), (&rotate, "sealing new keys")] {
        let end = Terminal::start(&world, arguments).end();
        assert_eq!(end.code, Some(0), "{}", end.seen);
        assert!(end.seen.contains(shown) && end.seen.ends_with(" \r"), "{:?}", end.seen);
        assert!(!end.stdout.contains(shown));
    }
}

#[test]
fn rotate_asks_for_what_is_missing() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=first"];
    let mut terminal = Terminal::start(&world, &rotate);
    terminal.answer_unseen("New password: ", "battery\n");
    terminal.answer_unseen("Once more: ", "battery\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("battery") && !end.seen.contains("Username"), "{}", end.seen);
    let file = |stdout: &str| stdout.trim().rsplit('\t').next().unwrap().to_owned();
    let key = file(&end.stdout);
    holds(&world, &key, "alice\nbattery");

    // Something else is new: the password stays, and there is no prompt.
    let rotate = ["rotate", "--yes", "edms/reporting", "--key-file", &key, "--username=bob", "--new-key-dir=second"];
    let end = Terminal::start(&world, &rotate).end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    holds(&world, &file(&end.stdout), "bob\nbattery");

    // Without a key, everything is new.
    let mut terminal = Terminal::start(&world, &["rotate", "--yes", "edms/reporting", "--new-key-dir=third"]);
    terminal.wait_for("Username: ");
    terminal.write("carol\n");
    terminal.answer_unseen("New password: ", "staple\n");
    terminal.answer_unseen("Once more: ", "staple\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    holds(&world, &file(&end.stdout), "carol\nstaple");
}
