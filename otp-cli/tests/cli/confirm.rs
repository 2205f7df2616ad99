//! What can't be undone needs confirmation, from somebody at a terminal or by `--yes`.

use otp_test_tools::lacks;

use crate::call::hint;
use crate::terminal::Terminal;
use crate::world::World;

#[test]
fn nothing_is_deleted_or_replaced_in_a_script_that_does_not_say_so() {
    let world = World::new();
    let before = world.everything();
    for command in [
        &["remove", "edms/reporting"][..],
        &["rotate", "edms/reporting", "--key-file=nightly.key", "--generate"],
        &["revoke", "--for", "nightly"],
    ] {
        let message = world.otp(command).fails(2);
        assert!(hint(&message).contains("--yes"), "{message}");
        assert_eq!(world.everything(), before, "{command:?}");
    }
    world.otp(&["rotate", "edms/reporting", "--yes", "--key-file=nightly.key", "--generate"]).succeeds();
    world.otp(&["remove", "edms/reporting", "-y"]).succeeds();
    world.otp(&["info", "edms/reporting"]).fails(3);
}

#[test]
fn every_key_of_a_holder_ends_in_one_account_or_in_all() {
    let world = World::new();
    for (account, holder, key) in [("a", "nightly", "a.key"), ("b", "hourly", "b.key"), ("a/b", "nightly", "ab.key")] {
        let key = format!("--key-file={key}");
        world.otp(&["add", account, "--username=u", "--generate", "--for", holder, &key]).succeeds();
    }
    let opens = |key: &str| world.otp(&["get", "--field=username", &format!("--key-file={key}")]).outcome().code() == 0;
    let message = world.otp(&["revoke", "--for", "weekly", "--yes"]).fails(3);
    assert!(message.contains("weekly"), "{message}");
    let ended = world.otp(&["revoke", "a", "--for", "nightly", "--yes"]).prints();
    assert!(ended.starts_with("a\t") && ended.lines().count() == 1, "{ended}");
    assert_eq!(["a.key", "b.key", "ab.key", "nightly.key"].map(opens), [false, true, true, true]);
    let ended = world.otp(&["revoke", "--for", "nightly", "--yes"]).prints();
    assert_eq!(ended.lines().count(), 2, "{ended}");
    assert_eq!(["a.key", "b.key", "ab.key", "nightly.key"].map(opens), [false, true, false, false]);
    world.otp(&["revoke", "--for", "nightly", "a", "aaaaaaaaaaaaaaaa"]).fails(2);
    world.otp(&["revoke", "a"]).fails(2);
    world.otp(&["revoke"]).fails(2);
}

#[test]
fn a_damaged_record_does_not_keep_a_holders_other_keys_from_ending() {
    let world = World::new();
    world.otp(&["add", "b", "--username=u", "--generate", "--for=nightly", "--key-file=b.key"]).succeeds();
    std::fs::write(world.record_of("b.key"), "damaged").unwrap();
    let outcome = world.otp(&["revoke", "--for=nightly", "--yes"]).outcome();
    assert_eq!(outcome.code(), 7, "{}", outcome.stderr);
    assert!(outcome.stderr.contains(&format!("b {}", world.key_id("b.key"))), "{}", outcome.stderr);
    world.otp(&["get", "--key-file=nightly.key"]).fails(3);
}

#[test]
fn at_a_terminal_it_is_shown_what_will_happen() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    let id = world.key_id("nightly.key");
    for (answer, code) in [("n", 1), ("", 1), ("y", 0)] {
        let mut terminal = Terminal::start(&world, &["remove", "edms/reporting"]);
        terminal.wait_for("[y/N] ");
        terminal.write(answer);
        terminal.write("\n");
        let end = terminal.end();
        assert_eq!(end.code, Some(code), "{}", end.seen);
        for shown in [&id, "nightly", "0 days old", "never expires"] {
            assert!(end.seen.contains(shown), "{}", end.seen);
        }
        assert_eq!(world.otp(&["info", "edms/reporting"]).outcome().code() == 3, code == 0);
    }
}

#[test]
fn scripts_may_say_yes_to_commands_that_do_not_ask() {
    let world = World::new();
    for line in [&["list"][..], &["verify"], &["info", "edms/reporting"], &["get", "--key-file=nightly.key"]] {
        assert_eq!(world.otp(line).arg("--yes").prints(), world.otp(line).prints());
        assert_eq!(world.otp(&["-y"]).args(line).prints(), world.otp(line).prints());
    }
}
