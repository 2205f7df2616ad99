//! What the store creates: modes, groups, and nothing at all on failure.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use otp_core::store::{ErrorKind, Store, StoreError};
use otp_core::{Code, Coded};
use otp_store_fs::{Error, FsStore, Hint};

use crate::{NOBODY, again, chmod, get, list, mode, new_store, other_slot, part, slot};

#[test]
fn what_is_made_has_the_read_bits_of_the_root_under_any_umask() {
    if let Some((_, root)) = part() {
        let store = FsStore::open(root).unwrap();
        assert!(store.put(&slot(), b"record").unwrap());
        assert_eq!(store.put_many(&[(other_slot(), b"record")]).unwrap(), 1);
        return;
    }
    for (of_root, of_dirs, of_files) in [(0o700, 0o700, 0o600), (0o750, 0o750, 0o640), (0o755, 0o755, 0o644)] {
        for umask in ["000", "022", "077"] {
            let home = otp_test_tools::folder();
            let root = home.path().join("store");
            fs::create_dir(&root).unwrap();
            chmod(&root, of_root);
            let shell = format!("umask {umask}");
            again("made::what_is_made_has_the_read_bits_of_the_root_under_any_umask", "put", &root, &shell, None);
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
    let home = otp_test_tools::folder();
    let root = home.path().join("new/store");
    again("made::a_new_store_is_its_owners_alone", "create", &root, "umask 000", None);
    assert_eq!((mode(&root), mode(&home.path().join("new"))), (0o700, 0o700));
}

#[test]
fn a_full_disk_leaves_nothing_behind() {
    if let Some((_, root)) = part() {
        let store = FsStore::open(&root).unwrap();
        let guard = store.lock(&slot().account).unwrap();
        for error in [
            store.put(&other_slot(), &[7; 5000]).unwrap_err(),
            store.put_many(&[(other_slot(), &[7; 5000])]).unwrap_err(),
            store.replace(&guard, &slot(), b"record", &[7; 5000]).unwrap_err(),
        ] {
            assert!(matches!(error, Error::Store { .. }));
            assert_eq!((error.code(), error.kind()), (Code::StoreUnavailable, ErrorKind::Unavailable));
            assert_eq!(error.hint(), Some(Hint::RaiseFileSizeLimit));
        }
        return;
    }
    let (_home, store) = new_store();
    // A limit on file sizes, with its signal ignored, fails a write half-way, like a full disk.
    again("made::a_full_disk_leaves_nothing_behind", "fill", store.root(), "trap '' XFSZ; ulimit -f 1", None);
    assert_eq!(list(store.root()).unwrap(), 1);
    assert_eq!(fs::read(store.path_of(&slot())).unwrap(), b"record");
    assert_eq!(fs::read_dir(store.root().join("edms/reporting")).unwrap().count(), 2, "a record and the lock");
}

#[test]
fn group_bits_are_for_the_stores_group_alone() {
    let test = "made::group_bits_are_for_the_stores_group_alone";
    let Some((_, place)) = part() else {
        let home = otp_test_tools::folder();
        // Everybody may create files in it, and nobody may remove those of others.
        chmod(home.path(), 0o1777);
        let root = fs::metadata(home.path()).unwrap().uid() == 0;
        if root {
            // A store of the other user's, meant for a group that they are not in.
            let shared = home.path().join("shared");
            fs::create_dir(&shared).unwrap();
            chown(&shared, Some(NOBODY), Some(12_345)).unwrap();
            chmod(&shared, 0o750);
        }
        return again(test, "", home.path(), ":", root.then_some(NOBODY));
    };
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
fn the_next_writer_who_locks_an_account_clears_up_in_it() {
    let (_home, store) = new_store();
    let dir = store.root().join("edms/reporting");
    fs::write(dir.join(".tmp-stray"), "half a rec").unwrap();
    let in_use = fs::File::create(dir.join(".tmp-in-use")).unwrap();
    in_use.lock().unwrap();
    drop(store.lock(&slot().account).unwrap());
    assert!(!dir.join(".tmp-stray").exists() && dir.join(".tmp-in-use").exists());
    assert_eq!(get(store.root()).unwrap(), Some(6));
}
