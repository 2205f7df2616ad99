//! Memory that holds secrets: kept off the swap and out of core dumps where the system lets us, and wiped in the end.

use std::ffi::c_void;
use std::fmt;
use std::ptr::{self, NonNull};

use rustix::mm::{MapFlags, ProtFlags};
use zeroize::{Zeroize, Zeroizing};

/// A buffer for secrets, of a fixed length, all zeros at first.
///
/// It lies in pages of its own, which are locked and left out of core dumps as far as the system allows;
/// whether it did is no error. It is wiped when it is dropped.
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
    // SAFETY: a new private mapping at an address of the system's choice touches no memory that is in use.
    let start = unsafe {
        rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
    };
    let start = NonNull::new(start.ok()?.cast::<u8>())?;
    // Miri has neither advice nor locks.
    #[cfg(all(target_os = "linux", not(miri)))]
    // SAFETY: the range is the mapping made above; the advice changes nothing about its contents.
    let _ = unsafe { rustix::mm::madvise(start.as_ptr().cast::<c_void>(), len, rustix::mm::Advice::LinuxDontDump) };
    #[cfg(not(miri))]
    // SAFETY: the range is the mapping made above; locking changes nothing about its contents.
    let _ = unsafe { rustix::mm::mlock(start.as_ptr().cast::<c_void>(), len) };
    Some(Memory::Pages { start, len })
}

impl AsRef<[u8]> for LockedBuf {
    fn as_ref(&self) -> &[u8] {
        match &self.0 {
            // SAFETY: `pages` mapped `len` bytes at `start`, zeroed by the system, and only `drop` unmaps them.
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
        if let Memory::Pages { start, len } = self.0 {
            // SAFETY: `pages` mapped exactly this range, and no reference outlives the value. Unmapping unlocks.
            let _ = unsafe { rustix::mm::munmap(start.as_ptr().cast::<c_void>(), len) };
        }
    }
}

impl fmt::Debug for LockedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedBuf(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_its_length_and_keeps_what_is_written() {
        for len in [0, 1, 4096, 4097, 200_000] {
            let mut buffer = LockedBuf::new(len);
            assert_eq!(buffer.as_ref(), vec![0; len]);
            buffer.as_mut().fill(7);
            assert_eq!(buffer.as_ref(), vec![7; len]);
        }
    }

    #[test]
    fn one_that_no_memory_can_hold_is_left_to_the_allocator() {
        assert!(pages(usize::MAX).is_none());
        assert!(pages(0).is_none());
    }

    #[test]
    fn debug_shows_no_byte() {
        let mut buffer = LockedBuf::new(3);
        buffer.as_mut().copy_from_slice(b"abc");
        assert_eq!(format!("{buffer:?}"), "LockedBuf(..)");
    }
}
