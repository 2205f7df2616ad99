//! [`FsRing`]: finding, making and locking the directory of a ring.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use otp_sys::{LockWait, NotLocked};

use super::identity;
use crate::error::{Error, Result};
use crate::key_file::check_private_dir;
use crate::store;
use crate::warning::{self, Warning};

/// The file that is locked.
const LOCK: &str = ".lock";

/// A ring in a directory.
#[derive(Debug)]
pub struct FsRing {
    pub(super) path: PathBuf,
}

/// The lock of a ring. It ends when the last copy of its descriptor is closed: a program that changes a database
/// inherits one.
#[derive(Debug)]
pub struct RingGuard {
    file: File,
}

impl RingGuard {
    /// The locked file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }
}

impl FsRing {
    /// Opens a ring, which must be its user's alone, and where it was made.
    ///
    /// # Errors
    ///
    /// [`Error::NoSuchRing`], [`Error::DirectoryOpenToOthers`], [`Error::RingMoved`] (code 16), [`Error::Ring`].
    pub fn open(path: &Path) -> Result<Self> {
        let ring = Self::open_anywhere(path)?;
        identity::check(&ring.path)?;
        Ok(ring)
    }

    /// Like [`FsRing::open`], but also for a ring that was moved or copied: `adopt` makes it this one.
    pub(super) fn open_anywhere(path: &Path) -> Result<Self> {
        if !identity::is_ring(path) {
            return Err(Error::NoSuchRing { path: path.to_owned() });
        }
        check_private_dir(path)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Makes a ring in a directory that is empty or does not exist.
    ///
    /// # Errors
    ///
    /// [`Error::RingExists`], [`Error::RingNotEmpty`], and those of [`FsRing::open`].
    pub(super) fn init(path: &Path) -> Result<Self> {
        let failed = |source| Error::Ring { path: path.to_owned(), source };
        if identity::is_ring(path) {
            return Err(Error::RingExists { path: path.to_owned() });
        }
        // Leftovers of an earlier call that was cut short are no obstacle.
        let mut others = 0;
        match otp_sys::each_entry(path, |name, _| others += usize::from(!identity::is_left(name))).map(|()| others) {
            Ok(0) => {}
            Ok(_) => return Err(Error::RingNotEmpty { path: path.to_owned() }),
            Err(error) if error.kind() == ErrorKind::NotFound => otp_sys::make_private_dirs(path).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
        check_private_dir(path)?;
        identity::write(path).map_err(failed)?;
        Self::open(path)
    }

    /// Waits for the ring's lock for as long as for an account's.
    pub(super) fn wait(&self) -> Result<RingGuard> {
        let failed = |source| Error::Ring { path: self.path.clone(), source };
        let file = self.open_lock().map_err(failed)?;
        let notice = || warning::warn(&Warning::WaitingForLock { path: &self.path });
        match LockWait::new(store::lock_timeout()).lock(&file, notice) {
            Ok(()) => Ok(RingGuard { file }),
            Err(NotLocked::Held(_)) => Err(Error::RingLocked { path: self.path.clone() }),
            Err(NotLocked::Failed(error)) => Err(failed(error)),
        }
    }

    fn open_lock(&self) -> io::Result<File> {
        let path = self.path.join(LOCK);
        let open = || otp_sys::patiently(|| File::options().write(true).open(&path));
        match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return opened,
        }
        // On Windows, nobody else can open it as long as its maker has it open.
        match otp_sys::create_private(&path).map(drop) {
            // Somebody else made it just now.
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
        open()
    }
}
