//! Modes, owners and links.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod made;
mod refused;
mod users;

use std::env;
use std::fs::{self, Permissions};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use otp_core::KeyId;
use otp_core::store::{Scope, Slot, Store};
use otp_store_fs::{Error, FsStore};
use otp_test_tools::TempDir;

const NOBODY: u32 = 65_534;

fn slot() -> Slot {
    Slot::record(&"edms/reporting".parse().unwrap(), KeyId::from_bytes([1; 10]))
}

fn other_slot() -> Slot {
    Slot::record(&"edms/reporting".parse().unwrap(), KeyId::from_bytes([2; 10]))
}

fn new_store() -> (TempDir, FsStore) {
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path().join("store")).unwrap();
    assert!(store.put(&slot(), b"record").unwrap());
    (home, store)
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn chmod_all(paths: &[PathBuf], dirs: u32, files: u32) {
    for path in paths {
        chmod(path, if path.is_dir() { dirs } else { files });
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn get(root: &Path) -> Result<Option<usize>, Error> {
    FsStore::open(root)?.get(&slot(), &mut [0; 100])
}

fn list(root: &Path) -> Result<usize, Error> {
    let mut count = 0;
    FsStore::open(root)?.list(Scope::All, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

fn list_account(root: &Path) -> Result<usize, Error> {
    let mut count = 0;
    FsStore::open(root)?.list_account(&slot().account, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// The root, the directories on the way, and the object.
fn levels(store: &FsStore) -> [PathBuf; 4] {
    let root = store.root();
    [root.to_owned(), root.join("edms"), root.join("edms/reporting"), store.path_of(&slot())]
}

/// Runs one of these tests again in its own process: under a umask, as another user, with a limit on files.
fn again(test: &str, part: &str, root: &Path, shell: &str, user: Option<u32>) {
    let mut program = env::current_exe().unwrap();
    let copies = otp_test_tools::folder();
    let mut command = Command::new("sh");
    if let Some(user) = user {
        // The other user may have no access to the folder of this program.
        chmod(copies.path(), 0o755);
        assert!(Command::new("cp").arg(&program).arg(copies.path()).status().unwrap().success());
        program = copies.path().join(program.file_name().unwrap());
        chmod(&program, 0o755);
        command.uid(user).gid(user);
    }
    command.arg("-c").arg(format!("{shell} && exec \"$0\" --exact {test}")).arg(program);
    command.env("OTP_TEST_PART", part).env("OTP_TEST_ROOT", root).current_dir("/");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{part}: {said}");
}

/// The part of a test that this process should run, and the store.
fn part() -> Option<(String, PathBuf)> {
    Some((env::var("OTP_TEST_PART").ok()?, env::var_os("OTP_TEST_ROOT")?.into()))
}
