//! One record of many: in a store of files, and as a row of an SQLite database with as much durability.
//!
//! Both stand below `TMPDIR`, and both are open already: what is measured is one read by key, and one durable write.

use std::hint::black_box;
use std::path::Path;
use std::rc::Rc;

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_store_fs::FsStore;
use rusqlite::{Connection, OptionalExtension};

use crate::turns::{Work, work};

/// About what a record of capacity 64 takes.
const RECORD: [u8; 200] = [0x5a; 200];
const COUNT: u32 = 10_000;

pub(crate) fn works(home: &Path) -> Vec<Work> {
    let slots: Vec<Slot> = (0..COUNT).map(slot).collect();
    let files = Rc::new(FsStore::open_or_create(home.join("store")).unwrap());
    let objects: Vec<_> = slots.iter().map(|slot| (slot.clone(), RECORD.as_slice())).collect();
    assert_eq!(files.put_many(&objects).unwrap(), objects.len());
    let database = Rc::new(database(home, &slots));

    let mut works = Vec::new();
    let (of_files, wanted, mut buffer) = (Rc::clone(&files), slots[7].clone(), RECORD);
    works.push(work("get a record", move || {
        assert_eq!(of_files.get(black_box(&wanted), &mut buffer).unwrap(), Some(RECORD.len()));
    }));
    let (of_rows, wanted) = (Rc::clone(&database), slots[7].clone());
    works.push(work("SQLite: get a row", move || {
        assert_eq!(row_len(&of_rows, black_box(&wanted)), Some(RECORD.len()));
    }));
    let mut fresh = COUNT..;
    works.push(work("put a record, durable", move || {
        assert!(files.put(&slot(fresh.next().unwrap()), &RECORD).unwrap());
    }));
    let mut fresh = COUNT..;
    works.push(work("SQLite: insert a row, durable", move || insert(&database, &slot(fresh.next().unwrap()))));
    works
}

/// The record of one of 100 accounts, by number.
fn slot(n: u32) -> Slot {
    let account: AccountName = format!("folder/account{}", n % 100).parse().unwrap();
    let mut id = [0; KeyId::LEN];
    id[..4].copy_from_slice(&n.to_be_bytes());
    Slot::record(&account, KeyId::from_bytes(id))
}

/// A database that loses no row that it reported, with a write-ahead log: one sync for each write.
fn database(home: &Path, slots: &[Slot]) -> Connection {
    let database = Connection::open(home.join("database")).unwrap();
    database.pragma_update(None, "journal_mode", "wal").unwrap();
    database.pragma_update(None, "synchronous", "full").unwrap();
    let table = "CREATE TABLE records (account TEXT, id BLOB, record BLOB, PRIMARY KEY (account, id)) WITHOUT ROWID";
    database.execute(table, ()).unwrap();
    let all = database.unchecked_transaction().unwrap();
    slots.iter().for_each(|slot| insert(&all, slot));
    all.commit().unwrap();
    database
}

fn insert(database: &Connection, slot: &Slot) {
    let mut insert = database.prepare_cached("INSERT INTO records VALUES (?1, ?2, ?3)").unwrap();
    insert.execute((slot.account.as_str(), slot.id.as_bytes(), RECORD)).unwrap();
}

fn row_len(database: &Connection, slot: &Slot) -> Option<usize> {
    let mut select = database.prepare_cached("SELECT record FROM records WHERE account = ?1 AND id = ?2").unwrap();
    let found =
        select.query_row((slot.account.as_str(), slot.id.as_bytes()), |row| Ok(row.get_ref(0)?.as_blob()?.len()));
    found.optional().unwrap()
}
