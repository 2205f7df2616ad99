//! Users who may read a store, but not write to it.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};

use otp_core::store::{ErrorKind, Slot, Store, StoreError};
use otp_core::{Code, Coded};
use otp_store_fs::{Error, Finding, FsStore, Hint, examine};

use crate::{NOBODY, again, chmod, chmod_all, get, levels, new_store, other_slot, part, slot};

#[test]
fn a_user_who_may_only_read_can_read_and_learns_why_they_cannot_write() {
    if let Some((part, root)) = part() {
        let outcome = get(&root);
        match part.as_str() {
            "another user, let in" => {
                assert_eq!(outcome.unwrap(), Some(6));
                let error = FsStore::open(&root).unwrap().put(&other_slot(), b"x").unwrap_err();
                assert!(matches!(error, Error::OwnedByOther { .. }), "{error:?}");
                assert_eq!((error.code(), error.kind()), (Code::UnsafePermissions, ErrorKind::Denied));
                let owner = fs::metadata(&root).unwrap().uid();
                assert_eq!(error.hint(), Some(Hint::ActAsOwner { owner }));
                assert!(matches!(FsStore::open_or_create(&root), Err(Error::OwnedByOther { .. })));
                let findings = examine(&root, true);
                assert!(matches!(findings[..], [Finding::ReadOnly(Error::OwnedByOther { .. })]), "{findings:?}");
            }
            "another user, kept out" => {
                let error = outcome.unwrap_err();
                assert_eq!((error.code(), error.kind()), (Code::StoreUnavailable, ErrorKind::Denied));
                assert_eq!(error.hint(), Some(Hint::CheckPermissions { path: &root }));
            }
            "owner, read-only" => {
                assert_eq!(outcome.unwrap(), Some(6));
                let store = FsStore::open(&root).unwrap();
                for error in [
                    store.put(&other_slot(), b"x").unwrap_err(),
                    store.put_many(&[(other_slot(), b"x")]).unwrap_err(),
                    store.remove(&slot()).unwrap_err(),
                    store.lock(&slot().account).unwrap_err(),
                    store.put(&Slot::record(&"new/a".parse().unwrap(), slot().id), b"x").unwrap_err(),
                ] {
                    assert!(matches!(error, Error::Store { .. }), "{error:?}");
                    assert_eq!((error.code(), error.kind()), (Code::StoreUnavailable, ErrorKind::Denied));
                }
            }
            other => panic!("{other}"),
        }
        return;
    }
    let test = "users::a_user_who_may_only_read_can_read_and_learns_why_they_cannot_write";
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
    // Only root can switch users. The other user must have access to the store and this program.
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
fn what_a_stranger_owns_inside_a_store_is_refused() {
    let (_home, store) = new_store();
    if fs::metadata(store.root()).unwrap().uid() != 0 {
        // Only root can give a file to another user.
        return;
    }
    let root = store.root();
    for path in &levels(&store)[1..] {
        chown(path, Some(NOBODY), None).unwrap();
        let error = get(root).unwrap_err();
        assert!(
            matches!(&error, Error::OwnedByStranger { path: at, owner: NOBODY, expected: 0 } if at == path),
            "{error:?}"
        );
        assert_eq!((error.code(), error.kind()), (Code::UnsafePermissions, ErrorKind::Denied));
        assert_eq!(error.hint(), Some(Hint::GiveToOwner { path, owner: 0 }));
        let findings = examine(root, true);
        assert!(matches!(findings[..], [Finding::Faulty(Error::OwnedByStranger { .. })]), "{findings:?}");
        if path.is_dir() {
            assert!(matches!(store.put(&other_slot(), b"x"), Err(Error::OwnedByStranger { .. })));
            assert!(matches!(store.lock(&slot().account), Err(Error::OwnedByStranger { .. })));
        }
        chown(path, Some(0), None).unwrap();
    }
    // In another user's store, what the administrator owns is not a stranger's.
    chown(root, Some(NOBODY), None).unwrap();
    assert_eq!(get(root).unwrap(), Some(6));
}

#[test]
fn a_umask_that_shuts_out_the_owner_leaves_a_usable_store() {
    if let Some((_, root)) = part() {
        let store = FsStore::open_or_create(root.join("above/store")).unwrap();
        for _ in 0..2 {
            let guard = store.lock(&slot().account).unwrap();
            store.put(&slot(), b"old").unwrap();
            assert!(store.replace(&guard, &slot(), b"old", b"new").unwrap());
            store.remove(&slot()).unwrap();
        }
        return;
    }
    let home = otp_test_tools::folder();
    let user = (fs::metadata(home.path()).unwrap().uid() == 0).then_some(NOBODY);
    if user.is_some() {
        // Nothing shuts root out.
        chown(home.path(), user, user).unwrap();
    }
    let test = "users::a_umask_that_shuts_out_the_owner_leaves_a_usable_store";
    again(test, "writer", home.path(), "umask 0777", user);
}
