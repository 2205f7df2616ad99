//! Many processes that use one store at once; each result is checked.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::env;
use std::fs::{self, File};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use otp_core::store::{Scope, Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_store_fs::FsStore;

const PROCESSES: u8 = 4;
const ROUNDS: u8 = 40;
/// So long that a file is not written in one page.
const LEN: usize = 10_000;

/// Starts processes that run a test of this file again, each with a number.
fn start(test: &str, root: &Path, count: u8) -> Vec<Child> {
    let one = |number: u8| {
        let mut command = Command::new(env::current_exe().unwrap());
        command
            .args(["--exact", test, "--nocapture"])
            .env("OTP_TEST_ROOT", root)
            .env("OTP_TEST_NUMBER", number.to_string());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    (1..=count).map(one).collect()
}

/// Waits for processes, and returns what each printed.
fn finish(children: Vec<Child>) -> Vec<String> {
    let wait = |child: Child| {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    children.into_iter().map(wait).collect()
}

/// The store and number of this process, if it was started by a test.
fn started() -> Option<(FsStore, u8, PathBuf)> {
    let root = PathBuf::from(env::var_os("OTP_TEST_ROOT")?);
    let number = env::var("OTP_TEST_NUMBER").unwrap().parse().unwrap();
    Some((FsStore::open(&root).unwrap(), number, root))
}

fn slot(account: &str, owner: u8, round: u8) -> Slot {
    let mut id = [owner; KeyId::LEN];
    id[0] = round;
    Slot::record(&account.parse().unwrap(), KeyId::from_bytes(id))
}

/// The number of the process that filled a slot; `None` if it is empty. If the object is not whole, the test fails.
fn writer(store: &FsStore, slot: &Slot) -> Option<u8> {
    let mut buffer = vec![0; LEN + 1];
    let len = store.get(slot, &mut buffer).unwrap()?;
    assert_eq!(len, LEN, "{slot:?} is torn");
    assert!(buffer[..LEN].iter().all(|byte| *byte == buffer[0]), "{slot:?} is mixed");
    Some(buffer[0])
}

/// The numbers of the processes that reported winning a round.
fn winners(said: &[String], round: u8) -> Vec<u8> {
    let won = |said: &String| said.lines().any(|line| line == format!("won {round}"));
    (1..=PROCESSES).zip(said).filter(|(_, said)| won(said)).map(|(number, _)| number).collect()
}

#[test]
fn one_of_many_writers_wins_each_slot_and_all_see_its_bytes() {
    if let Some((store, number, _)) = started() {
        for round in 0..ROUNDS {
            let slot = slot("wins/it", 0, round);
            if store.put(&slot, &[number; LEN]).unwrap() {
                println!("won {round}");
                assert_eq!(writer(&store, &slot), Some(number));
            } else {
                assert!(writer(&store, &slot).is_some_and(|writer| writer != number));
            }
        }
        return;
    }
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    let said = finish(start("one_of_many_writers_wins_each_slot_and_all_see_its_bytes", home.path(), PROCESSES));
    for round in 0..ROUNDS {
        assert_eq!(winners(&said, round), [writer(&store, &slot("wins/it", 0, round)).unwrap()], "round {round}");
    }
}

#[test]
fn what_comes_and_goes_is_seen_whole_or_not_at_all_though_directories_go_too() {
    let account = "comes/and/goes";
    if let Some((store, number, _)) = started() {
        for round in 0..ROUNDS {
            let own = slot(account, number, round % 3);
            if round % 2 == 0 {
                assert!(store.put(&own, &[number; LEN]).unwrap(), "nobody else puts there");
            } else {
                assert_eq!(store.put_many(&[(own.clone(), &[number; LEN])]).unwrap(), 1);
            }
            assert_eq!(writer(&store, &own), Some(number));
            for other in (1..=PROCESSES).filter(|other| *other != number) {
                let seen = writer(&store, &slot(account, other, round % 3));
                assert!(seen.is_none_or(|writer| writer == other));
            }
            let mut listed = false;
            let look = &mut |slot: &Slot| {
                listed |= *slot == own;
                ControlFlow::Continue(())
            };
            let comes = "comes".parse().unwrap();
            store.list(Scope::Below(&comes), look).unwrap();
            assert!(listed, "it is there, and was not listed");
            assert!(store.remove(&own).unwrap());
            // Under Wine, the name disappears when the last reader has closed the file.
            while cfg!(windows) && writer(&store, &own).is_some() {
                std::thread::yield_now();
            }
            assert_eq!(writer(&store, &own), None);
            // This removes the directories, unless another process is using them.
            drop(store.lock(&own.account).unwrap());
        }
        return;
    }
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    finish(start("what_comes_and_goes_is_seen_whole_or_not_at_all_though_directories_go_too", home.path(), PROCESSES));
    drop(store.lock(&account.parse().unwrap()).unwrap());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "something was left behind");
}

#[test]
fn one_process_at_a_time_has_an_accounts_lock_though_its_directory_goes() {
    let account: AccountName = "locked/account".parse().unwrap();
    if let Some((store, _, root)) = started() {
        let critical = root.with_extension("critical");
        for _ in 0..ROUNDS {
            let lock = store.lock(&account).unwrap();
            // Nobody else can be here, so nobody else made this file.
            drop(File::create_new(&critical).unwrap());
            fs::remove_file(&critical).unwrap();
            drop(lock);
        }
        return;
    }
    let home = otp_test_tools::folder();
    let root = home.path().join("store");
    FsStore::open_or_create(&root).unwrap();
    finish(start("one_process_at_a_time_has_an_accounts_lock_though_its_directory_goes", &root, PROCESSES));
}

#[test]
fn one_of_many_replacements_of_the_same_object_succeeds() {
    if let Some((store, number, _)) = started() {
        for round in 0..ROUNDS {
            let slot = slot("replaced", 0, round);
            let guard = store.lock(&slot.account).unwrap();
            if store.replace(&guard, &slot, &[0; LEN], &[number; LEN]).unwrap() {
                println!("won {round}");
                assert_eq!(writer(&store, &slot), Some(number));
            } else {
                assert!(writer(&store, &slot).is_some_and(|writer| writer != number && writer != 0));
            }
        }
        return;
    }
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    for round in 0..ROUNDS {
        store.put(&slot("replaced", 0, round), &[0; LEN]).unwrap();
    }
    let said = finish(start("one_of_many_replacements_of_the_same_object_succeeds", home.path(), PROCESSES));
    for round in 0..ROUNDS {
        assert_eq!(winners(&said, round), [writer(&store, &slot("replaced", 0, round)).unwrap()], "round {round}");
    }
}

#[test]
fn a_reader_never_sees_a_part_of_a_replacement() {
    /// What the parent writes once the writers are done.
    const END: u8 = 0xff;
    let object = slot("replaced", 0, 0);
    if let Some((store, number, _)) = started() {
        if number <= 2 {
            for _ in 0..ROUNDS {
                let guard = store.lock(&object.account).unwrap();
                let current = writer(&store, &object).unwrap();
                assert!(store.replace(&guard, &object, &[current; LEN], &[number; LEN]).unwrap());
            }
        } else {
            // It is never missing and never partial, as `writer` checks.
            while writer(&store, &object).unwrap() != END {}
        }
        return;
    }
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    store.put(&object, &[0; LEN]).unwrap();
    let mut writers = start("a_reader_never_sees_a_part_of_a_replacement", home.path(), PROCESSES);
    let readers = writers.split_off(2);
    finish(writers);
    let guard = store.lock(&object.account).unwrap();
    let last = writer(&store, &object).unwrap();
    assert!(last == 1 || last == 2);
    assert!(store.replace(&guard, &object, &[last; LEN], &[END; LEN]).unwrap());
    finish(readers);
}

#[test]
fn a_lock_ends_with_its_process() {
    let account: AccountName = "locked/account".parse().unwrap();
    if let Some((store, ..)) = started() {
        let _lock = store.lock(&account).unwrap();
        println!("locked");
        std::process::abort();
    }
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    let output = start("a_lock_ends_with_its_process", home.path(), 1).remove(0).wait_with_output().unwrap();
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stdout).contains("locked"));
    // Otherwise, this would wait forever.
    drop(store.lock(&account).unwrap());
}

#[test]
fn threads_share_a_store() {
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path()).unwrap();
    std::thread::scope(|scope| {
        for number in 1..=PROCESSES {
            let store = &store;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let own = slot(&format!("thread{}/a", round % 3), number, round);
                    assert!(store.put(&own, &[number; LEN]).unwrap());
                    assert_eq!(writer(store, &own), Some(number));
                    assert!(store.remove(&own).unwrap());
                    drop(store.lock(&own.account).unwrap());
                }
            });
        }
    });
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}
