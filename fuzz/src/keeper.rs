//! Sequences of operations on keys, against a simple model of what each key opens.

mod check;
mod cutting;
mod known;
mod ringed;
mod rotate;
mod world;

use arbitrary::{Arbitrary, Unstructured};

use world::World;

/// Two accounts, one below the other.
const NAMES: [&str; 2] = ["a", "a/b"];

#[derive(Arbitrary, Debug)]
enum Step {
    Add {
        account: bool,
        secret: u8,
        lifetime: Option<u8>,
    },
    Issue {
        key: u8,
        lifetime: Option<u8>,
    },
    Revoke {
        key: u8,
    },
    RevokeUnknown {
        account: bool,
        id: [u8; 10],
    },
    /// With a key, the new secret depends on the old one; making it may fail.
    Rotate {
        from: From,
        secret: u8,
        grace: Option<u8>,
        lifetime: Option<u8>,
        end: End,
    },
    Remove {
        account: bool,
    },
    /// Takes back a key that could not be handed over.
    Withdraw {
        key: u8,
    },
    Wait {
        secs: u8,
    },
    WaitLong,
    /// Waits until a rotation counts as crashed.
    WaitForRotation,
}

#[derive(Arbitrary, Debug)]
enum From {
    Account(bool),
    Key { key: u8, fails: bool },
}

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
enum End {
    Finish,
    Abandon,
    /// The process dies before either.
    Die,
}

#[derive(Arbitrary, Debug)]
struct Case {
    /// Whether the store's locks exclude others.
    exclusive: bool,
    steps: Vec<Step>,
}

/// Performs the steps that arbitrary bytes describe. After each, every key ever issued opens what the model says.
///
/// The same bytes also describe a sequence with a ring.
pub fn keeper(data: &[u8]) {
    ringed::ringed(data);
    let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    let mut world = World::new(case.exclusive);
    for step in case.steps.iter().take(24) {
        world.perform(step);
        world.check();
    }
}
