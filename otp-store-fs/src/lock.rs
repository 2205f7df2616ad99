//! One account, many writers: a lock that ends with its process.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::path::Path;
use std::ptr;

use otp_core::AccountName;
use otp_core::store::Guard;

use crate::durable::sync_all;
use crate::error::Error;
use crate::modes::Modes;
use crate::names::{LOCK, TEMPORARY};
use crate::platform::Dir;
use crate::prune::prune;
use crate::store::FsStore;
use crate::wait::Wait;
use crate::{check, walk};

/// An account's lock, held until this is dropped or the process ends.
///
/// Readers never take it, and neither does `put`: it keeps out others who change several objects of an account in one go.
///
/// Dropping it also removes what crashed writers left in the account's directory, and then the directory and those
/// above it, as far as they are empty. Errors of that are ignored: leftovers are harmless, and
/// [`examine`](crate::examine()) finds them.
#[derive(Debug)]
#[must_use = "the lock is held as long as this lives"]
pub struct AccountLock<'s> {
    store: &'s FsStore,
    account: AccountName,
    /// `None` once it is released.
    file: Option<File>,
}

impl AccountLock<'_> {
    /// Whether this is the lock of that account, taken through that very store.
    pub(crate) fn is_of(&self, store: &FsStore, account: &AccountName) -> bool {
        ptr::eq(self.store, store) && self.account == *account
    }
}

impl Guard for AccountLock<'_> {
    fn excludes_others(&self) -> bool {
        true
    }
}

impl Drop for AccountLock<'_> {
    fn drop(&mut self) {
        if let Some(file) = self.file.take() {
            // Closing it is not enough: a child that another thread is just starting also has it open for a moment.
            let _ = file.unlock();
        }
        let _ = prune(self.store, &self.account);
    }
}

/// Waits for an account's lock for as long as the store says. Makes the account's directory if it is missing.
pub(crate) fn lock<'s>(store: &'s FsStore, account: &AccountName) -> Result<AccountLock<'s>, Error> {
    let modes = walk::modes_for_writing(store)?;
    let path = store.dir_of(account);
    // If it fails, dropping this removes a directory that was made in vain.
    let mut lock = AccountLock { store, account: account.clone(), file: None };
    let mut wait = Wait::new(store, &path);
    lock.file = Some(walk::retry(&path, || take(store, account, &modes, &mut wait))?);
    Ok(lock)
}

/// Waits for those who have an account's lock. They made the lock file before they looked at the account.
///
/// If a crashed writer left something, the lock is taken anyway, so that the leftovers are cleared up.
pub(crate) fn await_writers(store: &FsStore, account: &AccountName) -> Result<(), Error> {
    let Some(mut dir) = walk::find(store, account)? else { return Ok(()) };
    let mut is_needed = false;
    let read = dir.entries_once(&mut |name, _| {
        is_needed = name == LOCK || name.to_str().is_some_and(|name| name.starts_with(TEMPORARY));
        if is_needed { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    match read {
        Ok(()) if is_needed => lock(store, account).map(drop),
        Ok(()) => Ok(()),
        // It was removed meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::store("list", store.dir_of(account), error)),
    }
}

fn take(store: &FsStore, account: &AccountName, modes: &Modes, wait: &mut Wait<'_>) -> Result<File, Error> {
    let path = wait.path();
    let failed = |error| Error::store("lock", path, error);
    let mut changed = Vec::new();
    let dir = walk::find_or_make(store, account, modes, &mut changed)?;
    // A record put under this lock stays: its put finds the directories made, and syncs only what it makes itself.
    sync_all(&changed).map_err(failed)?;
    let file = dir.open_lock().map_err(|error| why_not(&dir, path, error))?;
    let status = otp_sys::status_of(&file).map_err(failed)?;
    // A stranger could hold it for ever.
    check::part(&status, store.root.status(), || path.join(LOCK))?;
    wait.for_lock(&file)?;
    if !dir.has_lock(&file).map_err(failed)? {
        // The directory was removed while we waited, and the file with it.
        return Err(failed(ErrorKind::NotFound.into()));
    }
    Ok(file)
}

/// Why the lock file can't be opened: perhaps something else is in its place.
fn why_not(dir: &Dir, path: &Path, error: io::Error) -> Error {
    let other = dir.status_at(LOCK).ok().and_then(|status| check::regular_file(&status, || path.join(LOCK)).err());
    other.unwrap_or_else(|| Error::store("lock", path, error))
}
