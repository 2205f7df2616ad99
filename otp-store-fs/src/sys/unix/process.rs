//! This process: who it is, what it was given, and what others may see of it.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::dir::status_of;
use crate::sys::{Dir, Durable, Status};

/// The number of the user whom this process acts as.
pub(crate) fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Opens whatever a path leads to, and asks what it is.
pub(crate) fn open_any(path: &Path) -> io::Result<(File, Status)> {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    let status = status_of(&file)?;
    Ok((file, status))
}

/// How many names an open file has.
pub(crate) fn name_count(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.nlink())
}

/// Whether what is read from an open file is gone with that: a pipe, a socket or a character device.
pub(crate) fn is_stream(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(kind.is_fifo() || kind.is_socket() || kind.is_char_device())
}

/// Standard input, without the standard library's buffer, in which secrets would stay.
pub(crate) fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_fd().try_clone_to_owned()?))
}

/// Makes a new file of mode 0600, for writing.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(path)
}

/// Makes a new file of mode 0600 in the directory that a path leads to, for writing, and without a name as yet.
#[cfg(target_os = "linux")]
pub(crate) fn nameless_private(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    Ok(File::from(rustix::fs::openat(CWD, parent(path), flags, mode)?))
}

/// Gives a file without a name its path, at which nothing may be.
#[cfg(target_os = "linux")]
pub(crate) fn give_name(file: &File, path: &Path) -> io::Result<()> {
    Ok(super::stage::link_nameless(file, CWD, path)?)
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
pub(crate) fn nameless_private(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
pub(crate) fn give_name(_: &File, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The directory that a path's last part is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => path,
    }
}

/// Makes the name of a new file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    Dir::open(parent(path))?.sync()
}

/// Makes a directory with mode 0700, if there is none.
pub(crate) fn make_private_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        // Somebody else made it just now.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// Makes a directory with mode 0700, and those above it that are missing, durably.
pub(crate) fn make_private_dirs(path: &Path) -> io::Result<()> {
    match (make_private_dir(path), path.parent()) {
        (Ok(()), _) => sync_parent(path),
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound && !parent.as_os_str().is_empty() => {
            make_private_dirs(parent)?;
            make_private_dirs(path)
        }
        (Err(error), _) => Err(error),
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

/// Turns off core dumps, and closes the process's memory to others of the same user, as far as the system lets it.
///
/// What does not work is no error, but said in the result. A program that this process becomes with `exec` is dumpable
/// again, but still writes no core dump unless it asks for one.
#[allow(clippy::must_use_candidate, reason = "its effect is what is wanted")]
pub fn harden_process() -> Hardened {
    // The hard limit stays: what this process becomes may want its dumps back.
    let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
    let no_core_dumps = setrlimit(Resource::Core, limit).is_ok();
    Hardened { no_core_dumps, not_dumpable: set_not_dumpable() }
}

#[cfg(target_os = "linux")]
fn set_not_dumpable() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}

#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
fn set_not_dumpable() -> bool {
    false
}

/// How large a core dump may be, in bytes.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can't tell")]
pub(crate) fn core_dump_limit() -> Option<u64> {
    Some(getrlimit(Resource::Core).current.unwrap_or(u64::MAX))
}

/// How much memory may be locked, in bytes.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can't tell")]
pub(crate) fn lockable_memory() -> Option<u64> {
    Some(getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX))
}

/// Where memory is swapped to; `None` where the system does not tell.
pub(crate) fn swap_devices() -> Option<Vec<String>> {
    Some(devices_in(&std::fs::read_to_string("/proc/swaps").ok()?))
}

/// What `/proc/swaps` says: a line of titles, and then a line for each, which starts with its path.
fn devices_in(swaps: &str) -> Vec<String> {
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use rustix::io::{FdFlags, fcntl_getfd};

    use super::*;

    #[test]
    fn each_swap_is_named_by_its_path() {
        let titles = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
        assert!(devices_in(titles).is_empty() && devices_in("").is_empty());
        let swaps = format!("{titles}/dev/sda2 partition\t1000\t0\t-2\n/swap\tfile\t1000\t0\t-3\n");
        assert_eq!(devices_in(&swaps), ["/dev/sda2", "/swap"]);
        assert_eq!(swap_devices(), std::fs::read_to_string("/proc/swaps").ok().map(|swaps| devices_in(&swaps)));
    }

    #[test]
    fn only_what_is_gone_when_it_is_read_is_a_stream() {
        let home = tempfile::tempdir().unwrap();
        assert!(!is_stream(&File::open(home.path()).unwrap()).unwrap());
        assert!(!is_stream(&create_private(&home.path().join("file")).unwrap()).unwrap());
        assert!(is_stream(&File::open("/dev/null").unwrap()).unwrap());
        let (reader, _writer) = io::pipe().unwrap();
        assert!(is_stream(&File::from(std::os::fd::OwnedFd::from(reader))).unwrap());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_in_memory_needs_no_name() {
        let home = tempfile::tempdir_in("/dev/shm").unwrap();
        let path = home.path().join("key");
        let file = nameless_private(&path).unwrap();
        assert!(fcntl_getfd(&file).unwrap().contains(FdFlags::CLOEXEC));
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        give_name(&file, &path).unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_alone_lies_in_the_current_directory() {
        for (path, dir) in [("key", "."), ("keys/key", "keys"), ("/key", "/"), ("/", "/")] {
            assert_eq!(parent(Path::new(path)), Path::new(dir), "{path}");
        }
        assert!(sync_parent(Path::new("/there/is/no/such/directory/key")).is_err());
    }

    #[test]
    fn directories_are_made_below_directories_alone() {
        let home = tempfile::tempdir().unwrap();
        make_private_dirs(&home.path().join("a/b/c")).unwrap();
        assert!(home.path().join("a/b/c").is_dir());
        create_private(&home.path().join("file")).unwrap();
        let error = make_private_dirs(&home.path().join("file/below")).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
    }

    #[test]
    fn what_is_opened_closes_when_the_process_becomes_another() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("key");
        let closes = |file: &File| fcntl_getfd(file).unwrap().contains(FdFlags::CLOEXEC);
        assert!(closes(&create_private(&path).unwrap()));
        assert!(closes(&open_any(&path).unwrap().0));
    }
}
