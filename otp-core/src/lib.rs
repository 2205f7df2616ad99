//! One-time-pad sealing of credentials.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod error;
pub mod name;
pub mod store;

pub use error::{Code, Coded, Error};
pub use name::{AccountName, Holder, KeyId, UnixTime};
#[cfg(feature = "alloc")]
pub use store::MemoryStore;
pub use store::{Kind, Slot, Store};
