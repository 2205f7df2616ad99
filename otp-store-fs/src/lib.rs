//! A store on a file system: one file per record, atomic, durable, safe across processes.
//!
//! `ROOT/<account>/<key id>.otp` is a record. A key alone gives its path, so reading it costs one open and one read, whether
//! the store has ten records or a million. Notes and the markers of rotations lie beside it.
//!
//! ```
//! use otp_core::store::{Slot, Store};
//! use otp_core::{AccountName, KeyId};
//! use otp_store_fs::FsStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let home = tempfile::tempdir()?;
//! # let root = home.path().join("store");
//! let store = FsStore::open_or_create(&root)?;
//! let slot = Slot::record(&AccountName::parse("edms/reporting")?, KeyId::from_bytes(*b"ten bytes."));
//! assert!(store.put(&slot, b"what a record holds")?);
//!
//! let mut buffer = [0; 64];
//! let len = FsStore::open(&root)?.get(&slot, &mut buffer)?;
//! assert_eq!(&buffer[..len.ok_or("it was put")?], b"what a record holds");
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod check;
#[cfg(test)]
mod crash;
mod durable;
mod error;
mod examine;
mod get;
mod hint;
mod list;
mod lock;
mod modes;
mod names;
mod open;
mod prune;
mod put;
mod reach;
mod remove;
mod replace;
mod step;
mod store;
mod strays;
#[cfg(unix)]
mod unix;
mod verbs;
mod wait;
mod walk;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub use error::Error;
pub use examine::{Finding, examine};
pub use hint::Hint;
pub use lock::AccountLock;
pub use store::FsStore;
