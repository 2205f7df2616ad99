//! The [`Store`] trait, the places of a store, and a store in memory.

#[cfg(feature = "alloc")]
mod memory;
mod slot;
#[allow(clippy::module_inception, reason = "the trait has the name of the module that is about it")]
mod store;

#[cfg(feature = "alloc")]
pub use memory::MemoryStore;
pub use slot::{Kind, ObjectName, Slot};
pub use store::{ErrorKind, Guard, Scope, Store, StoreError};
