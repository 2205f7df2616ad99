//! Where a store is, and where none is.

use std::fs;

use otp_core::store::{ErrorKind, Scope, Store, StoreError};
use otp_core::{Code, Coded};
use otp_store_fs::{Error, FsStore, Hint};

use crate::{entries, get, id, listed, listed_of, new_store, record};

#[test]
fn a_missing_root_is_an_error_and_a_missing_account_is_empty() {
    let home = otp_test_tools::folder();
    let error = FsStore::open(home.path().join("none")).unwrap_err();
    assert!(matches!(error, Error::RootMissing { .. }), "{error:?}");
    assert_eq!((error.code(), error.kind()), (Code::StoreUnavailable, ErrorKind::NotFound));
    assert_eq!(error.hint(), Some(Hint::MakeStore));
    assert!(!home.path().join("none").exists());

    let (_home, store) = new_store();
    assert_eq!(get(&store, &record("no/such/account", 1)), None);
    assert!(!store.remove(&record("no/such/account", 1)).unwrap());
    assert_eq!(listed(&store, Scope::All), []);
    assert_eq!(listed(&store, Scope::Below(&"no".parse().unwrap())), []);
    assert_eq!(listed_of(&store, &"no/such/account".parse().unwrap()), []);
    assert_eq!(store.get_with_note(&"no".parse().unwrap(), id(1), &mut [], &mut []).unwrap(), (None, None));
    assert_eq!(entries(store.root()), 0, "a reader made something");
}

#[test]
fn a_file_in_place_of_the_root_or_an_account_is_no_store() {
    let (_home, store) = new_store();
    fs::write(store.root().join("a"), "a foreign file").unwrap();
    assert_eq!(get(&store, &record("a", 1)), None);
    let file = store.root().join("a");
    let error = store.put(&record("a", 1), b"x").unwrap_err();
    assert!(matches!(error, Error::NotADirectory { .. }));
    assert_eq!(error.hint(), Some(Hint::MoveAway { path: &file }));
    let error = FsStore::open(&file).unwrap_err();
    assert!(matches!(error, Error::NotADirectory { .. }));
    assert_eq!((error.code(), error.kind()), (Code::StoreUnavailable, ErrorKind::Unavailable));
    assert_eq!(error.hint(), Some(Hint::NameAnotherStore));
    assert!(FsStore::open_or_create(store.root().join("a")).is_err());
}

#[test]
fn a_store_whose_root_was_removed_while_it_was_open_is_an_error() {
    let (_home, store) = new_store();
    fs::remove_dir(store.root()).unwrap();
    assert_eq!(store.put(&record("a", 1), b"x").unwrap_err().code(), Code::StoreUnavailable);
}

#[test]
fn a_reader_sees_what_was_put_into_a_directory_made_anew() {
    let (_home, store) = new_store();
    let other = FsStore::open(store.root()).unwrap();
    store.put(&record("a/b", 1), b"old").unwrap();
    assert_eq!(get(&other, &record("a/b", 1)).unwrap(), b"old");
    let guard = store.lock(&"a/b".parse().unwrap()).unwrap();
    store.remove(&record("a/b", 1)).unwrap();
    drop(guard);
    assert!(!store.root().join("a").exists());
    assert_eq!(get(&other, &record("a/b", 1)), None);
    store.put(&record("a/b", 1), b"new").unwrap();
    assert_eq!(get(&other, &record("a/b", 1)).unwrap(), b"new");
}
