//! One record out of many: in a store of files, directly in the file system, and as a row of an SQLite database with
//! equal durability.
//!
//! All of it is below `TMPDIR` and already open: what is measured is one read by key, and one durable write.

use std::cell::Cell;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::rc::Rc;

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId};
use otp_store_fs::FsStore;
use otp_test_tools::turns::Figure;
use rusqlite::{Connection, OptionalExtension};

use crate::turns::{Rounds, Work, measure as in_turns, work};

/// About the size of a record of capacity 64.
const RECORD: [u8; 200] = [0x5a; 200];

pub(crate) fn measure(rounds: Rounds, show: fn(&[Figure])) {
    for count in [10, 1_000, 100_000] {
        let home = otp_test_tools::folder();
        let slots: Vec<Slot> = (0..count).map(|n| slot(&format!("folder{}/account{n}", n % 100), n)).collect();
        let files = Rc::new(FsStore::open_or_create(home.path().join("store")).unwrap());
        let objects: Vec<_> = slots.iter().map(|slot| (slot.clone(), RECORD.as_slice())).collect();
        assert_eq!(files.put_many(&objects).unwrap(), objects.len());
        let database = Rc::new(database(home.path(), &slots));
        show(&in_turns(&format!("one record of {count}"), &mut reads(&files, &database, &slots), rounds));
        if count == 1_000 {
            let rounds = Rounds(rounds.0 / 2);
            show(&in_turns("one durable write", &mut writes(&files, &database, home.path()), rounds));
            let rounds = Rounds(rounds.0 / 30);
            show(&in_turns(
                "each of 1,000 durable writes at once",
                &mut batches(&files, &database, home.path()),
                rounds,
            ));
        }
    }
}

/// Each run reads a record at random, and each work in an order of its own: what one has just read is in the processor's caches
/// for the next.
fn reads(files: &Rc<FsStore>, database: &Rc<Connection>, slots: &[Slot]) -> Vec<Work> {
    let slots: Rc<[Slot]> = slots.into();
    let mut next = at_random(1, slots.len());
    let paths: Vec<_> = slots.iter().map(|slot| files.path_of(slot)).collect();
    let floor = work("std::fs::read of the path", move || {
        assert_eq!(black_box(fs::read(&paths[next()]).unwrap()).len(), RECORD.len());
    });
    let mut next = at_random(2, slots.len());
    let (store, of_store, mut buffer) = (Rc::clone(files), Rc::clone(&slots), [0; 1024]);
    let get = work("get", move || {
        assert_eq!(store.get(black_box(&of_store[next()]), &mut buffer).unwrap(), Some(RECORD.len()));
    });
    let mut next = at_random(3, slots.len());
    let (root, of_store, mut buffer) = (files.root().to_owned(), Rc::clone(&slots), [0; 1024]);
    let open = work("open the store, then get", move || {
        let store = FsStore::open(&root).unwrap();
        assert_eq!(store.get(black_box(&of_store[next()]), &mut buffer).unwrap(), Some(RECORD.len()));
    });
    let mut next = at_random(4, slots.len());
    let database = Rc::clone(database);
    let row = work("SQLite, from its cache", move || {
        assert_eq!(row_len(&database, black_box(&slots[next()])), Some(RECORD.len()));
    });
    vec![floor, get, open, row]
}

/// Indices below a length, at random (George Marsaglia, "Xorshift RNGs", 2003); another seed gives others.
fn at_random(seed: u32, len: usize) -> impl FnMut() -> usize {
    let mut state = seed.wrapping_mul(2_654_435_761);
    move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % len
    }
}

fn writes(files: &Rc<FsStore>, database: &Rc<Connection>, home: &Path) -> Vec<Work> {
    let mut log = File::create(home.join("log")).unwrap();
    let floor = work("append to a file, fdatasync", move || {
        log.write_all(&RECORD).unwrap();
        log.sync_data().unwrap();
    });
    let (files, mut fresh) = (Rc::clone(files), 1_000_000..);
    let put = work("put", move || {
        assert!(files.put(&slot("one/account", fresh.next().unwrap()), &RECORD).unwrap());
    });
    let (database, mut fresh) = (Rc::clone(database), 1_000_000..);
    let row = work("SQLite, write-ahead log, synchronous=full", move || {
        insert(&database, &slot("one/account", fresh.next().unwrap()));
    });
    vec![floor, put, row]
}

fn batches(files: &Rc<FsStore>, database: &Rc<Connection>, home: &Path) -> Vec<Work> {
    const BATCH: u32 = 1_000;
    let mut log = File::create(home.join("batch-log")).unwrap();
    let floor = move || {
        for _ in 0..BATCH {
            log.write_all(&RECORD).unwrap();
        }
        log.sync_data().unwrap();
    };
    let round = Rc::new(Cell::new(2_000_000));
    let put = |accounts: u32| {
        let (files, round) = (Rc::clone(files), Rc::clone(&round));
        move || {
            let start = round.replace(round.get() + BATCH);
            let name = |n: u32| format!("batch{start}/{}", n % accounts);
            let slots: Vec<Slot> = (0..BATCH).map(|n| slot(&name(n), start + n)).collect();
            let objects: Vec<(Slot, &[u8])> = slots.into_iter().map(|slot| (slot, RECORD.as_slice())).collect();
            assert_eq!(files.put_many(&objects).unwrap(), objects.len());
        }
    };
    let (database, mut fresh) = (Rc::clone(database), 2_000_000..);
    let rows = move || {
        let all = database.unchecked_transaction().unwrap();
        fresh.by_ref().take(BATCH as usize).for_each(|n| insert(&all, &slot("one/account", n)));
        all.commit().unwrap();
    };
    let part = |name, run: Box<dyn FnMut()>| Work { name, run, parts: BATCH };
    vec![
        part("append to a file, one fdatasync", Box::new(floor)),
        part("put_many, in one account", Box::new(put(1))),
        part("put_many, each in a new account", Box::new(put(BATCH))),
        part("SQLite, one transaction", Box::new(rows)),
    ]
}

fn slot(account: &str, n: u32) -> Slot {
    let mut id = [0; KeyId::LEN];
    id[..4].copy_from_slice(&n.to_be_bytes());
    Slot::record(&account.parse::<AccountName>().unwrap(), KeyId::from_bytes(id))
}

/// A database that loses no row that it has reported, with a write-ahead log: one sync for each write.
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
