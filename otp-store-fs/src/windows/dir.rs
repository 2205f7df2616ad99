//! [`Dir`]: a directory, and what lies in it.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use otp_sys::{FileKind, Status};

use super::{SHARE_NOTHING, SHARE_READ_AND_WRITE, SHARING_VIOLATION};
use crate::durable::Durable;
use crate::modes::Modes;
use crate::names::LOCK;
use crate::step::step;

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir {
    path: PathBuf,
    status: Status,
}

impl Dir {
    /// Opens a directory by any path. Links are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::new(path, &fs::metadata(path)?)
    }

    /// Opens a directory in this one. A link is an error.
    pub(crate) fn open_dir(&self, name: &str) -> io::Result<Self> {
        let path = self.path_of(name);
        Self::new(&path, &fs::symlink_metadata(&path)?)
    }

    fn new(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        if !metadata.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_owned(), status: otp_sys::status_from(metadata) })
    }

    /// The path of something in this directory.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// What the system said about it when it was opened.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What the system says about it now.
    pub(crate) fn status_now(&self) -> io::Result<Status> {
        Ok(otp_sys::status_from(&fs::metadata(&self.path)?))
    }

    /// What the system says about something in this directory. A link is not followed.
    pub(crate) fn status_at(&self, name: &str) -> io::Result<Status> {
        Ok(otp_sys::status_from(&fs::symlink_metadata(self.path_of(name))?))
    }

    /// Opens a file for reading. A link is an error.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<(File, Status)> {
        if self.status_at(name)?.kind != FileKind::File {
            return Err(ErrorKind::InvalidInput.into());
        }
        let file = File::open(self.path_of(name))?;
        let status = otp_sys::status_of(&file)?;
        Ok((file, status))
    }

    /// Opens the file to lock, and makes it if it is missing.
    pub(crate) fn open_lock(&self) -> io::Result<File> {
        step("make lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).share_mode(SHARE_READ_AND_WRITE);
        options.open(self.path_of(LOCK))
    }

    /// Nobody can remove a lock file that is open.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms have to look")]
    pub(crate) fn has_lock(&self, _lock: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// Removes the file to lock, and says whether it is gone: not if somebody has it open.
    pub(crate) fn remove_lock(&self) -> io::Result<bool> {
        match self.remove_file(LOCK) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a directory in this one. An existing directory is left untouched.
    pub(crate) fn make_dir(&self, name: &str, _: &Modes) -> io::Result<()> {
        step("make directory");
        match fs::create_dir(self.path_of(name)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        }
    }

    /// Removes a file.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        step("remove file");
        fs::remove_file(self.path_of(name))
    }

    /// Removes a directory, if it is empty.
    pub(crate) fn remove_dir(&self, name: &str) -> io::Result<()> {
        step("remove directory");
        fs::remove_dir(self.path_of(name))
    }

    /// Calls `each` with the name and kind of everything in it, until it breaks.
    pub(crate) fn entries(&self, each: &mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if each(&entry.file_name(), otp_sys::file_kind(entry.file_type()?)).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Whether nobody is working on a temporary file: its maker keeps it open.
    pub(crate) fn is_stray(&self, name: &str) -> io::Result<bool> {
        match OpenOptions::new().read(true).share_mode(SHARE_NOTHING).open(self.path_of(name)) {
            Ok(_) => Ok(true),
            Err(error) if error.raw_os_error() == Some(SHARING_VIOLATION) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Durable for Dir {
    fn sync(&self) -> io::Result<()> {
        step("sync directory");
        Ok(())
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn file_system(&self) -> u64 {
        0
    }
}
