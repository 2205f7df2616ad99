//! [`LockedBuf`] and [`LockedVec`]: where secrets live.
#![allow(unsafe_code, reason = "the arena's memory belongs to no Rust value")]

use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::slice;

use zeroize::{Zeroize, Zeroizing};

use crate::arena::{self, Block};

/// A buffer for secrets, of a fixed length, all zeros at first.
///
/// It is kept in pages that are locked and left out of core dumps as far as the system allows; a system that refuses is
/// no error. It is wiped when it is dropped.
pub struct LockedBuf {
    memory: Memory,
    len: usize,
}

enum Memory {
    Locked(Block),
    /// If no pages were to be had.
    Heap(Zeroizing<Vec<u8>>),
}

// SAFETY: the bytes belong to this value alone, and nothing about them depends on the thread.
unsafe impl Send for LockedBuf {}
// SAFETY: a shared reference gives only shared access to the bytes.
unsafe impl Sync for LockedBuf {}

impl LockedBuf {
    /// A buffer of `len` zeros.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let memory = arena::take(len).map_or_else(|| Memory::Heap(Zeroizing::new(vec![0; len])), Memory::Locked);
        Self { memory, len }
    }
}

// The bytes are in the arena, and stay there when this value moves.
impl otp_core::Buffer for LockedBuf {}

impl otp_core::OwnedBuffer for LockedBuf {
    fn zeroed(len: usize) -> Self {
        Self::new(len)
    }
}

impl AsRef<[u8]> for LockedBuf {
    fn as_ref(&self) -> &[u8] {
        match &self.memory {
            // SAFETY: the arena gave at least `len` bytes, initialised, to this value alone, until `drop` gives them back.
            Memory::Locked(block) => unsafe { slice::from_raw_parts(block.start.as_ptr(), self.len) },
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl AsMut<[u8]> for LockedBuf {
    fn as_mut(&mut self) -> &mut [u8] {
        match &mut self.memory {
            // SAFETY: as in `as_ref`; and `self` is borrowed mutably, so nobody else has a reference.
            Memory::Locked(block) => unsafe { slice::from_raw_parts_mut(block.start.as_ptr(), self.len) },
            Memory::Heap(bytes) => bytes,
        }
    }
}

impl Drop for LockedBuf {
    fn drop(&mut self) {
        self.as_mut().zeroize();
        if let Memory::Locked(block) = &self.memory {
            // SAFETY: its bytes were wiped just now, and no reference outlives the value, which is dropped once.
            unsafe { arena::give_back(block) };
        }
    }
}

impl fmt::Debug for LockedBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LockedBuf(..)")
    }
}

/// Secret bytes that grow: a line being typed, an output being put together.
///
/// When they outgrow their room, they move to a larger one, and the smaller one is wiped.
#[derive(Debug)]
pub struct LockedVec {
    room: LockedBuf,
    len: usize,
}

impl LockedVec {
    /// An empty one, with room for this many bytes.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { room: LockedBuf::new(capacity), len: 0 }
    }

    /// How many bytes there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.room.len
    }

    /// Adds a byte.
    pub fn push(&mut self, byte: u8) {
        self.extend_from_slice(&[byte]);
    }

    /// Adds bytes.
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.advance(bytes.len());
    }

    /// Removes the last byte, and returns it.
    pub fn pop(&mut self) -> Option<u8> {
        let last = *self.last()?;
        self.truncate(self.len - 1);
        Some(last)
    }

    /// The room after the bytes, at least `least` of it. Fill it, and count it in with [`LockedVec::advance`].
    pub fn spare(&mut self, least: usize) -> &mut [u8] {
        let needed = self.len.saturating_add(least);
        if needed > self.room.len {
            let mut larger = LockedBuf::new(needed.max(self.room.len.saturating_mul(2)));
            larger.as_mut()[..self.len].copy_from_slice(self);
            self.room = larger;
        }
        &mut self.room.as_mut()[self.len..]
    }

    /// Counts in `count` bytes of what [`LockedVec::spare`] gave.
    pub fn advance(&mut self, count: usize) {
        self.len = self.len.saturating_add(count).min(self.room.len);
    }

    /// Keeps the first `len` bytes, and wipes the rest.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len {
            self.room.as_mut()[len..self.len].zeroize();
            self.len = len;
        }
    }
}

impl From<&[u8]> for LockedVec {
    fn from(bytes: &[u8]) -> Self {
        let mut copy = Self::with_capacity(bytes.len());
        copy.extend_from_slice(bytes);
        copy
    }
}

impl Deref for LockedVec {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.room.as_ref()[..self.len]
    }
}

impl DerefMut for LockedVec {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.room.as_mut()[..self.len]
    }
}

impl AsRef<[u8]> for LockedVec {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// Writing adds bytes, and never fails.
impl io::Write for LockedVec {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_has_its_length_and_keeps_what_is_written() {
        for len in [0, 1, 1024, 1025, 4097, 65_536, 65_537, 200_000] {
            let mut buffer = LockedBuf::new(len);
            assert_eq!(buffer.as_ref(), vec![0; len]);
            buffer.as_mut().fill(7);
            assert_eq!(buffer.as_ref(), vec![7; len]);
        }
    }

    #[test]
    fn buffers_of_many_threads_are_apart_and_zeros_at_first() {
        std::thread::scope(|scope| {
            for thread in 1..=8 {
                scope.spawn(move || {
                    let mut kept = Vec::new();
                    for round in 0_usize..500 {
                        let mut buffer = LockedBuf::new(1 + round * 37 % 5000);
                        assert!(buffer.as_ref().iter().all(|byte| *byte == 0));
                        buffer.as_mut().fill(thread);
                        kept.push(buffer);
                        if kept.len() > 20 {
                            kept.swap_remove(round % 20);
                        }
                        assert!(kept.iter().all(|buffer| buffer.as_ref().iter().all(|byte| *byte == thread)));
                    }
                });
            }
        });
    }

    #[test]
    fn debug_shows_no_byte() {
        let mut buffer = LockedBuf::new(3);
        buffer.as_mut().copy_from_slice(b"abc");
        assert_eq!(format!("{buffer:?}"), "LockedBuf(..)");
        assert!(!format!("{:?}", LockedVec::from(&b"abc"[..])).contains("97"));
    }

    #[test]
    fn a_line_grows_keeps_its_bytes_and_wipes_what_is_cut_off() {
        let mut line = LockedVec::with_capacity(2);
        for byte in 0..100 {
            line.push(byte);
        }
        assert_eq!(*line, (0..100).collect::<Vec<u8>>()[..]);
        line.truncate(3);
        assert_eq!(*line, [0, 1, 2]);
        assert!(line.spare(97)[..97].iter().all(|byte| *byte == 0));
    }
}
