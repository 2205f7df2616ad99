//! [`Keeper`]: the rules of accounts and keys, over any store: add, issue, rotate, revoke, remove.
//!
//! An operation that changes an account takes its lock, but first checks that there is something to change: a mistyped
//! name leaves nothing behind, not even a lock. Where a store's lock does not exclude others, each operation writes
//! first and checks again afterwards: if two meet, the one that wrote second sees the other and steps back.

mod accounts;
mod add;
mod batch;
mod error;
mod grant;
mod info;
mod issue;
#[allow(clippy::module_inception, reason = "the type has the name of the module that is about it")]
mod keeper;
mod open;
mod prepared;
mod remove;
mod revoke;
pub mod ringed;
mod rotate;
mod rotation;
mod seal;
mod survey;

pub use error::{Gone, KeepError};
pub use grant::Grant;
pub use info::{AccountInfo, KeyInfo};
pub use keeper::Keeper;
pub use prepared::Prepared;
pub use revoke::Tombstone;
pub use rotation::{Replacement, Rotation};
pub use survey::TOMBSTONE_SECS;

pub use crate::note::{CLOCK_SKEW_SECS, MAX_GRACE_SECS, ROTATION_LIMIT_SECS};
