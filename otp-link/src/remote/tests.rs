//! Everything here speaks to `tests/helper/otp-remote-test`, a helper in Python that was written from the docs alone, and that
//! misbehaves on request.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use otp_core::store::{Slot, Store};
use otp_core::testing::{self, NOW, SECRET, two_keys};
use otp_core::{AccountName, Code, Coded, Keeper, KeyId};
use otp_remote_protocol::Malformed;

use super::connection::Access;
use super::error::{HelperFault, RemoteError};
use super::patience::Patience;
use super::store::RemoteStore;
use super::url::{Name, StoreUrl};

/// Longer than any helper needs that answers.
const LONG: Patience = Patience::WithoutProgress(Duration::from_secs(60));
/// For those that don't.
const SHORT: Patience = Patience::WithoutProgress(Duration::from_secs(1));

fn url(root: &Path, query: &str) -> StoreUrl {
    match Name::parse(Path::new(&format!("test://{}?{query}", root.display()))) {
        Ok(Name::Url(url)) => url,
        other => panic!("{other:?}"),
    }
}

fn open(root: &Path, query: &str, patience: Patience) -> RemoteStore {
    RemoteStore::open(url(root, query), Access::Write, patience).unwrap()
}

fn fresh() -> (tempfile::TempDir, RemoteStore) {
    let home = otp_test_tools::folder();
    let store = open(home.path(), "", LONG);
    assert!(!store.init().unwrap());
    (home, store)
}

fn slot() -> Slot {
    Slot::record(&AccountName::parse("edms/a").unwrap(), KeyId::from_bytes([7; 10]))
}

#[test]
fn a_helper_written_from_the_docs_keeps_the_promises_of_a_store() {
    testing::promises(fresh);
}

#[test]
fn racers_find_one_winner_through_a_helper() {
    testing::racers(fresh);
}

#[test]
fn an_account_lives_in_a_store_behind_a_helper() {
    testing::life(fresh);
}

#[test]
#[ignore = "takes minutes: cargo xtask stores cuts"]
fn operations_may_be_cut_off_at_each_step_through_a_helper() {
    let (home, _) = fresh();
    // One helper for all of it, which empties the store each time: starting hundreds of them takes longer.
    testing::cuts(|| {
        let store = open(home.path(), "", LONG);
        let mut slots = Vec::new();
        let each = &mut |slot: &Slot| {
            slots.push(slot.clone());
            std::ops::ControlFlow::Continue(())
        };
        store.list(otp_core::store::Scope::All, each).unwrap();
        assert!(slots.iter().all(|slot| store.remove(slot).unwrap()));
        ((), store)
    });
}

#[test]
fn a_store_that_was_not_initialised_is_not_written() {
    let home = otp_test_tools::folder();
    let store = open(home.path(), "", LONG);
    let refused = store.put(&slot(), b"bytes").unwrap_err();
    assert!(matches!(refused, RemoteError::Refused { kind: otp_remote_protocol::Failure::NotInitialised, .. }));
    assert_eq!((store.get(&slot(), &mut [0; 8]).unwrap(), store.limits().unwrap().is_initialised), (None, false));
    assert_eq!((store.init().unwrap(), store.init().unwrap()), (false, true));
    assert!(store.put(&slot(), b"bytes").unwrap());
}

#[test]
fn what_a_helper_does_wrong_is_told_and_ends_it() {
    let (home, store) = fresh();
    assert!(store.put(&slot(), b"bytes").unwrap());
    let malformed = |fault| HelperFault::Malformed(fault);
    for (fault, expected, code) in [
        ("dies", HelperFault::Ended, Code::StoreUnavailable),
        ("cut", HelperFault::Ended, Code::StoreUnavailable),
        ("closed", HelperFault::Ended, Code::StoreUnavailable),
        ("id", HelperFault::Unasked, Code::Damaged),
        ("tag", malformed(Malformed::Tag), Code::Damaged),
        ("body", malformed(Malformed::Body), Code::Damaged),
        ("blob", malformed(Malformed::Body), Code::Damaged),
        ("long", malformed(Malformed::Length), Code::Damaged),
        ("version", malformed(Malformed::Version { theirs: 2 }), Code::NewerVersion),
    ] {
        let pid = home.path().join(format!("{fault}.pid"));
        let store = open(home.path(), &format!("fault={fault}&pid={}", pid.display()), LONG);
        let error = store.get(&slot(), &mut [0; 8]).unwrap_err();
        assert!(matches!(&error, RemoteError::Helper { fault, .. } if *fault == expected), "{fault}: {error:?}");
        assert_eq!(error.code(), code, "{fault}");
        assert!(!is_running(&pid), "{fault}");
    }
}

#[test]
fn a_helper_that_does_not_answer_is_killed_in_time() {
    let (home, _) = fresh();
    for fault in ["hangs", "silent", "garbage"] {
        for patience in [SHORT, Patience::InAll(SHORT.limit())] {
            let pid = home.path().join(format!("{fault}.pid"));
            let store = open(home.path(), &format!("fault={fault}&pid={}", pid.display()), patience);
            let error = store.get(&slot(), &mut [0; 8]).unwrap_err();
            assert!(
                matches!(error, RemoteError::TimedOut { limit, .. } if limit == SHORT.limit()),
                "{fault}: {error:?}"
            );
            assert!(!is_running(&pid), "{fault}");
        }
    }
}

#[test]
fn not_allowed_is_not_the_same_as_not_there() {
    let (home, _) = fresh();
    let store = open(home.path(), "fault=denied", LONG);
    let error = store.get(&slot(), &mut [0; 8]).unwrap_err();
    assert_eq!(
        (error.code(), otp_core::store::StoreError::kind(&error)),
        (Code::Denied, otp_core::store::ErrorKind::Denied)
    );
    let missing = open(&home.path().join("none"), "", LONG).get(&slot(), &mut [0; 8]).unwrap_err();
    assert_eq!(
        (missing.code(), otp_core::store::StoreError::kind(&missing)),
        (Code::StoreUnavailable, otp_core::store::ErrorKind::NotFound)
    );
}

#[test]
fn one_helper_serves_all_threads_and_all_openings_of_a_store() {
    let (home, store) = fresh();
    let account = AccountName::parse("edms/a").unwrap();
    let keys = two_keys(&store, &account);
    let pid = home.path().join("pid");
    let query = format!("pid={}", pid.display());
    std::thread::scope(|scope| {
        for _ in 0..32 {
            scope.spawn(|| {
                let store = open(home.path(), &query, LONG);
                for key in &keys {
                    let secret = Keeper::new(&store, NOW).open(key.key()).unwrap();
                    assert_eq!(secret.expose(), SECRET);
                }
            });
        }
    });
    assert_eq!(pids(&pid).len(), 1);
    // What has ended is started again.
    assert!(kill(pids(&pid)[0]));
    let store = open(home.path(), &query, LONG);
    while store.get(&slot(), &mut [0; 8]).is_err() {}
    assert_eq!(pids(&pid).len(), 2);
}

#[test]
fn of_several_that_add_one_account_one_succeeds() {
    let (home, _) = fresh();
    let place = PathBuf::from(url(home.path(), "").as_str());
    let added: Vec<bool> = std::thread::scope(|scope| {
        let add = || {
            let fields = [("username", &b"alice"[..]), ("password", b"correct horse")];
            let (terms, mut randomness) = (crate::KeyTerms::default(), crate::Randomness::system());
            crate::add_account("edms/a", &fields, &terms, Some(&place), &mut randomness, |_| Ok::<_, crate::Error>(()))
        };
        let racers: Vec<_> = (0..6).map(|_| scope.spawn(add)).collect();
        racers.into_iter().map(|racer| racer.join().unwrap().is_ok()).collect()
    });
    assert_eq!(added.iter().filter(|added| **added).count(), 1);
    assert_eq!(crate::list_keys("edms/a", Some(&place)).unwrap().keys.len(), 1);
}

#[test]
fn a_copy_goes_on_where_it_was_cut_off_and_overwrites_nothing() {
    let (home, store) = fresh();
    let account = AccountName::parse("edms/a").unwrap();
    let keys = two_keys(&store, &account);
    let apart = otp_test_tools::folder();
    let (from, to) = (PathBuf::from(url(home.path(), "").as_str()), apart.path().join("copy"));
    std::fs::write(home.path().join("edms/a/stray.tmp"), "half").unwrap();
    let counted = std::sync::atomic::AtomicUsize::new(0);
    let count = |_, total| {
        assert_eq!(total, 2);
        counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    };
    let copied = crate::copy_store(&from, &to, count).unwrap();
    assert_eq!((copied.copied, copied.equal, counted.into_inner()), (2, 0, 2));
    // One is missing again, and the other one was changed.
    let file = |key: &testing::HeldKey| to.join(format!("edms/a/{}.otp", key.id()));
    std::fs::remove_file(file(&keys[0])).unwrap();
    std::fs::write(file(&keys[1]), "changed").unwrap();
    let copied = crate::copy_store(&from, &to, |_, _| {}).unwrap();
    assert_eq!((copied.copied, copied.equal, copied.different.len()), (1, 0, 1));
    assert_eq!(std::fs::read(file(&keys[1])).unwrap(), b"changed");
}

#[test]
fn a_store_that_only_pretends_is_found_out() {
    let (home, _) = fresh();
    let name = |query: &str| PathBuf::from(url(home.path(), query).as_str());
    crate::check_store(Some(&name(""))).unwrap();
    crate::check_store(Some(&home.path().join("edms"))).unwrap_err();
    for (fault, expected) in [
        ("overwrites", crate::Broken::PutRace),
        ("replaces", crate::Broken::Replace),
        ("unlisted", crate::Broken::List),
        ("blind", crate::Broken::Read),
        ("keeps", crate::Broken::Remove),
    ] {
        let error = crate::check_store(Some(&name(&format!("fault={fault}")))).unwrap_err();
        assert!(matches!(error, crate::Error::BrokenPromise { broken } if broken == expected), "{fault}: {error:?}");
    }
}

#[test]
fn a_helper_sees_the_store_and_nothing_else_of_this_process() {
    let (home, _) = fresh();
    let report = home.path().join("report");
    // A host may have descriptors that every program it starts inherits.
    let _inherited = otp_sys::inherited(&std::fs::File::open(home.path()).unwrap()).unwrap();
    let store = open(home.path(), &format!("report={}", report.display()), LONG);
    assert!(store.limits().is_ok());
    let told = std::fs::read_to_string(report).unwrap();
    assert_eq!(
        told, "open: 0 1 2\nstderr: /dev/null\nvariables:\nown group: True\nblocked:\n",
        "but for OTP_TEST_, the tests' own environment has no such variables"
    );
}

#[test]
fn a_long_list_comes_in_parts_and_is_sorted() {
    let (_home, store) = fresh();
    let accounts = ["b", "a/x", "a-b/x", "a"].map(|name| AccountName::parse(name).unwrap());
    let mut expected = Vec::new();
    for (index, account) in accounts.iter().enumerate() {
        for number in 0..60_u8 {
            let slot = Slot::record(account, KeyId::from_bytes([number.wrapping_mul(37) ^ index.to_be_bytes()[7]; 10]));
            assert!(store.put(&slot, &[number]).unwrap());
            expected.push(slot);
        }
    }
    expected.sort();
    let mut listed = Vec::new();
    store
        .list(otp_core::store::Scope::All, &mut |slot| {
            listed.push(slot.clone());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(listed, expected);
}

#[test]
fn many_long_objects_go_in_batches_that_fit() {
    let (_home, store) = fresh();
    let account = AccountName::parse("edms/a").unwrap();
    let bytes: Vec<Vec<u8>> = (0..40_u8).map(|number| vec![number; 66_000]).collect();
    let objects: Vec<(Slot, &[u8])> = (0_u8..)
        .zip(&bytes)
        .map(|(number, bytes)| (Slot::record(&account, KeyId::from_bytes([number; 10])), bytes.as_slice()))
        .collect();
    assert!(store.put(&objects[33].0, b"taken").unwrap());
    assert_eq!(store.put_many(&objects).unwrap(), 33);
    let mut buffer = vec![0; 66_000];
    assert_eq!(store.get(&objects[32].0, &mut buffer).unwrap(), Some(66_000));
    assert_eq!(buffer, bytes[32]);
    assert_eq!(store.get(&objects[34].0, &mut buffer).unwrap(), None);
    let too_long = store.put(&objects[39].0, &vec![0; (1 << 20) + 1]).unwrap_err();
    assert!(matches!(too_long, RemoteError::TooLong { limit: 1_048_576, .. }));
}

fn pids(file: &Path) -> Vec<u32> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// Whether the last helper of such a file is there, as a zombie perhaps.
fn is_running(file: &Path) -> bool {
    pids(file).last().is_some_and(|pid| PathBuf::from(format!("/proc/{pid}")).exists())
}

fn kill(pid: u32) -> bool {
    std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().is_ok_and(|status| status.success())
}
