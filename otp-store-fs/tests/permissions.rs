//! Modes, owners and links: what is refused at each level, and what is made.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::env;
use std::fs::{self, Permissions};
use std::ops::ControlFlow;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use otp_core::store::{Slot, Store};
use otp_core::{Code, Coded, KeyId};
use otp_store_fs::doctor::{Severity, examine_key_file, examine_store};
use otp_store_fs::entropy::{Entropy, EntropyError, Used};
use otp_store_fs::locate::{check_key_file, write_key_file};
use otp_store_fs::{Error, FsStore};
use tempfile::TempDir;

const NOBODY: u32 = 65_534;

fn slot() -> Slot {
    Slot::record(&"edms/reporting".parse().unwrap(), KeyId::from_bytes([1; 10]))
}

fn other_slot() -> Slot {
    Slot::record(&"edms/reporting".parse().unwrap(), KeyId::from_bytes([2; 10]))
}

fn new_store() -> (TempDir, FsStore) {
    let home = tempfile::tempdir().unwrap();
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
    FsStore::open(root)?.list("", &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    })?;
    Ok(count)
}

/// Root, the directories on the way, and the object.
fn levels(store: &FsStore) -> [PathBuf; 4] {
    let root = store.root();
    [root.to_owned(), root.join("edms"), root.join("edms/reporting"), store.path_of(&slot())]
}

#[test]
fn a_write_bit_for_others_is_refused_at_each_level_by_readers_and_writers() {
    let (_home, store) = new_store();
    for (depth, path) in levels(&store).iter().enumerate() {
        let before = mode(path);
        for bit in [0o020, 0o002] {
            chmod(path, before | bit);
            let error = get(store.root()).unwrap_err();
            assert!(
                matches!(&error, Error::WritableByOthers { path: at, mode } if at == path && *mode == before | bit)
            );
            assert_eq!(error.code(), Code::UnsafePermissions);
            assert!(error.to_string().ends_with(&format!("run: chmod go-w {}", path.display())), "{error}");
            if depth < 3 {
                assert_eq!(list(store.root()).unwrap_err().code(), Code::UnsafePermissions);
                // A store that was open before remembers its way, and looks again all the same.
                assert_eq!(store.put(&other_slot(), b"").unwrap_err().code(), Code::UnsafePermissions);
                assert!(!store.path_of(&other_slot()).exists());
            }
            let findings = examine_store(store.root(), false);
            assert!(
                findings.iter().any(|finding| finding.mend == format!("chmod go-w {}", path.display())),
                "{findings:?}"
            );
        }
        chmod(path, before);
        assert_eq!(get(store.root()).unwrap(), Some(6));
    }
    assert_eq!(examine_store(store.root(), false), []);
}

#[test]
fn a_link_is_followed_to_the_root_and_nowhere_inside() {
    let (home, store) = new_store();
    let link = home.path().join("link");
    symlink(store.root(), &link).unwrap();
    assert_eq!(get(&link).unwrap(), Some(6));
    assert!(FsStore::open(&link).unwrap().put(&other_slot(), b"x").unwrap());
    assert!(store.remove(&other_slot()).unwrap());

    for (depth, path) in levels(&store).iter().enumerate().skip(1) {
        let elsewhere = home.path().join("elsewhere");
        fs::rename(path, &elsewhere).unwrap();
        symlink(&elsewhere, path).unwrap();
        let refused = |error: &Error| matches!(error, Error::Symlink { path: at } if at == path);
        let error = get(store.root()).unwrap_err();
        assert!(refused(&error), "{error:?}");
        assert_eq!(error.code(), Code::UnsafePermissions);
        assert!(refused(&list(store.root()).unwrap_err()));
        if depth < 3 {
            assert!(refused(&store.put(&other_slot(), b"x").unwrap_err()));
            assert!(refused(&store.lock(&slot().account).unwrap_err()));
            assert!(!elsewhere.join(store.path_of(&other_slot()).file_name().unwrap()).exists());
        } else {
            assert!(!store.put(&slot(), b"x").unwrap());
        }
        assert_eq!(examine_store(store.root(), true).len(), 1);
        fs::remove_file(path).unwrap();
        fs::rename(&elsewhere, path).unwrap();
    }
}

#[test]
fn a_link_in_place_of_the_lock_is_refused_and_makes_nothing() {
    let (home, store) = new_store();
    let target = home.path().join("target");
    symlink(&target, store.root().join("edms/reporting/.lock")).unwrap();
    assert!(matches!(store.lock(&slot().account), Err(Error::Symlink { .. })));
    assert!(!target.exists());
}

#[test]
fn what_is_no_regular_file_is_damage_and_does_not_block() {
    let (_home, store) = new_store();
    fs::remove_file(store.path_of(&slot())).unwrap();
    fs::create_dir(store.path_of(&slot())).unwrap();
    assert_eq!(get(store.root()).unwrap_err().code(), Code::Damaged);
    fs::remove_dir(store.path_of(&slot())).unwrap();
    assert!(Command::new("mkfifo").arg("-m600").arg(store.path_of(&slot())).status().unwrap().success());
    assert!(matches!(get(store.root()), Err(Error::NotAFile { .. })));
    assert_eq!(list(store.root()).unwrap(), 0);
    fs::remove_file(store.path_of(&slot())).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(store.path_of(&slot())).unwrap();
    assert!(matches!(get(store.root()), Err(Error::NotAFile { .. })));
}

/// Runs one test of this file again in a process of its own: under a umask, as another user, with a limit on files.
fn again(test: &str, part: &str, root: &Path, shell: &str, user: Option<u32>) {
    let mut program = env::current_exe().unwrap();
    let copies = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    if let Some(user) = user {
        // Where this program lies, the other user may not get to.
        chmod(copies.path(), 0o755);
        assert!(Command::new("cp").arg(&program).arg(copies.path()).status().unwrap().success());
        program = copies.path().join(program.file_name().unwrap());
        command.uid(user).gid(user);
    }
    command.arg("-c").arg(format!("{shell} && exec \"$0\" --exact {test}")).arg(program);
    command.env("OTP_TEST_PART", part).env("OTP_TEST_ROOT", root).current_dir("/");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{part}: {said}");
}

/// The part of a test that this process is to run, and the store.
fn part() -> Option<(String, PathBuf)> {
    Some((env::var("OTP_TEST_PART").ok()?, env::var_os("OTP_TEST_ROOT")?.into()))
}

#[test]
fn what_is_made_has_the_read_bits_of_the_root_under_any_umask() {
    if let Some((_, root)) = part() {
        let store = FsStore::open(root).unwrap();
        assert!(store.put(&slot(), b"record").unwrap());
        assert_eq!(store.put_all(&[(other_slot(), b"record")]).unwrap(), 1);
        return;
    }
    for (of_root, of_dirs, of_files) in [(0o700, 0o700, 0o600), (0o750, 0o750, 0o640), (0o755, 0o755, 0o644)] {
        for umask in ["000", "022", "077"] {
            let home = tempfile::tempdir().unwrap();
            let root = home.path().join("store");
            fs::create_dir(&root).unwrap();
            chmod(&root, of_root);
            let shell = format!("umask {umask}");
            again("what_is_made_has_the_read_bits_of_the_root_under_any_umask", "put", &root, &shell, None);
            let store = FsStore::open(&root).unwrap();
            for dir in [root.join("edms"), root.join("edms/reporting")] {
                assert_eq!(mode(&dir), of_dirs, "{of_root:o} {umask}");
            }
            for slot in [slot(), other_slot()] {
                assert_eq!(mode(&store.path_of(&slot)), of_files, "{of_root:o} {umask}");
            }
        }
    }
}

#[test]
fn a_new_store_is_its_owners_alone() {
    if let Some((_, root)) = part() {
        FsStore::open_or_create(root).unwrap();
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("new/store");
    again("a_new_store_is_its_owners_alone", "create", &root, "umask 000", None);
    assert_eq!((mode(&root), mode(&home.path().join("new"))), (0o700, 0o700));
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    if let Some((_, root)) = part() {
        let store = FsStore::open(&root).unwrap();
        for error in [
            store.put(&other_slot(), &[7; 5000]).unwrap_err(),
            store.put_all(&[(other_slot(), &[7; 5000])]).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Store { .. }));
            assert_eq!(error.code(), Code::StoreUnavailable);
        }
        let key_file = root.join("../key");
        assert!(matches!(write_key_file(&key_file, &"k".repeat(5000)), Err(Error::KeyNotWritten { .. })));
        return;
    }
    let (home, store) = new_store();
    // A limit on the size of files, with its signal ignored, fails a write half-way as a full disk does.
    again("a_full_disk_leaves_nothing_behind", "fill", store.root(), "trap '' XFSZ; ulimit -f 1", None);
    assert_eq!(list(store.root()).unwrap(), 1);
    assert_eq!(fs::read_dir(store.root().join("edms/reporting")).unwrap().count(), 1);
    assert!(!home.path().join("key").exists());
}

#[test]
fn who_may_only_read_can_read_and_is_told_why_he_cannot_write() {
    if let Some((part, root)) = part() {
        let outcome = get(&root);
        match part.as_str() {
            "another user, let in" => {
                assert_eq!(outcome.unwrap(), Some(6));
                let error = FsStore::open(&root).unwrap().put(&other_slot(), b"x").unwrap_err();
                assert!(matches!(error, Error::OwnedByOther { .. }), "{error:?}");
                assert_eq!(error.code(), Code::UnsafePermissions);
                assert!(matches!(FsStore::open_or_create(&root), Err(Error::OwnedByOther { .. })));
                let findings = examine_store(&root, true);
                assert_eq!(findings.len(), 1, "{findings:?}");
                // Reading may be all that he wants.
                assert_eq!(findings[0].severity, Severity::Notice);
            }
            "another user, kept out" => assert_eq!(outcome.unwrap_err().code(), Code::StoreUnavailable),
            "owner, read-only" => {
                assert_eq!(outcome.unwrap(), Some(6));
                let store = FsStore::open(&root).unwrap();
                for error in [
                    store.put(&other_slot(), b"x").unwrap_err(),
                    store.put_all(&[(other_slot(), b"x")]).unwrap_err(),
                    store.remove(&slot()).unwrap_err(),
                    store.lock(&slot().account).unwrap_err(),
                    store.put(&Slot::record(&"new/a".parse().unwrap(), slot().id), b"x").unwrap_err(),
                ] {
                    assert!(matches!(error, Error::Store { .. }), "{error:?}");
                    assert_eq!(error.code(), Code::StoreUnavailable);
                }
            }
            other => panic!("{other}"),
        }
        return;
    }
    let test = "who_may_only_read_can_read_and_is_told_why_he_cannot_write";
    let (home, store) = new_store();
    let paths = levels(&store);
    let root = fs::metadata(store.root()).unwrap().uid() == 0;
    let read_only = |user| {
        chmod_all(&paths, 0o500, 0o400);
        again(test, "owner, read-only", store.root(), ":", user);
        chmod_all(&paths, 0o700, 0o600);
    };
    if !root {
        return read_only(None);
    }
    // Only root can become somebody else. The other user must reach the store and this program.
    chmod(home.path(), 0o755);
    again(test, "another user, kept out", store.root(), ":", Some(NOBODY));
    chmod_all(&paths, 0o755, 0o644);
    again(test, "another user, let in", store.root(), ":", Some(NOBODY));
    for path in &paths {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    read_only(Some(NOBODY));
    assert_eq!(get(store.root()).unwrap(), Some(6), "root may read another user's store");
    let error = store.put(&other_slot(), b"x").unwrap_err();
    assert!(matches!(error, Error::OwnedByOther { owner: NOBODY, user: 0, .. }), "{error:?}");
}

#[test]
fn an_ordinary_user_reads_what_is_his() {
    let test = "an_ordinary_user_reads_what_is_his";
    let Some((_, place)) = part() else {
        let home = tempfile::tempdir().unwrap();
        // Everybody may make files in it, and nobody may remove those of others.
        chmod(home.path(), 0o1777);
        let root = fs::metadata(home.path()).unwrap().uid() == 0;
        if root {
            // His store, meant for a group that he is not in.
            let shared = home.path().join("shared");
            fs::create_dir(&shared).unwrap();
            chown(&shared, Some(NOBODY), Some(12_345)).unwrap();
            chmod(&shared, 0o750);
        }
        return again(test, "", home.path(), ":", root.then_some(NOBODY));
    };
    let key = place.join("key");
    write_key_file(&key, "k").unwrap();
    check_key_file(&key).unwrap();

    let path = place.join("entropy");
    fs::write(&path, [7; 100]).unwrap();
    chmod(&path, 0o400);
    Entropy::open(&path, Used::Record).unwrap().reserve(10).unwrap();
    let error = Entropy::open(&path, Used::Destroy).unwrap().reserve(10).unwrap_err();
    assert!(matches!(error, EntropyError::Write { .. }), "{error:?}");
    assert_eq!(fs::metadata(&path).unwrap().len(), 100);

    // Bits that are meant for the store's group go to no other one.
    let store = FsStore::open_or_create(place.join("store")).unwrap();
    let own = fs::metadata(store.root()).unwrap().gid();
    store.put(&slot(), b"record").unwrap();
    chmod(store.root(), 0o750);
    store.put(&other_slot(), b"record").unwrap();
    let made = fs::metadata(store.path_of(&other_slot())).unwrap();
    assert_eq!((made.gid(), made.mode() & 0o777), (own, 0o640));
    if place.join("shared").exists() {
        let store = FsStore::open(place.join("shared")).unwrap();
        store.put(&slot(), b"record").unwrap();
        assert_eq!(fs::metadata(store.path_of(&slot())).unwrap().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_key_file_of_another_user_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("key");
    write_key_file(&path, "k").unwrap();
    assert!(check_key_file(&path).is_ok());
    assert_eq!(examine_key_file(&path), []);
    let outcome = if fs::metadata(&path).unwrap().uid() == 0 {
        chown(&path, Some(NOBODY), None).unwrap();
        check_key_file(&path)
    } else {
        // Nobody but root can give a file away; root's own files are trusted, and here is one that others can read.
        check_key_file(Path::new("/etc/passwd"))
    };
    assert_eq!(outcome.unwrap_err().code(), Code::UnsafePermissions);
}

#[test]
fn the_doctor_removes_what_crashed_writers_left_and_nothing_else() {
    let (_home, store) = new_store();
    let root = store.root();
    for stray in [".tmp-1", "edms/.tmp-2", "edms/reporting/.tmp-3"] {
        fs::write(root.join(stray), "half a rec").unwrap();
    }
    fs::create_dir(root.join("edms/.tmp-4")).unwrap();
    fs::create_dir_all(root.join("empty/below")).unwrap();
    chmod_all(&[root.join("empty"), root.join("empty/below"), root.join("edms/.tmp-4")], 0o700, 0o600);
    fs::write(root.join("edms/README"), "foreign").unwrap();
    let in_use = fs::File::create(root.join("edms/.tmp-in-use")).unwrap();
    in_use.lock().unwrap();

    let found = examine_store(root, false);
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found.iter().all(|finding| !finding.fixed));
    let fixed = examine_store(root, true);
    assert_eq!(fixed.iter().filter(|finding| finding.fixed).count(), 5, "{fixed:#?}");
    let left = examine_store(root, true);
    assert!(left.len() == 1 && left[0].subject.ends_with("README"), "{left:#?}");
    assert!(
        root.join("edms/.tmp-in-use").exists() && root.join("edms/README").exists() && !root.join("empty").exists()
    );
    assert_eq!(get(root).unwrap(), Some(6));
}

#[test]
fn the_next_writer_who_locks_an_account_clears_up_in_it() {
    let (_home, store) = new_store();
    let dir = store.root().join("edms/reporting");
    fs::write(dir.join(".tmp-stray"), "half a rec").unwrap();
    let in_use = fs::File::create(dir.join(".tmp-in-use")).unwrap();
    in_use.lock().unwrap();
    let _lock = store.lock(&slot().account).unwrap();
    assert!(!dir.join(".tmp-stray").exists() && dir.join(".tmp-in-use").exists());
    assert_eq!(get(store.root()).unwrap(), Some(6));
}
