//! What the store on a file system promises.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod lists;
mod locks;
mod model;
mod objects;
mod place;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use otp_core::store::{Kind, Scope, Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_store_fs::FsStore;
use otp_test_tools::TempDir;

fn new_store() -> (TempDir, FsStore) {
    let home = otp_test_tools::folder();
    let store = FsStore::open_or_create(home.path().join("a/store")).unwrap();
    (home, store)
}

fn slot(account: &str, id: u8, kind: Kind) -> Slot {
    Slot { account: account.parse().unwrap(), id: self::id(id), kind }
}

fn id(byte: u8) -> KeyId {
    KeyId::from_bytes([byte; 10])
}

fn record(account: &str, id: u8) -> Slot {
    slot(account, id, Kind::Record)
}

fn get(store: &FsStore, slot: &Slot) -> Option<Vec<u8>> {
    let mut buffer = vec![0; 1 << 17];
    let len = store.get(slot, &mut buffer).unwrap()?;
    buffer.truncate(len);
    Some(buffer)
}

fn listed(store: &FsStore, scope: Scope<'_>) -> Vec<Slot> {
    let mut slots = Vec::new();
    store
        .list(scope, &mut |slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    slots
}

fn listed_of(store: &FsStore, account: &AccountName) -> Vec<Slot> {
    let mut slots = Vec::new();
    store
        .list_account(account, &mut |slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        })
        .unwrap();
    slots.sort_unstable();
    slots
}

fn entries(path: &Path) -> usize {
    fs::read_dir(path).unwrap().count()
}
