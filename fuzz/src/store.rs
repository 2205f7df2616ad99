//! The store on a file system against a store in memory: the same operations, the same answers, and the same objects.

mod keep;
mod obstacle;
mod world;

use arbitrary::{Arbitrary, Unstructured};
use otp_core::store::{Kind, Slot};
use otp_core::{AccountName, KeyId};

use crate::change::Change;
use crate::support::account;
use keep::Keep;
use obstacle::Obstacle;
use world::World;

/// Accounts that lie below each other, and one that is sorted between them.
const NAMES: [&str; 5] = ["a", "a/b", "a/b/c", "a-b", "z"];
const KINDS: [Kind; 3] = [Kind::Record, Kind::Note, Kind::Rotation];
/// What accounts can start with, or can't.
const PREFIXES: [&str; 12] = ["", "a", "a/", "a-", "a/b", "a/b/", "a/b/c/", "a/x", "z/", "/", "a//", "../"];

#[derive(Arbitrary, Debug)]
struct Place {
    account: u8,
    id: u8,
    kind: u8,
}

impl Place {
    fn slot(&self) -> Slot {
        Slot {
            account: name(self.account),
            id: KeyId::from_bytes([self.id % 6; 10]),
            kind: KINDS[usize::from(self.kind) % 3],
        }
    }
}

fn name(number: u8) -> AccountName {
    account(NAMES[usize::from(number) % NAMES.len()])
}

/// What an object holds, by a number: often something short, sometimes of some pages.
fn content(number: u8) -> Vec<u8> {
    vec![number; if number % 16 == 15 { 9000 } else { usize::from(number) % 60 }]
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Put(Place, u8),
    PutAll(Vec<(Place, u8)>),
    /// More than what is synced one by one.
    PutMany {
        account: u8,
        from: u8,
        count: u8,
    },
    Get {
        place: Place,
        room: u16,
    },
    List {
        prefix: u8,
        stop: u8,
    },
    ListOf(&'a str),
    Remove(Place),
    Reopen {
        make: bool,
    },
    /// Somebody puts a copy of an account's directory in its place, with all that is in it.
    Restore(u8),
    /// The other one goes on, as another process would.
    Swap,
    Lock {
        account: u8,
        prune: bool,
    },
    Prune(u8),
    Damage(Place, Change),
    Foreign {
        account: Option<u8>,
        what: u8,
        bytes: &'a [u8],
    },
    Stray {
        account: Option<u8>,
        what: u8,
    },
    EmptyDirectory(u8),
    Doctor {
        fix: bool,
    },
    Obstacle(Place, Obstacle),
    Keep {
        keep: Keep,
        alone: bool,
    },
}

/// Does the steps that arbitrary bytes describe, in a directory and in memory.
pub fn store(data: &[u8]) {
    let Ok(steps) = Vec::<Step<'_>>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut world = World::new();
    for step in steps.iter().take(20) {
        world.perform(step);
        world.check();
    }
    world.finish();
}
