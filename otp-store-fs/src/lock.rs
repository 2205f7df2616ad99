//! One account, many writers: a lock that ends with its process.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::Arc;

use otp_core::name::AccountName;

use crate::path::{LOCK, TEMPORARY};
use crate::sys::{self, Dir, FileKind};
use crate::{Error, FsStore, check, walk};

/// An account's lock, held until this is dropped or the process ends.
#[derive(Debug)]
#[must_use = "the lock is held as long as this lives"]
pub struct AccountLock {
    _file: File,
}

/// Takes an account's lock, and clears up what a crashed writer left in its directory.
pub(crate) fn lock(store: &FsStore, account: &AccountName) -> Result<AccountLock, Error> {
    let modes = walk::modes_for_writing(store)?;
    let path = store.path.join(account.as_str());
    let failed = |error| Error::store("lock", &path, error);
    let mut changed = Vec::new();
    walk::retry(&path, || {
        let dir = walk::find_or_make(store, account, &modes, &mut changed)?;
        walk::sync(&changed, &path)?;
        let Some(file) = take(&dir).map_err(|error| why_not(&dir, &path, error))? else {
            // Somebody pruned the directory and took the file with it.
            return Err(failed(ErrorKind::NotFound.into()));
        };
        for stray in strays(&dir).map_err(failed)? {
            remove_stray(&dir, &stray).map_err(failed)?;
        }
        Ok(AccountLock { _file: file })
    })
}

/// Waits for the lock of a directory; `None` if the file that was waited for is no longer the one to lock.
fn take(dir: &Arc<Dir>) -> io::Result<Option<File>> {
    let file = dir.open_lock()?;
    sys::lock(&file)?;
    Ok(dir.has_lock(&file)?.then_some(file))
}

fn why_not(dir: &Dir, path: &std::path::Path, error: io::Error) -> Error {
    match dir.status_of(LOCK) {
        Ok(status) => {
            check::regular_file(&status, || path.join(LOCK)).err().unwrap_or_else(|| Error::store("lock", path, error))
        }
        Err(_) => Error::store("lock", path, error),
    }
}

/// The temporary files and directories in a directory that nobody works on any more.
pub(crate) fn strays(dir: &Dir) -> io::Result<Vec<(String, FileKind)>> {
    let mut temporaries = Vec::new();
    dir.entries(&mut |name, kind| {
        if let Some(name) = name.to_str().filter(|name| name.starts_with(TEMPORARY)) {
            temporaries.push((name.to_owned(), kind));
        }
    })?;
    temporaries.retain(|(name, kind)| match kind {
        // Its maker locks it; if that happens only after this look, the maker finds it gone and begins anew.
        FileKind::File | FileKind::Directory => dir.is_stray(name).unwrap_or(false),
        FileKind::Symlink | FileKind::Other => false,
    });
    Ok(temporaries)
}

/// Removes a temporary file or directory; one that somebody else removed is no error.
pub(crate) fn remove_stray(dir: &Dir, (name, kind): &(String, FileKind)) -> io::Result<()> {
    let removed = if *kind == FileKind::Directory { dir.remove_dir(name) } else { dir.remove_file(name) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_that_somebody_else_removed_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path()).unwrap();
        for kind in [FileKind::File, FileKind::Directory] {
            remove_stray(&dir, &(".tmp-1".to_owned(), kind)).unwrap();
        }
        std::fs::create_dir_all(home.path().join(".tmp-2/below")).unwrap();
        assert!(remove_stray(&dir, &(".tmp-2".to_owned(), FileKind::Directory)).is_err());
    }
}
