//! [`KeyDir`]: the directory to which an import writes key files, one import at a time.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::look::Target;
use crate::error::{Error, Result};
use crate::key_file::{self, make_key_dir};
use crate::new_key::NewKey;

/// The file that is locked.
const LOCK: &str = ".otp-import.lock";

/// A directory of key files, locked.
pub(super) struct KeyDir {
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl KeyDir {
    /// Opens the directory, or makes it. Two imports at once would take each other's key files for leftovers.
    pub(super) fn open(path: &Path) -> Result<Self> {
        make_key_dir(path)?;
        let lock = path.join(LOCK);
        let failed = |source| Error::KeyNotWritten { path: lock.clone(), source };
        match otp_sys::create_private(&lock).map(drop) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made.map_err(failed)?,
        }
        let file = otp_sys::patiently(|| File::options().write(true).open(&lock)).map_err(failed)?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { path: path.to_owned(), _lock: file }),
                Err(TryLockError::WouldBlock) => return Err(Error::KeyDirLocked { path: path.to_owned() }),
                Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
        }
    }

    /// Writes new key files together, each in place of one that an earlier run left without a record.
    pub(super) fn write(&self, files: &[(&Target, NewKey)]) -> Result<()> {
        for (target, _) in files {
            if target.alone.is_some() {
                remove(&target.path)?;
            }
        }
        let keys: Vec<(&Path, &[u8])> =
            files.iter().map(|(target, key)| (target.path.as_path(), key.bytes())).collect();
        key_file::write_key_files(&self.path, &keys).inspect_err(|_| {
            // They open nothing yet.
            for (path, _) in &keys {
                let _ = remove(path);
            }
        })
    }
}

/// Removes a key file that opens nothing.
pub(super) fn remove(path: &Path) -> Result<()> {
    match otp_sys::patiently(|| std::fs::remove_file(path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::KeyNotWritten { path: path.to_owned(), source: error })
        }
        _ => Ok(()),
    }
}
