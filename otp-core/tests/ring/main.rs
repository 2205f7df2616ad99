//! A keeper with a ring, over store and ring in memory: rules and tests are those of `docs/rotation.md`.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cuts;
mod fuse;
mod life;
mod world;
