//! Another program, stopped at its system calls and read from outside.
//!
//! Its memory is opened while it starts, before it can forbid that, so this needs no privilege.

use std::ffi::c_long;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::mem::MaybeUninit;
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::ptr;

/// Where a program has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It is about to make the system call with this number.
    Call(c_long),
    /// It is about to end, with its memory still in place.
    Exit,
    /// It is gone.
    Gone,
}

/// Which parts of a program's memory are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All that it can read.
    All,
    /// All that it can write: its stack, its heap and so on.
    Writable,
}

/// A mapping of a program's memory.
pub struct Mapping {
    /// Its name: a file, `[heap]`, `[stack]`, or `anonymous`.
    pub name: String,
    /// Its first address.
    pub start: u64,
    /// Whether it is locked, so that it never reaches swap.
    pub locked: bool,
    /// Its contents.
    pub bytes: Vec<u8>,
}

/// A program under observation.
pub struct Tracee {
    child: Child,
    memory: File,
    smaps: File,
}

impl Tracee {
    /// Starts a program, and stops it before its first instruction.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        // SAFETY: between fork and exec only a system call is made.
        unsafe {
            command.pre_exec(|| match libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            });
        }
        let child = command.spawn()?;
        let process = child.id();
        wait(pid(&child))?;
        let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXIT | libc::PTRACE_O_EXITKILL;
        // SAFETY: the child is stopped and traced by this process; the options are passed by value.
        check(unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid(&child), 0, options) })?;
        let memory = File::open(format!("/proc/{process}/mem"))?;
        let smaps = File::open(format!("/proc/{process}/smaps"))?;
        Ok(Self { child, memory, smaps })
    }

    /// Its process, with access to its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Continues until the next system call, or the end.
    pub fn next_stop(&mut self) -> io::Result<Stop> {
        let mut signal = 0;
        loop {
            // SAFETY: the child is stopped and traced by this process; the signal is passed by value.
            check(unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid(&self.child), 0, signal) })?;
            let status = wait(pid(&self.child))?;
            if !libc::WIFSTOPPED(status) {
                return Ok(Stop::Gone);
            }
            signal = 0;
            if status >> 8 == (libc::SIGTRAP | (libc::PTRACE_EVENT_EXIT << 8)) {
                return Ok(Stop::Exit);
            }
            match libc::WSTOPSIG(status) {
                stop if stop == libc::SIGTRAP | 0x80 => {
                    if let Some(call) = self.call()? {
                        return Ok(Stop::Call(call));
                    }
                }
                libc::SIGTRAP => {}
                other => signal = other,
            }
        }
    }

    /// Continues until `wanted`. An earlier end is an error.
    pub fn run_until(&mut self, wanted: Stop) -> io::Result<()> {
        loop {
            let stop = self.next_stop()?;
            if stop == wanted {
                return Ok(());
            }
            if matches!(stop, Stop::Exit | Stop::Gone) {
                return Err(io::Error::other(format!("the program came to {stop:?} before {wanted:?}")));
            }
        }
    }

    /// The number of the system call that it is about to make; `None` if it is returning from one.
    fn call(&self) -> io::Result<Option<c_long>> {
        let mut info = MaybeUninit::<libc::ptrace_syscall_info>::zeroed();
        let len = size_of_val(&info);
        // SAFETY: the system writes at most `len` bytes to `info`, all of which may be any bits.
        let info = unsafe {
            check(libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid(&self.child), len, info.as_mut_ptr()))?;
            info.assume_init()
        };
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return Ok(None);
        }
        // SAFETY: `op` says that this is the active member of the union.
        let number = unsafe { info.u.entry.nr };
        Ok(Some(c_long::try_from(number).map_err(io::Error::other)?))
    }

    /// Its memory, mapping by mapping.
    pub fn memory(&mut self, part: Part) -> io::Result<Vec<Mapping>> {
        self.smaps.seek(SeekFrom::Start(0))?;
        let mut found: Vec<Mapping> = Vec::new();
        let mut is_wanted = false;
        for line in BufReader::new(&self.smaps).lines() {
            let line = line?;
            if let Some(flags) = line.strip_prefix("VmFlags:") {
                if let Some(mapping) = found.last_mut().filter(|_| is_wanted) {
                    mapping.locked = flags.split_ascii_whitespace().any(|flag| flag == "lo");
                }
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let (range, mode) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
            let parse = |text| u64::from_str_radix(text, 16).ok();
            let Some((Some(start), Some(end))) = range.split_once('-').map(|(start, end)| (parse(start), parse(end)))
            else {
                continue;
            };
            let name = words.nth(3).unwrap_or("anonymous");
            is_wanted = mode.starts_with(if part == Part::All { "r" } else { "rw" }) && !name.starts_with("[v");
            if is_wanted {
                let mut bytes = vec![0; usize::try_from(end - start).map_err(io::Error::other)?];
                self.memory.read_exact_at(&mut bytes, start)?;
                found.push(Mapping { name: name.to_owned(), start, locked: false, bytes });
            }
        }
        Ok(found)
    }

    /// Continues to its end, and returns its exit code, if it has one.
    pub fn finish(self) -> io::Result<Option<i32>> {
        loop {
            // SAFETY: the child is stopped and traced by this process.
            check(unsafe { libc::ptrace(libc::PTRACE_CONT, pid(&self.child), 0, 0) })?;
            let status = wait(pid(&self.child))?;
            if !libc::WIFSTOPPED(status) {
                return Ok(libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status)));
            }
        }
    }
}

fn pid(child: &Child) -> libc::pid_t {
    child.id().cast_signed()
}

fn check(answer: c_long) -> io::Result<c_long> {
    if answer == -1 { Err(io::Error::last_os_error()) } else { Ok(answer) }
}

fn wait(process: libc::pid_t) -> io::Result<i32> {
    let mut status = 0;
    // SAFETY: the system writes the status to the number that is lent to it.
    let answer = unsafe { libc::waitpid(process, ptr::from_mut(&mut status), 0) };
    check(answer.into()).map(|_| status)
}
