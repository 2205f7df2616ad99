//! Names that Windows changes, paths of every form, and files that somebody has open.

use std::fs::OpenOptions;
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;

use crate::world::World;

const ADD: [&str; 4] = ["add", "b", "--username=u", "--password-stdin"];

#[test]
fn a_key_file_of_a_reserved_name_or_a_trailing_dot_is_refused_and_nothing_is_sealed() {
    let world = World::new();
    let before = world.everything("store");
    for name in ["nul", "aux.key", "COM1", "new.key.", "new.key ", "new.key:stream", r"con\new.key"] {
        world.otp(&ADD).arg(format!("--key-file={name}")).stdin("p").fails(1);
        let issue = ["issue", "edms/reporting", "--key-file=nightly.key"];
        world.otp(&issue).arg(format!("--new-key-file={name}")).fails(1);
    }
    assert_eq!(world.everything("store"), before);
    assert!(!world.path("new.key").exists());
}

#[test]
fn a_store_or_an_account_of_a_reserved_name_is_refused() {
    let world = World::new();
    for store in ["nul", r"aux\store", "store."] {
        world.otp(&ADD).args(&["--key-file=b.key", "--store", store]).stdin("p").fails(12);
    }
    for account in ["nul", "a/com1", "aux.b", "prn"] {
        let said =
            world.otp(&["add", account, "--username=u", "--password-stdin", "--key-file=b.key"]).stdin("p").fails(2);
        assert!(said.contains("device"), "{said}");
    }
    assert!(!world.path("b.key").exists());
    assert_eq!(world.otp(&["list"]).prints().lines().count(), 1);
}

#[test]
fn paths_may_be_long_have_a_drive_or_be_relative_to_one() {
    let world = World::new();
    let deep = world.path(&"d".repeat(100)).join("e".repeat(100)).join("f".repeat(100)).join("store");
    let store = deep.to_str().unwrap();
    assert!(store.len() > 300);
    world.otp(&ADD).args(&["--key-file=b.key", "--store", store]).stdin("p").succeeds();
    assert_eq!(world.otp(&["get", "--key-file=b.key", "--store", store]).prints(), "u\np\n");
    let drive = world.path("nightly.key");
    let forward = drive.to_str().unwrap().replace('\\', "/");
    let verbatim = format!(r"\\?\{}", drive.display());
    for path in [drive.to_str().unwrap(), &forward, &verbatim, r".\nightly.key", r"temporary\..\nightly.key"] {
        assert_eq!(world.otp(&["get", "--key-file", path]).prints(), "alice\ncorrect horse\n", "{path}");
    }
}

#[test]
fn a_file_that_somebody_keeps_open_is_waited_for_and_then_named() {
    let world = World::new();
    let exclusively = |path: &Path| OpenOptions::new().read(true).share_mode(0).open(path).unwrap();
    let before = world.everything("store");
    let key = exclusively(&world.path("nightly.key"));
    let said = world.otp(&["get", "--key-file=nightly.key"]).fails(14);
    assert!(said.contains("nightly.key"), "{said}");
    drop(key);
    let (record, _) = before.iter().find(|(path, _)| path.extension().is_some_and(|one| one == "otp")).unwrap();
    let open = exclusively(record);
    let said = world.otp(&["get", "--key-file=nightly.key"]).fails(14);
    assert!(said.contains("another program has") && said.contains(".otp"), "{said}");
    world.otp(&["remove", "edms/reporting", "--yes"]).fails(14);
    drop(open);
    assert_eq!(world.everything("store"), before);
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse\n");
}
