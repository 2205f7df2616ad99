//! The store of `otp` on a file system: one record a file, atomic, durable, safe among processes.
//!
//! `ROOT/<account>/<key id>.otp` is a record, found by path from the key alone: reading one costs one open and one read,
//! whether the store has ten records or a million. Notes and the signs of rotations lie beside it.
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
#![deny(unsafe_code)]

mod check;
#[cfg(test)]
mod crash;
pub mod doctor;
pub mod entropy;
pub mod error;
mod key_file;
mod list;
pub mod locate;
mod lock;
mod machine;
mod path;
mod read;
mod step;
pub mod sys;
mod walk;
mod write;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use otp_core::name::AccountName;
use otp_core::store::{Slot, Store};

pub use error::Error;
pub use lock::AccountLock;
pub use read::read_record_file;
use sys::Dir;

/// A store below one directory, its root.
///
/// # Promises
///
/// - What `put`, `put_all` or `remove` reported as done survives a crash of the machine.
/// - Nobody ever sees a part of an object: a reader that runs while any writer runs finds it whole, or not at all.
/// - A crash leaves at worst a stray temporary file or an empty directory, which the next writer of the account or
///   the doctor removes.
/// - Readers take no lock and need no right to write anything. They may read another user's store.
/// - No symbolic link below the root is followed. The root itself may be reached through one.
/// - What others could write to is refused: root, directories and files, by readers and writers alike. Writers
///   also refuse a root that belongs to another user.
/// - Files and directories get their read bits and group from the root as it is when they are made,
///   whatever the umask: 0600 and 0700 below a root of 0700, 0640 and 0750 below 0750, 0644 and 0755 below 0755.
///
/// It may be shared among threads.
#[derive(Debug)]
pub struct FsStore {
    path: PathBuf,
    root: Arc<Dir>,
    /// The directory of the account used last: people ask for a record, and then for the note beside it.
    last: Mutex<Option<(AccountName, Arc<Dir>)>>,
}

impl FsStore {
    /// Opens a store that exists. Nothing is made.
    ///
    /// # Errors
    ///
    /// [`Error::RootMissing`], [`Error::NotADirectory`], [`Error::WritableByOthers`], [`Error::Store`].
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        walk::open_root(root.as_ref())
    }

    /// Opens a store, and makes its root with mode 0700 if it is missing, and the directories above with it.
    ///
    /// # Errors
    ///
    /// As [`FsStore::open`], and [`Error::OwnedByOther`].
    pub fn open_or_create(root: impl AsRef<Path>) -> Result<Self, Error> {
        walk::make_root(root.as_ref())
    }

    /// The store's root, as it was given.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// The path of an object's file, whether there is one or not: for messages.
    #[must_use]
    pub fn path_of(&self, slot: &Slot) -> PathBuf {
        self.path.join(slot.account.as_str()).join(path::file_name(slot))
    }

    /// Waits until no other writer has an account's lock, and takes it until the result is dropped or the process ends.
    ///
    /// The account's directory is made if it is missing, and what a crashed writer left there is removed.
    /// Readers never take it, and neither does [`put`](Store::put): it keeps apart those who change several records
    /// of an account in one go.
    pub fn lock(&self, account: &AccountName) -> Result<AccountLock, Error> {
        lock::lock(self, account)
    }

    /// Removes an account's directory if nothing is in it any more, and then the empty ones above.
    ///
    /// Nothing happens to a directory that has anything in it, or whose lock somebody holds: drop your own before.
    /// Others may use the account meanwhile.
    ///
    /// # Errors
    ///
    /// As writers have them; that something is in use is none.
    pub fn prune(&self, account: &AccountName) -> Result<(), Error> {
        write::prune(self, account)
    }
}

impl Store for FsStore {
    type Error = Error;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Error> {
        write::put(self, slot, bytes)
    }

    fn put_all(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Error> {
        write::put_all(self, objects)
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        read::get(self, slot, buffer)
    }

    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Error> {
        list::list(self, prefix, each)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Error> {
        write::remove(self, slot)
    }
}
