//! The main job: seal, open, issue, rotate, revoke.

use crate::world::World;

#[test]
fn a_credential_goes_through_its_whole_life() {
    let world = World::new();
    let get = |key: &str| world.otp(&["get", "--key-file", key]).outcome();
    assert_eq!(get("nightly.key").1, b"alice\ncorrect horse\n");
    world
        .otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--for=hourly", "--new-key-file=hourly.key"])
        .succeeds();
    let rotate =
        ["rotate", "edms/reporting", "--key-file=nightly.key", "--password-stdin", "--new-key-dir=new", "--yes"];
    let lines = world.otp(&rotate).stdin("battery staple").prints();
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert_eq!((get("nightly.key").0, get("hourly.key").0), (3, 3), "what was replaced does not open");
    for line in lines.lines() {
        let path = line.split('\t').nth(2).unwrap();
        assert_eq!(get(path).1, b"alice\nbattery staple\n");
    }
    assert_eq!(world.otp(&["verify"]).outcome().0, 0);
    assert_eq!(world.otp(&["doctor"]).outcome().0, 0, "{:?}", world.otp(&["doctor"]).outcome());
    let list = world.otp(&["list"]).prints();
    assert!(list.contains("edms/reporting"), "{list}");
    world.otp(&["remove", "edms/reporting", "--yes"]).succeeds();
    assert_eq!(world.everything("store"), []);
}

#[test]
fn a_password_on_standard_input_may_end_in_either_line_break() {
    for (given, sealed) in [("p", "p"), ("p\n", "p"), ("p\r\n", "p"), ("p\r\n\r\n", "p\r\n")] {
        let world = World::empty();
        let add = ["add", "a", "--username=u", "--password-stdin", "--key-file=k"];
        world.otp(&add).stdin(given).succeeds();
        let got = world.otp(&["get", "--key-file=k", "--field=password"]).prints();
        assert_eq!(got, sealed, "{given:?}");
    }
}

#[test]
fn a_numbered_descriptor_is_a_clear_error_and_seals_nothing() {
    let world = World::new();
    for arguments in [&["get", "--key-fd=3"][..], &["add", "b", "--username=u", "--password-fd=3", "--key-file=b.key"]]
    {
        let said = world.otp(arguments).fails(1);
        assert!(said.contains("no numbered descriptors"), "{said}");
    }
    assert!(!world.path("b.key").exists());
    assert_eq!(world.otp(&["list"]).prints().lines().count(), 1);
}
