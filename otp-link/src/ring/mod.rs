//! The ring in a directory: the administrator's copies of the keys that were handed out.
//!
//! `RING/ACCOUNT/ID.key` is a key file as its holder has it. Beside it are marks, mostly empty files, whose names say
//! it all: see [`otp_core::ring::Entry`]. Everything is the user's alone: directories have mode 0700, files 0600.

mod commands;
mod dir;
mod entries;
mod finding;
mod identity;

pub(crate) use commands::{FsRingKeeper, open};
pub use commands::{RingKeys, adopt_ring, export_key, find_ring, init_ring, put_into_ring, show_ring, verify_ring};
pub use dir::{FsRing, RingGuard};
pub use finding::hint_for;
