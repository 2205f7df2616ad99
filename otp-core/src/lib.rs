//! One-time-pad sealing of credentials.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod account;
mod buffer;
pub mod ct;
pub mod error;
pub mod frame;
#[cfg(feature = "alloc")]
pub mod keeper;
pub mod key;
pub mod name;
pub mod note;
pub mod pad;
pub mod random;
pub mod record;
pub mod seal;
pub mod store;
pub mod tag;

#[cfg(feature = "alloc")]
pub use account::Account;
pub use account::Fields;
pub use buffer::Buffer;
pub use error::{Code, Coded, Error};
pub use frame::Capacity;
#[cfg(feature = "alloc")]
pub use keeper::{Grant, KeepError, Keeper};
#[cfg(feature = "alloc")]
pub use key::KeyText;
pub use key::{FreshKey, Key};
pub use name::{AccountName, Holder, KeyId, UnixTime};
pub use note::Note;
pub use rand_core;
pub use record::{Header, Record, Terms};
pub use seal::{Secret, open, seal, verify};
#[cfg(feature = "alloc")]
pub use store::MemoryStore;
pub use store::{Kind, Slot, Store};
