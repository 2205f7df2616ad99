//! One arena for all secrets: mapped and locked once, for the first buffer, and handed out in small blocks.
//!
//! It takes no lock, so a `fork` while another thread is in here leaves nothing behind that the child would wait for. A
//! region is [`REGION_LEN`] bytes, and one word says which of its 64 blocks are taken. Free blocks are zeros. Anything
//! that is larger than a region, or comes when all regions are full, gets pages of its own.
#![allow(unsafe_code, reason = "the arena's memory belongs to no Rust value")]

use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

use crate::platform::{lock_pages, map_locked, unmap_locked};

/// The unit that is handed out, in bytes: most keys and secrets are shorter.
const BLOCK_LEN: usize = 1024;
/// The length of a region in bytes: no more than the smallest limit on locked memory that is common.
const REGION_LEN: usize = 64 * BLOCK_LEN;
/// How many regions there are at most. A command takes one, unless it makes many keys.
const REGIONS: usize = 32;
/// How many allocations with pages of their own are tracked, to be locked again in a child.
const OWN: usize = 32;

static ARENA: [Region; REGIONS] = [const { Region::new() }; REGIONS];
static LARGE: [Own; OWN] = [const { Own::new() }; OWN];

/// Memory of the arena, for the owner of this value alone.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) start: NonNull<u8>,
    place: Place,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Blocks of a region.
    In { region: usize, mask: u64 },
    /// Pages of its own.
    Own { len: usize },
}

struct Region {
    start: AtomicPtr<u8>,
    /// A bit for each block that is taken.
    taken: AtomicU64,
}

struct Own {
    start: AtomicPtr<u8>,
    len: AtomicUsize,
}

/// Takes `len` bytes of zeros; `None` if there is no memory.
pub(crate) fn take(len: usize) -> Option<Block> {
    if len == 0 || isize::try_from(len).is_err() {
        return None;
    }
    if len <= REGION_LEN {
        let blocks = len.div_ceil(BLOCK_LEN);
        for (number, region) in ARENA.iter().enumerate() {
            let first = region.start()?;
            if let Some((at, mask)) = region.reserve(blocks) {
                // SAFETY: `at` is one of the 64 blocks of the region, which has `REGION_LEN` bytes.
                let start = unsafe { first.add(at * BLOCK_LEN) };
                return Some(Block { start, place: Place::In { region: number, mask } });
            }
        }
    }
    let start = map_locked(len)?;
    let own = LARGE.iter().find(|own| {
        own.start.compare_exchange(ptr::null_mut(), start.as_ptr(), Ordering::AcqRel, Ordering::Relaxed).is_ok()
    });
    if let Some(own) = own {
        own.len.store(len, Ordering::Release);
    }
    Some(Block { start, place: Place::Own { len } })
}

/// Gives memory back.
///
/// # Safety
///
/// The block's bytes are zeros, nothing refers to them any more, and it is given back once.
pub(crate) unsafe fn give_back(block: &Block) {
    match block.place {
        Place::In { region, mask } => {
            ARENA[region].taken.fetch_and(!mask, Ordering::Release);
        }
        Place::Own { len } => {
            if let Some(own) = LARGE.iter().find(|own| own.start.load(Ordering::Acquire) == block.start.as_ptr()) {
                own.len.store(0, Ordering::Release);
                own.start.store(ptr::null_mut(), Ordering::Release);
            }
            // SAFETY: it was mapped by `take` with this length, and the caller says that nothing refers to it.
            unsafe { unmap_locked(block.start, len) };
        }
    }
}

/// Locks all secrets again. A process needs this after a `fork`: locks are not inherited.
pub fn relock() {
    for region in &ARENA {
        if let Some(start) = NonNull::new(region.start.load(Ordering::Acquire)) {
            // SAFETY: a region stays mapped once it is.
            unsafe { lock_pages(start, REGION_LEN) };
        }
    }
    for own in &LARGE {
        let len = own.len.load(Ordering::Acquire);
        if let Some(start) = NonNull::new(own.start.load(Ordering::Acquire)).filter(|_| len > 0) {
            // SAFETY: what is listed is mapped. If another thread unmaps it meanwhile, locking fails or locks what is there now,
            // which does no harm.
            unsafe { lock_pages(start, len) };
        }
    }
}

impl Region {
    const fn new() -> Self {
        Self { start: AtomicPtr::new(ptr::null_mut()), taken: AtomicU64::new(0) }
    }

    /// Its memory, mapped now if it is not yet.
    fn start(&self) -> Option<NonNull<u8>> {
        if let Some(start) = NonNull::new(self.start.load(Ordering::Acquire)) {
            return Some(start);
        }
        let start = map_locked(REGION_LEN)?;
        match self.start.compare_exchange(ptr::null_mut(), start.as_ptr(), Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => Some(start),
            Err(other) => {
                // SAFETY: another thread was faster, so nobody knows of this mapping.
                unsafe { unmap_locked(start, REGION_LEN) };
                NonNull::new(other)
            }
        }
    }

    /// Takes `blocks` blocks in a row (1 to 64), and returns the number of the first, and the bits of all.
    fn reserve(&self, blocks: usize) -> Option<(usize, u64)> {
        let mut taken = self.taken.load(Ordering::Relaxed);
        loop {
            let (at, mask) = free_run(taken, blocks)?;
            match self.taken.compare_exchange_weak(taken, taken | mask, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return Some((at, mask)),
                Err(now) => taken = now,
            }
        }
    }
}

impl Own {
    const fn new() -> Self {
        Self { start: AtomicPtr::new(ptr::null_mut()), len: AtomicUsize::new(0) }
    }
}

/// The first run of `blocks` zero bits (1 to 64).
fn free_run(taken: u64, blocks: usize) -> Option<(usize, u64)> {
    let run = u64::MAX >> (64 - blocks);
    (0..=64 - blocks).map(|at| (at, run << at)).find(|(_, mask)| taken & mask == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_gap_that_is_long_enough_is_taken() {
        assert_eq!(free_run(0, 64), Some((0, u64::MAX)));
        assert_eq!(free_run(1, 64), None);
        assert_eq!(free_run(0b1011, 1), Some((2, 0b100)));
        assert_eq!(free_run(0b1011, 2), Some((4, 0b11_0000)));
        assert_eq!(free_run(u64::MAX >> 1, 1), Some((63, 1 << 63)));
        assert_eq!(free_run(u64::MAX >> 1, 2), None);
        assert_eq!(free_run(u64::MAX, 1), None);
    }

    #[test]
    fn what_no_memory_can_hold_is_left_to_the_allocator() {
        assert!(take(usize::MAX).is_none() && take(isize::MAX.unsigned_abs()).is_none());
        assert!(take(0).is_none());
    }

    #[test]
    fn blocks_of_a_region_are_taken_once_and_given_back() {
        let region = Region::new();
        let some: Vec<_> = (0..64).map(|_| region.reserve(1).unwrap().1).collect();
        assert_eq!(some.iter().fold(0, |all, mask| all | mask), u64::MAX);
        assert_eq!(region.reserve(1), None);
        region.taken.fetch_and(!some[7], Ordering::Release);
        assert_eq!(region.reserve(1), Some((7, some[7])));
    }
}
