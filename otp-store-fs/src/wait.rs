//! Waiting for a lock that another process holds.
//!
//! No system waits for a lock of a file for a limited time, so it is tried again and again.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::store::FsStore;

/// The first pause between two tries; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long it is waited before anybody hears of it.
const UNNOTICED: Duration = Duration::from_secs(1);

/// One writer's wait for an account's lock, however often it begins anew.
#[derive(Debug)]
pub(crate) struct Wait<'s> {
    store: &'s FsStore,
    path: &'s Path,
    /// When the lock was first found to be held.
    since: Option<Instant>,
    noticed: bool,
}

impl<'s> Wait<'s> {
    pub(crate) fn new(store: &'s FsStore, path: &'s Path) -> Self {
        Self { store, path, since: None, noticed: false }
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
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => self.go_on()?,
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(Error::store("lock", self.path, error)),
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn go_on(&mut self) -> Result<(), Error> {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        if waited >= self.store.lock_timeout {
            return Err(Error::Locked { path: self.path.to_owned(), waited });
        }
        if waited >= UNNOTICED && !self.noticed {
            self.noticed = true;
            self.store.on_wait.inspect(|notice| notice(self.path));
        }
        Ok(())
    }
}
