//! What importing many accounts costs, beside the least that writing their records and key files can cost.
//! `cargo bench -p otp-link --bench bulk [ACCOUNTS]`
//!
//! The floor writes as many bytes in the same chunks: the records by a batch put of the store, each into a new account, and the
//! key files without names, synced together, and then named. `TMPDIR` decides on which file system.
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId, UnixTime};
use otp_link::manifest::{Format, Manifest, Mapping, Reading};
use otp_link::{Import, Place, Randomness, State};
use otp_store_fs::FsStore;

/// About what a record, and a key file, of capacity 64 take.
const RECORD: [u8; 200] = [0x5a; 200];
const KEY: [u8; 216] = [0x61; 216];
const CHUNK: usize = 64;
const ROUNDS: usize = 3;

fn main() {
    let named = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let accounts: usize = named.unwrap_or(20_000);
    let (mut floors, mut imports) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let home = otp_test_tools::folder();
        floors.push(seconds(|| floor(home.path(), accounts)));
        let manifest = manifest(home.path(), accounts);
        imports.push(seconds(|| import(home.path(), &manifest, accounts)));
    }
    let (floor, import) = (median(floors), median(imports));
    let each = |seconds: f64| seconds * 1e6 / f64::from(u32::try_from(accounts).unwrap());
    println!("{accounts} accounts{:>32} {:>12}", "us each", "times floor");
    println!("{:32} {:>10.1} {:>12.2}", "records and key files (the floor)", each(floor), 1.0);
    println!("{:32} {:>10.1} {:>12.2}", "import", each(import), import / floor);
}

fn name(number: usize) -> String {
    format!("team{}/account{number}", number % 100)
}

fn floor(home: &Path, accounts: usize) {
    let store = FsStore::open_or_create(home.join("floor")).unwrap();
    let keys = home.join("floor-keys");
    otp_link::make_key_dir(&keys).unwrap();
    let numbers: Vec<usize> = (0..accounts).collect();
    for chunk in numbers.chunks(CHUNK) {
        let files: Vec<File> = chunk
            .iter()
            .map(|number| {
                let mut file = otp_sys::unnamed_private(&keys.join(number.to_string())).unwrap();
                file.write_all(&KEY).unwrap();
                file
            })
            .collect();
        assert!(otp_sys::sync_file_system(&files[0]).unwrap());
        for (file, number) in files.iter().zip(chunk) {
            otp_sys::give_name(file, &keys.join(number.to_string())).unwrap();
        }
        otp_sys::sync_parent(&keys.join("any")).unwrap();
        let slot = |number: &usize| {
            let mut id = [0; KeyId::LEN];
            id[..8].copy_from_slice(&number.to_be_bytes());
            Slot::record(&AccountName::parse(&name(*number)).unwrap(), KeyId::from_bytes(id))
        };
        let objects: Vec<(Slot, &[u8])> = chunk.iter().map(|number| (slot(number), RECORD.as_slice())).collect();
        assert_eq!(store.put_many(&objects).unwrap(), objects.len());
    }
}

fn manifest(home: &Path, accounts: usize) -> Manifest {
    let path = home.join("accounts.jsonl");
    let mut file = File::create(&path).unwrap();
    for number in 0..accounts {
        let name = name(number);
        writeln!(file, "{{\"account\": \"{name}\", \"username\": \"user\", \"password\": \"password {number}\"}}")
            .unwrap();
    }
    let (mapping, when) = (Mapping::default(), |_: &str| None::<UnixTime>);
    Manifest::read(&path, Format::Jsonl, &Reading::new(&mapping, &when)).unwrap()
}

fn import(home: &Path, manifest: &Manifest, accounts: usize) {
    let (keys, store) = (home.join("keys"), home.join("store"));
    let mut import = Import::new(&keys);
    import.place = Place::from(Some(&store));
    let mut added = 0;
    otp_link::import_accounts(manifest, &import, &mut Randomness::system(), |items| {
        added += items.iter().filter(|item| matches!(item.state, State::Added)).count();
    })
    .unwrap();
    assert_eq!(added, accounts);
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_unstable_by(f64::total_cmp);
    figures[figures.len() / 2]
}
