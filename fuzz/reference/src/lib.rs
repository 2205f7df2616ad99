//! A second implementation of `docs/format.md`, as plain as it can be: with no regard to time, memory or secrets.
//!
//! Tests and fuzz targets compare the core with it. It shares no code with the core, not even a table, so an error goes
//! unnoticed only if both make it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "what can't be made is a defect of the test that asks for it")]

mod account;
mod bytes;
mod checksum;
mod frame;
mod key;
mod names;
mod objects;
mod record;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;

pub use account::{WELL_KNOWN_NAMES, fields, payload, place};
pub use checksum::{checksum, set_checksum};
pub use frame::{CAPACITIES, frame};
pub use key::{KeyParts, key_contents, key_text, raw_key_text, tag_key};
pub use names::{is_account_name, is_free_text};
pub use objects::{entry, id_of, id_text, object};
pub use record::Parts;

/// 9999-12-31T23:59:59Z, the last time that a record can hold.
pub const LAST_TIME: u64 = 253_402_300_799;

/// A source of randomness that always returns the same bytes for the same seed.
#[must_use]
pub fn rng(seed: u64) -> ChaCha20Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha20Rng::from_seed(bytes)
}
