//! What is known of an account that many work on at once: which key may open what.

/// More keys than this an account is not given: a rotation replaces each.
const KEYS: usize = 8;

/// Whether a key opens. It only ever becomes a later one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Life {
    Lives,
    /// Somebody is at work to end it.
    Ending,
    Ended,
}

pub(super) struct Key {
    pub(super) file: String,
    pub(super) id: String,
    /// The rotation that it comes from, or whose key it was issued with.
    pub(super) generation: usize,
    pub(super) life: Life,
}

/// What a rotation brought.
pub(super) struct Generation {
    pub(super) secret: String,
    pub(super) life: Life,
}

pub(super) struct Account {
    pub(super) generations: Vec<Generation>,
    pub(super) keys: Vec<Key>,
    pub(super) rotating: bool,
}

impl Account {
    /// Whether a key opens, as far as it and its generation are concerned.
    pub(super) fn life(&self, key: usize) -> Life {
        let key = &self.keys[key];
        key.life.max(self.generations[key.generation].life)
    }
    /// One of the latest keys, ended or not.
    pub(super) fn recent(&self, dice: &mut Dice) -> usize {
        let count = self.keys.len();
        count - 1 - dice.below(count.min(2 * KEYS))
    }

    /// Whether it has as many keys as it is to have.
    pub(super) fn is_full(&self) -> bool {
        (0..self.keys.len()).filter(|key| self.life(*key) == Life::Lives).count() >= KEYS
    }

    /// The first key of each generation is never revoked, so that the account stays.
    pub(super) fn stays(&self, key: usize) -> bool {
        let generation = self.keys[key].generation;
        self.keys.iter().position(|other| other.generation == generation) == Some(key)
    }
}

/// Marsaglia's xorshift: the same for each worker in each run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number below `count`.
    pub(super) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % count
    }
}
