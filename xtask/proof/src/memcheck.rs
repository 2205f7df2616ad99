//! Tells memcheck, which runs this program, which bytes are secret, and which no longer are.
//!
//! Memcheck reports every branch and every address that depends on an undefined byte, through any arithmetic in
//! between. Here, it is told that secret bytes are undefined (Langley, "ctgrind", 2010).

use std::arch::asm;
use std::fmt;

/// The requests of `valgrind.h` and `memcheck.h` that are used here.
const RUNNING_ON_VALGRIND: usize = 0x1001;
const COUNT_ERRORS: usize = 0x1201;
const MAKE_MEM_UNDEFINED: usize = 0x4d43_0001;
const MAKE_MEM_DEFINED: usize = 0x4d43_0002;

/// Whether this runs under Valgrind.
#[must_use]
pub fn is_listening() -> bool {
    request(RUNNING_ON_VALGRIND, 0, 0) != 0
}

/// Makes bytes secret.
pub fn hide(bytes: &mut [u8]) {
    request(MAKE_MEM_UNDEFINED, bytes.as_mut_ptr().addr(), bytes.len());
}

/// Makes bytes public that are revealed on purpose, such as a record that goes to the store.
pub fn publish(bytes: &[u8]) {
    publish_at(bytes.as_ptr(), bytes.len());
}

/// Like [`publish`], for what the core reveals.
pub fn publish_at(start: *const u8, len: usize) {
    request(MAKE_MEM_DEFINED, start.addr(), len);
}

/// How many errors memcheck has reported so far.
#[must_use]
pub fn errors() -> usize {
    request(COUNT_ERRORS, 0, 0)
}

/// A client request: instructions that do nothing on a processor, but that Valgrind recognises.
fn request(number: usize, first: usize, second: usize) -> usize {
    let arguments = [number, first, second, 0, 0, 0];
    let mut answer = 0_usize;
    // SAFETY: the rotations of `rdi` add up to 128 bits, so it ends as it was, and exchanging `rbx` with itself changes
    // nothing. Under Valgrind the request reads `arguments`, and changes what Valgrind knows of the bytes that they
    // name but not the bytes; it writes `rdx`.
    unsafe {
        asm!(
            "rol rdi, 3",
            "rol rdi, 13",
            "rol rdi, 61",
            "rol rdi, 51",
            "xchg rbx, rbx",
            in("rax") arguments.as_ptr(),
            inout("rdx") answer,
        );
    }
    answer
}

/// What a check found.
pub struct Finding {
    /// What was watched.
    pub what: &'static str,
    /// Branches and addresses that depended on a secret.
    pub errors: usize,
}

/// Counts memcheck's reports while a function runs.
pub fn watch<T>(what: &'static str, run: impl FnOnce() -> T) -> (Finding, T) {
    let before = errors();
    let value = run();
    (Finding { what, errors: errors() - before }, value)
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<58} {:>4}", self.what, self.errors)
    }
}
