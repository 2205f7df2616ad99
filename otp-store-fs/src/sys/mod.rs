//! What differs between platforms: memory for secrets, descriptors, what a process may show. The only unsafe code of the crate.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

pub(crate) use platform::{
    Dir, Staged, core_dump_limit, create_private, give_name, is_stream, lockable_memory, make_private_dir,
    make_private_dirs, name_count, nameless_private, open_any, standard_input, status_of, swap_devices, sync_parent,
    user,
};
pub use platform::{Hardened, LockedBuf, exec_with_fds, harden_process, sealed_memory_file, take_fd};

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::path::TEMPORARY;

// Its bytes stand in memory of their own, which a move leaves where it is.
impl otp_core::Buffer for LockedBuf {}

/// Waits for the lock of a file, however often a signal comes between.
pub(crate) fn lock(file: &std::fs::File) -> io::Result<()> {
    uninterrupted(|| file.lock())
}

fn uninterrupted(mut act: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match act() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// What kind of thing a directory's entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, or what else a system has that leads elsewhere.
    Symlink,
    /// A pipe, a socket, a device.
    Other,
}

/// What the system says about a file or directory.
///
/// Where a system has no such owners and modes, `mode` says that nobody else can do anything, and owners are all 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Status {
    pub(crate) kind: FileKind,
    /// The permission bits, at most `0o7777`.
    pub(crate) mode: u32,
    pub(crate) owner: u32,
    pub(crate) group: u32,
    /// The length in bytes.
    pub(crate) len: u64,
    /// The number of its file system, and its number there.
    pub(crate) place: (u64, u64),
}

/// What can be made durable, alone or with everything else on its file system.
pub(crate) trait Durable {
    /// Makes this durable.
    fn sync(&self) -> io::Result<()>;

    /// Makes all of its file system durable, if the system can do that and say whether it worked.
    fn sync_file_system(&self) -> io::Result<bool>;

    /// The number of its file system.
    fn file_system(&self) -> u64;
}

impl<T: Durable> Durable for std::sync::Arc<T> {
    fn sync(&self) -> io::Result<()> {
        (**self).sync()
    }

    fn sync_file_system(&self) -> io::Result<bool> {
        (**self).sync_file_system()
    }

    fn file_system(&self) -> u64 {
        (**self).file_system()
    }
}

/// A name for a temporary file that nobody else thinks of; who makes it still lets the system refuse one that exists.
pub(crate) fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Without randomness, which may fail, and whose failure is for those to report who need it.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{TEMPORARY}{:x}-{nanos:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_interrupted_is_done_again_and_what_fails_is_not() {
        let mut script = vec![Ok(()), Err(io::ErrorKind::Interrupted.into()), Err(io::ErrorKind::Interrupted.into())];
        uninterrupted(|| script.pop().unwrap()).unwrap();
        assert_eq!(script.len(), 0);
        let mut script = vec![Ok(()), Err(io::Error::from(io::ErrorKind::Unsupported))];
        assert_eq!(uninterrupted(|| script.pop().unwrap()).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}
