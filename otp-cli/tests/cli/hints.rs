//! The commands in hints can be run as they are, whatever bytes are in a path.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use otp_test_tools::lacks;

use crate::call::{command, hint};
use crate::world::World;

/// File names that a shell would misread, and all bytes that a name can have.
fn names() -> Vec<Vec<u8>> {
    let all: Vec<u8> = (1..=u8::MAX).filter(|byte| *byte != b'/').collect();
    let mut names: Vec<Vec<u8>> = all.chunks(64).map(<[u8]>::to_vec).collect();
    for name in [
        "-rf",
        "--",
        "- x",
        "a b",
        "it's",
        "\"",
        "$(touch marker)",
        "`touch marker`",
        "~",
        "=ls",
        "{a,b}",
        "!x",
        "a;b",
        "*",
        "a\\",
        "#a",
        "a\n",
        "\n",
        "\t",
        "\u{e9}",
        "\u{85}7",
        "\u{1b}[2J",
    ] {
        names.push(name.as_bytes().to_vec());
    }
    names.push(b"\xff\xc3(7".to_vec());
    names
}

#[test]
fn the_mode_of_a_key_file_of_any_name_is_put_right() {
    if lacks("bash") {
        return;
    }
    let world = World::new();
    let key = world.key("nightly.key");
    for name in names() {
        let path = world.root().join(OsStr::from_bytes(&name));
        std::fs::write(&path, &key).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
        let get = || world.otp(&["get", "--field=username"]).env("OTP_KEY_FILE", OsStr::from_bytes(&name));
        let message = get().fails(10);
        world.shell("bash", command(hint(&message)), &[]).succeeds();
        assert_eq!(get().prints(), "alice", "{message}");
    }
    assert!(!world.path("marker").exists());
}

#[test]
fn a_command_is_for_the_store_that_was_named() {
    let world = World::new();
    let add = ["--store=it's another", "add", "a", "--username=u", "--generate", "--key-file=a.key"];
    world.otp(&add).succeeds();
    let id = world.key_id("a.key");
    world.write(&format!("it's another/a/{id}.otp"), "damaged");
    let message = world.otp(&["info", "a", "--store=it's another"]).fails(7);
    world.sh(command(hint(&message)), &[]).succeeds();
    world.otp(&["--store=it's another", "revoke", "a", &id]).fails(3);

    world.write("it's another/.tmp-stray", "half a record");
    let text = world.otp(&["doctor", "--store=it's another"]).outcome().text();
    let hint = text.lines().find_map(|line| line.trim_start().strip_prefix("hint: ")).unwrap();
    world.sh(command(hint), &[]).outcome();
    assert!(!world.path("it's another/.tmp-stray").exists(), "{text}");
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}
