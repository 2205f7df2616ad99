//! [`Dir`]: an open directory, and what lies in it.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;
#[cfg(target_os = "linux")]
use std::mem::MaybeUninit;
use std::ops::ControlFlow;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use otp_sys::{FileKind, Status};
#[cfg(target_os = "linux")]
use rustix::fs::ResolveFlags;
use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::durable::Durable;
use crate::names::LOCK;
use crate::step::step;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// A file to read.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// The mode of a file that is its owner's alone.
const OWN: Mode = Mode::RUSR.union(Mode::WUSR);

/// An open directory.
#[derive(Debug)]
pub(crate) struct Dir {
    fd: OwnedFd,
    status: Status,
}

impl Dir {
    /// Opens a directory by any path. Symbolic links are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::new(rustix::fs::openat(CWD, path, DIRECTORY, Mode::empty())?)
    }

    /// Opens a directory in this one. A symbolic link is an error.
    pub(crate) fn open_dir(&self, name: &str) -> io::Result<Self> {
        Self::new(rustix::fs::openat(&self.fd, name, DIRECTORY | OFlags::NOFOLLOW, Mode::empty())?)
    }

    fn new(fd: OwnedFd) -> io::Result<Self> {
        let status = otp_sys::status_of(&fd)?;
        Ok(Self { fd, status })
    }

    /// What the system said about it when it was opened.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What the system says about it now.
    pub(crate) fn status_now(&self) -> io::Result<Status> {
        otp_sys::status_of(&self.fd)
    }

    /// What the system says about something in this directory. A symbolic link is not followed.
    pub(crate) fn status_at(&self, name: &str) -> io::Result<Status> {
        otp_sys::status_at(&self.fd, name)
    }

    /// Opens a file for reading. A symbolic link is an error, and a pipe does not block.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<(File, Status)> {
        with_status(rustix::fs::openat(&self.fd, name, FILE, Mode::empty())?)
    }

    /// As [`Dir::open_file`], by a path of several names. A symbolic link anywhere in it is an error.
    #[cfg(target_os = "linux")]
    pub(crate) fn open_file_below(&self, path: &str) -> io::Result<(File, Status)> {
        with_status(rustix::fs::openat2(&self.fd, path, FILE, Mode::empty(), ResolveFlags::NO_SYMLINKS)?)
    }

    /// Opens the lock file, and makes it if it is missing.
    pub(crate) fn open_lock(&self) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        step("make lock");
        let open = || rustix::fs::openat(&self.fd, LOCK, flags, OWN);
        let mut file = open();
        // It may have been made under a umask such as 0777. Only its owner can change that.
        if matches!(file, Err(Errno::ACCESS)) && rustix::fs::chmodat(&self.fd, LOCK, OWN, AtFlags::empty()).is_ok() {
            file = open();
        }
        Ok(File::from(file?))
    }

    /// Whether an open lock file is still the one that others find, and was not removed in the meantime.
    pub(crate) fn has_lock(&self, lock: &File) -> io::Result<bool> {
        let held = otp_sys::status_of(lock)?;
        match self.status_at(LOCK) {
            Ok(found) => Ok(found.place == held.place),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the lock file, and says whether it is gone: not if somebody holds the lock.
    ///
    /// Those who wait for the lock then see that the file is gone, and start over.
    pub(crate) fn remove_lock(&self) -> io::Result<bool> {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match self.status_at(LOCK) {
            Err(error) if gone(&error) => return Ok(true),
            outcome => outcome?,
        };
        let file = match self.open_lock() {
            // Somebody removed the directory as well.
            Err(error) if gone(&error) => return Ok(true),
            outcome => outcome?,
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if !self.has_lock(&file)? {
            return Ok(false);
        }
        self.remove_file(LOCK)?;
        Ok(true)
    }

    /// Removes a file.
    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        step("remove file");
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Removes a directory, if it is empty.
    pub(crate) fn remove_dir(&self, name: &str) -> io::Result<()> {
        step("remove directory");
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::REMOVEDIR)?)
    }

    /// Calls `each` with the name and kind of everything in it, until it breaks.
    pub(crate) fn entries(&self, each: &mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()> {
        // Opened anew, since others may be reading this one at the same time.
        Self::new(rustix::fs::openat(&self.fd, ".", DIRECTORY, Mode::empty())?)?.entries_once(each)
    }

    /// As [`Dir::entries`], for a directory that was just opened and is read only once.
    pub(crate) fn entries_once(&mut self, each: &mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        let mut buffer = [MaybeUninit::uninit(); 16 * 1024];
        #[cfg(target_os = "linux")]
        let mut entries = rustix::fs::RawDir::new(&self.fd, &mut buffer);
        #[cfg(not(target_os = "linux"))]
        let mut entries = rustix::fs::Dir::read_from(&self.fd)?;
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system tells the kind along with the name.
                FileType::Unknown => match otp_sys::status_at(&self.fd, name) {
                    Ok(status) => status.kind,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => return Err(error),
                },
                known => otp_sys::file_kind(known),
            };
            if each(OsStr::from_bytes(name.to_bytes()), kind).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Whether nobody is working on a temporary file or directory: its maker keeps it locked.
    pub(crate) fn is_stray(&self, name: &str) -> io::Result<bool> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        match rustix::fs::flock(&fd, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn with_status(fd: OwnedFd) -> io::Result<(File, Status)> {
    let status = otp_sys::status_of(&fd)?;
    Ok((File::from(fd), status))
}

impl Durable for Dir {
    fn sync(&self) -> io::Result<()> {
        step("sync directory");
        otp_sys::sync_dir(&self.fd)
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        sync_file_system(&self.fd)
    }

    fn file_system(&self) -> u64 {
        self.status.place.0
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// As [`otp_sys::sync_file_system`], and a step of tests.
pub(super) fn sync_file_system(fd: impl AsFd) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    step("sync file system");
    otp_sys::sync_file_system(fd)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::sync::Arc;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    #[test]
    fn what_is_opened_closes_when_the_process_becomes_another() {
        let home = otp_test_tools::folder();
        fs::write(home.path().join("file"), "").unwrap();
        let dir = Dir::open(home.path()).unwrap();
        let closes = |fd: &dyn AsFd| fcntl_getfd(fd.as_fd()).unwrap().contains(FdFlags::CLOEXEC);
        assert!(closes(&dir));
        assert!(closes(&dir.open_file("file").unwrap().0));
        assert!(closes(&dir.open_lock().unwrap()));
        assert!(closes(&dir.open_dir(".").unwrap()));
    }

    #[test]
    fn a_lock_that_is_held_is_not_removed_and_one_that_was_is_no_longer_the_one_to_lock() {
        let home = otp_test_tools::folder();
        let dir = Dir::open(home.path()).unwrap();
        assert!(dir.remove_lock().unwrap(), "it does not exist");
        let lock = dir.open_lock().unwrap();
        lock.lock().unwrap();
        assert!(dir.has_lock(&lock).unwrap());
        assert!(!dir.remove_lock().unwrap());
        lock.unlock().unwrap();
        let lock = dir.open_lock().unwrap();
        assert!(dir.remove_lock().unwrap());
        assert!(!dir.has_lock(&lock).unwrap());
        let other = dir.open_lock().unwrap();
        assert!(!dir.has_lock(&lock).unwrap() && dir.has_lock(&other).unwrap());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_nobody_works_on_is_a_stray() {
        let home = otp_test_tools::folder();
        let dir = Dir::open(home.path()).unwrap();
        let file = File::create(home.path().join("file")).unwrap();
        std::os::unix::fs::symlink("file", home.path().join("link")).unwrap();
        rustix::fs::mknodat(&dir, "pipe", FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(dir.is_stray("file").unwrap());
        assert!(dir.is_stray("pipe").unwrap(), "a pipe is not waited for");
        assert!(dir.is_stray("link").is_err(), "a link is not followed");
        file.lock().unwrap();
        assert!(!dir.is_stray("file").unwrap());
        // Closing it is not enough here: a process that another test is just starting also has it open for a moment.
        file.unlock().unwrap();
        assert!(dir.is_stray("file").unwrap());
    }

    #[test]
    fn a_directory_is_known_by_its_file_system() {
        let home = otp_test_tools::folder();
        let dir = Arc::new(Dir::open(home.path()).unwrap());
        assert_eq!(dir.file_system(), fs::metadata(home.path()).unwrap().dev());
        assert_eq!(Dir::file_system(&dir), fs::metadata(home.path()).unwrap().dev());
    }
}
