//! What putting, getting and listing cost, beside the least that the same machine can do. `cargo bench -p otp-store-fs`
//!
//! Each figure stands with its floor, measured in the same run and in turns with it: ratios carry over to other machines.
//! `TMPDIR` decides on which file system.
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::ops::ControlFlow;
use std::time::Instant;

use otp_core::store::{Scope, Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_store_fs::FsStore;

/// About what a record of capacity 64 takes.
const RECORD: [u8; 200] = [0x5a; 200];
const ROUNDS: u32 = 300;
const BATCH: u32 = 1_000;

fn main() {
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path().join("store")).unwrap();
    puts(&store, &home.path().join("log"));
    for count in [100, 100_000] {
        let store = FsStore::open_or_create(home.path().join(count.to_string())).unwrap();
        gets(&store, count);
    }
}

fn puts(store: &FsStore, log: &std::path::Path) {
    let mut log = File::create(log).unwrap();
    let (mut floor, mut put) = (Vec::new(), Vec::new());
    store.put(&slot("warm/up", 0), &RECORD).unwrap();
    for n in 0..ROUNDS {
        floor.push(micros(|| {
            log.write_all(&RECORD).unwrap();
            log.sync_data().unwrap();
        }));
        put.push(micros(|| assert!(store.put(&slot("one/account", n), &RECORD).unwrap())));
    }
    let floor = median(floor);
    println!("{:44} {:>9} {:>12}", "", "us each", "times floor");
    report("append to a log, fdatasync (the floor)", floor, floor);
    report("durable put into an account", median(put), floor);
    for (what, accounts) in [("the same account", 1), ("as many new accounts", BATCH)] {
        let mut each = Vec::new();
        for round in 0..5 {
            let slots: Vec<Slot> =
                (0..BATCH).map(|n| slot(&format!("batch{accounts}-{round}/{}", n % accounts), n)).collect();
            let objects: Vec<(Slot, &[u8])> = slots.into_iter().map(|slot| (slot, RECORD.as_slice())).collect();
            each.push(micros(|| assert_eq!(store.put_many(&objects).unwrap(), objects.len())) / f64::from(BATCH));
        }
        report(&format!("durable put in a batch of {BATCH}, {what}"), median(each), floor);
    }
}

fn gets(store: &FsStore, count: u32) {
    let name = |n: u32| format!("folder{}/account{n}", n % 100);
    let slots: Vec<Slot> = (0..count).map(|n| slot(&name(n), n)).collect();
    let objects: Vec<(Slot, &[u8])> = slots.iter().map(|slot| (slot.clone(), RECORD.as_slice())).collect();
    assert_eq!(store.put_many(&objects).unwrap(), objects.len());

    let (mut floor, mut get, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let mut buffer = [0; 1024];
    for n in 0..20_000_u32 {
        let slot = &slots[n.wrapping_mul(2_654_435_761) as usize % slots.len()];
        let path = store.path_of(slot);
        // What comes first pays for what the system has to look up, so the three take turns.
        for turn in 0..3 {
            match (n + turn) % 3 {
                0 => floor.push(micros(|| assert_eq!(black_box(fs::read(&path).unwrap()).len(), RECORD.len()))),
                1 => get.push(micros(|| assert!(store.get(slot, &mut buffer).unwrap().is_some()))),
                _ => open.push(micros(|| {
                    let store = FsStore::open(store.root()).unwrap();
                    assert!(store.get(slot, &mut buffer).unwrap().is_some());
                })),
            }
        }
    }
    let floor = median(floor);
    println!("\namong {count} records");
    report("std::fs::read of the path (the floor)", floor, floor);
    report("get", median(get), floor);
    report("open the store, then get", median(open), floor);

    let mut seen = 0;
    let each = micros(|| {
        store
            .list(Scope::All, &mut |_| {
                seen += 1;
                ControlFlow::Continue(())
            })
            .unwrap();
    });
    assert_eq!(seen, count);
    report("list, each record in an account of its own", each / f64::from(count), floor);
}

fn slot(account: &str, n: u32) -> Slot {
    let mut id = [0; KeyId::LEN];
    id[..4].copy_from_slice(&n.to_be_bytes());
    Slot::record(&AccountName::parse(account).unwrap(), KeyId::from_bytes(id))
}

fn micros(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e6
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn report(what: &str, figure: f64, floor: f64) {
    println!("{what:44} {figure:>9.2} {:>12.2}", figure / floor);
}
