//! Locks, and what they leave behind.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use otp_core::store::{ErrorKind, Scope, Store, StoreError};
use otp_core::{AccountName, Code, Coded};
use otp_store_fs::{Error, FsStore, Hint};

use crate::{entries, get, listed, new_store, record};

#[test]
fn another_lock_is_not_enough_to_replace() {
    let (_home, store) = new_store();
    let object = record("a", 1);
    store.put(&object, b"old").unwrap();
    let other_store = FsStore::open(store.root()).unwrap();
    let others = [store.lock(&"b".parse().unwrap()).unwrap(), other_store.lock(&object.account).unwrap()];
    for guard in others {
        let error = store.replace(&guard, &object, b"old", b"new").unwrap_err();
        assert!(matches!(&error, Error::WrongLock { path } if *path == store.path_of(&object)), "{error:?}");
        assert_eq!((error.code(), error.kind()), (Code::Usage, ErrorKind::Other));
    }
    assert_eq!(get(&store, &object).unwrap(), b"old");
}

#[test]
fn a_lock_that_others_keep_is_waited_for_as_long_as_the_store_says() {
    static NOTICES: AtomicUsize = AtomicUsize::new(0);
    let (_home, store) = new_store();
    let account = record("a", 1).account;
    let guard = store.lock(&account).unwrap();
    let waiting = |timeout| {
        let store = FsStore::open(store.root()).unwrap().lock_timeout(timeout);
        store.on_wait(|path| {
            assert!(path.ends_with("a"));
            NOTICES.fetch_add(1, Ordering::Relaxed);
        })
    };
    for (timeout, notices) in [(Duration::ZERO, 0), (Duration::from_millis(1100), 1)] {
        let error = waiting(timeout).lock(&account).unwrap_err();
        assert!(matches!(&error, Error::Locked { waited, .. } if *waited >= timeout), "{error:?}");
        assert_eq!((error.code(), error.kind()), (Code::Locked, ErrorKind::Locked));
        assert_eq!(error.hint(), Some(Hint::TryLater));
        assert_eq!(NOTICES.load(Ordering::Relaxed), notices);
    }
    thread::scope(|scope| {
        let waits = scope.spawn(|| waiting(FsStore::LOCK_TIMEOUT).lock(&account).map(drop));
        drop(guard);
        waits.join().unwrap().unwrap();
    });
}

#[test]
fn writers_are_waited_for_and_where_there_are_none_nothing_is_made() {
    let (_home, store) = new_store();
    let object = record("a", 1);
    store.await_writers(&object.account).unwrap();
    assert_eq!(entries(store.root()), 0);
    store.put(&object, b"x").unwrap();
    store.await_writers(&object.account).unwrap();
    assert!(!store.root().join("a/.lock").exists());

    let guard = store.lock(&object.account).unwrap();
    let other = FsStore::open(store.root()).unwrap().lock_timeout(Duration::ZERO);
    let error = other.await_writers(&object.account).unwrap_err();
    assert!(matches!(error, Error::Locked { .. }), "{error:?}");
    drop(guard);
    other.await_writers(&object.account).unwrap();
}

#[test]
fn who_waits_for_writers_clears_up_after_crashed_ones() {
    let (_home, store) = new_store();
    let object = record("a", 1);
    store.put(&object, b"x").unwrap();
    let left = store.root().join("a/.tmp-1-2-3");
    fs::write(&left, "x").unwrap();
    store.await_writers(&object.account).unwrap();
    assert!(!left.exists());
    assert_eq!(get(&store, &object).unwrap(), b"x");
}

#[test]
fn a_lock_leaves_no_directory_behind_unless_something_is_in_it() {
    let (_home, store) = new_store();
    let account: AccountName = "a/b/c".parse().unwrap();
    let guard = store.lock(&account).unwrap();
    assert!(store.root().join("a/b/c/.lock").exists());
    drop(guard);
    assert_eq!(entries(store.root()), 0, "an account that never got an object left a directory");

    let guard = store.lock(&account).unwrap();
    store.put(&record("a/b/c", 1), b"x").unwrap();
    store.put(&record("a", 1), b"x").unwrap();
    drop(guard);
    assert_eq!(get(&store, &record("a/b/c", 1)).unwrap(), b"x");
    let guard = store.lock(&account).unwrap();
    store.remove(&record("a/b/c", 1)).unwrap();
    drop(guard);
    assert!(!store.root().join("a/b").exists(), "an account whose last object was removed left a directory");
    assert_eq!(listed(&store, Scope::All), [record("a", 1)]);
}

#[test]
fn a_lock_that_ends_leaves_alone_what_is_in_use() {
    let (_home, store) = new_store();
    let outer = store.lock(&"a".parse().unwrap()).unwrap();
    drop(store.lock(&"a/b".parse().unwrap()).unwrap());
    assert!(!store.root().join("a/b").exists());
    assert!(store.root().join("a/.lock").exists(), "somebody holds the lock above");
    drop(outer);
    assert_eq!(entries(store.root()), 0);

    store.put(&record("a", 1), b"x").unwrap();
    drop(store.lock(&"a".parse().unwrap()).unwrap());
    drop(store.lock(&"a/b".parse().unwrap()).unwrap());
    assert!(store.root().join("a/.lock").exists(), "a directory that has anything in it keeps its lock");
    assert_eq!(get(&store, &record("a", 1)).unwrap(), b"x");
}

#[test]
fn a_lock_that_fails_leaves_no_directory_behind() {
    let (_home, store) = new_store();
    fs::write(store.root().join("a"), "a foreign file").unwrap();
    assert!(matches!(store.lock(&"a/b".parse().unwrap()), Err(Error::NotADirectory { .. })));
    assert_eq!(entries(store.root()), 1);
}
