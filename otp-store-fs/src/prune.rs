//! Clearing up after a writer: what crashed ones left, and directories that nothing is left in.

use std::io::ErrorKind;

use otp_core::AccountName;

use crate::durable::Durable;
use crate::error::Error;
use crate::store::FsStore;
use crate::{names, strays, walk};

/// Removes what crashed writers left in an account's directory, and then that directory and those above it, as far as
/// they are empty and nobody uses them.
///
/// For an account that has anything, this is a single look at its directory. A directory that has anything in it, or
/// whose lock is held, stays. Others may use the account at the same time.
pub(crate) fn prune(store: &FsStore, account: &AccountName) -> Result<(), Error> {
    walk::modes_for_writing(store)?;
    let mut account = account.clone();
    loop {
        let (parent, segment) = names::parent(&account);
        let path = || store.dir_of(&account);
        let failed = |error| Error::store("remove", path(), error);
        if let Some(parent_dir) = walk::find_parent(store, &account)?
            && let Some(dir) = walk::open_dir(store, &parent_dir, segment, path)?
        {
            if !strays::clear(&dir).map_err(failed)? || !dir.remove_lock().map_err(failed)? {
                return Ok(());
            }
            match parent_dir.remove_dir(segment) {
                // A removed account must not come back, not even as an empty directory.
                Ok(()) => parent_dir.sync().map_err(failed)?,
                // Somebody put something in it, or removed it, just now.
                Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        match parent {
            Some(parent) => account = parent,
            None => return Ok(()),
        }
    }
}
