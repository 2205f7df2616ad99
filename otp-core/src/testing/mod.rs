//! A conformance suite for implementations of [`Store`], to run in tests of their own.
//!
//! [`conformance`] runs all of it, and each part can be run alone. Where a store breaks a promise, it panics with a message
//! that names the promise. Enable the feature `testing` for tests only:
//!
//! ```toml
//! [dev-dependencies]
//! otp-core = { version = "0.1", features = ["testing"] }
//! ```
//!
//! The suite asks for many stores, each empty and apart from the others. With each store comes something that must
//! outlive the store, such as a directory that is removed on drop, or a server's process; return `()` if there is none:
//!
//! ```
//! use otp_core::MemoryStore;
//! use otp_core::testing::conformance;
//!
//! conformance(|| ((), MemoryStore::new()));
//! ```
//!
//! | part | what it checks |
//! | --- | --- |
//! | [`promises`] | every sentence of the docs of [`Store`] that one thread can check |
//! | [`racers`] | the same verbs, and adding an account, from several threads at once |
//! | [`life`] | what a `Keeper` does with an account, from its first key to its removal |
//! | [`cuts`] | every operation of a `Keeper` cut off at each of its steps |
//!
//! The last one takes by far the longest: some ten thousand writes and thirty thousand reads. If a store is slow, run
//! the parts in tests of their own.
//!
//! No suite within one process can check that what a call reported as done survives a crash of the machine, or that processes
//! keep each other out. A store that is shared by processes needs tests with processes too.

#![allow(clippy::unwrap_used, reason = "a suite fails by panicking")]

mod cuts;
mod life;
mod promises;
mod racers;
mod verbs;
mod world;

use crate::store::Store;

pub use cuts::cuts;
pub use life::life;
pub use promises::promises;
pub use racers::racers;
pub use world::{HeldKey, NOW, SECRET, TestRng, count, grant, two_keys};

/// Checks everything that a store promises.
///
/// `fresh` gives something that must outlive the store, and an empty store. They are dropped, the store first, before it is
/// called again.
///
/// # Panics
///
/// If a promise is broken; the message names it.
pub fn conformance<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    promises(&fresh);
    racers(&fresh);
    life(&fresh);
    cuts(&fresh);
}
