//! [`Helper`]: a program that this process starts and speaks to over a socket pair.
//!
//! It asks nothing of the host program: the host's signal handlers, descriptors and children are left alone, and a fork
//! finds nothing that it would have to undo.

use std::ffi::{CString, OsStr};
use std::io::{self, Read, Write};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::net::Shutdown;
#[cfg(target_os = "linux")]
use std::os::fd::AsFd;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::process::{Pid, Signal, WaitOptions};
#[cfg(target_os = "linux")]
use rustix::process::{PidfdFlags, WaitId, WaitIdOptions};

/// A running program whose standard input and output are one end of a socket pair.
///
/// It has no other descriptor of this process, its standard error is `/dev/null`, and it is in a process group of its own,
/// so that what is typed at a terminal does not reach it. It ends when this value is dropped; see [`end`](Self::end).
#[derive(Debug)]
pub struct Helper {
    channel: Arc<Channel>,
    process: Mutex<Option<Process>>,
}

impl Helper {
    /// Starts a program without arguments, and without these variables of the environment.
    ///
    /// # Errors
    ///
    /// The system's: there is no such program, or it can't be executed.
    pub fn start(program: &Path, without: &[&str]) -> io::Result<(Self, HelperInput, HelperOutput)> {
        let (ours, theirs) = UnixStream::pair()?;
        #[cfg(target_vendor = "apple")]
        rustix::net::sockopt::set_socket_nosigpipe(&ours, true)?;
        let theirs = above_standard(theirs.into())?;
        let channel = Arc::new(Channel::new(above_standard(ours.into())?));
        let process = Process::spawn(program, without, &theirs)?;
        let (input, output) = (HelperInput(Arc::clone(&channel)), HelperOutput(Arc::clone(&channel)));
        Ok((Self { channel, process: Mutex::new(Some(process)) }, input, output))
    }

    /// Ends the program and waits until it has ended: calls that are reading or writing then fail or end.
    ///
    /// It works even if the host ignores `SIGCHLD`, or reaps every child: the system then says that there is no such
    /// child, which means that it has ended. In the child of a fork it does nothing.
    pub fn end(&self) {
        self.channel.shut_down();
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let (Some(process), true) = (process, self.channel.is_ours()) {
            process.end();
        }
    }

    /// The program's process number: for tests.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_ref().map(|process| process.pid.as_raw_nonzero().get().cast_unsigned())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
    }
}

/// The program reads what is written here.
#[derive(Debug)]
pub struct HelperInput(Arc<Channel>);

impl Write for HelperInput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A program that has ended is an error, never a signal, which would end the host.
        #[cfg(not(target_vendor = "apple"))]
        return Ok(rustix::net::send(self.0.stream()?, bytes, rustix::net::SendFlags::NOSIGNAL)?);
        #[cfg(target_vendor = "apple")]
        return Ok(rustix::net::send(self.0.stream()?, bytes, rustix::net::SendFlags::empty())?);
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the program writes is read here.
#[derive(Debug)]
pub struct HelperOutput(Arc<Channel>);

impl Read for HelperOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.stream()?.read(buffer)
    }
}

/// This process's end of a socket pair, which a child of a fork closes silently.
#[derive(Debug)]
struct Channel {
    stream: ManuallyDrop<UnixStream>,
    /// Whose end it is.
    process: u32,
    /// Where [`close_in_child`] finds it; `None` if there are too many.
    listed: Option<&'static AtomicI32>,
}

/// The ends that a child of a fork closes.
static ENDS: [AtomicI32; 64] = [const { AtomicI32::new(NOTHING) }; 64];
const NOTHING: i32 = -1;

impl Channel {
    fn new(end: OwnedFd) -> Self {
        close_ends_in_children();
        let number = end.as_raw_fd();
        let free =
            |place: &&AtomicI32| place.compare_exchange(NOTHING, number, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let listed = ENDS.iter().find(free);
        Self { stream: ManuallyDrop::new(end.into()), process: std::process::id(), listed }
    }

    fn is_ours(&self) -> bool {
        std::process::id() == self.process
    }

    /// The end, unless this is the child of a fork, where the number may by now be something else's.
    fn stream(&self) -> io::Result<&UnixStream> {
        if self.is_ours() { Ok(&self.stream) } else { Err(io::ErrorKind::NotConnected.into()) }
    }

    fn shut_down(&self) {
        // It fails if the program has ended, which is just as good.
        let _ = self.stream().map(|stream| stream.shutdown(Shutdown::Both));
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        if !self.is_ours() {
            return;
        }
        if let Some(listed) = self.listed {
            listed.store(NOTHING, Ordering::Release);
        }
        // SAFETY: nothing uses the stream after this; in this process it is dropped once.
        unsafe { ManuallyDrop::drop(&mut self.stream) };
    }
}

fn close_ends_in_children() {
    static PREPARED: AtomicBool = AtomicBool::new(false);
    if !PREPARED.swap(true, Ordering::Relaxed) {
        // SAFETY: the function takes nothing, does not unwind, and exists as long as this library, with which the C library
        // forgets it.
        unsafe { libc::pthread_atfork(None, None, Some(close_in_child)) };
    }
}

/// Only what a child of a process with threads may do: system calls and atomics.
extern "C" fn close_in_child() {
    for end in &ENDS {
        let number = end.swap(NOTHING, Ordering::AcqRel);
        if number != NOTHING {
            // SAFETY: the number is that of a channel's end, which this child has a copy of and nothing in it will use or
            // close: the channel looks at the process first.
            drop(unsafe { OwnedFd::from_raw_fd(number) });
        }
    }
}

/// The same open file at a number above those of standard input, output and error, which the host may have closed.
fn above_standard(fd: OwnedFd) -> io::Result<OwnedFd> {
    if fd.as_raw_fd() > 2 { Ok(fd) } else { Ok(rustix::io::fcntl_dupfd_cloexec(&fd, 3)?) }
}

/// A child of this process.
#[derive(Debug)]
struct Process {
    pid: Pid,
    /// A handle that never means another process, where the system has them.
    #[cfg(target_os = "linux")]
    handle: Option<OwnedFd>,
}

impl Process {
    fn spawn(program: &Path, without: &[&str], end: &OwnedFd) -> io::Result<Self> {
        let program = c_text(program.as_os_str())?;
        let variables = std::env::vars_os().filter(|(name, _)| !without.iter().any(|without| name == without));
        let variables: Vec<CString> = variables
            .map(|(mut pair, value)| {
                pair.push("=");
                pair.push(value);
                CString::new(pair.into_vec()).map_err(io::Error::from)
            })
            .collect::<io::Result<_>>()?;
        let mut actions = Actions::new()?;
        actions.copy(end.as_raw_fd(), 0)?;
        actions.copy(end.as_raw_fd(), 1)?;
        actions.open_null(2)?;
        for number in inherited_descriptors() {
            actions.close(number)?;
        }
        let pid = spawn(&program, &variables, &actions, &Attributes::new()?)?;
        let pid = Pid::from_raw(pid).ok_or(io::ErrorKind::Other)?;
        Ok(Self {
            pid,
            #[cfg(target_os = "linux")]
            handle: rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok(),
        })
    }

    /// Kills it, and waits for its end.
    fn end(self) {
        #[cfg(target_os = "linux")]
        if let Some(handle) = &self.handle {
            let _ = rustix::process::pidfd_send_signal(handle, Signal::KILL);
            // "No such child": the host has reaped it, or lets the system do so.
            super::interrupted_or(|| {
                rustix::process::waitid(WaitId::PidFd(handle.as_fd()), WaitIdOptions::EXITED).map(drop)
            });
            return;
        }
        // Until it is reaped, no other process has its number.
        let still_ours = matches!(rustix::process::waitpid(Some(self.pid), WaitOptions::NOHANG), Ok(None));
        if still_ours {
            let _ = rustix::process::kill_process(self.pid, Signal::KILL);
            super::interrupted_or(|| rustix::process::waitpid(Some(self.pid), WaitOptions::empty()).map(drop));
        }
    }
}

fn c_text(text: &OsStr) -> io::Result<CString> {
    Ok(CString::new(text.as_bytes())?)
}

/// The numbers above 2 that another program would find open. The host's own threads may open more at any time.
fn inherited_descriptors() -> Vec<RawFd> {
    let names = std::fs::read_dir("/dev/fd").into_iter().flatten();
    let numbers = names.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers.filter(|number: &RawFd| *number > 2 && is_inherited(*number)).collect()
}

fn is_inherited(number: RawFd) -> bool {
    // SAFETY: the borrow ends with this function, and the call says EBADF if nothing is open at that number.
    let fd = unsafe { std::os::fd::BorrowedFd::borrow_raw(number) };
    rustix::io::fcntl_getfd(fd).is_ok_and(|flags| !flags.contains(rustix::io::FdFlags::CLOEXEC))
}

/// Starts a program without copying this process's memory, and without running this process's code in the child, so it
/// is safe in a host with threads.
fn spawn(program: &CString, variables: &[CString], actions: &Actions, attributes: &Attributes) -> io::Result<i32> {
    let arguments = [program.as_ptr().cast_mut(), ptr::null_mut()];
    let mut environment: Vec<_> = variables.iter().map(|pair| pair.as_ptr().cast_mut()).collect();
    environment.push(ptr::null_mut());
    let mut pid = 0;
    // SAFETY: program and variables end with NUL, both lists end with NULL, and all of them, the actions and the attributes
    // live until the call returns.
    check(unsafe {
        libc::posix_spawn(
            &raw mut pid,
            program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            arguments.as_ptr(),
            environment.as_ptr(),
        )
    })?;
    Ok(pid)
}

/// What becomes of the child's descriptors.
struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the place is one for them, and is read only if the call has filled it.
        unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    fn copy(&mut self, from: RawFd, to: RawFd) -> io::Result<()> {
        // SAFETY: they were initialised.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, from, to) })
    }

    fn close(&mut self, number: RawFd) -> io::Result<()> {
        // SAFETY: they were initialised. A number that is closed by then is no error.
        check(unsafe { libc::posix_spawn_file_actions_addclose(&raw mut self.0, number) })
    }

    fn open_null(&mut self, number: RawFd) -> io::Result<()> {
        let path = c"/dev/null".as_ptr();
        // SAFETY: they were initialised, and the path ends with NUL; they keep a copy of it.
        check(unsafe { libc::posix_spawn_file_actions_addopen(&raw mut self.0, number, path, libc::O_WRONLY, 0) })
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: they were initialised, and nothing uses them after this.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}

/// A process group of its own; no signal blocked, and none ignored that the host ignores.
struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        let mut none = MaybeUninit::uninit();
        let mut defaults = MaybeUninit::uninit();
        // SAFETY: each place is one for what is put there, and is read only once it has been filled.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigemptyset(defaults.as_mut_ptr());
            for signal in [libc::SIGPIPE, libc::SIGCHLD, libc::SIGTERM, libc::SIGHUP] {
                libc::sigaddset(defaults.as_mut_ptr(), signal);
            }
            let flags = libc::POSIX_SPAWN_SETPGROUP | libc::POSIX_SPAWN_SETSIGMASK | libc::POSIX_SPAWN_SETSIGDEF;
            #[allow(clippy::useless_conversion, reason = "the type differs among systems")]
            let flags = libc::c_short::try_from(flags).map_err(|_| io::ErrorKind::InvalidInput)?;
            check(libc::posix_spawnattr_setflags(&raw mut attributes.0, flags))?;
            check(libc::posix_spawnattr_setpgroup(&raw mut attributes.0, 0))?;
            check(libc::posix_spawnattr_setsigmask(&raw mut attributes.0, none.as_ptr()))?;
            check(libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, defaults.as_ptr()))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: they were initialised, and nothing uses them after this.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

/// These calls return the error's number.
fn check(number: i32) -> io::Result<()> {
    if number == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(number)) }
}

/// Starts a thread that gets none of the process's signals: those are for threads that the host knows of.
///
/// # Errors
///
/// The system's: there are too many threads.
pub fn quiet_thread(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: each place is one for a set of signals, and is read only once it has been filled.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        check(libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), before.as_mut_ptr()))?;
    }
    // The new thread inherits what is blocked.
    let started = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    // SAFETY: the call above has filled it.
    check(unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut()) })?;
    started.map(drop)
}

/// The file that this code was loaded from, if it is a library of its own and not part of the program.
#[must_use]
pub fn own_library() -> Option<std::path::PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    let here = own_library as fn() -> Option<std::path::PathBuf>;
    // SAFETY: the place is one for the answer, which is read only if the call says that it is there; the name in it ends
    // with NUL and lives as long as the library.
    let name = unsafe {
        if libc::dladdr(here as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = info.assume_init().dli_fname;
        if name.is_null() {
            return None;
        }
        std::ffi::CStr::from_ptr(name)
    };
    let library = Path::new(OsStr::from_bytes(name.to_bytes())).canonicalize().ok()?;
    let program = std::env::current_exe().and_then(|program| program.canonicalize()).ok();
    (program.as_ref() != Some(&library)).then_some(library)
}
