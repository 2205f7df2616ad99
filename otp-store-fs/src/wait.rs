//! Waiting for an account's lock that another process holds.

use std::fs::File;
use std::path::Path;

use otp_sys::{LockWait, NotLocked};

use crate::error::Error;
use crate::store::FsStore;

/// One writer's wait for an account's lock, however often the writer starts over.
#[derive(Debug)]
pub(crate) struct Wait<'s> {
    store: &'s FsStore,
    path: &'s Path,
    lock: LockWait,
}

impl<'s> Wait<'s> {
    pub(crate) fn new(store: &'s FsStore, path: &'s Path) -> Self {
        Self { store, path, lock: LockWait::new(store.lock_timeout) }
    }

    /// The account's directory.
    pub(crate) fn path(&self) -> &'s Path {
        self.path
    }

    /// Locks a file.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] once the store's timeout has passed; [`Error::Store`].
    pub(crate) fn for_lock(&mut self, file: &File) -> Result<(), Error> {
        let notice = || {
            self.store.on_wait.inspect(|notice| notice(self.path));
        };
        self.lock.lock(file, notice).map_err(|error| match error {
            NotLocked::Held(waited) => Error::Locked { path: self.path.to_owned(), waited },
            NotLocked::Failed(error) => Error::store("lock", self.path, error),
        })
    }
}
