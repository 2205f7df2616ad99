//! The [`Ring`] trait: the administrator's copies of the keys that were handed out, and what was done with them.
//!
//! A ring makes two things possible that a store alone can't offer. It authenticates every record, since it has the tag
//! keys. And it knows which pages of a key are used, so that a rotation can seal the next one and the key keeps its text.
//!
//! It never holds a tag, a hash or a copy of a record: together with the tag key, that would be a fingerprint of the secret.

mod entry;
mod memory;
#[allow(clippy::module_inception, reason = "the trait has the name of the module that is about it")]
mod ring;

pub(crate) use entry::generation;
pub use entry::{Entry, EntryName};
pub use memory::MemoryRing;
pub use ring::{Ring, RingError, put_one_by_one};
