//! [`FsStore`]: a store below one directory.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use otp_core::AccountName;
use otp_core::store::{Scope, Slot};

use crate::error::Error;
use crate::list;
use crate::platform::Dir;

/// A store below one directory, its root.
///
/// # Promises
///
/// - What `put`, `put_many`, `replace` or `remove` reported as done survives a crash of the machine.
/// - No reader ever sees a part of an object: they find it whole or not at all, whatever writers do at the time.
/// - A crash leaves at worst a stray temporary file or an empty directory, which the next writer of the account or
///   [`examine`](crate::examine()) removes.
/// - Readers take no lock and need no right to write anything. They may read another user's store.
/// - No symbolic link below the root is followed. The root itself may be reached through one.
/// - What others could write to is refused: root, directories and files, by readers and writers alike. So is what belongs
///   neither to the root's owner nor to the system's administrator. Writers also refuse a root that belongs to another user.
/// - Files and directories get their read bits and group from the root as it is when they are made,
///   whatever the umask: 0600 and 0700 below a root of 0700, 0640 and 0750 below 0750, 0644 and 0755 below 0755.
///
/// Threads may share it.
#[derive(Debug)]
pub struct FsStore {
    pub(crate) path: PathBuf,
    pub(crate) root: Arc<Dir>,
    pub(crate) lock_timeout: Duration,
    pub(crate) on_wait: Option<fn(&Path)>,
}

impl FsStore {
    /// How long a writer waits for an account's lock unless it is told otherwise.
    pub const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

    /// How long to wait for an account's lock before giving up with [`Error::Locked`](crate::Error::Locked).
    #[must_use]
    pub fn lock_timeout(self, timeout: Duration) -> Self {
        Self { lock_timeout: timeout, ..self }
    }

    /// What to call, with the account's directory, once a writer has waited a second for its lock.
    #[must_use]
    pub fn on_wait(self, notice: fn(&Path)) -> Self {
        Self { on_wait: Some(notice), ..self }
    }

    /// The store's root, as it was given.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// Like [`Store::list`](otp_core::Store::list), and also gives each slot that a pipe, a socket or a directory
    /// occupies, with [`Error::NotAFile`]: nobody can read or fill it.
    ///
    /// # Errors
    ///
    /// As [`Store::list`](otp_core::Store::list).
    pub fn list_with_obstacles(
        &self,
        scope: Scope<'_>,
        each: &mut dyn FnMut(&Slot, Option<Error>) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        list::list_with_obstacles(self, scope, each)
    }

    /// The path of an object's file, whether or not it exists: for messages.
    #[must_use]
    pub fn path_of(&self, slot: &Slot) -> PathBuf {
        self.dir_of(&slot.account).join(slot.name().to_string())
    }

    /// The path of an account's directory.
    pub(crate) fn dir_of(&self, account: &AccountName) -> PathBuf {
        self.path.join(account.as_str())
    }
}
