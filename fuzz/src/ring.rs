//! A ring in a directory against one in memory: the same operations, the same answers, and the same entries.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::path::PathBuf;

use arbitrary::{Arbitrary, Unstructured};
use otp_core::ring::{Entry, MemoryRing, Ring};
use otp_core::{AccountName, KeyId};
use otp_link::ring::{FsRing, adopt_ring, init_ring};
use tempfile::TempDir;

use crate::scratch::{change_mode, make_directories, restore, scratch};
use crate::valid::account;

/// Accounts below one another, and one with a name like an entry's, which no ring in a directory accepts.
const NAMES: [&str; 5] = ["a", "a/b", "a/1.spent", "a-b", "z"];
const NOT_KEPT: &str = "a/1.spent";

#[derive(Arbitrary, Debug)]
struct Place {
    account: u8,
    kind: u8,
    number: u8,
}

impl Place {
    fn entry(&self) -> Entry {
        let (id, generation) = (KeyId::from_bytes([self.number % 4; KeyId::LEN]), u64::from(self.number % 4));
        match self.kind % 8 {
            0 => Entry::Key(id),
            1 => Entry::First(id),
            2 => Entry::Succeeded(id),
            3 => Entry::Ended(id),
            4 => Entry::Recovery(id),
            5 => Entry::Applying(id),
            6 => Entry::Spent(generation),
            _ => Entry::Done(generation),
        }
    }
}

fn name(number: u8) -> AccountName {
    account(NAMES[usize::from(number) % NAMES.len()])
}

#[derive(Arbitrary, Debug)]
enum Step {
    Put(Place, Vec<u8>),
    Get {
        place: Place,
        room: u8,
    },
    Remove(Place),
    List(u8),
    Reopen,
    /// Somebody copies the ring, and continues with the copy.
    Copy,
    /// A file that is not an entry, beside an account's entries.
    Foreign {
        account: u8,
        what: u8,
    },
}

struct World {
    home: TempDir,
    root: PathBuf,
    ring: FsRing,
    memory: MemoryRing,
}

/// Performs the steps that arbitrary bytes describe, in a directory and in memory.
pub fn ring(data: &[u8]) {
    let Ok(steps) = Vec::<Step>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let home = scratch();
    let root = home.path().join("ring");
    init_ring(&root, Some(&home.path().join("store"))).unwrap();
    let ring = FsRing::open(&root).unwrap();
    let mut world = World { home, root, ring, memory: MemoryRing::new() };
    for step in steps.iter().take(24) {
        world.perform(step);
        world.check();
    }
}

impl World {
    fn perform(&mut self, step: &Step) {
        match step {
            Step::Put(place, bytes) => {
                let (name, entry, bytes) = (name(place.account), place.entry(), &bytes[..bytes.len().min(600)]);
                let put = self.ring.put(&name, entry, bytes);
                if name.as_str() == NOT_KEPT {
                    put.unwrap_err();
                } else {
                    assert_eq!(put.unwrap(), answer(self.memory.put(&name, entry, bytes)));
                }
            }
            Step::Get { place, room } => {
                let (name, entry) = (name(place.account), place.entry());
                let (mut left, mut right) = (vec![0; usize::from(*room)], vec![0; usize::from(*room)]);
                let got = self.ring.get(&name, entry, &mut left).unwrap();
                assert_eq!(got, answer(self.memory.get(&name, entry, &mut right)));
                assert_eq!(left, right);
            }
            Step::Remove(place) => {
                let (name, entry) = (name(place.account), place.entry());
                self.ring.remove(&name, entry).unwrap();
                answer(self.memory.remove(&name, entry));
            }
            Step::List(account) => {
                let name = name(*account);
                assert_eq!(entries(&self.ring, &name).unwrap(), answer(entries(&self.memory, &name)));
            }
            Step::Reopen => self.ring = FsRing::open(&self.root).unwrap(),
            Step::Copy => {
                restore(self.home.path(), "ring", &self.home.path().join("aside"));
                FsRing::open(&self.root).unwrap_err();
                adopt_ring(&self.root).unwrap();
                self.ring = FsRing::open(&self.root).unwrap();
                self.mark_rotations();
            }
            Step::Foreign { account, what } => {
                let dir = self.root.join(name(*account).as_str());
                if dir.ends_with(NOT_KEPT) {
                    return;
                }
                make_directories(&dir);
                let file = dir.join(["notes.txt", "1.spent.bak", "01.spent", ".x", "a.key"][usize::from(*what) % 5]);
                std::fs::write(&file, b"foreign").unwrap();
                change_mode(&file, 0o600);
            }
        }
    }

    /// Adopting a ring marks each rotation that it has a key for.
    fn mark_rotations(&self) {
        for account in answer(accounts(&self.memory)) {
            for entry in answer(entries(&self.memory, &account)) {
                if let Entry::Recovery(id) = entry {
                    answer(self.memory.put(&account, Entry::Applying(id), &[]));
                }
            }
        }
    }

    /// The same accounts have entries.
    fn check(&self) {
        assert_eq!(accounts(&self.ring).unwrap(), answer(accounts(&self.memory)));
    }
}

fn answer<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
        Err(never) => match never {},
    }
}

fn entries<R: Ring>(ring: &R, account: &AccountName) -> Result<Vec<Entry>, R::Error> {
    let mut found = Vec::new();
    ring.list(account, &mut |entry| {
        found.push(entry);
        ControlFlow::Continue(())
    })?;
    found.sort_unstable();
    Ok(found)
}

fn accounts<R: Ring>(ring: &R) -> Result<Vec<AccountName>, R::Error> {
    let mut found = Vec::new();
    ring.accounts(&mut |account| {
        found.push(account.clone());
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
