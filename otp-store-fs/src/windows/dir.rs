//! [`Dir`]: a directory, and what lies in it.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::ops::ControlFlow;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otp_sys::{FileKind, Status, is_in_use, patiently};

use super::{OPEN_DIRECTORY, OPEN_LINK, READ_ATTRIBUTES, READ_CONTROL, SHARE_NOTHING, SHARE_READ_AND_WRITE};
use crate::durable::Durable;
use crate::modes::Modes;
use crate::names::LOCK;
use crate::step::step;

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir {
    path: PathBuf,
    status: Status,
    /// Who owns the store's root.
    owner: Arc<str>,
}

impl Dir {
    /// Opens a directory by any path, as the root of a store. Links are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        otp_sys::check_name(path)?;
        if !patiently(|| fs::metadata(path))?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        let list = otp_sys::access_list(path)?;
        let (mode, owner) = (list.mode(), Arc::<str>::from(list.owner));
        let status = status_of(path, &owner, OPEN_DIRECTORY)?;
        // A part does not tell whether the volume keeps access lists.
        Ok(Self { status: Status { mode: mode | status.mode, ..status }, path: path.to_owned(), owner })
    }

    /// Opens a directory in this one. A link is an error.
    pub(crate) fn open_dir(&self, name: &str) -> io::Result<Self> {
        let path = self.path_of(name)?;
        let status = status_of(&path, &self.owner, OPEN_DIRECTORY | OPEN_LINK)?;
        if status.kind != FileKind::Directory {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { status, path, owner: Arc::clone(&self.owner) })
    }

    /// The path of something in this directory, unless Windows would take its name for that of something else.
    pub(super) fn path_of(&self, name: &str) -> io::Result<PathBuf> {
        otp_sys::check_name(Path::new(name))?;
        Ok(self.path.join(name))
    }

    /// What the system said about it when it was opened.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What the system says about it now.
    pub(crate) fn status_now(&self) -> io::Result<Status> {
        status_of(&self.path, &self.owner, OPEN_DIRECTORY)
    }

    /// What the system says about something in this directory. A link is not followed.
    pub(crate) fn status_at(&self, name: &str) -> io::Result<Status> {
        status_of(&self.path_of(name)?, &self.owner, OPEN_DIRECTORY | OPEN_LINK)
    }

    /// Opens a file for reading. A link is an error.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<(File, Status)> {
        let path = self.path_of(name)?;
        // Of a link, the link itself.
        let file = patiently(|| OpenOptions::new().read(true).custom_flags(OPEN_LINK).open(&path))?;
        let status = otp_sys::status_of_part(&file, Some(&self.owner))?;
        if status.kind != FileKind::File {
            return Err(ErrorKind::InvalidInput.into());
        }
        Ok((file, status))
    }

    /// Opens the lock file, and makes it if it is missing.
    pub(crate) fn open_lock(&self) -> io::Result<File> {
        step("make lock");
        let path = self.path_of(LOCK)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).share_mode(SHARE_READ_AND_WRITE);
        // Somebody may be removing it just now.
        patiently(|| options.open(&path))
    }

    /// Nobody can remove a lock file that is open.
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "other platforms have to look")]
    pub(crate) fn has_lock(&self, _lock: &File) -> io::Result<bool> {
        Ok(true)
    }

    /// Removes the lock file, and says whether it is gone: not if somebody has it open.
    pub(crate) fn remove_lock(&self) -> io::Result<bool> {
        step("remove file");
        match fs::remove_file(self.path_of(LOCK)?) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            // Somebody else is removing it.
            Err(error) if is_in_use(&error) || error.kind() == ErrorKind::PermissionDenied => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Makes a directory in this one, with the access list that it inherits. An existing directory is left untouched.
    pub(crate) fn make_dir(&self, name: &str, _: &Modes) -> io::Result<()> {
        step("make directory");
        let path = self.path_of(name)?;
        match patiently(|| fs::create_dir(&path)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        }
    }

    /// Removes a file.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        step("remove file");
        let path = self.path_of(name)?;
        patiently(|| fs::remove_file(&path))
    }

    /// Removes a directory, if it is empty.
    pub(crate) fn remove_dir(&self, name: &str) -> io::Result<()> {
        step("remove directory");
        fs::remove_dir(self.path_of(name)?)
    }

    /// Calls `each` with the name and kind of everything in it, until it breaks.
    pub(crate) fn entries(&self, each: &mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()> {
        for entry in patiently(|| fs::read_dir(&self.path))? {
            let entry = entry?;
            if each(&entry.file_name(), otp_sys::file_kind(entry.file_type()?)).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// As [`Dir::entries`].
    pub(crate) fn entries_once(&mut self, each: &mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()> {
        self.entries(each)
    }

    /// Whether nobody is working on a temporary file: its maker keeps it open.
    pub(crate) fn is_stray(&self, name: &str) -> io::Result<bool> {
        match OpenOptions::new().read(true).share_mode(SHARE_NOTHING).open(self.path_of(name)?) {
            Ok(_) => Ok(true),
            Err(error) if is_in_use(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What the system says about a file or directory, as a part of a store of that owner.
fn status_of(path: &Path, owner: &str, flags: u32) -> io::Result<Status> {
    let mut options = OpenOptions::new();
    // Reading attributes and the access list keeps nobody out.
    options.access_mode(READ_CONTROL | READ_ATTRIBUTES).custom_flags(flags);
    otp_sys::status_of_part(&patiently(|| options.open(path))?, Some(owner))
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
