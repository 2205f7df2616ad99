//! The points at which a run is disturbed, taken from an undisturbed run.

use std::fmt;

use crate::strace::{Call, Injection, Recording, What};

/// One disturbance of one run.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    call: Call,
    pub(crate) fault: Fault,
    pub(crate) injections: Vec<Injection>,
}

impl Point {
    /// Whether its call changes the file system, or makes a change durable.
    pub(crate) fn is_at_a_change(&self) -> bool {
        CHANGING.contains(&self.call.name.as_str())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The call fails, once.
    Once(&'static str),
    /// From this call on, the disk is full: calls that need room fail.
    Full,
    /// From this call on, the file system is read-only, as after some disk errors: calls that change it fail.
    ReadOnly,
    /// From this call on, the disk is dead: all calls on files fail.
    Dead,
    /// The process is killed before this call.
    Killed,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line: String = self.call.line.chars().take(120).collect();
        match self.fault {
            Fault::Once(error) => write!(f, "{error} of")?,
            Fault::Full => write!(f, "disk full from")?,
            Fault::ReadOnly => write!(f, "read-only from")?,
            Fault::Dead => write!(f, "disk dead from")?,
            Fault::Killed => write!(f, "killed before")?,
        }
        write!(f, " {} {}: {line}", self.call.name, self.call.ordinal)
    }
}

/// Calls that need room on a disk.
const GROWING: [&str; 8] = ["write", "linkat", "mkdirat", "mkdir", "renameat2", "fsync", "syncfs", "fdatasync"];
/// Calls that change a file system, or make a change durable.
const CHANGING: [&str; 13] = [
    "write",
    "linkat",
    "mkdirat",
    "mkdir",
    "renameat2",
    "fsync",
    "syncfs",
    "fdatasync",
    "unlinkat",
    "unlink",
    "fchmod",
    "fchown",
    "ftruncate",
];
/// Calls on files that change nothing.
const FILE: [&str; 10] =
    ["openat", "open", "read", "fstat", "newfstatat", "statx", "stat", "lstat", "getdents64", "statfs"];
/// Calls that a signal can interrupt, as their manual pages say.
const INTERRUPTIBLE: [&str; 11] =
    ["openat", "read", "write", "close", "fsync", "fdatasync", "flock", "fchmod", "fchown", "poll", "ftruncate"];
/// Calls that manage memory.
const MEMORY: [&str; 6] = ["mmap", "munmap", "mremap", "mprotect", "madvise", "mlock"];
/// Calls that can't fail, whose failure a program can't notice, or for which strace has none: a failed `brk` returns
/// the old break, not an error.
const SURE: [&str; 10] = [
    "brk",
    "exit_group",
    "exit",
    "geteuid",
    "getuid",
    "gettid",
    "getpid",
    "rt_sigaction",
    "rt_sigprocmask",
    "sigaltstack",
];

/// All points of a run: each call fails in each way, and the process is killed before each.
pub(crate) fn all(run: &Recording) -> Vec<Point> {
    let mut points = Vec::new();
    for (number, call) in run.calls.iter().enumerate().skip(run.start) {
        let mut add = |fault, injections| points.push(Point { call: call.clone(), fault, injections });
        let this = |what| vec![Injection { name: call.name.clone(), ordinal: call.ordinal, what }];
        for error in errors(&call.name) {
            add(Fault::Once(error), this(What::Error(error)));
        }
        add(Fault::Killed, this(What::Kill));
        let from_here = |error, names: &[&'static str]| {
            let injection = |name: &&str| {
                let made = run.calls[..number].iter().filter(|earlier| earlier.name == *name).count();
                Injection { name: (*name).to_owned(), ordinal: made + 1, what: What::ErrorsFromHere(error) }
            };
            names.iter().map(injection).collect::<Vec<_>>()
        };
        let name = call.name.as_str();
        if GROWING.contains(&name) {
            add(Fault::Full, from_here("ENOSPC", &GROWING));
        }
        if CHANGING.contains(&name) {
            add(Fault::ReadOnly, from_here("EROFS", &CHANGING));
        }
        if CHANGING.contains(&name) || FILE.contains(&name) {
            add(Fault::Dead, from_here("EIO", &[&CHANGING[..], &FILE].concat()));
        }
    }
    points
}

/// The errors of one call.
fn errors(name: &str) -> Vec<&'static str> {
    if SURE.contains(&name) {
        return Vec::new();
    }
    if MEMORY.contains(&name) {
        return vec!["ENOMEM"];
    }
    if name == "getrandom" {
        return vec!["EINTR", "ENOSYS"];
    }
    let mut errors = vec!["ENOSPC", "EIO"];
    if INTERRUPTIBLE.contains(&name) {
        errors.push("EINTR");
    }
    errors
}

/// The failure that prevents a run from handing over its last new key.
pub(crate) fn spoiler(run: &Recording) -> Option<Injection> {
    let handed_over = run.calls.iter().rfind(|call| call.name == "write" && call.line.contains("otpk1_"))?;
    Some(Injection { name: handed_over.name.clone(), ordinal: handed_over.ordinal, what: What::Error("EIO") })
}

/// Kills a run at each call after one that failed.
///
/// Calls of the same name are left out: strace allows one fault for each name. The kill at the next call covers them.
pub(crate) fn kills_after(run: &Recording, failed: &Injection) -> Vec<Point> {
    let is_it = |call: &Call| call.name == failed.name && call.ordinal == failed.ordinal;
    let later = run.calls.iter().skip_while(|call| !is_it(call)).filter(|call| call.name != failed.name);
    let point = |call: &Call| {
        let kill = Injection { name: call.name.clone(), ordinal: call.ordinal, what: What::Kill };
        Point { call: call.clone(), fault: Fault::Killed, injections: vec![failed.clone(), kill] }
    };
    later.map(point).collect()
}
