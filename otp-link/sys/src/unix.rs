//! Unix.
#![allow(unsafe_code, reason = "pages and descriptor numbers of one's own belong to no Rust value")]

mod helper;

use std::ffi::c_void;
use std::fs::{DirBuilder, File, Permissions};
use std::io::{self, Seek, Write};
use std::mem::ManuallyDrop;
#[cfg(target_os = "linux")]
use std::os::fd::AsRawFd;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use crate::{FileKind, Hardened, Identity, Status};
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawMode, Stat};
use rustix::io::{Errno, FdFlags};
use rustix::mm::{MapFlags, ProtFlags};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use helper::{Helper, HelperInput, HelperOutput, own_library, quiet_thread};

/// Repeats a call that a signal interrupts. Any other failure does not matter.
fn interrupted_or(mut call: impl FnMut() -> Result<(), Errno>) {
    while call() == Err(Errno::INTR) {}
}

/// Maps `len` new pages of zeros, locked and left out of core dumps as far as the system allows; `None` without memory.
pub(crate) fn map_locked(len: usize) -> Option<NonNull<u8>> {
    // SAFETY: a new private mapping at an address of the system's choice touches no memory that is in use.
    let start = unsafe {
        rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    };
    let start = NonNull::new(start.ok()?.cast::<u8>())?;
    // Miri has neither advice nor locks.
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: the range is the mapping made above; the advice changes nothing about its contents.
    let _ = unsafe { rustix::mm::madvise(start.as_ptr().cast::<c_void>(), len, rustix::mm::Advice::LinuxDontDump) };
    // SAFETY: the range is the mapping made above.
    unsafe { lock_pages(start, len) };
    Some(start)
}

/// Locks pages, each as soon as it is touched where the system can do that. What it refuses is no error.
///
/// # Safety
///
/// The range is one that [`map_locked`] gave, and is still mapped.
pub(crate) unsafe fn lock_pages(start: NonNull<u8>, len: usize) {
    let start = start.as_ptr().cast::<c_void>();
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: the caller says that the range is mapped; locking changes nothing about its contents.
    if unsafe { rustix::mm::mlock_with(start, len, rustix::mm::MlockFlags::ONFAULT) }.is_ok() {
        return;
    }
    #[cfg(not(miri))]
    // SAFETY: as above.
    let _ = unsafe { rustix::mm::mlock(start, len) };
    #[cfg(miri)]
    let _ = (start, len);
}

/// Unmaps pages, which unlocks them.
///
/// # Safety
///
/// The range is one that [`map_locked`] gave, and nothing refers to it any more.
pub(crate) unsafe fn unmap_locked(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller says so.
    let _ = unsafe { rustix::mm::munmap(start.as_ptr().cast::<c_void>(), len) };
}

/// The number of the user that this process acts as.
#[must_use]
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Who this process is.
///
/// # Errors
///
/// None here.
pub fn identity() -> io::Result<Identity> {
    Ok(Identity {
        user: rustix::process::getuid().as_raw().to_string(),
        effective_user: user().to_string(),
        parent: rustix::process::getppid().map(|parent| parent.as_raw_nonzero().get().unsigned_abs()),
        host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
    })
}

/// Opens a file to append to, and makes it with mode 0600 if there is none. A pipe that nobody reads is an error: this
/// never waits for a reader.
///
/// # Errors
///
/// The system's.
pub fn open_log(path: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    File::options().append(true).create(true).mode(0o600).custom_flags(flags).open(path)
}

/// Opens whatever a path leads to, and asks what it is.
pub fn open_with_status(path: &Path) -> io::Result<(File, Status)> {
    let flags = OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::openat(CWD, path, flags, Mode::empty())?);
    let status = status_of(&file)?;
    Ok((file, status))
}

/// Nobody can keep others from opening a file here.
#[must_use]
pub fn is_in_use(_: &io::Error) -> bool {
    false
}

/// Tries something once: nobody is in anybody's way here.
///
/// # Errors
///
/// Its own.
pub fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    attempt()
}

/// Whether reading from an open file consumes what is read: a pipe, a socket or a character device.
pub fn is_stream(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(kind.is_fifo() || kind.is_socket() || kind.is_char_device())
}

/// Writes to standard output, without the standard library's buffer, which would keep a copy of a secret.
///
/// # Errors
///
/// The system's.
pub fn write_output(mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::retry_on_intr(|| rustix::io::write(rustix::stdio::stdout(), bytes))? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            written => bytes = &bytes[written..],
        }
    }
    Ok(())
}

/// Standard input, without the standard library's buffer, which would keep a copy of a secret.
pub fn standard_input() -> io::Result<File> {
    Ok(File::from(rustix::stdio::stdin().try_clone_to_owned()?))
}

/// Makes a new file of mode 0600, for writing.
pub fn create_private(path: &Path) -> io::Result<File> {
    let file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    // Whatever the umask says.
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Makes a new file of mode 0600 in the directory of `path`, for writing, that has no name yet.
#[cfg(target_os = "linux")]
pub fn unnamed_private(path: &Path) -> io::Result<File> {
    let flags = OFlags::WRONLY | OFlags::TMPFILE | OFlags::CLOEXEC;
    let mode = Mode::RUSR | Mode::WUSR;
    let file = rustix::fs::openat(CWD, parent(path), flags, mode)?;
    // Whatever the umask says.
    rustix::fs::fchmod(&file, mode)?;
    Ok(File::from(file))
}

/// Gives a file without a name its path, where nothing may exist yet.
#[cfg(target_os = "linux")]
pub fn give_name(file: &File, path: &Path) -> io::Result<()> {
    link_unnamed(file, CWD, path)
}

/// Links an open file without a name into a directory.
///
/// Unlike linking the descriptor itself, the way through `/proc` needs no privilege.
#[cfg(target_os = "linux")]
pub fn link_unnamed(file: &File, dir: impl AsFd, name: impl rustix::path::Arg) -> io::Result<()> {
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, open, dir, name, AtFlags::SYMLINK_FOLLOW)?)
}

/// Always an error: this system has no unnamed files.
#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
pub fn unnamed_private(_: &Path) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Always an error: this system has no unnamed files.
#[cfg(not(target_os = "linux"))]
#[cfg_attr(mutants, mutants::skip)]
pub fn give_name(_: &File, _: &Path) -> io::Result<()> {
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

/// Makes what was made in an open directory, or removed from it, durable.
pub fn sync_dir(dir: impl AsFd) -> io::Result<()> {
    // Apple's fsync leaves everything in the disk's own cache.
    #[cfg(target_vendor = "apple")]
    rustix::io::retry_on_intr(|| rustix::fs::fcntl_fullfsync(&dir))?;
    #[cfg(not(target_vendor = "apple"))]
    rustix::io::retry_on_intr(|| rustix::fs::fsync(&dir))?;
    Ok(())
}

/// Makes a whole file system durable, and says whether the system can do that. Linux has reported failures since 5.8;
/// other systems don't wait for it.
#[cfg_attr(not(target_os = "linux"), allow(clippy::unnecessary_wraps, unused_variables, reason = "Linux can fail"))]
pub fn sync_file_system(fd: impl AsFd) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    {
        rustix::fs::syncfs(fd)?;
        Ok(true)
    }
    #[cfg(not(target_os = "linux"))]
    Ok(false)
}

/// Makes the name of a new file durable.
pub fn sync_parent(path: &Path) -> io::Result<()> {
    sync_dir(rustix::fs::openat(
        CWD,
        parent(path),
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?)
}

/// Makes a directory with mode 0700, if there is none.
pub fn make_private_dir(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        // Whatever the umask says.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(0o700)),
        // Somebody else made it just now.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        outcome => outcome,
    }
}

/// Makes a directory with mode 0700, and those above it that are missing, durably.
pub fn make_private_dirs(path: &Path) -> io::Result<()> {
    make_dirs(path, sync_parent)
}

/// Like [`make_private_dirs`], but leaves making them durable to the caller.
pub fn make_private_dirs_unsynced(path: &Path) -> io::Result<()> {
    make_dirs(path, |_| Ok(()))
}

fn make_dirs(path: &Path, sync: fn(&Path) -> io::Result<()>) -> io::Result<()> {
    match (make_private_dir(path), path.parent()) {
        (Ok(()), _) => sync(path),
        (Err(error), Some(parent)) if error.kind() == io::ErrorKind::NotFound && !parent.as_os_str().is_empty() => {
            make_dirs(parent, sync)?;
            make_dirs(path, sync)
        }
        (Err(error), _) => Err(error),
    }
}

/// Turns off core dumps, and closes this process's memory to other processes of the same user, as far as the system allows.
///
/// What does not work is no error; the result says what did. A program that this process becomes with `exec` is dumpable
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
#[must_use]
pub fn core_dump_limit() -> Option<u64> {
    Some(getrlimit(Resource::Core).current.unwrap_or(u64::MAX))
}

/// How much memory may be locked, in bytes.
#[allow(clippy::unnecessary_wraps, reason = "other platforms can't tell")]
#[must_use]
pub fn lockable_memory() -> Option<u64> {
    Some(getrlimit(Resource::Memlock).current.unwrap_or(u64::MAX))
}

/// Where memory is swapped to; `None` where the system does not tell.
#[must_use]
pub fn swap_devices() -> Option<Vec<String>> {
    Some(devices_in(&std::fs::read_to_string("/proc/swaps").ok()?))
}

/// What `/proc/swaps` says: a line of titles, and then a line for each, which starts with its path.
fn devices_in(swaps: &str) -> Vec<String> {
    swaps.lines().skip(1).filter_map(|line| line.split_whitespace().next()).map(String::from).collect()
}

/// What the system says about an open file or directory.
pub fn status_of(fd: impl AsFd) -> io::Result<Status> {
    Ok(status(&rustix::fs::fstat(fd)?))
}

/// What the system says about a path, whose last part is not followed if it is a symbolic link.
pub fn status_of_path(path: &Path) -> io::Result<Status> {
    Ok(status(&rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)?))
}

/// Whether a group is this user's own: their primary group, which nobody else is in, as far as the system's files tell.
#[must_use]
pub fn is_private_group(group: u32) -> bool {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    group == rustix::process::getegid().as_raw()
        && is_alone_in(group, user(), &read("/etc/passwd"), &read("/etc/group"))
}

/// Whether `passwd` and `group`, in their formats of passwd(5) and group(5), say that a user is alone in a group.
fn is_alone_in(gid: u32, uid: u32, passwd: &str, group: &str) -> bool {
    let column = |line: &str, at: usize| line.split(':').nth(at).map(str::to_owned);
    let number = |line: &str, at: usize| column(line, at).and_then(|text| text.parse::<u32>().ok());
    let own = passwd.lines().find(|line| number(line, 2) == Some(uid)).and_then(|line| column(line, 0));
    let Some(own) = own else { return false };
    let shared = passwd.lines().any(|line| number(line, 3) == Some(gid) && number(line, 2) != Some(uid));
    let mut members = group.lines().filter(|line| number(line, 2) == Some(gid)).filter_map(|line| column(line, 3));
    !shared && members.all(|members| members.split(',').all(|member| member.is_empty() || member == own))
}

/// What the system says about something in an open directory. A symbolic link at the end is not followed.
pub fn status_at(dir: impl AsFd, path: impl rustix::path::Arg) -> io::Result<Status> {
    Ok(status(&rustix::fs::statat(dir, path, AtFlags::SYMLINK_NOFOLLOW)?))
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
        kind: file_kind(FileType::from_raw_mode(stat.st_mode as RawMode)),
        mode: stat.st_mode as u32 & 0o7777,
        owner: stat.st_uid,
        group: stat.st_gid,
        len: stat.st_size as u64,
        place: (stat.st_dev as u64, stat.st_ino as u64),
    }
}

/// What kind of thing a directory's entry is.
#[must_use]
pub fn file_kind(of: FileType) -> FileKind {
    match of {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Directory,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Other,
    }
}

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

/// Has an open descriptor close when this process becomes another program.
///
/// # Errors
///
/// If no such descriptor is open.
pub fn close_on_exec(number: i32) -> io::Result<()> {
    if number < 0 {
        return Err(Errno::BADF.into());
    }
    // SAFETY: the borrow ends with this function, and the call says EBADF if nothing is open at that number.
    let given = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_setfd(given, FdFlags::CLOEXEC)?)
}

/// A copy of an open file's descriptor. Programs that this process starts inherit it, as long as the copy exists.
pub fn inherited(file: &File) -> io::Result<File> {
    Ok(File::from(rustix::io::dup(file)?))
}

/// A command that is running, whatever becomes of this process.
pub struct Running(Child);

/// Starts a command.
///
/// # Errors
///
/// The system's.
pub fn start(command: &mut Command) -> io::Result<Running> {
    command.spawn().map(Running)
}

impl Running {
    /// The command's standard input, if it is a pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.0.stdin.take()
    }

    /// Waits until the command has ended.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        self.0.wait()
    }
}

/// The read end of a pipe that holds these bytes, and whose write end is closed; `None` if they do not fit into one.
///
/// Reading from it consumes the bytes. The file closes on `exec` unless [`exec_with_fds`] puts it somewhere.
pub fn filled_pipe(bytes: &[u8]) -> io::Result<Option<File>> {
    let (reader, writer) = io::pipe()?;
    let writer = OwnedFd::from(writer);
    // Only this end: a reader that waits would be surprised.
    rustix::fs::fcntl_setfl(&writer, OFlags::NONBLOCK)?;
    let mut left = bytes;
    while !left.is_empty() {
        match rustix::io::write(&writer, left) {
            Ok(written) => left = &left[written..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Some(File::from(OwnedFd::from(reader))))
}

/// Becomes another program that has these files at these descriptor numbers, whatever was open there before.
///
/// Like `exec`, it returns only on failure. Everything is then as it was before.
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

/// A number beyond what the process may have open is "invalid" for the one call, and "too many" for all others.
fn too_high(error: Errno) -> Errno {
    if error == Errno::INVAL { Errno::MFILE } else { error }
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
    /// Moves the files out of each other's way, above all the numbers that are asked for.
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
                Ok(flags) => Some((rustix::io::fcntl_dupfd_cloexec(given, above).map_err(too_high)?, flags)),
                Err(_) => None,
            };
            placed.push(Place {
                number,
                file: rustix::io::fcntl_dupfd_cloexec(&file, above).map_err(too_high)?,
                before,
            });
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

    /// Puts back what was there before; each number leads to the same file again.
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
/// Where the system can't do that, it is a file of mode 0600 without a name in the directory for temporary files.
/// `name` is for people who look at the process. The file closes on `exec` unless [`exec_with_fds`] puts it somewhere.
pub fn sealed_memory_file(name: &str, bytes: &[u8]) -> io::Result<File> {
    let mut file = memory_file(name)?;
    // libpq and OpenSSH refuse a file that others could read, and look at nothing but its mode.
    file.set_permissions(Permissions::from_mode(0o600))?;
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
    let path = std::env::temp_dir().join(format!("otp-{}-{:p}", std::process::id(), &raw const _name));
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
mod tests;
