//! Access lists: who can read and write what is made, and what is refused.

use std::fs;

use crate::world::World;

#[test]
fn the_store_and_key_files_are_this_users_alone() {
    let world = World::new();
    for name in ["store", "nightly.key"] {
        let list = otp_sys::access_list(&world.path(name)).unwrap();
        assert!(list.owner_is_trusted && list.others().next().is_none(), "{name}: {list:?}");
    }
}

#[test]
fn a_key_file_that_others_can_read_is_refused_with_commands_that_help() {
    let world = World::new();
    // Made like any file, with the access that its folder gives.
    world.write("copy.key", world.key("nightly.key"));
    let list = otp_sys::access_list(&world.path("copy.key")).unwrap();
    assert!(list.others().any(|party| party.reads), "everybody can read it here: {list:?}");
    let said = world.otp(&["get", "--key-file=copy.key"]).fails(10);
    assert!(
        said.contains("icacls ") && said.contains("/inheritance:r") && said.contains("--key-file-mode any"),
        "{said}"
    );
    assert!(!said.contains("chmod") && !said.contains("mode 0"), "{said}");
    let get = world.otp(&["get", "--key-file=copy.key", "--key-file-mode=any"]);
    assert_eq!(get.prints(), "alice\ncorrect horse\n");
    assert_eq!(fs::read_to_string(world.path("copy.key")).unwrap(), world.key("nightly.key"));
}

#[test]
fn the_doctor_says_who_can_read_and_write() {
    let world = World::new();
    world.write("copy.key", world.key("nightly.key"));
    let (code, stdout, stderr) = world.otp(&["doctor", "--key-file=nightly.key", "--key-file=copy.key"]).outcome();
    let text = String::from_utf8(stdout).unwrap();
    assert_eq!(code, 10, "{text}{stderr}");
    assert!(text.contains("nightly.key") && text.contains("can read and write"), "{text}");
    assert!(text.contains("copy.key") && text.contains("can read"), "{text}");
    assert!(text.contains("page file") && text.contains("crash dumps"), "what it did not look at: {text}");
}
