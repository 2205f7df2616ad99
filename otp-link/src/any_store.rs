//! [`AnyStore`]: the store that every command works on, wherever it is; and what goes wrong with it.

use std::ops::ControlFlow;
use std::{error, fmt};

use otp_core::store::{ErrorKind, Guard, Scope, Slot, Store};
use otp_core::{AccountName, Code, Coded, KeyId};
use otp_store_fs::{AccountLock, FsStore};

use crate::remote::{RemoteError, RemoteStore};

/// A store in a directory, or one that a helper reaches.
#[derive(Debug)]
pub(crate) enum AnyStore {
    Files(FsStore),
    Remote(RemoteStore),
}

/// An account's lock, where there are locks.
#[derive(Debug)]
pub(crate) enum AnyGuard<'s> {
    Files(AccountLock<'s>),
    Remote,
}

/// What goes wrong with a store.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// With one in a directory.
    Files(otp_store_fs::Error),
    /// With one on the network.
    Remote(RemoteError),
}

impl AnyStore {
    /// Like [`Store::list`], and also gives each slot of a directory that has something other than a file, with the
    /// error.
    pub(crate) fn list_with_obstacles(
        &self,
        scope: Scope<'_>,
        each: &mut dyn FnMut(&Slot, Option<StoreError>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Files(store) => {
                Ok(store
                    .list_with_obstacles(scope, &mut |slot, obstacle| each(slot, obstacle.map(StoreError::Files)))?)
            }
            Self::Remote(store) => Ok(store.list(scope, &mut |slot| each(slot, None))?),
        }
    }
}

impl Guard for AnyGuard<'_> {
    fn excludes_others(&self) -> bool {
        match self {
            Self::Files(lock) => lock.excludes_others(),
            Self::Remote => ().excludes_others(),
        }
    }
}

impl Store for AnyStore {
    type Error = StoreError;
    type Guard<'s> = AnyGuard<'s>;

    fn lock(&self, account: &AccountName) -> Result<AnyGuard<'_>, StoreError> {
        match self {
            Self::Files(store) => Ok(AnyGuard::Files(store.lock(account)?)),
            Self::Remote(store) => Ok(store.lock(account).map(|()| AnyGuard::Remote)?),
        }
    }

    fn await_writers(&self, account: &AccountName) -> Result<(), StoreError> {
        match self {
            Self::Files(store) => Ok(store.await_writers(account)?),
            Self::Remote(store) => Ok(store.await_writers(account)?),
        }
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, StoreError> {
        match self {
            Self::Files(store) => Ok(store.put(slot, bytes)?),
            Self::Remote(store) => Ok(store.put(slot, bytes)?),
        }
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, StoreError> {
        match self {
            Self::Files(store) => Ok(store.put_many(objects)?),
            Self::Remote(store) => Ok(store.put_many(objects)?),
        }
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, StoreError> {
        match self {
            Self::Files(store) => Ok(store.get(slot, buffer)?),
            Self::Remote(store) => Ok(store.get(slot, buffer)?),
        }
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), StoreError> {
        match self {
            Self::Files(store) => Ok(store.get_with_note(account, id, record, note)?),
            Self::Remote(store) => Ok(store.get_with_note(account, id, record, note)?),
        }
    }

    fn replace(&self, guard: &AnyGuard<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, StoreError> {
        match (self, guard) {
            (Self::Files(store), AnyGuard::Files(lock)) => Ok(store.replace(lock, slot, expected, new)?),
            (Self::Remote(store), AnyGuard::Remote) => Ok(store.replace(&(), slot, expected, new)?),
            // No store gives the other's guard.
            (Self::Files(store), AnyGuard::Remote) => {
                Err(otp_store_fs::Error::WrongLock { path: store.path_of(slot) }.into())
            }
            (Self::Remote(store), AnyGuard::Files(_)) => {
                Err(RemoteError::WrongGuard { url: store.url().to_string() }.into())
            }
        }
    }

    fn remove(&self, slot: &Slot) -> Result<bool, StoreError> {
        match self {
            Self::Files(store) => Ok(store.remove(slot)?),
            Self::Remote(store) => Ok(store.remove(slot)?),
        }
    }

    fn list(&self, scope: Scope<'_>, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), StoreError> {
        match self {
            Self::Files(store) => Ok(store.list(scope, each)?),
            Self::Remote(store) => Ok(store.list(scope, each)?),
        }
    }

    fn list_account(
        &self,
        account: &AccountName,
        each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Files(store) => Ok(store.list_account(account, each)?),
            Self::Remote(store) => Ok(store.list_account(account, each)?),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Files(error) => error.fmt(f),
            Self::Remote(error) => error.fmt(f),
        }
    }
}

impl error::Error for StoreError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Files(error) => error.source(),
            Self::Remote(error) => error.source(),
        }
    }
}

impl Coded for StoreError {
    fn code(&self) -> Code {
        match self {
            Self::Files(error) => error.code(),
            Self::Remote(error) => error.code(),
        }
    }
}

impl otp_core::store::StoreError for StoreError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Files(error) => otp_core::store::StoreError::kind(error),
            Self::Remote(error) => otp_core::store::StoreError::kind(error),
        }
    }
}

impl From<otp_store_fs::Error> for StoreError {
    fn from(error: otp_store_fs::Error) -> Self {
        Self::Files(error)
    }
}

impl From<RemoteError> for StoreError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(error)
    }
}
