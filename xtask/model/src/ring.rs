//! The ring: the administrator's copies of keys, and marks that survive a crash.

use crate::world::{KEYS, ROTATIONS};

/// The contents of one directory. Its lock is elsewhere: see
/// [`World::ring_is_free`](crate::world::World::ring_is_free).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ring {
    /// The copy of each key: the generation of its page 0.
    pub keys: [Option<u8>; KEYS],
    /// The highest generation that is marked as spent.
    pub spent: u8,
    /// The generation of the last rotation that was finished.
    pub done: u8,
    /// Keys that never get another record.
    pub ended: [bool; KEYS],
    /// The key that was issued to replace each key.
    pub succeeded: [Option<usize>; KEYS],
    /// Recovery keys, by rotation.
    pub recovery: [bool; ROTATIONS],
    /// Rotations that may have started their command, and how each began.
    pub applying: [Option<Begun>; ROTATIONS],
}

/// What a rotation's mark says about its start.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Begun {
    /// The generation that the account had reached.
    pub base: u8,
    /// Whether every key is to end.
    pub new_keys: bool,
}

impl Ring {
    /// The page of a key at a generation: `g - g0`. `None` if the key is not in the ring, or has no such page.
    #[must_use]
    pub fn page(&self, key: usize, generation: u8, pages: u8) -> Option<u8> {
        generation.checked_sub(self.keys[key]?).filter(|page| *page < pages)
    }

    /// Whether a key was issued after a generation.
    #[must_use]
    pub fn is_after(&self, key: usize, base: u8) -> bool {
        self.keys[key].is_some_and(|first| first > base)
    }
}
