//! What an examination finds in a store with every fault at once, and what it removes.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use otp_core::store::{Kind, Slot, Store};
use otp_core::{Code, Coded, KeyId};
use otp_store_fs::{Error, Finding, FsStore, Hint, examine};
use otp_test_tools::TempDir;

fn new_store() -> (TempDir, FsStore) {
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path().join("store")).unwrap();
    (home, store)
}

fn record(id: u8) -> Slot {
    Slot::record(&"edms/reporting".parse().unwrap(), KeyId::from_bytes([id; 10]))
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Findings in a form to compare, sorted: what is wrong, and the path below the root.
fn found(root: &Path, fix: bool) -> Vec<(&'static str, String)> {
    let short = |path: &Path| path.strip_prefix(root).unwrap().display().to_string();
    let one = |finding: Finding| match finding {
        Finding::Faulty(error @ Error::WritableByOthers { .. }) => {
            let Some(Hint::RemoveWriteAccess { path }) = error.hint() else { panic!("{error:?}") };
            ("writable", short(path))
        }
        Finding::Faulty(Error::Symlink { path }) => ("symlink", short(&path)),
        Finding::Faulty(Error::NotAFile { path }) => ("not a file", short(&path)),
        Finding::Foreign { path } => ("foreign", short(&path)),
        Finding::Stray { path, removed } => (if removed { "stray, removed" } else { "stray" }, short(&path)),
        Finding::Empty { path, removed } => (if removed { "empty, removed" } else { "empty" }, short(&path)),
        other => panic!("{other:?}"),
    };
    let mut found: Vec<_> = examine(root, fix).into_iter().map(one).collect();
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

fn expected(rows: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    let mut expected: Vec<_> = rows.iter().map(|(what, path)| (*what, (*path).to_owned())).collect();
    expected.sort_by(|a, b| a.1.cmp(&b.1));
    expected
}

#[test]
fn each_thing_that_is_wrong_is_found() {
    let (_home, store) = new_store();
    let root = store.root();
    let open = record(2);
    store.put(&open, b"record").unwrap();
    for kind in Kind::ALL {
        store.put(&Slot { kind: *kind, ..record(1) }, b"object").unwrap();
    }
    drop(store.lock(&open.account).unwrap());
    assert_eq!(found(root, false), []);

    let dir = root.join("edms/reporting");
    chmod(&store.path_of(&open), 0o620);
    // A record's name without an account, a directory with a record's name, one with the lock's, a socket with each.
    fs::write(root.join("aaaaaaaaaaaaaaaa.otp"), "").unwrap();
    fs::create_dir(dir.join("bbbbbbbbbbbbbbbb.otp")).unwrap();
    fs::create_dir(root.join(".lock")).unwrap();
    let _sockets = [
        UnixListener::bind(dir.join("cccccccccccccccc.note.otp")).unwrap(),
        UnixListener::bind(root.join("cccccccccccccccc.otp")).unwrap(),
        UnixListener::bind(dir.join("socket")).unwrap(),
    ];
    fs::create_dir(root.join("NO ACCOUNT")).unwrap();
    fs::create_dir_all(root.join("open/below")).unwrap();
    chmod(&root.join("open"), 0o770);
    fs::write(dir.join("README"), "").unwrap();
    symlink(&dir, root.join("link")).unwrap();
    symlink("README", dir.join(".lock-link")).unwrap();
    fs::write(dir.join(".tmp-1"), "half a rec").unwrap();
    fs::create_dir(root.join("empty")).unwrap();
    chmod(&root.join("empty"), 0o700);

    let open_name = format!("edms/reporting/{}", open.name());
    let all = [
        ("foreign", ".lock"),
        ("foreign", "NO ACCOUNT"),
        ("foreign", "aaaaaaaaaaaaaaaa.otp"),
        ("foreign", "cccccccccccccccc.otp"),
        ("foreign", "edms/reporting/README"),
        ("foreign", "edms/reporting/bbbbbbbbbbbbbbbb.otp"),
        ("foreign", "edms/reporting/socket"),
        ("not a file", "edms/reporting/cccccccccccccccc.note.otp"),
        ("symlink", "edms/reporting/.lock-link"),
        ("symlink", "link"),
        ("writable", &open_name),
        ("writable", "open"),
        ("stray", "edms/reporting/.tmp-1"),
        ("empty", "empty"),
    ];
    assert_eq!(found(root, false), expected(&all));
    assert!(root.join("empty").exists(), "nothing is removed unless that is asked for");
}

#[test]
fn a_store_that_does_not_exist_is_the_only_finding() {
    let home = otp_test_tools::folder();
    let root = home.path().join("store");
    let findings = examine(&root, true);
    let [Finding::Faulty(error)] = &findings[..] else { panic!("{findings:?}") };
    assert!(matches!(error, Error::RootMissing { path } if *path == root));
    assert_eq!(error.code(), Code::StoreUnavailable);
    assert!(!root.exists());
}

#[test]
fn what_crashed_writers_left_is_removed_and_nothing_else() {
    let (_home, store) = new_store();
    let root = store.root();
    store.put(&record(1), b"record").unwrap();
    for stray in [".tmp-1", "edms/.tmp-2", "edms/reporting/.tmp-3"] {
        fs::write(root.join(stray), "half a rec").unwrap();
    }
    fs::create_dir_all(root.join("empty/below")).unwrap();
    fs::create_dir(root.join("edms/.tmp-4")).unwrap();
    for dir in ["empty", "empty/below", "edms/.tmp-4"] {
        chmod(&root.join(dir), 0o700);
    }
    fs::write(root.join("edms/README"), "foreign").unwrap();
    let in_use = File::create(root.join("edms/.tmp-in-use")).unwrap();
    in_use.lock().unwrap();

    let all = [
        ("stray", ".tmp-1"),
        ("stray", "edms/.tmp-2"),
        ("stray", "edms/reporting/.tmp-3"),
        ("stray", "edms/.tmp-4"),
        ("empty", "empty/below"),
        ("foreign", "edms/README"),
    ];
    assert_eq!(found(root, false), expected(&all));
    let removed = all.map(|(what, path)| match what {
        "stray" => ("stray, removed", path),
        "empty" => ("empty, removed", path),
        _ => (what, path),
    });
    assert_eq!(found(root, true), expected(&removed));
    assert_eq!(found(root, true), expected(&[("foreign", "edms/README")]));
    assert!(root.join("edms/.tmp-in-use").exists() && root.join("edms/README").exists());
    assert!(!root.join("empty").exists());
    assert_eq!(store.get(&record(1), &mut [0; 10]).unwrap(), Some(6));
}
