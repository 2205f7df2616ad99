//! Windows: paths instead of open directories, and sharing modes instead of modes.
//!
//! What is open here without the right for others to delete it can't be deleted by anybody. That keeps a lock file in its place while
//! somebody holds it or waits for it, and tells a temporary file in use from a stray.
//!
//! Access lists are neither read nor set: files have those of the folder that they are made in. Directories can't be
//! synced; the file system's journal keeps names in order, and flushing a file after it got its name flushes the journal up to there.

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::windows::fs::OpenOptionsExt;
use std::os::windows::io::AsHandle;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::check::Modes;
use crate::path::LOCK;
use crate::step::step;
use crate::sys::{Durable, FileKind, Status, temporary_name};

const SHARE_NOTHING: u32 = 0;
const SHARE_READ: u32 = 1;
const SHARE_READ_AND_WRITE: u32 = 3;
/// What the system says if somebody has a file open in a way that rules out what was asked for.
const SHARING_VIOLATION: i32 = 32;

/// A directory, by its path.
#[derive(Debug)]
pub(crate) struct Dir {
    path: PathBuf,
    status: Status,
}

impl Dir {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Self::new(path, &fs::metadata(path)?)
    }

    pub(crate) fn open_dir(&self, name: &str) -> io::Result<Self> {
        let path = self.path.join(name);
        Self::new(&path, &fs::symlink_metadata(&path)?)
    }

    fn new(path: &Path, metadata: &Metadata) -> io::Result<Self> {
        if !metadata.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_owned(), status: status(metadata) })
    }

    pub(crate) fn status(&self) -> &Status {
        &self.status
    }

    pub(crate) fn status_now(&self) -> io::Result<Status> {
        Ok(status(&fs::metadata(&self.path)?))
    }

    pub(crate) fn status_of(&self, path: &str) -> io::Result<Status> {
        Ok(status(&fs::symlink_metadata(self.path.join(path))?))
    }

    pub(crate) fn open_file(&self, name: &str) -> io::Result<(File, Status)> {
        let path = self.path.join(name);
        let found = status(&fs::symlink_metadata(&path)?);
        if found.kind != FileKind::File {
            return Err(ErrorKind::InvalidInput.into());
        }
        let file = File::open(path)?;
        let status = status(&file.metadata()?);
        Ok((file, status))
    }

    pub(crate) fn open_lock(&self) -> io::Result<File> {
        step("make lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).share_mode(SHARE_READ_AND_WRITE);
        options.open(self.path.join(LOCK))
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

    pub(crate) fn make_dir(&self, name: &str, _: &Modes) -> io::Result<()> {
        step("make directory");
        match fs::create_dir(self.path.join(name)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        }
    }

    pub(crate) fn remove_file(&self, name: &str) -> io::Result<()> {
        step("remove file");
        fs::remove_file(self.path.join(name))
    }

    pub(crate) fn remove_dir(&self, name: &str) -> io::Result<()> {
        step("remove directory");
        fs::remove_dir(self.path.join(name))
    }

    pub(crate) fn entries(&self, each: &mut dyn FnMut(&OsStr, FileKind)) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            each(&entry.file_name(), kind(entry.file_type()?));
        }
        Ok(())
    }

    pub(crate) fn is_stray(&self, name: &str) -> io::Result<bool> {
        match OpenOptions::new().read(true).share_mode(SHARE_NOTHING).open(self.path.join(name)) {
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

/// A file with its contents, but only with a temporary name.
#[derive(Debug)]
pub(crate) struct Staged {
    dir: Arc<Dir>,
    /// Open until the temporary name is removed: others can't do that meanwhile.
    file: Option<File>,
    temporary: PathBuf,
}

impl Staged {
    pub(crate) fn new(dir: Arc<Dir>, bytes: &[u8], _: Modes) -> io::Result<Self> {
        step("make temporary file");
        let temporary = dir.path.join(temporary_name());
        let file = OpenOptions::new().write(true).create_new(true).share_mode(SHARE_READ).open(&temporary)?;
        let mut staged = Self { dir, file: Some(file), temporary };
        step("write");
        staged.file()?.write_all(bytes)?;
        Ok(staged)
    }

    pub(crate) fn dir(&self) -> &Arc<Dir> {
        &self.dir
    }

    pub(crate) fn publish(mut self, name: &str) -> io::Result<bool> {
        step("publish");
        match fs::hard_link(&self.temporary, self.dir.path.join(name)) {
            Ok(()) => self.file()?.sync_all().map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

impl Durable for Staged {
    fn sync(&self) -> io::Result<()> {
        step("sync file");
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        Ok(false)
    }

    fn file_system(&self) -> u64 {
        0
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        drop(self.file.take());
        // What can't be removed is a stray for the next writer.
        let _ = fs::remove_file(&self.temporary);
    }
}

fn status(metadata: &Metadata) -> Status {
    Status { kind: kind(metadata.file_type()), mode: 0, owner: 0, group: 0, len: metadata.len(), place: (0, 0) }
}

/// Links of all sorts count as symbolic ones, mount points too.
fn kind(of: FileType) -> FileKind {
    if of.is_symlink() {
        FileKind::Symlink
    } else if of.is_dir() {
        FileKind::Directory
    } else if of.is_file() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

/// The number of everybody, since owners have none here.
pub(crate) fn user() -> u32 {
    0
}

pub(crate) fn open_any(path: &Path) -> io::Result<(File, Status)> {
    let file = File::open(path)?;
    let status = status_of(&file)?;
    Ok((file, status))
}

pub(crate) fn status_of(file: &File) -> io::Result<Status> {
    Ok(status(&file.metadata()?))
}

/// The standard library does not tell in its stable part, so more than one name is not noticed here.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can fail")]
pub(crate) fn name_count(_: &File) -> io::Result<u64> {
    Ok(1)
}

/// Whether what is read from an open file is gone with that.
pub(crate) fn is_stream(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(!kind.is_file() && !kind.is_dir())
}

/// Standard input, without the standard library's buffer, in which secrets would stay.
pub(crate) fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

pub(crate) fn nameless_private(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

pub(crate) fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

#[allow(clippy::unnecessary_wraps, reason = "other platforms can fail")]
pub(crate) fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}

pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

pub(crate) fn make_private_dirs(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The system does not tell.
pub(crate) fn core_dump_limit() -> Option<u64> {
    None
}

/// The system does not tell.
pub(crate) fn lockable_memory() -> Option<u64> {
    None
}

/// The system does not tell.
pub(crate) fn swap_devices() -> Option<Vec<String>> {
    None
}

/// A buffer for secrets, of a fixed length, all zeros at first. It is wiped when it is dropped.
///
/// Locking memory is left out on Windows, where programs may lock too little of it to rely on.
pub struct LockedBuf(Zeroizing<Vec<u8>>);

impl LockedBuf {
    /// A buffer of `len` zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self(Zeroizing::new(vec![0; len]))
    }
}

impl AsRef<[u8]> for LockedBuf {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsMut<[u8]> for LockedBuf {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

impl fmt::Debug for LockedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedBuf(..)")
    }
}

/// What kept this process's memory to itself; see [`harden_process`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardened {
    /// No core dump is written if the process crashes.
    pub no_core_dumps: bool,
    /// Other processes of the same user can neither trace it nor read its memory.
    pub not_dumpable: bool,
}

/// Does nothing on Windows, and says so: crash dumps are the machine's settings there.
#[allow(clippy::must_use_candidate, reason = "on other platforms its effect is what is wanted")]
pub fn harden_process() -> Hardened {
    Hardened { no_core_dumps: false, not_dumpable: false }
}

/// Windows hands no numbered descriptors to a process: always an error.
pub fn take_fd(_: i32) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Windows can't become another program: always an error. Start it, and wait for it.
#[must_use = "it returns only if it failed"]
pub fn exec_with_fds(_: &mut Command, _: Vec<(File, i32)>) -> io::Error {
    ErrorKind::Unsupported.into()
}

/// Windows has no files in memory: always an error.
pub fn sealed_memory_file(_: &str, _: &[u8]) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}
