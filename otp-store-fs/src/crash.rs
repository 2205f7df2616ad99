//! Each writing operation is cut at each of its steps, in a process of its own, and what it leaves is examined.
//!
//! A crash of the machine also loses unsynced changes. That can't be tried here; the order of the steps shows that
//! everything is synced before it counts.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_core::KeyId;
use otp_core::store::{Kind, Slot, Store};

use crate::names::TEMPORARY;
use crate::step::{on_plain_file_system, record};
use crate::store::FsStore;

/// Tells a process that it is one to be cut: operation, step, whether the file system is a plain one, root.
const CHILD: &str = "OTP_TEST_CUT";

/// The exit code of a process that aborts: none on Unix, where that is a signal.
const ABORTED: Option<i32> = if cfg!(windows) { Some(0xC000_0409_u32.cast_signed()) } else { None };

const NEW: &[u8] = b"new, and long enough that a part of it would be seen as such";
const OLD: &[u8] = b"old, and left untouched by other operations";

/// A writing operation, with the slots that it fills, replaces or empties.
struct Operation {
    name: &'static str,
    run: fn(&FsStore),
    fills: Vec<Slot>,
    replaces: Vec<Slot>,
    empties: Vec<Slot>,
}

fn operations() -> Vec<Operation> {
    vec![
        Operation {
            name: "put into an account",
            run: |store| assert!(store.put(&slot("old", 2), NEW).unwrap()),
            fills: vec![slot("old", 2)],
            replaces: vec![],
            empties: vec![],
        },
        Operation {
            name: "put into a new account",
            run: |store| assert!(store.put(&slot("new/account", 2), NEW).unwrap()),
            fills: vec![slot("new/account", 2)],
            replaces: vec![],
            empties: vec![],
        },
        Operation {
            name: "put a batch",
            run: |store| {
                let slots = [slot("new/a", 2), slot("old", 3), slot("new/a", 4)];
                assert_eq!(store.put_many(&slots.map(|slot| (slot, NEW))).unwrap(), 3);
            },
            fills: vec![slot("new/a", 2), slot("old", 3), slot("new/a", 4)],
            replaces: vec![],
            empties: vec![],
        },
        Operation {
            name: "replace",
            run: |store| {
                let slot = slot("change", 1);
                let guard = store.lock(&slot.account).unwrap();
                assert!(store.replace(&guard, &slot, OLD, NEW).unwrap());
            },
            fills: vec![],
            replaces: vec![slot("change", 1)],
            empties: vec![],
        },
        Operation {
            name: "remove",
            run: |store| assert!(store.remove(&slot("go/away", 1)).unwrap()),
            fills: vec![],
            replaces: vec![],
            empties: vec![slot("go/away", 1)],
        },
        Operation {
            name: "remove under the lock",
            run: |store| {
                let slot = slot("go/away", 1);
                let _guard = store.lock(&slot.account).unwrap();
                assert!(store.remove(&slot).unwrap());
            },
            fills: vec![],
            replaces: vec![],
            empties: vec![slot("go/away", 1)],
        },
    ]
}

fn slot(account: &str, id: u8) -> Slot {
    Slot { account: account.parse().unwrap(), id: KeyId::from_bytes([id; 10]), kind: Kind::Record }
}

fn prepare(root: &Path) {
    let store = FsStore::open_or_create(root).unwrap();
    for slot in [slot("old", 1), slot("change", 1), slot("go/away", 1)] {
        assert!(store.put(&slot, OLD).unwrap());
    }
}

fn get(store: &FsStore, slot: &Slot) -> Option<Vec<u8>> {
    let mut buffer = [0; 100];
    let len = store.get(slot, &mut buffer).unwrap()?;
    Some(buffer[..len].to_vec())
}

fn run(operation: &Operation, plain: bool, cut_at: Option<usize>, root: &Path) -> Vec<&'static str> {
    let store = FsStore::open(root).unwrap();
    let work = || record(cut_at, || (operation.run)(&store));
    if plain { on_plain_file_system(work) } else { work() }
}

/// Runs an operation whole, and returns its steps.
fn steps(operation: &Operation, plain: bool) -> Vec<&'static str> {
    let home = otp_test_tools::folder();
    prepare(home.path());
    run(operation, plain, None, home.path())
}

#[test]
fn a_cut_at_any_step_leaves_old_or_new_whole_and_the_next_writer_carries_on() {
    let operations = operations();
    if let Ok(child) = env::var(CHILD) {
        let [operation, cut_at, plain, root] = child.splitn(4, ' ').collect::<Vec<_>>().try_into().unwrap();
        let operation = &operations[operation.parse::<usize>().unwrap()];
        run(operation, plain == "true", Some(cut_at.parse().unwrap()), Path::new(root));
        return;
    }
    for (number, operation) in operations.iter().enumerate() {
        for plain in [false, true] {
            let count = steps(operation, plain).len();
            assert!(count > 0, "{}", operation.name);
            for cut_at in 1..=count {
                let home = otp_test_tools::folder();
                prepare(home.path());
                let status = Command::new(env::current_exe().unwrap())
                    .args([
                        "--exact",
                        "crash::a_cut_at_any_step_leaves_old_or_new_whole_and_the_next_writer_carries_on",
                    ])
                    .env(CHILD, format!("{number} {cut_at} {plain} {}", home.path().display()))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .unwrap();
                let case = format!("{}, cut at {cut_at}, plain: {plain}", operation.name);
                assert_eq!(status.code(), ABORTED, "it ran to its end: {case}");
                check(operation, home.path(), &case);
            }
        }
    }
}

fn check(operation: &Operation, root: &Path, case: &str) {
    let store = FsStore::open(root).unwrap();
    assert_eq!(get(&store, &slot("old", 1)).unwrap(), OLD, "{case}");
    for slot in &operation.fills {
        assert!(get(&store, slot).is_none_or(|bytes| bytes == NEW), "{case}: {slot:?}");
    }
    for slot in &operation.replaces {
        assert!(get(&store, slot).is_some_and(|bytes| bytes == OLD || bytes == NEW), "{case}: {slot:?}");
    }
    for slot in &operation.empties {
        assert!(get(&store, slot).is_none_or(|bytes| bytes == OLD), "{case}: {slot:?}");
    }
    // The next writers of the same accounts clear up, in the directories above too, and do what was left undone.
    for slot in operation.fills.iter().chain(&operation.replaces).chain(&operation.empties) {
        drop(store.lock(&slot.account).unwrap());
    }
    assert_eq!(temporaries(root), Vec::<PathBuf>::new(), "{case}");
    for slot in &operation.fills {
        store.put(slot, NEW).unwrap();
        assert_eq!(get(&store, slot).unwrap(), NEW, "{case}: {slot:?}");
    }
    for slot in &operation.replaces {
        let guard = store.lock(&slot.account).unwrap();
        let is_old = get(&store, slot).unwrap() == OLD;
        assert_eq!(store.replace(&guard, slot, OLD, NEW).unwrap(), is_old, "{case}: {slot:?}");
        assert_eq!(get(&store, slot).unwrap(), NEW, "{case}: {slot:?}");
    }
    for slot in &operation.empties {
        let guard = store.lock(&slot.account).unwrap();
        store.remove(slot).unwrap();
        drop(guard);
        assert_eq!(get(&store, slot), None, "{case}: {slot:?}");
        assert!(!root.join("go").exists(), "{case}");
    }
}

fn temporaries(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in dir.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(temporaries(&path));
        }
        if path.file_name().unwrap().to_str().unwrap().starts_with(TEMPORARY) {
            found.push(path);
        }
    }
    found
}

#[test]
fn nothing_is_visible_before_it_is_durable_nor_reported_before_its_name_is() {
    for operation in operations() {
        for plain in [false, true] {
            check_order(&steps(&operation, plain), operation.name);
        }
    }
}

#[test]
fn a_large_batch_shares_its_syncs_and_keeps_the_order() {
    let large = Operation {
        name: "put a large batch",
        run: |store| {
            let objects: Vec<(Slot, &[u8])> = (0..80).map(|n| (slot(&format!("new/{}", n % 40), n), NEW)).collect();
            assert_eq!(store.put_many(&objects).unwrap(), 80);
        },
        fills: vec![],
        replaces: vec![],
        empties: vec![],
    };
    for plain in [false, true] {
        let steps = steps(&large, plain);
        check_order(&steps, large.name);
        if cfg!(target_os = "linux") {
            assert_eq!(steps.iter().filter(|step| step.starts_with("sync")).count(), 2, "{steps:?}");
        }
    }
}

fn check_order(steps: &[&str], name: &str) {
    let (mut unsynced_files, mut unsynced_names) = (0, 0);
    for step in steps {
        match *step {
            "write" => unsynced_files += 1,
            "sync file" => unsynced_files -= 1,
            "sync file system" => (unsynced_files, unsynced_names) = (0, 0),
            "publish" | "replace" => {
                assert_eq!(unsynced_files, 0, "{name}: {steps:?}");
                unsynced_names += 1;
            }
            "rename directory" | "remove file" | "remove directory" => unsynced_names += 1,
            "sync directory" => unsynced_names = 0,
            _ => {}
        }
    }
    assert_eq!((unsynced_files, unsynced_names), (0, 0), "{name}: {steps:?}");
}

#[test]
fn a_put_costs_one_sync_of_its_file_and_one_of_its_directory() {
    let operations = operations();
    let put = &operations[0];
    let fallback = ["make temporary file", "write", "sync file", "publish", "sync directory"];
    assert_eq!(steps(put, true), fallback);
    if cfg!(target_os = "linux") {
        assert_eq!(steps(put, false), ["make unnamed file", "write", "sync file", "publish", "sync directory"]);
    }
}

#[test]
fn a_replacement_costs_one_sync_of_its_file_and_one_of_its_directory() {
    let operations = operations();
    let replace = &operations[3];
    let plain = ["make lock", "make temporary file", "write", "sync file", "replace", "sync directory"];
    assert_eq!(steps(replace, true), plain);
    if cfg!(target_os = "linux") {
        let exchanged =
            ["make lock", "make temporary file", "write", "sync file", "replace", "remove file", "sync directory"];
        assert_eq!(steps(replace, false), exchanged);
    }
}
