//! Pages for secrets, locked as far as the system allows.

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicBool, Ordering};

use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree, VirtualLock,
};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, GetProcessWorkingSetSize, SetProcessWorkingSetSize};

/// How much more than a process is given to lock at once: keys and records of a rotation, in bytes.
const ROOM_LEN: usize = 1024 * 1024;

/// Allocates `len` bytes of zeros in pages of their own, locked as far as the system allows; `None` without memory.
pub(crate) fn map_locked(len: usize) -> Option<NonNull<u8>> {
    // SAFETY: new pages at an address of the system's choice are no memory that is in use.
    let start = unsafe { VirtualAlloc(ptr::null(), len, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) };
    let start = NonNull::new(start.cast::<u8>())?;
    // SAFETY: the range has just been allocated.
    unsafe { lock_pages(start, len) };
    Some(start)
}

/// Locks pages; if the process may not lock as much, asks once for more. What the system refuses is no error.
///
/// # Safety
///
/// The range is one that [`map_locked`] gave, and is still allocated.
pub(crate) unsafe fn lock_pages(start: NonNull<u8>, len: usize) {
    static RAISED: AtomicBool = AtomicBool::new(false);
    // SAFETY: the caller says that the range is allocated; locking changes nothing about its contents.
    let try_lock = || unsafe { VirtualLock(start.as_ptr().cast(), len) } != 0;
    if !try_lock() && !RAISED.swap(true, Ordering::Relaxed) && raise_limit() {
        try_lock();
    }
}

/// Frees pages, which unlocks them.
///
/// # Safety
///
/// `start` is what [`map_locked`] gave, and nothing refers to the range any more.
pub(crate) unsafe fn unmap_locked(start: NonNull<u8>, _: usize) {
    // SAFETY: the caller says so.
    unsafe { VirtualFree(start.as_ptr().cast(), 0, MEM_RELEASE) };
}

/// A process may lock as much memory as it is promised, less a little.
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
    fn more_than_a_process_is_given_can_be_locked() {
        let pages: Vec<NonNull<u8>> = (0..8).map(|_| map_locked(65_536).unwrap()).collect();
        for start in &pages {
            // SAFETY: this many bytes were allocated there, and nobody else refers to them.
            let bytes = unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), 65_536) };
            assert!(bytes.iter().all(|byte| *byte == 0));
            bytes.fill(7);
        }
        for start in pages {
            // SAFETY: allocated above, and the slices are gone.
            unsafe { unmap_locked(start, 65_536) };
        }
        assert!(lockable_memory().is_some());
    }
}
