//! The store in memory passes the suite for all stores, and the suite names the promise that a broken store breaks.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broken;
mod locking;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use broken::{Broken, FAULTS};
use locking::{Locking, Others};
use otp_core::{MemoryStore, testing};

#[test]
fn the_store_in_memory_conforms() {
    testing::conformance(|| ((), MemoryStore::new()));
}

#[test]
fn a_store_whose_locks_exclude_others_conforms() {
    for others in [Others::Wait, Others::Fail] {
        testing::conformance(|| ((), Locking::new(others)));
    }
}

#[test]
fn each_part_can_be_run_alone() {
    testing::promises(|| ((), MemoryStore::new()));
    testing::racers(|| ((), MemoryStore::new()));
    testing::life(|| ((), MemoryStore::new()));
    testing::cuts(|| ((), MemoryStore::new()));
}

/// Counts how many have been dropped.
struct Directory<'a>(&'a Cell<usize>);

impl Drop for Directory<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

#[test]
fn one_store_at_a_time_and_what_must_outlive_it_are_asked_for() {
    let (made, gone) = (Cell::new(0), Cell::new(0));
    testing::promises(|| {
        assert_eq!(made.replace(made.get() + 1), gone.get());
        (Directory(&gone), MemoryStore::new())
    });
    assert!(made.get() > 10);
    assert_eq!(made.get(), gone.get());
}

#[test]
fn a_store_that_breaks_a_promise_is_told_which() {
    for (fault, verb) in FAULTS {
        let run = || testing::conformance(|| ((), Broken::new(*fault)));
        let panic = catch_unwind(AssertUnwindSafe(run)).expect_err(&format!("{fault:?} was not noticed"));
        let message =
            panic.downcast::<String>().unwrap_or_else(|_| panic!("{fault:?} makes the suite panic without a message"));
        assert!(message.starts_with(&format!("broken promise: {verb}: ")), "{fault:?}: {message}");
    }
}
