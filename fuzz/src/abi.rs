//! The functions for C, called with anything that C can pass, against a simple model of handles, keys and accounts.
//!
//! Each call either does what the model says, or fails with the code of one of its faults. After a failure, its results
//! are zeros, its buffers are untouched, the store has the same objects as before, and the thread's last error is that
//! one. The environment's key and store are left out: they belong to the process, not to the call. Keys are drawn from
//! the system, as for C, so whatever depends on them does not repeat.

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

/// Handles are numbered for the whole process: no other sequence may hold any at the same time.
static ALONE: Mutex<()> = Mutex::new(());

/// Performs the steps that arbitrary bytes describe.
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
