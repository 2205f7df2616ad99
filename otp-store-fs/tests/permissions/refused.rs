//! What is refused at each level, by readers and writers alike.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;

use otp_core::store::{ErrorKind, Store, StoreError};
use otp_core::{Code, Coded};
use otp_store_fs::{Error, Finding, FsStore, Hint, examine};

use crate::{chmod, get, levels, list, list_account, mode, new_store, other_slot, slot};

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
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert_eq!(error.hint(), Some(Hint::RemoveWriteAccess { path }));
            if depth < 3 {
                assert_eq!(list(store.root()).unwrap_err().code(), Code::UnsafePermissions);
                assert_eq!(list_account(store.root()).unwrap_err().code(), Code::UnsafePermissions);
                // A store that is already open looks again before it writes.
                assert_eq!(store.put(&other_slot(), b"").unwrap_err().code(), Code::UnsafePermissions);
                assert!(!store.path_of(&other_slot()).exists());
            }
            let findings = examine(store.root(), false);
            let named = |finding: &Finding| match finding {
                Finding::Faulty(error) => error.hint() == Some(Hint::RemoveWriteAccess { path }),
                _ => false,
            };
            assert!(findings.iter().any(named), "{findings:?}");
        }
        chmod(path, before);
        assert_eq!(get(store.root()).unwrap(), Some(6));
    }
    assert!(examine(store.root(), false).is_empty());
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
        assert_eq!((error.code(), error.kind()), (Code::UnsafePermissions, ErrorKind::Denied));
        assert_eq!(error.hint(), Some(Hint::ReplaceLink { path }));
        assert!(refused(&list(store.root()).unwrap_err()));
        assert!(refused(&list_account(store.root()).unwrap_err()));
        if depth < 3 {
            assert!(refused(&store.put(&other_slot(), b"x").unwrap_err()));
            assert!(refused(&store.lock(&slot().account).unwrap_err()));
            assert!(!elsewhere.join(store.path_of(&other_slot()).file_name().unwrap()).exists());
        } else {
            assert!(!store.put(&slot(), b"x").unwrap());
            let guard = store.lock(&slot().account).unwrap();
            assert!(refused(&store.replace(&guard, &slot(), b"record", b"x").unwrap_err()));
            drop(guard);
            assert_eq!(fs::read(&elsewhere).unwrap(), b"record");
            assert!(fs::symlink_metadata(path).unwrap().is_symlink());
        }
        let findings = examine(store.root(), true);
        assert!(matches!(&findings[..], [Finding::Faulty(error)] if refused(error)), "{findings:?}");
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
fn what_is_not_a_regular_file_is_damage_and_does_not_block() {
    let (_home, store) = new_store();
    let path = store.path_of(&slot());
    let make_pipe = || assert!(Command::new("mkfifo").arg("-m600").arg(&path).status().unwrap().success());
    let refused = |error: &Error| {
        assert!(matches!(error, Error::NotAFile { path: at } if *at == path), "{error:?}");
        assert_eq!((error.code(), error.kind()), (Code::Damaged, ErrorKind::Damaged));
        assert_eq!(error.hint(), Some(Hint::MoveAway { path: &path }));
    };
    let refused_everywhere = || {
        refused(&get(store.root()).unwrap_err());
        let guard = store.lock(&slot().account).unwrap();
        refused(&store.replace(&guard, &slot(), b"record", b"x").unwrap_err());
        drop(guard);
        assert_eq!(list(store.root()).unwrap(), 0);
        assert_eq!(list_account(store.root()).unwrap(), 0);
    };
    let found = || {
        let findings = examine(store.root(), false);
        let [Finding::Faulty(error)] = &findings[..] else { panic!("{findings:?}") };
        refused(error);
    };

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused_everywhere();
    fs::remove_dir(&path).unwrap();
    make_pipe();
    refused_everywhere();
    found();
    fs::remove_file(&path).unwrap();
    let _socket = UnixListener::bind(&path).unwrap();
    refused_everywhere();
    found();
}
