//! What people do with keys, over the store in memory.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cuts;
mod lifecycle;
mod meetings;
mod overtaken;
mod world;
