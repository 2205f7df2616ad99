//! The store on a file system against one in memory: the same operations, the same answers, and the same objects.

mod keep;
mod obstacle;
mod plant;
mod verbs;
mod world;

use arbitrary::{Arbitrary, Unstructured};
use otp_core::store::{Kind, Slot};
use otp_core::{AccountName, KeyId};

use crate::change::Change;
use crate::valid::account;
use keep::Keep;
use obstacle::Obstacle;
use world::World;

/// Accounts below one another, and one that sorts between them.
const NAMES: [&str; 5] = ["a", "a/b", "a/b/c", "a-b", "z"];

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
            kind: Kind::ALL[usize::from(self.kind) % Kind::ALL.len()],
        }
    }
}

fn name(number: u8) -> AccountName {
    account(NAMES[usize::from(number) % NAMES.len()])
}

/// An object's contents, chosen by a number: mostly short, sometimes of several pages.
fn content(number: u8) -> Vec<u8> {
    vec![number; if number % 16 == 15 { 9000 } else { usize::from(number) % 60 }]
}

/// Whose lock a replacement is given.
#[derive(Arbitrary, Debug)]
enum LockOf {
    Account,
    OtherAccount,
    /// The same account's, taken through the second open store.
    OtherStore,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    Put(Place, u8),
    PutMany(Vec<(Place, u8)>),
    /// About as many as are synced together.
    PutChunk {
        account: u8,
        from: u8,
        count: u8,
    },
    Get {
        place: Place,
        room: u16,
    },
    GetWithNote {
        place: Place,
        room: u16,
    },
    Replace {
        place: Place,
        /// Whether the expected object is the one that is there.
        expected: bool,
        new: u8,
        lock: LockOf,
    },
    List {
        /// One of the accounts, or all.
        top: Option<u8>,
        stop: u8,
    },
    ListBelow(&'a str),
    ListAccount(u8),
    Remove(Place),
    Reopen {
        make: bool,
    },
    /// Somebody replaces an account's directory by a copy of it and its contents.
    Restore(u8),
    /// Continues with the other open store, as another process would.
    Swap,
    Lock(u8),
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
    Examine {
        fix: bool,
    },
    Obstacle(Place, Obstacle),
    Keep {
        keep: Keep,
        /// Whether others are excluded: by the store's own locks, or not at all.
        exclusive: bool,
    },
}

/// Performs the steps that arbitrary bytes describe, in a directory and in memory.
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
