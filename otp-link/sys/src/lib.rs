//! The platform: locked memory, process hardening, file descriptors, private files. One file per system.
//!
//! This crate and the C ABI are the only ones with `unsafe` code. Everything above speaks of paths, files and buffers,
//! and compiles for each system.
#![deny(unsafe_op_in_unsafe_fn)]

mod arena;
mod fill;
mod listing;
mod lock_wait;
mod locked;
mod per_process;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;
mod witness;

#[cfg(unix)]
use unix as platform;
#[cfg(windows)]
use windows as platform;

use std::fmt;
use std::fs::File;
use std::io;

pub use arena::relock;
pub use fill::fill;
pub use listing::each_entry;
pub use lock_wait::{LockWait, NotLocked};
pub use locked::{LockedBuf, LockedVec};
pub use per_process::PerProcess;
#[cfg(target_os = "linux")]
pub use platform::link_unnamed;
#[cfg(windows)]
pub use platform::{
    AccessList, MAX_CREDENTIAL_LEN, Party, access_list, access_of, check_name, has_console, machine_id,
    make_new_private_dir, read_console, read_credential, report_event, standard_output, status_from, status_of_part,
    user_sid, write_credential,
};
pub use platform::{
    Helper, HelperInput, HelperOutput, Running, core_dump_limit, create_private, file_kind, give_name, harden_process,
    identity, inherited, is_in_use, is_stream, lockable_memory, make_private_dir, make_private_dirs,
    make_private_dirs_unsynced, open_log, open_with_status, own_library, patiently, quiet_thread, standard_input,
    start, status_of, swap_devices, sync_file_system, sync_parent, take_fd, unnamed_private, user, write_output,
};
#[cfg(unix)]
pub use platform::{
    close_on_exec, exec_with_fds, filled_pipe, is_private_group, sealed_memory_file, status_at, status_of_path,
    sync_dir,
};
pub use witness::{hand_over, secret_input};

/// What kind of thing a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, or anything else in a system that leads elsewhere.
    Symlink,
    /// A pipe, a socket, a device.
    Other,
}

/// What the system says about a file or directory.
///
/// On Windows, `mode` says what the access list allows to others, and an owner is 0 if it is this user, the system or
/// one of its administrators, and otherwise 1.
#[derive(Clone, Copy, Debug)]
pub struct Status {
    /// What it is.
    pub kind: FileKind,
    /// The permission bits, at most `0o7777`.
    pub mode: u32,
    /// The number of the user who owns it.
    pub owner: u32,
    /// The number of its group.
    pub group: u32,
    /// The length in bytes.
    pub len: u64,
    /// The number of its file system, and its number there. On Windows, zeros if only its metadata were asked.
    pub place: (u64, u64),
}

/// What [`Status::mode`] says, in words.
#[derive(Clone, Copy, Debug)]
pub struct Access(pub u32);

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(windows) { f.write_str("by its access list") } else { write!(f, "mode {:04o}", self.0) }
    }
}

/// How well this process keeps its memory to itself; see [`harden_process`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hardened {
    /// No core dump is written if the process crashes.
    pub no_core_dumps: bool,
    /// Other processes of the same user can neither trace it nor read its memory.
    pub not_dumpable: bool,
}

/// Who this process is, as a log says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user who started it: a number, on Windows a security identifier.
    pub user: String,
    /// The user that it acts as.
    pub effective_user: String,
    /// The number of the process that started it, where the system tells.
    pub parent: Option<u32>,
    /// The name of the machine.
    pub host: String,
}

/// Waits for the lock of an open file, however often a signal interrupts. The lock ends when the file is closed.
///
/// # Errors
///
/// The system's.
pub fn lock_file(file: &File) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_call_is_repeated_and_a_failed_one_is_not() {
        let mut script = vec![Ok(()), Err(io::ErrorKind::Interrupted.into()), Err(io::ErrorKind::Interrupted.into())];
        uninterrupted(|| script.pop().unwrap()).unwrap();
        assert_eq!(script.len(), 0);
        let mut script = vec![Ok(()), Err(io::Error::from(io::ErrorKind::Unsupported))];
        assert_eq!(uninterrupted(|| script.pop().unwrap()).unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}
