//! Stores, keys and rings of every past version open for ever: `tests/formats` has a folder for each.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use otp_core::Code;

use crate::call::Call;
use crate::world::World;

/// The folders, at least one.
fn formats() -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let formats: Vec<PathBuf> = fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!formats.is_empty());
    formats
}

/// A world with a private copy of a folder: git does not keep modes.
fn copy_of(format: &Path) -> World {
    let world = World::empty();
    copy(format, world.root());
    world
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            fs::create_dir(&copied).unwrap();
            fs::set_permissions(&copied, fs::Permissions::from_mode(0o700)).unwrap();
            copy(&path, &copied);
        } else {
            fs::copy(&path, &copied).unwrap();
            fs::set_permissions(&copied, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

/// The paths of the keys of a folder, each with what it opens.
fn keys(format: &Path) -> Vec<(String, Option<String>)> {
    let mut keys = Vec::new();
    for entry in fs::read_dir(format.join("keys")).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|extension| extension == "key") {
            let name = format!("keys/{}", entry.file_name().unwrap().to_str().unwrap());
            keys.push((name, fs::read_to_string(entry.with_extension("json")).ok()));
        }
    }
    assert!(keys.iter().any(|(_, opens)| opens.is_some()) && keys.iter().any(|(_, opens)| opens.is_none()));
    keys
}

/// Runs a command, which must succeed but may print notes and warnings.
fn carry_out(call: Call) {
    let outcome = call.outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
}

#[test]
fn every_key_opens_what_it_opened_when_it_was_made() {
    for format in formats() {
        let world = copy_of(&format);
        for (key, opens) in keys(&format) {
            let get = world.otp(&["get", "--key-file", &key]);
            if let Some(fields) = opens {
                assert_eq!(get.args(&["--format=json"]).prints(), fields.trim_end(), "{key}");
            } else {
                get.fails(Code::NotFound.number().into());
            }
        }
        carry_out(world.otp(&["verify"]));
    }
}

#[test]
fn an_old_ring_rotates_and_its_old_keys_follow() {
    for format in formats() {
        let world = copy_of(&format);
        // Somebody has to vouch for a copy of a ring.
        carry_out(world.otp(&["ring", "adopt", "--ring=ring", "--yes"]));
        carry_out(world.otp(&["verify", "--ring=ring"]));
        let rotate = ["rotate", "edms/archive", "--ring=ring", "--password-stdin", "--yes"];
        carry_out(world.otp(&rotate).stdin("the newest"));
        let password = world.otp(&["get", "--key-file=keys/paged.key", "--field=password"]).prints();
        assert_eq!(password, "the newest");
    }
}

#[test]
fn an_old_key_issues_another_and_an_old_account_rotates() {
    for format in formats() {
        let world = copy_of(&format);
        let account = ["edms/reporting", "--key-file=keys/account.key"];
        carry_out(world.otp(&["issue"]).args(&account).args(&["--new-key-file=new.key"]));
        let login = world.otp(&["get", "--key-file=new.key", "--format=json"]).prints();
        assert_eq!(login, fs::read_to_string(format.join("keys/account.json")).unwrap().trim_end());
        carry_out(world.otp(&["rotate"]).args(&account).args(&["--generate", "--yes", "--new-key-dir=new"]));
        world.otp(&["get", "--key-file=keys/account.key"]).fails(Code::NotFound.number().into());
    }
}
