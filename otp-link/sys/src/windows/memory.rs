//! [`LockedBuf`]: memory for secrets, locked as far as the system allows.

use std::ffi::c_void;
use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualLock,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessWorkingSetSize, SetProcessWorkingSetSize};
use zeroize::{Zeroize, Zeroizing};

/// How much more than a process is given may be locked at once: keys and records of a rotation, in bytes.
const ROOM_LEN: usize = 1024 * 1024;

/// A buffer for secrets, of a fixed length, all zeros at first.
///
/// It lies in pages of its own, which are locked as far as the system allows; a system that refuses is no error. It is
/// wiped when it is dropped.
pub struct LockedBuf(Memory);

enum Memory {
    Pages {
        start: NonNull<u8>,
        len: usize,
    },
    /// Where no pages were to be had.
    Heap(Zeroizing<Vec<u8>>),
}

// SAFETY: the pages belong to this value alone, and nothing about them depends on the thread.
unsafe impl Send for LockedBuf {}
// SAFETY: a shared reference gives only shared access to the bytes.
unsafe impl Sync for LockedBuf {}

impl LockedBuf {
    /// A buffer of `len` zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        Self(pages(len).unwrap_or_else(|| Memory::Heap(Zeroizing::new(vec![0; len]))))
    }
}

fn pages(len: usize) -> Option<Memory> {
    if len == 0 || isize::try_from(len).is_err() {
        return None;
    }
    // SAFETY: new pages at an address of the system's choice are no memory that is in use.
    let start = unsafe { VirtualAlloc(ptr::null(), len, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
    let start = NonNull::new(start.cast::<u8>())?;
    lock(start.as_ptr().cast(), len);
    Some(Memory::Pages { start, len })
}

/// Locks pages; if the process may not lock as much, asks once for more.
fn lock(start: *const c_void, len: usize) {
    static RAISED: AtomicBool = AtomicBool::new(false);
    // SAFETY: the caller has just allocated the pages; locking changes nothing about their contents.
    let try_lock = || unsafe { VirtualLock(start, len) } != 0;
    if !try_lock() && !RAISED.swap(true, Ordering::Relaxed) && raise_limit() {
        try_lock();
    }
}

/// What may be locked is what the process is promised of memory, less a little.
fn raise_limit() -> bool {
    let Some((least, most)) = working_set() else { return false };
    // SAFETY: this process's own handle is always valid.
    unsafe { SetProcessWorkingSetSize(GetCurrentProcess(), least + ROOM_LEN, most.max(least) + ROOM_LEN) != 0 }
}

/// How much memory this process is promised, and how much it may have before others need it.
fn working_set() -> Option<(usize, usize)> {
    let (mut least, mut most) = (0, 0);
    // SAFETY: this process's own handle is always valid, and both numbers have a place.
    let told = unsafe { GetProcessWorkingSetSize(GetCurrentProcess(), &raw mut least, &raw mut most) } != 0;
    told.then_some((least, most))
}

impl AsRef<[u8]> for LockedBuf {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            // SAFETY: `pages` allocated `len` bytes at `start`, zeroed by the system, and only `drop` frees them.
            Memory::Pages { start, len } => unsafe { std::slice::from_raw_parts(start.as_ptr(), *len) },
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl AsMut<[u8]> for LockedBuf {
    fn as_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            // SAFETY: as in `as_ref`; and `self` is borrowed mutably, so nobody else has a reference.
            Memory::Pages { start, len } => unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), *len) },
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl Drop for LockedBuf {
    fn drop(&mut self) {
        self.as_mut().zeroize();
        if let Memory::Pages { start, .. } = self.0 {
            // SAFETY: `pages` allocated them, no reference outlives the value, and releasing unlocks them.
            unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
        }
    }
}

impl fmt::Debug for LockedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedBuf(..)")
    }
}

/// The system does not tell: dumps are the machine's settings, which [`harden_process`](crate::harden_process) asks to spare us.
#[must_use]
pub fn core_dump_limit() -> Option<u64> {
    None
}

/// How much memory may be locked, in bytes, once the limit has been raised as it is when that is needed.
#[must_use]
pub fn lockable_memory() -> Option<u64> {
    working_set().and_then(|(least, _)| u64::try_from(least + ROOM_LEN).ok())
}

/// The system does not tell.
#[must_use]
pub fn swap_devices() -> Option<Vec<String>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_zeros_at_first_and_keeps_what_is_put_there() {
        for len in [0, 1, 4096, 70_000] {
            let mut buffer = LockedBuf::new(len);
            assert_eq!(buffer.as_ref(), vec![0; len]);
            buffer.as_mut().fill(7);
            assert_eq!(buffer.as_ref(), vec![7; len]);
        }
    }

    #[test]
    fn more_than_a_process_is_given_can_be_locked() {
        let buffers: Vec<LockedBuf> = (0..64).map(|_| LockedBuf::new(4096)).collect();
        assert!(buffers.iter().all(|buffer| matches!(buffer.0, Memory::Pages { .. })));
        assert!(lockable_memory().is_some());
    }
}
