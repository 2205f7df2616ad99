//! A command that finds nothing to do, or fails, leaves nothing behind: no directory, no lock, no file.

use crate::world::{World, unknown_id};

#[test]
fn a_name_or_id_that_was_mistyped_leaves_nothing() {
    let world = World::new();
    world.otp(&["add", "gone", "--username=u", "--generate", "--key-file=gone.key"]).succeeds();
    world.otp(&["remove", "--yes", "gone"]).succeeds();
    let (known, unknown) = (world.key_id("nightly.key"), unknown_id().to_string());
    let before = world.tree();
    for arguments in [
        &["revoke", "typo/acc", &known][..],
        &["revoke", "typo", &unknown],
        &["revoke", "edms", &known],
        &["revoke", "edms/reporting", &unknown],
        &["revoke", "edms/reporting/typo", &known],
        &["remove", "--yes", "typo"],
        &["remove", "--yes", "edms"],
        &["remove", "--yes", "gone"],
        &["rotate", "--yes", "typo", "--username=u", "--generate"],
        &["rotate", "--yes", "typo/acc", "--username=u", "--generate", "--new-key-dir=keys"],
        &["rotate", "--yes", "gone", "--key-file=gone.key", "--generate"],
        &["issue", "gone", "--key-file=gone.key"],
        &["issue", "gone", "--key-file=gone.key", "--new-key-file=new.key"],
        &["info", "typo"],
        &["get", "--key-file=gone.key"],
        &["run", "--key-file=gone.key", "--", "touch", "started"],
    ] {
        world.otp(arguments).fails(3);
        assert_eq!(world.tree(), before, "{arguments:?}");
    }
    for arguments in [&["list", "typo/"][..], &["verify", "typo"], &["doctor"], &["doctor", "--fix"]] {
        assert_eq!(world.otp(arguments).outcome().code(), 0);
        assert_eq!(world.tree(), before, "{arguments:?}");
    }
}

#[test]
fn a_store_that_does_not_exist_is_not_made_by_looking() {
    let world = World::empty();
    let id = unknown_id().to_string();
    for arguments in [
        &["revoke", "typo/acc", &id][..],
        &["remove", "--yes", "typo"],
        &["rotate", "--yes", "typo", "--username=u", "--generate"],
        &["info", "typo"],
        &["list"],
        &["verify"],
    ] {
        world.otp(arguments).fails(12);
        assert_eq!(world.tree(), [], "{arguments:?}");
    }
    assert_eq!(world.otp(&["doctor", "--fix"]).outcome().code(), 0);
    assert_eq!(world.tree(), []);
}

#[test]
fn an_add_that_fails_leaves_nothing() {
    for world in [World::empty(), World::new()] {
        world.write("empty", "");
        let before = world.tree();
        for (script, code) in [
            ("otp add a/new --username u --generate >/dev/full", 1),
            ("otp add a/new --username u --generate >&-", 2),
            ("otp --store new/deep/store add a/new --username u --generate >/dev/full", 1),
            ("otp add a/new --username u --generate --key-file not/there", 1),
            ("otp add a/new --username u --generate --key-file empty", 9),
            ("otp add a/new --username u --generate=100 --capacity 64", 2),
            ("otp add a/new --username u --password-stdin <empty", 2),
            ("otp add a/new --username u --generate --extra-entropy empty", 11),
            ("otp add a/New --username u --generate", 2),
        ] {
            world.sh(script, &[]).fails(code);
            assert_eq!(world.tree(), before, "{script}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_add_without_randomness_leaves_nothing() {
    for world in [World::empty(), World::new()] {
        let library = world.random_source("failing", "errno = EIO; return -1;");
        let before = world.tree();
        for arguments in [
            &["add", "a/new", "--username=u", "--field=host=h", "--fields-only"][..],
            &["add", "a/new", "--username=u", "--generate"],
        ] {
            world.otp(arguments).env("LD_PRELOAD", &library).fails(11);
            assert_eq!(world.tree(), before, "{arguments:?}");
        }
    }
}
