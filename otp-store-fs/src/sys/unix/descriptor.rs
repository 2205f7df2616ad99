//! File descriptors that others gave to this process, or that it gives to others.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use rustix::io::{Errno, FdFlags};

/// A file for a descriptor that this process was started with, such as 3 after `3<key`.
///
/// The file is a duplicate: dropping it closes nothing that another part of the process may own, so the same number may be
/// taken twice. The descriptor itself is marked to close when the process becomes another one, unless it is one
/// of the three standard ones.
///
/// # Errors
///
/// If no such descriptor is open.
pub fn take_fd(number: i32) -> io::Result<File> {
    if number < 0 {
        return Err(Errno::BADF.into());
    }
    // SAFETY: the borrow ends with this function, and the calls below say EBADF if nothing is open at that number.
    let given = unsafe { BorrowedFd::borrow_raw(number) };
    let file = File::from(rustix::io::fcntl_dupfd_cloexec(given, 3)?);
    if number > 2 {
        rustix::io::fcntl_setfd(given, FdFlags::CLOEXEC)?;
    }
    Ok(file)
}

/// Becomes another program that has these files at these descriptor numbers, whatever was open there before.
///
/// As with `exec`, it returns only if that failed. Then everything is again as it was before.
#[must_use = "it returns only if it failed"]
pub fn exec_with_fds(command: &mut Command, files: Vec<(File, i32)>) -> io::Error {
    let placed = match Placed::prepare(files) {
        Ok(placed) => Arc::new(placed),
        Err(error) => return error,
    };
    let before_exec = Arc::clone(&placed);
    // SAFETY: the closure runs on this thread, or in a fresh child of it, and makes only system calls.
    unsafe { command.pre_exec(move || before_exec.put()) };
    let error = command.exec();
    placed.undo();
    error
}

/// Files on their way to certain numbers.
struct Placed(Vec<Place>);

struct Place {
    number: RawFd,
    file: OwnedFd,
    /// What was open at that number, and how.
    before: Option<(OwnedFd, FdFlags)>,
}

impl Placed {
    /// Takes the files out of each other's way, above all numbers that are asked for.
    fn prepare(files: Vec<(File, RawFd)>) -> io::Result<Self> {
        let above = files.iter().map(|(_, number)| number.saturating_add(1)).max().unwrap_or(3).max(3);
        let mut placed = Vec::with_capacity(files.len());
        for (file, number) in files {
            if number < 0 {
                return Err(Errno::BADF.into());
            }
            // SAFETY: the borrow ends with this block, and the calls say so if nothing is open at that number.
            let given = unsafe { BorrowedFd::borrow_raw(number) };
            let before = match rustix::io::fcntl_getfd(given) {
                Ok(flags) => Some((rustix::io::fcntl_dupfd_cloexec(given, above)?, flags)),
                Err(_) => None,
            };
            placed.push(Place { number, file: rustix::io::fcntl_dupfd_cloexec(&file, above)?, before });
        }
        Ok(Self(placed))
    }

    /// Puts the files where they belong. There they stay open on `exec`.
    fn put(&self) -> io::Result<()> {
        for Place { number, file, .. } in &self.0 {
            rustix::io::dup2(file, &mut at(*number))?;
        }
        Ok(())
    }

    /// Puts back what was there before; whoever owned a number finds the same file at it.
    fn undo(&self) {
        for Place { number, before, .. } in &self.0 {
            let mut target = at(*number);
            match before {
                Some((file, flags)) => {
                    let _ = rustix::io::dup2(file, &mut target);
                    let _ = rustix::io::fcntl_setfd(&*target, *flags);
                }
                None => drop(ManuallyDrop::into_inner(target)),
            }
        }
    }
}

/// A number as something to duplicate to. It is never closed by being dropped.
fn at(number: RawFd) -> ManuallyDrop<OwnedFd> {
    // SAFETY: `Placed` keeps what was open there, and puts it back if this process goes on.
    ManuallyDrop::new(unsafe { OwnedFd::from_raw_fd(number) })
}

/// A file in memory that holds `bytes` and can't be changed any more, positioned at its start.
///
/// Where the system has no such thing, it is a file of mode 0600 without a name in the directory for temporary files.
/// `name` is for people who look at the process. The file closes on `exec` unless [`exec_with_fds`] puts it somewhere.
pub fn sealed_memory_file(name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = memory_file(name)?;
    file.write_all(bytes)?;
    file.rewind()?;
    seal(file.as_fd())?;
    Ok(file)
}

#[cfg(target_os = "linux")]
fn memory_file(name: &str) -> io::Result<File> {
    use rustix::fs::MemfdFlags;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Newer kernels want to know that nobody will execute it; older ones don't know the flag.
    let fd = rustix::fs::memfd_create(name, flags | MemfdFlags::NOEXEC_SEAL)
        .or_else(|_| rustix::fs::memfd_create(name, flags))?;
    Ok(File::from(fd))
}

#[cfg(target_os = "linux")]
fn seal(file: BorrowedFd<'_>) -> io::Result<()> {
    use rustix::fs::SealFlags;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    Ok(rustix::fs::fcntl_add_seals(file, seals)?)
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
fn memory_file(_name: &str) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = std::env::temp_dir().join(crate::sys::temporary_name());
    let file = File::options().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::unnecessary_wraps, reason = "Linux can fail")]
fn seal(_: BorrowedFd<'_>) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_memory_file_holds_its_bytes_and_takes_no_others() {
        let mut file = sealed_memory_file("test", b"a secret").unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"a secret");
        if cfg!(target_os = "linux") {
            assert!(file.write_all(b"more").is_err());
            assert!(file.set_len(0).is_err());
        }
    }

    #[test]
    fn a_descriptor_is_taken_twice_and_closed_by_neither() {
        let given = sealed_memory_file("test", b"a secret").unwrap();
        for _ in 0..2 {
            let mut bytes = Vec::new();
            let mut taken = take_fd(given.as_raw_fd()).unwrap();
            taken.rewind().unwrap();
            taken.read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, b"a secret");
        }
        assert_eq!(given.metadata().unwrap().len(), 8);
    }

    #[test]
    fn what_is_not_open_is_an_error() {
        for number in [-1, i32::MAX, i32::MIN] {
            assert!(take_fd(number).is_err(), "{number}");
        }
    }
}
