//! Opening a store.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::error::Error;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{check, walk};

impl FsStore {
    /// Opens a store that exists. Nothing is made.
    ///
    /// # Errors
    ///
    /// [`Error::RootMissing`], [`Error::NotADirectory`], [`Error::WritableByOthers`], [`Error::Store`].
    pub fn open(root: impl AsRef<Path>) -> Result<Self, Error> {
        let path = root.as_ref();
        let root = Dir::open(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::RootMissing { path: path.to_owned() },
            ErrorKind::NotADirectory => Error::NotADirectory { path: path.to_owned(), root: true },
            _ => Error::store("read", path, error),
        })?;
        check::not_writable_by_others(root.status(), || path)?;
        Ok(Self { path: path.to_owned(), root: Arc::new(root), lock_timeout: Self::LOCK_TIMEOUT, on_wait: None })
    }

    /// Opens a store. If its root is missing, makes it with mode 0700, and the directories above with it.
    ///
    /// # Errors
    ///
    /// As [`FsStore::open`], and [`Error::OwnedByOther`].
    pub fn open_or_create(root: impl AsRef<Path>) -> Result<Self, Error> {
        let path = root.as_ref();
        let store = match Self::open(path) {
            Err(Error::RootMissing { .. }) => {
                otp_sys::make_private_dirs(path).map_err(|error| Error::store("make", path, error))?;
                Self::open(path)?
            }
            outcome => outcome?,
        };
        walk::modes_for_writing(&store)?;
        Ok(store)
    }
}
