//! A keeper with a ring, both in memory: the rules and tests are those in `docs/rotation.md`.
#![cfg(feature = "testing")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod callers;
mod cuts;
mod fates;
mod fuse;
mod hostile;
mod life;
mod races;
mod restored;
mod resumed;
mod revoked;
mod successors;
mod watch;
mod world;
