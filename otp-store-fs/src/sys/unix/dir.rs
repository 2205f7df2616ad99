//! An open directory, and what lies in it.

use std::ffi::OsStr;
use std::fs::{File, TryLockError};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, Mode, OFlags, RawMode, RenameFlags, Stat};
use rustix::io::Errno;

use crate::check::Modes;
use crate::path::{LOCK, TEMPORARY};
use crate::step::step;
use crate::sys::{Durable, FileKind, Status};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

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
        let status = status_of(&fd)?;
        Ok(Self { fd, status })
    }

    /// What the system said about it when it was opened.
    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    /// What the system says about it now.
    pub(crate) fn status_now(&self) -> io::Result<Status> {
        status_of(&self.fd)
    }

    /// What the system says about something below this directory. A symbolic link at the end is not followed.
    pub(crate) fn status_of(&self, path: &str) -> io::Result<Status> {
        Ok(status(&rustix::fs::statat(&self.fd, path, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Opens a file for reading. A symbolic link is an error, and a pipe does not block.
    pub(crate) fn open_file(&self, name: &str) -> io::Result<(File, Status)> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, name, flags, Mode::empty())?;
        let status = status_of(&fd)?;
        Ok((File::from(fd), status))
    }

    /// Opens the file to lock, and makes it if it is missing.
    pub(crate) fn open_lock(&self) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        step("make lock");
        Ok(File::from(rustix::fs::openat(&self.fd, LOCK, flags, Mode::from_raw_mode(0o600))?))
    }

    /// Whether an open file to lock is still the one that others find, and not one that was removed meanwhile.
    pub(crate) fn has_lock(&self, lock: &File) -> io::Result<bool> {
        let held = status_of(lock)?;
        match self.status_of(LOCK) {
            Ok(found) => Ok(found.place == held.place),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes the file to lock, and says whether it is gone: not if somebody holds the lock.
    ///
    /// Whoever waits for it sees afterwards that it is gone, and begins anew.
    pub(crate) fn remove_lock(&self) -> io::Result<bool> {
        let gone = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
        match self.status_of(LOCK) {
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

    /// Makes a directory in this one, with exactly these modes from the first moment that anybody sees it.
    ///
    /// One that is there already is none of its business. Until it is renamed it is called after what it is to become, so
    /// that whoever makes it again after a crash goes on with what was left. If others meet here, it may fail with
    /// `NotFound`: then one of them got on, and it is to be tried again.
    pub(crate) fn make_dir(&self, name: &str, modes: &Modes) -> io::Result<()> {
        let temporary = format!("{TEMPORARY}dir-{name}");
        step("make directory");
        match rustix::fs::mkdirat(&self.fd, &temporary, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        let made = self.open_dir(&temporary)?;
        // Somebody else who makes it has it locked until he has renamed it.
        keep_from_removal(&made.fd)?;
        if self.status_of(&temporary)?.place != made.status.place {
            return Err(io::ErrorKind::NotFound.into());
        }
        let renamed = dress(&made.fd, modes.dir, modes.group).and_then(|()| {
            step("rename directory");
            Ok(rustix::fs::renameat_with(&self.fd, &temporary, &self.fd, name, RenameFlags::NOREPLACE)?)
        });
        let Err(error) = renamed else {
            return Ok(());
        };
        self.remove_dir(&temporary)?;
        match Errno::from_io_error(&error) {
            Some(Errno::EXIST) => Ok(()),
            // A file system that can't rename without replacing: for a moment, others see a directory of ours alone.
            Some(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => self.make_dir_in_place(name, modes),
            _ => Err(error),
        }
    }

    fn make_dir_in_place(&self, name: &str, modes: &Modes) -> io::Result<()> {
        match rustix::fs::mkdirat(&self.fd, name, Mode::RWXU) {
            Ok(()) => dress(&self.open_dir(name)?.fd, modes.dir, modes.group),
            Err(Errno::EXIST) => Ok(()),
            Err(error) => Err(error.into()),
        }
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

    /// Calls `each` with the name and kind of everything in it.
    pub(crate) fn entries(&self, each: &mut dyn FnMut(&OsStr, FileKind)) -> io::Result<()> {
        for entry in rustix::fs::Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system tells the kind along with the name.
                FileType::Unknown => match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => status(&stat).kind,
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(error.into()),
                },
                known => kind(known),
            };
            each(OsStr::from_bytes(name.to_bytes()), kind);
        }
        Ok(())
    }

    /// Whether nobody works on a temporary file or directory any more: its maker keeps it locked.
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

impl Durable for Dir {
    fn sync(&self) -> io::Result<()> {
        step("sync directory");
        // Apple's fsync leaves everything in the disk's own cache.
        #[cfg(target_vendor = "apple")]
        rustix::io::retry_on_intr(|| rustix::fs::fcntl_fullfsync(&self.fd))?;
        #[cfg(not(target_vendor = "apple"))]
        rustix::io::retry_on_intr(|| rustix::fs::fsync(&self.fd))?;
        Ok(())
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        sync_file_system(&self.fd)
    }

    fn file_system(&self) -> u64 {
        self.status.place.0
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Makes a whole file system durable. Linux has said since 5.8 if that failed; others don't wait for it.
#[cfg_attr(not(target_os = "linux"), allow(clippy::unnecessary_wraps, unused_variables, reason = "Linux can fail"))]
pub(super) fn sync_file_system(fd: impl AsFd) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        step("sync file system");
        rustix::fs::syncfs(fd)?;
        Ok(true)
    }
    #[cfg(not(target_os = "linux"))]
    Ok(false)
}

/// Locks a temporary file or directory until it is closed, so that nobody takes it for a stray.
///
/// Somebody may be looking just now, and hold the lock for a moment. If he removes it, it can't be renamed, and its maker
/// begins anew.
pub(super) fn keep_from_removal(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::retry_on_intr(|| rustix::fs::flock(&fd, FlockOperation::LockExclusive))?)
}

/// Gives a new file or directory its group and mode, whatever the umask says.
pub(super) fn dress(fd: impl AsFd, mode: u32, group: u32) -> io::Result<()> {
    let mut mode = mode;
    if mode & 0o070 != 0
        && rustix::fs::fstat(&fd)?.st_gid != group
        && rustix::fs::fchown(&fd, None, Some(rustix::fs::Gid::from_raw(group))).is_err()
    {
        // The bits were meant for the group of the store's root; no other group is to have them.
        mode &= !0o070;
    }
    #[allow(clippy::useless_conversion, clippy::cast_possible_truncation, reason = "16 bits on some systems")]
    Ok(rustix::fs::fchmod(fd, Mode::from_raw_mode(mode as RawMode))?)
}

/// What the system says about an open file or directory.
pub(crate) fn status_of(fd: impl AsFd) -> io::Result<Status> {
    Ok(status(&rustix::fs::fstat(fd)?))
}

#[allow(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::useless_conversion,
    clippy::cast_lossless,
    reason = "the fields' types differ between systems"
)]
fn status(stat: &Stat) -> Status {
    Status {
        kind: kind(FileType::from_raw_mode(stat.st_mode as RawMode)),
        mode: stat.st_mode as u32 & 0o7777,
        owner: stat.st_uid,
        group: stat.st_gid,
        len: stat.st_size as u64,
        place: (stat.st_dev as u64, stat.st_ino as u64),
    }
}

fn kind(of: FileType) -> FileKind {
    match of {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    fn modes() -> Modes {
        Modes { file: 0o640, dir: 0o750, group: rustix::process::getegid().as_raw() }
    }

    #[test]
    fn what_is_opened_closes_when_the_process_becomes_another() {
        let home = tempfile::tempdir().unwrap();
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
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path()).unwrap();
        assert!(dir.remove_lock().unwrap(), "there is none");
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

    #[test]
    fn a_directory_is_made_with_its_modes_in_either_way_and_one_that_is_there_stays() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path()).unwrap();
        for (name, make) in
            [("a", Dir::make_dir as fn(&Dir, &str, &Modes) -> io::Result<()>), ("b", Dir::make_dir_in_place)]
        {
            let path = home.path().join(name);
            make(&dir, name, &modes()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o750);
            fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
            make(&dir, name, &modes()).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o700);
            assert!(make(&dir, "no/parent", &modes()).is_err());
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 2, "nothing else is left");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn only_what_nobody_works_on_is_a_stray() {
        let home = tempfile::tempdir().unwrap();
        let dir = Dir::open(home.path()).unwrap();
        let file = File::create(home.path().join("file")).unwrap();
        std::os::unix::fs::symlink("file", home.path().join("link")).unwrap();
        rustix::fs::mknodat(&dir, "pipe", FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        assert!(dir.is_stray("file").unwrap());
        assert!(dir.is_stray("pipe").unwrap(), "a pipe is not waited for");
        assert!(dir.is_stray("link").is_err(), "a link is not followed");
        keep_from_removal(&file).unwrap();
        assert!(!dir.is_stray("file").unwrap());
        // Closing it is not enough here: a process that another test starts has it open too, for a moment.
        file.unlock().unwrap();
        assert!(dir.is_stray("file").unwrap());
    }

    #[test]
    fn a_directory_is_known_by_its_file_system() {
        use std::os::unix::fs::MetadataExt;

        let home = tempfile::tempdir().unwrap();
        let dir = std::sync::Arc::new(Dir::open(home.path()).unwrap());
        assert_eq!(dir.file_system(), fs::metadata(home.path()).unwrap().dev());
        assert_eq!(Dir::file_system(&dir), fs::metadata(home.path()).unwrap().dev());
    }

    #[test]
    fn a_group_is_given_only_with_bits_that_are_meant_for_it() {
        use std::os::unix::fs::MetadataExt;

        let home = tempfile::tempdir().unwrap();
        let file = File::create(home.path().join("file")).unwrap();
        let own = file.metadata().unwrap().gid();
        let (group, other) = (|| file.metadata().unwrap().gid(), own + 1);
        dress(&file, 0o600, other).unwrap();
        assert_eq!((group(), file.metadata().unwrap().mode() & 0o777), (own, 0o600));
        dress(&file, 0o644, other).unwrap();
        // Whoever may not give a file to that group lets no group read it.
        let expected = if rustix::process::geteuid().is_root() { (other, 0o644) } else { (own, 0o604) };
        assert_eq!((group(), file.metadata().unwrap().mode() & 0o777), expected);
    }
}
