//! The functions that C calls, with whatever C can give them, against a simple model of handles, keys and accounts.
//!
//! Each call either does what the model says, or fails with a code that one of its faults has; then its results are zeros, its
//! buffers are untouched, the store has the same objects as before, and the thread's last error is that one. Left out is what
//! belongs to the process and not to the call: key and store from the environment. Keys are drawn as C gets them, from the
//! system: what depends on them does not repeat.

mod asks;
mod calls;
mod changes;
mod given;
mod sources;
mod steps;
mod world;

use std::sync::{Mutex, PoisonError};

use arbitrary::{Arbitrary, Unstructured};

use steps::Step;
use world::World;

/// Handles are numbers of the whole process: no other sequence may have some at the same time.
static ALONE: Mutex<()> = Mutex::new(());

/// Does the steps that arbitrary bytes describe.
pub fn abi(data: &[u8]) {
    let Ok(steps) = Vec::<Step<'_>>::arbitrary_take_rest(Unstructured::new(data)) else {
        return;
    };
    calls::watch_for_panics();
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut world = World::new();
    world.begin();
    for step in steps.iter().take(20) {
        world.perform(step);
        world.check_message();
    }
    world.finish();
}
