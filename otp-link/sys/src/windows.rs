//! Windows.
//!
//! Access lists are neither read nor set: files have those of the folder that they are made in.
#![allow(unsafe_code, reason = "the functions of other systems are unsafe")]

use std::fs::{self, File, FileType, Metadata};
use std::io::{self, ErrorKind};
use std::os::windows::io::AsHandle;
use std::path::Path;
use std::process::Command;
use std::ptr::NonNull;

use crate::{FileKind, Hardened, Status};

/// What the system's answer about a file or directory says.
#[must_use]
pub fn status_from(metadata: &Metadata) -> Status {
    Status { kind: file_kind(metadata.file_type()), mode: 0, owner: 0, group: 0, len: metadata.len(), place: (0, 0) }
}

/// What kind of thing a directory's entry is. Links of all sorts count as symbolic ones, mount points too.
#[must_use]
pub fn file_kind(of: FileType) -> FileKind {
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
#[must_use]
pub fn user() -> u32 {
    0
}

/// Opens whatever a path leads to, and asks what it is.
pub fn open_with_status(path: &Path) -> io::Result<(File, Status)> {
    let file = File::open(path)?;
    let status = status_of(&file)?;
    Ok((file, status))
}

/// What the system says about an open file.
pub fn status_of(file: &File) -> io::Result<Status> {
    Ok(status_from(&file.metadata()?))
}

/// Whether what is read from an open file is gone with that.
pub fn is_stream(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(!kind.is_file() && !kind.is_dir())
}

/// Standard output, without the standard library's buffer, which would keep a copy of a secret.
pub fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

/// Standard input, without the standard library's buffer, which would keep a copy of a secret.
pub fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Makes a new file, for writing.
pub fn create_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(path)
}

/// Always an error: this system has no unnamed files.
pub fn unnamed_private(_: &Path) -> io::Result<File> {
    Err(ErrorKind::Unsupported.into())
}

/// Always an error: this system has no unnamed files.
pub fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// Nothing to do: the file system's journal keeps names in order.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can fail")]
pub fn sync_parent(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a directory, if there is none.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// Makes a directory, and those above it that are missing.
pub fn make_private_dirs(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// The system does not tell.
#[must_use]
pub fn core_dump_limit() -> Option<u64> {
    None
}

/// The system does not tell.
#[must_use]
pub fn lockable_memory() -> Option<u64> {
    None
}

/// The system does not tell.
#[must_use]
pub fn swap_devices() -> Option<Vec<String>> {
    None
}

/// Locking memory is left out on Windows: the buffers are on the heap.
pub(crate) fn map_locked(_: usize) -> Option<NonNull<u8>> {
    None
}

/// There are no pages to lock.
///
/// # Safety
///
/// None is needed.
pub(crate) unsafe fn lock_pages(_: NonNull<u8>, _: usize) {}

/// There are no pages to unmap.
///
/// # Safety
///
/// None is needed.
pub(crate) unsafe fn unmap_locked(_: NonNull<u8>, _: usize) {}

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

/// A copy of an open file's handle, which no program inherits here.
pub fn inherited(file: &File) -> io::Result<File> {
    file.try_clone()
}

/// Windows hands no descriptors on: nothing to do.
pub fn close_on_exec(_: i32) -> io::Result<()> {
    Ok(())
}

/// Windows can't become another program, which would read it: always an error.
pub fn filled_pipe(_: &[u8]) -> io::Result<Option<File>> {
    Err(ErrorKind::Unsupported.into())
}
