//! What is known about an account that many processes use at once: which key may open what.

/// The most keys that an account gets, since a rotation replaces each.
const KEYS: usize = 8;

/// Whether a key opens. It only moves on to later ones of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Life {
    Lives,
    /// A process is about to end it.
    Ending,
    Ended,
}

pub(crate) struct Key {
    pub(crate) file: String,
    pub(crate) id: String,
    /// The rotation that made it, or that made the key it was issued with.
    pub(crate) generation: usize,
    pub(crate) life: Life,
}

/// The result of a rotation.
pub(crate) struct Generation {
    pub(crate) secret: String,
    pub(crate) life: Life,
}

pub(crate) struct Account {
    pub(crate) generations: Vec<Generation>,
    pub(crate) keys: Vec<Key>,
    pub(crate) rotating: bool,
}

impl Account {
    /// Whether a key opens, given its own state and its generation's.
    pub(crate) fn life(&self, key: usize) -> Life {
        let key = &self.keys[key];
        key.life.max(self.generations[key.generation].life)
    }
    /// One of the latest keys, ended or not.
    pub(crate) fn recent(&self, dice: &mut Dice) -> usize {
        let count = self.keys.len();
        count - 1 - dice.below(count.min(2 * KEYS))
    }

    /// Whether it has all the keys that it may have.
    pub(crate) fn is_full(&self) -> bool {
        (0..self.keys.len()).filter(|key| self.life(*key) == Life::Lives).count() >= KEYS
    }

    /// The first key of each generation is never revoked, so that the account remains.
    pub(crate) fn stays(&self, key: usize) -> bool {
        let generation = self.keys[key].generation;
        self.keys.iter().position(|other| other.generation == generation) == Some(key)
    }
}

/// Marsaglia's xorshift: each worker draws the same numbers in every run.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below `count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % count
    }
}
